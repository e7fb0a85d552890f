/*
 * Retry with backoff.
 *
 * Source: see retry.h; own code.
 *
 * Between attempts it waits for the context's end, with the wait as its deadline: one receive that
 * either ends. On a clock of the caller's that receive is a select on a timer of it.
 */
#include "flow/retry.h"

#include "base/clock.h"
#include "base/rng.h"
#include "chan/select.h"

#include <errno.h>
#include <stddef.h>

static int64_t full_wait(const struct ct_retry_law *law, unsigned k)
{
        int64_t wait = law->first_ns;

        if (law->factor == 1)
                return wait < law->most_ns ? wait : law->most_ns;
        while (--k && wait && wait < law->most_ns)
                if (__builtin_mul_overflow(wait, (int64_t)law->factor, &wait))
                        return law->most_ns;
        return wait < law->most_ns ? wait : law->most_ns;
}

int64_t ct_retry_wait_ns(const struct ct_retry_law *law, unsigned k, uint64_t random)
{
        __extension__ typedef unsigned __int128 u128;
        uint64_t wait = (uint64_t)full_wait(law, k);
        uint64_t most = (uint64_t)((u128)wait * law->jitter_pct / 100); /* that it may be shorter */

        return (int64_t)(wait - (uint64_t)(((u128)most + 1) * random >> 64));
}

static bool is_valid(const struct ct_retry_law *law)
{
        return law->first_ns >= 0 && law->most_ns >= law->first_ns && law->factor >= 1 &&
               law->jitter_pct <= 100;
}

static uint64_t seed_of(const struct ct_retry_law *law, const void *own)
{
        uint64_t seed = (uint64_t)ct_now_ns() ^ (uint64_t)(uintptr_t)own;

        return law->seed ? law->seed : ct_splitmix64(&seed);
}

/* Waits that long, or until the context ends. 0 or -ENOMEM. */
static int wait_on(struct ct_timers *clock, struct ct_chan *done, int64_t wait)
{
        struct ct_timer *timer;
        struct ct_select_case cases[2] = {{.op = CT_SELECT_RECV, .chan = done},
                                          {.op = CT_SELECT_RECV}};
        int64_t deadline;
        int r;

        if (__builtin_add_overflow(ct_timers_now(clock), wait, &deadline))
                deadline = CT_FOREVER;
        r = ct_timer_new(&timer, clock, deadline);
        if (r)
                return r;
        cases[1].chan = ct_timer_chan(timer);
        (void)ct_select(cases, 2); /* two cases need no memory */
        ct_timer_free(timer);
        return 0;
}

static int wait_between(const struct ct_retry_law *law, struct ct_context *context, int64_t wait)
{
        struct ct_chan *done = ct_context_done(context);
        int64_t deadline;

#ifdef CT_PLANT_retry_deaf
        done = NULL;
#endif
        if (law->clock && !wait)
                return 0; /* a timer would wait for somebody to look at the clock */
        if (law->clock)
                return wait_on(law->clock, done, wait);
        /* Never CT_FOREVER, with which a receive on no channel panics. */
        deadline = ct_deadline_after(wait);
        (void)ct_chan_recv_until(done, NULL, NULL, deadline - (deadline == CT_FOREVER));
        return 0;
}

int ct_retry(const struct ct_retry_law *law, struct ct_context *context,
             int (*fn)(void *arg, unsigned attempt), void *arg, struct ct_retry_report *report)
{
        struct ct_retry_report unseen;
        struct ct_rng rng;

        report = report ? report : &unseen;
        *report = (struct ct_retry_report){0};
        context = context ? context : ct_context_background();
        if (!is_valid(law))
                return -EINVAL;
        for (unsigned k = 1;; k += k < UINT32_MAX) {
                int64_t wait;
                int r = ct_context_err(context);

                if (r)
                        return r;
                report->attempts = k;
                r = fn(arg, k);
                if (!r)
                        return 0;
                report->last_error = r;
#ifdef CT_PLANT_retry_one_more
                if (k == law->attempts + 1 || (law->again && !law->again(arg, r)))
#else
                if (k == law->attempts || (law->again && !law->again(arg, r)))
#endif
                        return r;
                if (k == 1)
                        ct_rng_seed(&rng, seed_of(law, report));
                wait = ct_retry_wait_ns(law, k, ct_rng_next(&rng));
                if (__builtin_add_overflow(report->waited_ns, wait, &report->waited_ns))
                        report->waited_ns = INT64_MAX;
                r = wait_between(law, context, wait);
                if (r)
                        return r;
        }
}
