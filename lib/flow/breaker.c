/*
 * The circuit breaker.
 *
 * Source: see breaker.h; own code.
 *
 * State: `word` says which state, since which era, and whether the record is clean; it changes only
 * under `lock`, as all else does, but may be read without.
 *      bits 0-1   enum ct_breaker_state
 *      bit 2      the last report was no failure, and no window is kept: a success changes nothing.
 *                 Legal to be clear though that is so; illegal to be set when it is not
 *      from 3 up  the era: one more with each change of state. A ticket carries the era that let it
 *                 in, and a report from another era is not counted
 *
 * Invariants, whenever the lock is open: probing only in half-open, and then exactly one ticket of
 * this era has not been reported; outcomes, in_a_row and reports are of this era.
 *
 * Without the lock: a call of a closed breaker is let in by one load, and so is the success that
 * finds bit 2 set, as if it had come just before whatever changes the word next. A refusal looks at
 * word and then at reopens: what it reads there is the time of an opening at least as late as the
 * one that it saw, and the breaker was open, or is, while it is before that.
 *
 * The tempting wrong versions: to let in whoever finds that the time is up, when all who come at
 * once find it; and to count every report, when the slow failures of the time before the opening
 * fail a probe that has succeeded.
 */
#include "flow/breaker.h"

#include "base/panic.h"

#include <stddef.h>

static const char object[] = "ct_breaker";

#define CLEAN UINT64_C(4)
#define ERA UINT64_C(8)
#define NO_ERA UINT64_MAX

static enum ct_breaker_state state_of(uint64_t word)
{
        return (enum ct_breaker_state)(word & 3);
}

static uint64_t era_of(uint64_t word)
{
        return word / ERA;
}

int ct_breaker_init(struct ct_breaker *b, const struct ct_breaker_config *config)
{
        *b = (struct ct_breaker){.config = *config, .latest = INT64_MIN};
        if ((!config->failures && !config->window) || config->window > 64 || config->open_ns < 1 ||
            !config->probes)
                return -EINVAL;
        if (config->window ? config->rate_pct < 1 || config->rate_pct > 100 : config->rate_pct != 0)
                return -EINVAL;
        ct_store_u64_relaxed(&b->word, config->window ? 0 : CLEAN);
        return 0;
}

/* ---- under the lock ---- */

static int64_t seen(struct ct_breaker *b, int64_t now)
{
        if (now > b->latest)
                b->latest = now;
        return b->latest;
}

static uint64_t word_now(struct ct_breaker *b)
{
        return ct_load_u64_relaxed(&b->word); /* it changes under the lock only */
}

/* A new era, with a clean record. */
static void become(struct ct_breaker *b, enum ct_breaker_state state)
{
        uint64_t clean = state == CT_BREAKER_CLOSED && !b->config.window ? CLEAN : 0;

        b->outcomes = 0;
        b->reports = b->in_a_row = b->probed = 0;
        b->probing = false;
        /* Release: pairs with the acquires in enter and leave. */
        ct_store_u64_release(&b->word, (era_of(word_now(b)) + 1) * ERA | clean | state);
}

static void open_it(struct ct_breaker *b, int64_t now)
{
        int64_t until;

        if (__builtin_add_overflow(now, b->config.open_ns, &until))
                until = INT64_MAX;
        /* Before the word: who finds it open must not find an older time. */
        ct_store_u64_release(&b->reopens, (uint64_t)until);
        become(b, CT_BREAKER_OPEN);
        (void)ct_add_u64_relaxed(&b->opened, 1);
}

/* Open, and the time is up: half-open. */
static void look_at_the_time(struct ct_breaker *b, int64_t now)
{
        if (state_of(word_now(b)) == CT_BREAKER_OPEN &&
            seen(b, now) >= (int64_t)ct_load_u64_relaxed(&b->reopens))
                become(b, CT_BREAKER_HALF_OPEN);
}

static bool rate_is_over(const struct ct_breaker *b)
{
        unsigned window = b->config.window;
        uint64_t last = window == 64 ? UINT64_MAX : (UINT64_C(1) << window) - 1;
        unsigned failed = (unsigned)__builtin_popcountll(b->outcomes & last);

        return window && b->reports >= window && failed * 100 >= b->config.rate_pct * window;
}

