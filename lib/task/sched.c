/*
 * The scheduler: who runs next on a carrier.
 *
 * Source: Go's schedule, findRunnable and ready (runtime/proc.go), as an algorithm; own code.
 *
 * A task that leaves picks its successor itself and switches straight to it; only when it finds
 * none within reach does it switch to the driver's own stack, where ct_sched_drive_ looks further:
 * expired timers, the global queue, the other carriers, and at last sleep.
 *
 * What has to happen to the task that left (back into a queue, its waiter marked parked, its stack
 * freed) happens after the switch, by whoever was switched to: ct_sched_settle_. Before that, its
 * stack is in use and its context not saved.
 *
 * The tempting wrong version marks the waiter parked and then switches. An unpark in between makes
 * the task ready, another carrier resumes it, and two OS threads run on one stack.
 *
 * Turns: run_next goes before the queue and within the time slice of the task that filled it, so
 * that a pair that wakes each other stays together. That alone would let a pair keep everybody else
 * out, so whoever finds the slice over (the monitor has said so) takes the long way, where run_next
 * goes to the end of the queue. Every 61st turn, and every fourth slice, looks at the global queue
 * first.
 *
 * Shares: tasks that never park stay where they are, and three may share one carrier while a fourth
 * has the other. So a task that yields with its slice over goes to the global queue, where
 * whichever carrier looks first takes it: over some slices all get the same.
 */
#include "task/sched.h"

#include "base/panic.h"
#include "base/pause.h"

_Thread_local struct ct_driver_ *ct_driver_self_;
_Thread_local ct_atomic_u32 ct_checkpoint_wanted_;

__attribute__((noinline)) struct ct_driver_ *ct_sched_driver_(void)
{
        return ct_driver_self_;
}

/* ---- making ready ---- */

void ct_sched_overflowed_(struct ct_carrier_ *c, struct ct_task_ *t)
{
        do {
                struct ct_tasks_ half = {0};

                if (ct_ring_shed_(&c->ring, &half))
                        ct_global_push_all_(&half);
        } while (!ct_ring_push_(&c->ring, t));
}

void ct_sched_one_global_(struct ct_task_ *t)
{
        struct ct_tasks_ one = {.head = t, .tail = t, .n = 1};

        t->next = NULL;
        ct_global_push_all_(&one);
        ct_idle_wake_();
}

void ct_sched_requeue_all_(struct ct_tasks_ *l)
{
        struct ct_driver_ *d = ct_driver_self_;
        struct ct_task_ *t;

        if (!l->n)
                return;
        if (!d || !d->carrier) {
                ct_global_push_all_(l);
        } else {
                while ((t = ct_tasks_pop_(l)))
                        ct_sched_push_(d->carrier, t);
        }
        ct_idle_wake_();
}

/* ---- leaving ---- */

void ct_sched_settle_rare_(struct ct_driver_ *d, struct ct_task_ *t)
{
        if (d->why == CT_LEFT_END_)
                ct_stack_put_(d->carrier, t);
        else
                ct_sched_one_global_(t);
}

__attribute__((noinline)) void ct_sched_yield_(struct ct_driver_ *d, void *frame)
{
        struct ct_task_ *t = d->current, *next = ct_sched_pick_(d);
        struct ct_carrier_ *c = d->carrier;
        enum ct_left_ why = CT_LEFT_YIELD_;

        t->frame = frame;
        if (!next) {
                if (ct_load_u32_relaxed(d->wanted)) {
                        why = CT_LEFT_GLOBAL_; /* its slice is over */
                } else if (ct_load_u64_relaxed(&c->ticks) % CT_GLOBAL_EVERY_) {
                        ct_sched_count_(&c->ticks); /* alone, but the global queue gets its turn */
                        ct_sched_count_(&c->switches);
                        return;
                }
                next = &d->scheduler;
        }
        (void)ct_sched_switch_(d, t, next, why);
}

/* Without a carrier: to the global queue, and the driver becomes spare. */
__attribute__((noinline)) void ct_sched_leave_carrier_(struct ct_driver_ *d, void *frame)
{
        d->current->frame = frame;
        (void)ct_sched_switch_(d, d->current, &d->scheduler, CT_LEFT_GLOBAL_);
}

/* ---- looking further ---- */

static struct ct_task_ *steal_from(struct ct_driver_ *d, struct ct_carrier_ *victim)
{
        struct ct_task_ *t = ct_ring_steal_(&d->carrier->ring, &victim->ring);

