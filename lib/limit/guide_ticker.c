/*
 * E1: a store of tokens that a ticker fills, after the guide's channel with a buffer of `capacity`
 * into which a goroutine sends on every tick, with a default case that drops the token.
 *
 * Invariants, under the mutex: 0 <= tokens <= capacity; a waiter in the line means tokens == 0, so
 * a token that comes while someone waits never enters the store; next_ns is the first tick that has
 * not been counted.
 *
 * The tempting wrong version adds rate x elapsed tokens: what is left of an interval when the store
 * is full would then be saved up, and the next token would come early. Ticks come on the grid.
 */
#include "limit/limiter.h"

#include <errno.h>

#include "base/panic.h"

int ct_guide_ticker_init(struct ct_guide_ticker *l, int64_t rate_per_s, int64_t capacity,
                         int64_t now_ns)
{
        if (rate_per_s < 1 || rate_per_s > CT_NS_PER_S || capacity < 0)
                return -EINVAL;
        *l = (struct ct_guide_ticker){
                .interval_ns = CT_NS_PER_S / rate_per_s,
                .next_ns = now_ns + CT_NS_PER_S / rate_per_s,
                .capacity = capacity,
        };
        return -pthread_mutex_init(&l->mutex, NULL);
}

void ct_guide_ticker_fini(struct ct_guide_ticker *l)
{
        ct_guide_ticker_stop(l);
        pthread_mutex_destroy(&l->mutex);
}

static void add_tokens(struct ct_guide_ticker *l, int64_t n)
{
        int64_t room;

        while (n > 0 && ct_waitline_serve(&l->line))
                n--;
        room = l->capacity - l->tokens;
#ifdef CT_PLANT_limit_ticker_overfills
        room++;
#endif
        if (n > room) {
                l->dropped += (uint64_t)(n - room);
                n = room;
        }
        l->tokens += n;
}

static void advance(struct ct_guide_ticker *l, int64_t now_ns)
{
        int64_t ticks;

        if (now_ns < l->next_ns)
                return;
        ticks = (now_ns - l->next_ns) / l->interval_ns + 1;
        l->next_ns += ticks * l->interval_ns;
        add_tokens(l, ticks);
}

void ct_guide_ticker_advance(struct ct_guide_ticker *l, int64_t now_ns)
{
        pthread_mutex_lock(&l->mutex);
        if (l->threaded)
                ct_panic("ct_guide_ticker", l, "advanced by hand while its thread ticks");
        advance(l, now_ns);
        pthread_mutex_unlock(&l->mutex);
}

bool ct_guide_ticker_allow(struct ct_guide_ticker *l, int64_t now_ns)
{
        bool ok;

        pthread_mutex_lock(&l->mutex);
        if (!l->threaded)
                advance(l, now_ns);
        ok = l->tokens > 0;
        l->tokens -= ok;
        pthread_mutex_unlock(&l->mutex);
        return ok;
}

static void tick(void *ctx, int64_t next_ns)
{
        struct ct_guide_ticker *l = ctx;

        pthread_mutex_lock(&l->mutex);
        l->next_ns = next_ns;
        add_tokens(l, 1);
        pthread_mutex_unlock(&l->mutex);
}

int ct_guide_ticker_start(struct ct_guide_ticker *l)
{
        bool was;
        int rc;

        pthread_mutex_lock(&l->mutex);
        was = l->threaded;
        l->threaded = true;
        pthread_mutex_unlock(&l->mutex);
        if (was)
                return -EBUSY;
        rc = ct_ticking_start(&l->ticking, l->interval_ns, tick, l);
        if (rc) {
                pthread_mutex_lock(&l->mutex);
                l->threaded = false;
                pthread_mutex_unlock(&l->mutex);
        }
        return rc;
}

void ct_guide_ticker_stop(struct ct_guide_ticker *l)
{
        ct_ticking_stop(&l->ticking);
        pthread_mutex_lock(&l->mutex);
        l->threaded = false;
        pthread_mutex_unlock(&l->mutex);
}

int ct_guide_ticker_wait_until(struct ct_guide_ticker *l, int64_t deadline_ns)
{
        int rc = 0;

        pthread_mutex_lock(&l->mutex);
        if (l->tokens > 0)
                l->tokens--;
        else
                rc = ct_waitline_wait(&l->line, &l->mutex, 0, deadline_ns);
        pthread_mutex_unlock(&l->mutex);
        return rc;
}

size_t ct_guide_ticker_waiting(struct ct_guide_ticker *l)
{
        size_t n;

        pthread_mutex_lock(&l->mutex);
        n = l->line.n;
        pthread_mutex_unlock(&l->mutex);
        return n;
}

uint64_t ct_guide_ticker_dropped(struct ct_guide_ticker *l)
{
        uint64_t n;

        pthread_mutex_lock(&l->mutex);
        n = l->dropped;
        pthread_mutex_unlock(&l->mutex);
        return n;
}