static void report_closed(struct ct_breaker *b, int64_t now, bool success)
{
        unsigned most = b->config.failures;

        b->in_a_row = success ? 0 : b->in_a_row + (b->in_a_row < UINT32_MAX);
        b->outcomes = b->outcomes << 1 | !success;
        b->reports += b->reports < 64;
        if ((most && b->in_a_row >= most) || rate_is_over(b)) {
                open_it(b, now);
                return;
        }
        if (!b->config.window) /* release: still publishes what become did */
                ct_store_u64_release(&b->word,
                                     success ? word_now(b) | CLEAN : word_now(b) & ~CLEAN);
}

static void report_probe(struct ct_breaker *b, int64_t now, bool success)
{
        b->probing = false;
        if (!success)
                open_it(b, now);
        else if (++b->probed >= b->config.probes)
                become(b, CT_BREAKER_CLOSED);
}

/* ---- for users ---- */

static int refuse(struct ct_breaker *b)
{
        (void)ct_add_u64_relaxed(&b->refused, 1);
        return CT_BREAKER_OPEN_ERROR;
}

static int enter_slow(struct ct_breaker *b, int64_t now, struct ct_breaker_ticket *t)
{
        uint64_t word;
        bool in;

        ct_mutex_lock(&b->lock);
        look_at_the_time(b, now);
        word = word_now(b);
#ifdef CT_PLANT_breaker_two_probes
        in = state_of(word) != CT_BREAKER_OPEN;
#else
        in = state_of(word) == CT_BREAKER_CLOSED ||
             (state_of(word) == CT_BREAKER_HALF_OPEN && !b->probing);
#endif
        b->probing |= in && state_of(word) == CT_BREAKER_HALF_OPEN;
        ct_mutex_unlock(&b->lock);
        if (!in)
                return refuse(b);
        t->era = era_of(word);
        return 0;
}

int ct_breaker_enter(struct ct_breaker *b, int64_t now, struct ct_breaker_ticket *t)
{
        uint64_t word = ct_load_u64_acquire(&b->word); /* pairs with become */

        if (state_of(word) == CT_BREAKER_CLOSED) {
                t->era = era_of(word);
                return 0;
        }
        /* Acquire: pairs with open_it. */
        if (state_of(word) == CT_BREAKER_OPEN && now < (int64_t)ct_load_u64_acquire(&b->reopens))
                return refuse(b);
        return enter_slow(b, now, t);
}

static uint64_t use_up(struct ct_breaker *b, struct ct_breaker_ticket *t)
{
        uint64_t era = t->era;

        if (era == NO_ERA)
                ct_panic(object, b, "a ticket is reported a second time");
        t->era = NO_ERA;
        return era;
}

void ct_breaker_leave(struct ct_breaker *b, struct ct_breaker_ticket *t, int64_t now, bool success)
{
        uint64_t era = use_up(b, t);
        uint64_t word = ct_load_u64_acquire(&b->word); /* pairs with become */

#ifndef CT_PLANT_breaker_counts_late_reports
        if (era != era_of(word))
                return; /* it will not come back */
#endif
        if (success && (word & CLEAN))
                return;
        ct_mutex_lock(&b->lock);
        word = word_now(b);
#ifdef CT_PLANT_breaker_counts_late_reports
        era = era_of(word);
#endif
        if (era == era_of(word) && state_of(word) == CT_BREAKER_CLOSED)
                report_closed(b, seen(b, now), success);
        else if (era == era_of(word) && state_of(word) == CT_BREAKER_HALF_OPEN)
                report_probe(b, seen(b, now), success);
        ct_mutex_unlock(&b->lock);
}

void ct_breaker_abandon(struct ct_breaker *b, struct ct_breaker_ticket *t)
{
        uint64_t era = use_up(b, t);

        ct_mutex_lock(&b->lock);
        if (era == era_of(word_now(b)))
                b->probing = false; /* in half-open; else it is false already */
        ct_mutex_unlock(&b->lock);
}

enum ct_breaker_state ct_breaker_state(struct ct_breaker *b, int64_t now)
{
        enum ct_breaker_state state;

        ct_mutex_lock(&b->lock);
        state = state_of(word_now(b));
        if (state == CT_BREAKER_OPEN &&
            (now > b->latest ? now : b->latest) >= (int64_t)ct_load_u64_relaxed(&b->reopens))
                state = CT_BREAKER_HALF_OPEN;
        ct_mutex_unlock(&b->lock);
        return state;
}

void ct_breaker_stats(struct ct_breaker *b, int64_t now, struct ct_breaker_stats *out)
{
        *out = (struct ct_breaker_stats){.state = ct_breaker_state(b, now),
                                         .opened = ct_load_u64_relaxed(&b->opened),
                                         .refused = ct_load_u64_relaxed(&b->refused)};
}
