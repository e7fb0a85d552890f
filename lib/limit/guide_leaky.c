/*
 * E6: a bounded queue that drains one request at each tick, after the guide's queue channel and the
 * goroutine that takes one from it whenever its ticker fires.
 *
 * Requests are numbered as they are accepted; those from `drained` to `accepted` - 1 are queued. So
 * the queue needs no storage, and a request that nobody waits for costs nothing.
 * Invariants, under the mutex: drained <= accepted <= drained + capacity; the line holds waiters
 * whose tickets are queued numbers, in increasing order; next_ns is the first tick that has not
 * been.
 *
 * The tempting wrong version is a meter: let a request through if the last one was an interval ago.
 * It has no queue, and its output is on no grid: it is a token bucket of burst 1.
 */
#include "limit/limiter.h"

#include <errno.h>

#include "base/panic.h"

int ct_guide_leaky_init(struct ct_guide_leaky *l, int64_t rate_per_s, int64_t capacity,
                        int64_t now_ns)
{
        if (rate_per_s < 1 || rate_per_s > CT_NS_PER_S || capacity < 1)
                return -EINVAL;
        *l = (struct ct_guide_leaky){
                .interval_ns = CT_NS_PER_S / rate_per_s,
                .next_ns = now_ns + CT_NS_PER_S / rate_per_s,
                .capacity = (uint64_t)capacity,
        };
        return -pthread_mutex_init(&l->mutex, NULL);
}

void ct_guide_leaky_fini(struct ct_guide_leaky *l)
{
        ct_guide_leaky_stop(l);
        pthread_mutex_destroy(&l->mutex);
}

static void drain(struct ct_guide_leaky *l, uint64_t ticks)
{
        uint64_t queued = l->accepted - l->drained;

#ifdef CT_PLANT_limit_leaky_drains_two
        ticks *= 2;
#endif
        l->drained += ticks < queued ? ticks : queued;
        while (l->line.first && l->line.first->ticket < l->drained)
                ct_waitline_serve(&l->line);
}

static void advance(struct ct_guide_leaky *l, int64_t now_ns)
{
        int64_t ticks;

        if (now_ns < l->next_ns)
                return;
        ticks = (now_ns - l->next_ns) / l->interval_ns + 1;
        l->next_ns += ticks * l->interval_ns;
        drain(l, (uint64_t)ticks);
}

void ct_guide_leaky_advance(struct ct_guide_leaky *l, int64_t now_ns)
{
        pthread_mutex_lock(&l->mutex);
        if (l->threaded)
                ct_panic("ct_guide_leaky", l, "advanced by hand while its thread drains");
        advance(l, now_ns);
        pthread_mutex_unlock(&l->mutex);
}

static bool enqueue(struct ct_guide_leaky *l, int64_t *departs_ns)
{
        uint64_t ahead = l->accepted - l->drained;

        *departs_ns = l->next_ns + (int64_t)ahead * l->interval_ns;
        if (ahead >= l->capacity)
                return false;
        l->accepted++;
        return true;
}

bool ct_guide_leaky_submit(struct ct_guide_leaky *l, int64_t now_ns, int64_t *departs_ns)
{
        bool ok;

        pthread_mutex_lock(&l->mutex);
        if (!l->threaded)
                advance(l, now_ns);
        ok = enqueue(l, departs_ns);
        pthread_mutex_unlock(&l->mutex);
        return ok;
}

bool ct_guide_leaky_allow(struct ct_guide_leaky *l, int64_t now_ns)
{
        int64_t departs_ns;

        return ct_guide_leaky_submit(l, now_ns, &departs_ns);
}

static void tick(void *ctx, int64_t next_ns)
{
        struct ct_guide_leaky *l = ctx;

        pthread_mutex_lock(&l->mutex);
        l->next_ns = next_ns;
        drain(l, 1);
        pthread_mutex_unlock(&l->mutex);
}

int ct_guide_leaky_start(struct ct_guide_leaky *l)
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

void ct_guide_leaky_stop(struct ct_guide_leaky *l)
{
        ct_ticking_stop(&l->ticking);
        pthread_mutex_lock(&l->mutex);
        l->threaded = false;
        pthread_mutex_unlock(&l->mutex);
}

int ct_guide_leaky_wait_until(struct ct_guide_leaky *l, int64_t deadline_ns)
{
        int64_t departs_ns;
        int rc = -EAGAIN;

        pthread_mutex_lock(&l->mutex);
        if (enqueue(l, &departs_ns))
                rc = ct_waitline_wait(&l->line, &l->mutex, l->accepted - 1, deadline_ns);
        pthread_mutex_unlock(&l->mutex);
        return rc;
}

size_t ct_guide_leaky_waiting(struct ct_guide_leaky *l)
{
        size_t n;

        pthread_mutex_lock(&l->mutex);
        n = l->line.n;
        pthread_mutex_unlock(&l->mutex);
        return n;
}

uint64_t ct_guide_leaky_drained(struct ct_guide_leaky *l)
{
        uint64_t n;

        pthread_mutex_lock(&l->mutex);
        n = l->drained;
        pthread_mutex_unlock(&l->mutex);
        return n;
}
