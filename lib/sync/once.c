/*
 * ct_once's slow paths.
 *
 * Source: Go's sync.Once, as a contract; own code. Go puts a mutex around the call; here the
 * waiters wait for the end of the function itself, so all of them go on at once instead of one
 * after the other, and the runner is known, so that a call from inside the function can be named.
 *
 * The state: NEW -> RUNS (by the winner's CAS) -> AWAITED (by the first waiter, under the guard, if
 * there is one) -> DONE (by the winner's exchange). Nothing else but fini changes it.
 *
 * Invariants, whenever the guard is open:
 *      the queue is empty in NEW and RUNS;
 *      if it is not empty in DONE, then the winner is on its way to the guard.
 * A winner that did not meet AWAITED does not touch the object after its exchange.
 *
 * The tempting wrong version is a CAS from NEW to DONE whose winner calls the function: the losers
 * return before the function has, and use what is not there yet.
 */
#include "sync/once.h"

#include "base/panic.h"
#include "base/parker.h"
#include "sync/wake.h"

static void wake_all(struct ct_once *o)
{
        struct ct_wait_node *waiting;

        ct_guard_lock(&o->guard);
#ifndef CT_PLANT_once_wakes_one
        waiting = ct_waitlist_take_all(&o->queue);
#else
        waiting = ct_waitlist_pop(&o->queue);
        if (waiting)
                waiting->next = NULL;
#endif
        ct_guard_unlock(&o->guard);
        ct_unpark_all(waiting);
}

/* The calling context's number, for comparison with its own only: for that, the address of a
   thread-local variable serves a thread as well as its id, which is a system call (170 ns, of a
   first do that takes 4). */
static uint64_t caller(void)
{
        const struct ct_parker_ops *ops = ct_parker_ops_self();

        return ops == &ct_parker_thread_ops ? (uintptr_t)&ct_parker_self_ : ops->self();
}

static void run(struct ct_once *o, void (*fn)(void *), void *arg)
{
        ct_store_u64_relaxed(&o->runner, caller());
#ifdef CT_PLANT_once_done_before_fn
        ct_store_u32_release(&o->state, CT_ONCE_DONE_);
#endif
        fn(arg);
        /* The release pairs with the acquires in ct_once_done and enqueue. */
        if (ct_exchange_u32_release(&o->state, CT_ONCE_DONE_) == CT_ONCE_AWAITED_)
                wake_all(o);
}

/* Joins the queue; false if the function has returned. */
static bool enqueue(struct ct_once *o, struct ct_wait_node *self)
{
        uint32_t old;

        ct_waiter_init(&self->waiter);
        ct_guard_lock(&o->guard);
        do {
                old = ct_load_u32_acquire(&o->state); /* pairs with the release in run */
                if (old == CT_ONCE_DONE_) {
                        ct_guard_unlock(&o->guard);
                        return false;
                }
#ifdef CT_PLANT_once_waits_unseen
                break;
#endif
                /* relaxed: the guard publishes the node */
        } while (old != CT_ONCE_AWAITED_ && !ct_cas_u32_relaxed(&o->state, &old, CT_ONCE_AWAITED_));
        ct_waitlist_push_back(&o->queue, self);
        ct_guard_unlock(&o->guard);
        return true;
}

static void await_end(struct ct_once *o)
{
        struct ct_wait_node self;

        /* Only this context can have written its own number, so a match is never a race. */
        if (ct_load_u64_relaxed(&o->runner) == caller()) {
                char who[64];

                ct_parker_describe(ct_parker_ops_self()->self(), who, sizeof who);
                ct_panic("ct_once", o, "deadlock: do called by its own function, in %s", who);
        }
        if (enqueue(o, &self))
                ct_park(&self.waiter);
}

void ct_once_do_slow_(struct ct_once *o, void (*fn)(void *), void *arg)
{
        uint32_t old = CT_ONCE_NEW_;

#ifdef CT_PLANT_once_runs_twice
        old = ct_load_u32_relaxed(&o->state);
        if (old == CT_ONCE_NEW_) {
                ct_store_u32_relaxed(&o->state, CT_ONCE_RUNS_);
                run(o, fn, arg);
                return;
        }
#endif
        if (ct_cas_u32_relaxed(&o->state, &old, CT_ONCE_RUNS_)) { /* nothing to order before fn */
                run(o, fn, arg);
                return;
        }
        if (old == CT_ONCE_OVER_)
                ct_panic("ct_once", o, "used after fini");
#ifdef CT_PLANT_once_loser_returns
        return;
#endif
        await_end(o);
}

void ct_once_fini(struct ct_once *o)
{
        uint32_t state = ct_load_u32_relaxed(&o->state);

        if (state == CT_ONCE_OVER_)
                ct_panic("ct_once", o, "fini twice");
        if (state == CT_ONCE_RUNS_ || state == CT_ONCE_AWAITED_)
                ct_panic("ct_once", o, "fini while its function runs%s",
                         state == CT_ONCE_AWAITED_ ? " and others wait for it" : "");
        ct_store_u32_relaxed(&o->state, CT_ONCE_OVER_);
}
