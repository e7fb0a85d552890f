/*
 * Blocking sections: the carrier goes on without the task that is stuck in the kernel.
 *
 * Source: Go's entersyscallblock and exitsyscall (runtime/proc.go) for the idea; own code.
 *
 * At the beginning the carrier leaves its driver. With work or timers of its own it gets another
 * driver at once; without, it enters the idle list and costs nothing until somebody has work. At
 * the end the task takes its carrier back if that is idle, else any idle one, whether or not a
 * driver sleeps behind it; else it joins the global queue, and its driver becomes a spare.
 *
 * The tempting wrong version hands over only what is queued now and keeps run_next: the task that
 * was woken last waits for the kernel call to end.
 */
#include "base/panic.h"
#include "task/internal.h"

#include <errno.h>

static bool has_work(struct ct_carrier_ *c)
{
        return ct_load_ptr_relaxed(&c->run_next) || ct_ring_size_(&c->ring) ||
               (int64_t)ct_load_u64_relaxed(&c->timers.first) != CT_FOREVER ||
               ct_load_u32_relaxed(&ct_runtime_.global_n);
}

static void hand_over(struct ct_driver_ *d)
{
        struct ct_runtime_ *r = &ct_runtime_;
        struct ct_carrier_ *c = d->carrier;
        bool busy = has_work(c);

        ct_guard_lock(&r->guard);
        d->blocked = c;
        d->carrier = NULL;
        ct_store_ptr_relaxed(&c->driver, NULL);
        if (!busy && !r->global.n)
                ct_idle_add_locked_(c);
        else
                busy = true;
        r->handovers += busy;
        ct_guard_unlock(&r->guard);
#ifndef CT_PLANT_task_blocking_strands_queue
        if (busy)
                (void)ct_idle_staff_(c); /* if there is no thread to be had, the monitor retries */
#endif
}

static bool take_carrier(struct ct_driver_ *d)
{
        struct ct_runtime_ *r = &ct_runtime_;
        struct ct_carrier_ *c = d->blocked;

        ct_guard_lock(&r->guard);
        if (!c->idle)
                c = r->idle_first;
        if (c) {
                ct_idle_remove_locked_(c);
                ct_idle_join_locked_(d, c);
        }
        ct_guard_unlock(&r->guard);
        return c != NULL;
}

void ct_blocking_begin(void)
{
        struct ct_driver_ *d = ct_driver_self_;

        if (!d || !d->current || d->current->blocking++)
                return;
        ct_parker_self_ = &ct_parker_thread_ops;
        hand_over(d);
}

void ct_blocking_end(void)
{
        struct ct_driver_ *d = ct_driver_self_;
        int saved;

        if (!d || !d->current)
                return;
        if (!d->current->blocking)
                ct_panic("task", d->current, "ct_blocking_end without ct_blocking_begin");
        if (--d->current->blocking)
                return;
        saved = *d->errno_at; /* the kernel call's */
        ct_parker_self_ = &ct_parker_task_ops;
        if (take_carrier(d))
                ct_idle_settle_(d);
        else
                ct_sched_leave_carrier_(d, __builtin_frame_address(0)); /* keeps errno as well */
        *ct_driver_self_->errno_at = saved;
}

/* A waiter that was made outside of the section is parked on inside: only as a task can it be. */
int ct_blocking_park_(struct ct_waiter *w, int64_t deadline)
{
        struct ct_task_ *t = ct_driver_self_->current;
        uint32_t depth = t->blocking;
        int r;

        t->blocking = 1;
        ct_blocking_end();
        r = w->ops->park(w, deadline, CT_PARK_SLEEP);
        ct_blocking_begin();
        t->blocking = depth;
        return r;
}
