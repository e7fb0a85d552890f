/*
 * Waiting for a count to reach zero.
 *
 * Source: Go's sync.WaitGroup, as an algorithm; own code. Go sleeps on one semaphore per group and
 * releases it once per waiter; here the waiters are in the object, and time out.
 *
 * The state word:
 *      bits 32..63   the count, signed: negative is misuse, far below zero means fini
 *      bits 0..31    waiters: the length of the queue; changes only under the guard
 *
 * Counting is one read-modify-write of the whole word, so exactly one context sees the count reach
 * zero with waiters there: that one releases. Nobody joins the queue at zero, so from that moment
 * on the state is its alone, until it sets it to 0 under the guard.
 *
 * Invariants, whenever the guard is open:
 *      the queue is as long as the waiter count;
 *      if the queue is not empty and the count is zero, then the context that brought it there is
 *      on its way to the guard, and it will unpark every waiter in the queue.
 *
 * A context that counts down and meets no waiters does not touch the object again, and one that
 * releases does not touch it after the guard, which no released waiter passes before. That is why
 * an object on a waiter's stack may go as soon as all waits have returned.
 *
 * Two tempting wrong versions. First, to let a waiter whose time is up leave while the count is
 * zero: it reports a time-out, finds zero at its next look, and frees the object that the releaser
 * is about to lock. Second, to set the state to 0 after the unparks: a waiter that is awake already
 * may have started the next round, whose count is then lost.
 */
#include "sync/countdown.h"

#include "base/panic.h"
#include "base/parker.h"
#include "sync/wake.h"

#include <errno.h>

/* Far from zero and from the ends: no sensible add brings it to a valid count. */
#define OVER (INT32_MIN / 2)

bool ct_countdown_is_over_(int32_t count)
{
        return count < OVER / 2;
}

/* Joins the queue; false if the count is zero. */
static bool enqueue(struct ct_countdown *c, const char *object, struct ct_wait_node *self)
{
        uint64_t old;

        ct_waiter_init(&self->waiter);
#ifdef CT_PLANT_countdown_counts_before_queue
        ct_add_u64_relaxed(&c->state, 1);
#endif
        ct_guard_lock(&c->guard);
        do {
                old = ct_load_u64_acquire(&c->state); /* pairs with every countdown */
                if (ct_countdown_is_over_(ct_countdown_count_(old)))
                        ct_panic(object, c, "used after fini");
#ifdef CT_PLANT_countdown_counts_before_queue
                break;
#endif
                if (!ct_countdown_count_(old)) {
                        ct_guard_unlock(&c->guard);
                        return false;
                }
        } while (!ct_cas_u64_relaxed(&c->state, &old, old + 1)); /* the guard publishes the node */
        ct_waitlist_push_back(&c->queue, self);
        ct_guard_unlock(&c->guard);
        return true;
}

/* The time is up. True if the waiter left the queue, false if the count was zero before. */
static bool leave(struct ct_countdown *c, struct ct_wait_node *self)
{
        bool left = false;

        ct_guard_lock(&c->guard);
        if (self->queued) {
                uint64_t old = ct_load_u64_relaxed(&c->state);

#ifndef CT_PLANT_countdown_leaves_at_zero
                while (ct_countdown_count_(old) && !left)
#else
                while (!left)
#endif
#ifndef CT_PLANT_countdown_timeout_stays_counted
                        left = ct_cas_u64_relaxed(&c->state, &old, old - 1);
#else
                        left = true;
#endif
                if (left)
                        ct_waitlist_remove(&c->queue, self);
        }
        ct_guard_unlock(&c->guard);
        return left;
}

int ct_countdown_wait_slow_(struct ct_countdown *c, const char *object, int64_t deadline)
{
        struct ct_wait_node self;

        if (deadline != CT_FOREVER && deadline <= ct_now_ns())
                return -ETIMEDOUT;
        if (!enqueue(c, object, &self))
                return 0;
        if (!ct_park_until(&self.waiter, deadline, CT_PARK_SPIN))
                return 0;
        if (leave(c, &self))
                return -ETIMEDOUT;
        ct_park(&self.waiter); /* the unpark is on its way */
        return 0;
}

bool ct_countdown_release_(struct ct_countdown *c, uint64_t left)
{
        struct ct_wait_node *waiting;

        ct_guard_lock(&c->guard);
#ifndef CT_PLANT_countdown_resets_after_wake
        /* The acquire pairs with the release of every other countdown: their work reaches the
           waiters through this context's unparks. */
        if (!ct_cas_u64_acquire(&c->state, &left, 0)) {
                ct_guard_unlock(&c->guard);
                return false;
        }
#endif
#ifndef CT_PLANT_countdown_wakes_one
        waiting = ct_waitlist_take_all(&c->queue);
#else
        waiting = ct_waitlist_pop(&c->queue);
        if (waiting)
                waiting->next = NULL;
#endif
        ct_guard_unlock(&c->guard);
        ct_unpark_all(waiting);
#ifdef CT_PLANT_countdown_resets_after_wake
        (void)left;
        ct_store_u64_release(&c->state, 0);
#endif
        return true;
}

void ct_countdown_fini_(struct ct_countdown *c, const char *object)
{
        uint64_t state = ct_load_u64_relaxed(&c->state);

        if (ct_countdown_is_over_(ct_countdown_count_(state)))
                ct_panic(object, c, "fini twice");
        if (ct_countdown_waiters_(state))
                ct_panic(object, c, "fini while %u wait", (unsigned)ct_countdown_waiters_(state));
        ct_store_u64_relaxed(&c->state, CT_COUNTDOWN_(OVER)); /* whoever uses it now is wrong */
}
