/*
 * The parker's back-end for tasks: switch to the next task of this carrier.
 *
 * Source: Go's gopark and goready; own code.
 *
 * The waiter's word:
 *      EMPTY   no permit; the task runs, or is on its way out
 *      PERMIT  unpark came first
 *      PARKED  the task's context is saved; whoever changes this word must make it ready
 *      TIMED   the deadline came while the task was on its way out
 *
 * Invariants: PARKED is written only after the switch away, by whoever was switched to (sched.c),
 * and left by exactly one unpark or expiry. So a task is made ready once for each time it parks,
 * and never while its stack is in use.
 *
 * A task does not spin before it parks: leaving takes a few ns, and another task may be waiting for
 * the carrier. If none is, the carrier spins (idle.c).
 *
 * The tempting wrong version takes TIMED for the answer. A permit may have come since, over TIMED
 * or after expiry had made the task ready: the last look at the word decides.
 */
#include "base/panic.h"
#include "task/sched.h"

#include <errno.h>
#include <sched.h>

__attribute__((noinline)) static void leave(struct ct_driver_ *d, struct ct_waiter *w, void *frame)
{
        struct ct_task_ *t = d->current;

        t->frame = frame;
        d->left_on = w;
#ifdef CT_PLANT_task_commit_too_early
        uint32_t word = CT_WAITER_EMPTY_;

        if (!ct_cas_u32_acq_rel(&w->word, &word, CT_WAITER_PARKED_))
                return;
        for (int i = 0; i < 100; i++) /* long enough for the other carrier to come by */
                ct_pause();
#endif
        (void)ct_sched_switch_(d, t, ct_sched_pick_or_scheduler_(d), CT_LEFT_PARK_);
}

static bool take_permit(struct ct_waiter *w)
{
        uint32_t permit = CT_WAITER_PERMIT_;

        return ct_load_u32_relaxed(&w->word) == CT_WAITER_PERMIT_ &&
               ct_cas_u32_acquire(&w->word, &permit, CT_WAITER_EMPTY_); /* pairs with unpark */
}

/* After a wait with a deadline, the timer cancelled: what was it? */
static int outcome(struct ct_waiter *w)
{
        uint32_t timed = CT_WAITER_TIMED_;

        if (take_permit(w))
                return 0;
        /* It is EMPTY or TIMED, and only an unpark can change that now. */
        if (!ct_cas_u32_relaxed(&w->word, &timed, CT_WAITER_EMPTY_) && take_permit(w))
                return 0;
        return -ETIMEDOUT;
}

static int park_with_deadline(struct ct_driver_ *d, struct ct_waiter *w, int64_t deadline,
                              void *frame)
{
        struct ct_timer_ timer = {.deadline = deadline, .waiter = w, .task = d->current};

        if (deadline <= ct_now_ns())
                return -ETIMEDOUT;
        ct_timer_start_(&d->carrier->timers, &timer);
        leave(d, w, frame);
        ct_timer_cancel_(&timer); /* d may be another's by now; the timer knows its heap */
        return outcome(w);
}

static int task_park(struct ct_waiter *w, int64_t deadline, enum ct_park_how how)
{
        struct ct_driver_ *d = ct_driver_self_;

        (void)how;
        if (!d || d->current != w->context)
                ct_panic("waiter", w, "parked on by another context than its own");
        if (!d->carrier)
                return ct_blocking_park_(w, deadline);
        if (take_permit(w)) {
                ct_checkpoint();
                return 0;
        }
        if (deadline != CT_FOREVER)
                return park_with_deadline(d, w, deadline, __builtin_frame_address(0));
        leave(d, w, __builtin_frame_address(0));
        /* Nothing but an unpark makes it ready, and only the waiter takes the permit. */
        ct_store_u32_relaxed(&w->word, CT_WAITER_EMPTY_);
        return 0;
}

static void task_unpark(struct ct_waiter *w)
{
        struct ct_task_ *t = w->context; /* w may be gone after the exchange */

        /* The release pairs with the load in task_park, the acquire with settle_park. */
        if (ct_exchange_u32_acq_rel(&w->word, CT_WAITER_PERMIT_) == CT_WAITER_PARKED_)
                ct_sched_ready_(t);
}

static uint32_t task_here(void)
{
        struct ct_driver_ *d = ct_driver_self_;

        return d && d->carrier ? d->carrier->number | CT_PLACE_WAKER : CT_PLACE_ANY;
}

static void task_init(struct ct_waiter *w)
{
        ct_store_u32_relaxed(&w->word, CT_WAITER_EMPTY_);
        w->context = ct_driver_self_->current;
        w->place = task_here();
}

/* Another carrier runs, which may be about to end the wait. For an event only if nobody needs this
   one; an owner is worth a spin even then, for to park on a lock and to be woken costs more than
   its turn takes. A driver that looks for work itself may spin: idle.c has decided that. */
static bool task_may_spin(enum ct_spin_for what)
{
        struct ct_driver_ *d = ct_driver_self_;

        if (!d->current)
                return true;
        if (!d->carrier || ct_load_u32_relaxed(&ct_runtime_.idle) + 1 >= ct_runtime_.carriers)
                return false;
        return what == CT_SPIN_FOR_OWNER ||
               (!ct_load_ptr_relaxed(&d->carrier->run_next) && !ct_ring_size_(&d->carrier->ring));
}

static uint64_t task_self(void)
{
        return ct_driver_self_->current->serial | CT_SELF_TASK;
}

const struct ct_parker_ops ct_parker_task_ops = {
        .init = task_init,
        .park = task_park,
        .unpark = task_unpark,
        .here = task_here,
        .yield = ct_yield,
        .may_spin = task_may_spin,
        .self = task_self,
};
