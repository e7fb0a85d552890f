/*
 * The monitor: a thread that sees what nobody on a carrier can see.
 *
 * Source: Go's sysmon (runtime/proc.go) for the idea; own code.
 *
 * Every 0.5 ms (4 ms while nothing has waited anywhere for a while) it looks at each carrier and
 *      ends its time slice, if others wait;
 *      lets others take its run_next, if it has switched to nobody since the last look;
 *      wakes an idle carrier, if work waits and somebody is idle;
 *      ends waits whose deadline has passed, so that a task that hogs its carrier does not delay
 *      those that sleep there;
 *      finds a driver for a carrier that has work and none.
 * It sleeps for good when all carriers have been idle for a while; the next one that is woken wakes
 * it too.
 */
#include "task/internal.h"

#include <sys/prctl.h>

#define PERIOD (CT_NS_PER_MS / 2)
#define PERIOD_CALM (4 * CT_NS_PER_MS)
#define CALM_AFTER 16 /* looks with nothing to do */
#define LEAST (CT_NS_PER_MS / 5)
#define GRACE (CT_NS_PER_MS / 10)

#define R (&ct_runtime_)

static bool waits_locally(struct ct_carrier_ *c)
{
        return ct_ring_size_(&c->ring) || ct_load_ptr_relaxed(&c->run_next);
}

static void end_slice(struct ct_carrier_ *c)
{
        struct ct_driver_ *d;

        ct_guard_lock(&R->guard);
        d = ct_load_ptr_relaxed(&c->driver);
#ifdef CT_PLANT_task_no_time_slice
        d = NULL;
#endif
        if (d && d->wanted && !c->idle)
                ct_store_u32_release(d->wanted, 1); /* pairs with find() */
        ct_guard_unlock(&R->guard);
}

/* True if something waits at this carrier. */
static bool look_at(struct ct_carrier_ *c)
{
        uint64_t switches = ct_load_u64_relaxed(&c->switches);
        uint64_t ticks = ct_load_u64_relaxed(&c->ticks);
        bool queued = ct_ring_size_(&c->ring), next = ct_load_ptr_relaxed(&c->run_next);
        bool same = ticks == c->seen_ticks;

        /* A queue that is being served gets its carrier's slices ended too: see "shares" in
           sched.c. */
        if (queued || (same && (next || ct_load_u32_relaxed(&R->global_n))))
                end_slice(c);
        ct_store_u32_relaxed(&c->long_run, switches == c->seen_switches);
        c->seen_switches = switches;
        c->seen_ticks = ticks;
        return queued || next;
}

/* Returns the carrier's next deadline. */
static int64_t expire(struct ct_carrier_ *c, int64_t now)
{
        struct ct_tasks_ ready = {0};

        /* Not at once: whoever drives the carrier is about to do it, and knows the order. */
        if ((int64_t)ct_load_u64_relaxed(&c->timers.first) <= now - GRACE) {
                ct_timers_expire_(&c->timers, now, &ready);
                ct_sched_requeue_all_(&ready);
        }
        return (int64_t)ct_load_u64_relaxed(&c->timers.first);
}

/* A carrier whose driver could not be had when it needed one. */
static void staff(void)
{
        struct ct_carrier_ *c;

        ct_guard_lock(&R->guard);
        for (c = R->idle_first; c; c = c->idle_next)
                if (!ct_load_ptr_relaxed(&c->driver) &&
                    (waits_locally(c) ||
                     (int64_t)ct_load_u64_relaxed(&c->timers.first) != CT_FOREVER))
                        break;
        if (c)
                ct_idle_remove_locked_(c);
        ct_guard_unlock(&R->guard);
        if (c)
                (void)ct_idle_staff_(c);
}

/* Looks at everything; true if anything waits. *next: the earliest deadline. */
static bool look(int64_t *next)
{
        int64_t now = ct_now_ns();
        bool waits = ct_load_u32_relaxed(&R->global_n) != 0;

        *next = CT_FOREVER;
        for (unsigned i = 0; i < R->carriers; i++) {
                int64_t first = expire(&R->carrier[i], now);

                if (first < *next)
                        *next = first;
                waits |= look_at(&R->carrier[i]);
        }
        if (waits) {
                ct_idle_wake_();
                staff();
        }
        return waits;
}

static bool fall_asleep(void)
{
        bool asleep;

        ct_guard_lock(&R->guard);
        asleep = ct_load_u32_relaxed(&R->idle) == R->carriers && !R->global.n &&
                 !ct_load_u32_relaxed(&R->stopping);
        R->monitor_asleep = asleep;
        ct_guard_unlock(&R->guard);
        return asleep;
}

static int64_t until_next_look(bool calm, int64_t next)
{
        int64_t now = ct_now_ns(), period = calm ? PERIOD_CALM : PERIOD;

        if (next - now < period)
                period = next - now > LEAST ? next - now : LEAST;
        return now + period;
}

void *ct_monitor_(void *arg)
{
        unsigned quiet = 0;

        (void)arg;
        prctl(PR_SET_NAME, "ct_monitor");
        prctl(PR_SET_TIMERSLACK, 1);
        while (!ct_load_u32_acquire(&R->stopping)) { /* pairs with stop */
                int64_t next;
                bool waits = look(&next);

                quiet = waits ? 0 : quiet + 1;
                if (quiet > CALM_AFTER && fall_asleep())
                        (void)ct_park_until(&R->monitor_waiter, CT_FOREVER, CT_PARK_SLEEP);
                else
                        (void)ct_park_until(&R->monitor_waiter,
                                            until_next_look(quiet > CALM_AFTER, next),
                                            CT_PARK_SLEEP);
        }
        return NULL;
}