        /* Its run_next only when its driver has been busy with one task for long: a pair that wakes
           each other is best left together. */
        if (!t && (victim == d->prey || ct_load_u32_relaxed(&victim->long_run)))
                t = ct_sched_take_next_(victim);
        return t;
}

static struct ct_task_ *steal(struct ct_driver_ *d)
{
        unsigned n = ct_runtime_.carriers, from;
        struct ct_carrier_ *c = d->carrier;

        if (n < 2)
                return NULL;
        from = (unsigned)ct_rng_below(&c->rng, n);
        for (unsigned i = 0; i < n; i++) {
                struct ct_carrier_ *victim = &ct_runtime_.carrier[(from + i) % n];
                struct ct_task_ *t = victim == c ? NULL : steal_from(d, victim);

                if (t) {
                        ct_sched_count_(&c->steals);
                        return t;
                }
        }
        return NULL;
}

static void expire(struct ct_carrier_ *c)
{
        struct ct_tasks_ ready = {0};
        int64_t first = (int64_t)ct_load_u64_relaxed(&c->timers.first), now;

        if (first == CT_FOREVER || first > (now = ct_now_ns()))
                return;
        ct_timers_expire_(&c->timers, now, &ready);
        ct_sched_requeue_all_(&ready);
}

/* The slice of whoever ran here is over. run_next is no better than the others now, and the global
   queue comes before it: else a pair that wakes each other would keep it waiting. */
static struct ct_task_ *find_after_slice(struct ct_carrier_ *c)
{
        struct ct_task_ *next = ct_sched_take_next_(c), *t = NULL;

        /* Mostly the own queue first: a task that has just been sent to the global queue must not
           come straight back past those that wait here. And only one from there: the next one is
           for the next carrier. */
#ifndef CT_PLANT_task_global_first
        if (++c->slices % 4)
                t = ct_ring_pop_(&c->ring);
#endif
        if (!t)
                t = ct_global_pop_(c, 1);
        if (next)
                ct_sched_push_(c, next);
        return t ? t : ct_ring_pop_(&c->ring);
}

static struct ct_task_ *find(struct ct_driver_ *d)
{
        struct ct_carrier_ *c = d->carrier;
        /* Pairs with the monitor and with stop, which sets it after it has said so. */
        bool over = ct_exchange_u32_acq_rel(d->wanted, 0);
        struct ct_task_ *t = NULL;

        if (ct_load_u32_acquire(&ct_runtime_.stopping))
                return NULL;
        expire(c);
        if (over)
                t = find_after_slice(c);
        else if (ct_load_u64_relaxed(&c->ticks) % CT_GLOBAL_EVERY_ == 0)
                t = ct_global_pop_(c, CT_RING_SIZE / 2); /* its turn */
        if (!t)
                t = ct_sched_take_next_(c);
        if (!t)
                t = ct_ring_pop_(&c->ring);
        if (!t)
                t = ct_global_pop_(c, CT_RING_SIZE / 2);
        if (!t)
                t = steal(d);
        d->prey = NULL;
        return t;
}

static bool work_in_sight(void)
{
        if (ct_load_u32_relaxed(&ct_runtime_.global_n))
                return true;
        for (unsigned i = 0; i < ct_runtime_.carriers; i++)
                if (ct_ring_size_(&ct_runtime_.carrier[i].ring))
                        return true;
        return false;
}

/* A carrier that was woken for work has looked. If it found some and there is more, the next one is
   woken: one wakes one, so that a burst neither wakes all at once nor just one. */
static void report_back(struct ct_driver_ *d, bool found)
{
        d->looking = false;
#ifndef CT_PLANT_task_waking_stays
        ct_store_u32_release(&ct_runtime_.waking, 0); /* pairs with the next waker */
#endif
        if (found && work_in_sight())
                ct_idle_wake_();
}

void ct_sched_drive_(struct ct_driver_ *d)
{
        for (;;) {
                struct ct_task_ *t;

                if (!d->carrier && !ct_idle_get_carrier_(d))
                        return;
                t = find(d);
                if (d->looking)
                        report_back(d, t != NULL);
                if (!t) {
                        if (!ct_idle_(d))
                                return;
                        continue;
                }
                ct_sched_count_(&d->carrier->ticks);
                ct_sched_count_(&d->carrier->switches);
                if (ct_load_u32_relaxed(&d->carrier->long_run))
                        ct_store_u32_relaxed(&d->carrier->long_run, 0);
                (void)ct_sched_switch_(d, &d->scheduler, t, CT_LEFT_SCHEDULER_);
        }
}
