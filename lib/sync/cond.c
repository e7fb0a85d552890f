/*
 * ct_cond.
 *
 * Source: Go's sync.Cond and its notifyList, as a contract; own code. Go draws a ticket before it
 * unlocks the mutex and queues afterwards, so that a signal may have to search for its ticket.
 * Here the waiter queues before it unlocks: the guard is held for some ns, and the queue's order is
 * the order of the waits.
 *
 * Invariant, whenever the guard is open: waiting is the length of the queue.
 *
 * A waiter leaves the queue by one of two hands, both under the guard: a signal's, which owes it an
 * unpark, or its own after the deadline. So it knows which it was, and a signal is neither lost in
 * a waiter that timed out nor given twice.
 *
 * The tempting wrong version unlocks the mutex first and queues then: a signal in between finds
 * nobody, and the change that it told of is the one that the waiter had not seen.
 *
 * Woken waiters take the mutex like anybody else. Measured against handing them to the mutex's
 * queue (wait morphing), which wakes each only when its predecessor unlocks: a broadcast to 8
 * sleeping threads on two CPUs, until all are through, takes 68 us; with wakes in such a chain it
 * took 108, since every link is a wake-up; glibc, which wakes all by one system call, takes 50.
 */
#include "sync/cond.h"

#include "base/panic.h"
#include "base/parker.h"
#include "sync/wake.h"

#include <errno.h>

#define OVER UINT32_MAX /* waiting, after fini */

/* waiting changes under the guard only, so loads and stores will do; they are atomic for the looks
   of signal and broadcast. */
static void count_waiting(struct ct_cond *c, uint32_t n)
{
        ct_store_u32_relaxed(&c->waiting, n);
}

static void enqueue(struct ct_cond *c, struct ct_mutex *m, struct ct_wait_node *self)
{
        uint32_t n;

        ct_waiter_init(&self->waiter);
        ct_guard_lock(&c->guard);
        n = ct_cond_waiters(c);
        if (n == OVER)
                ct_panic("ct_cond", c, "used after fini");
        if (n && c->mutex != m)
                ct_panic("ct_cond", c, "wait with mutex %p while others wait with %p", (void *)m,
                         (void *)c->mutex);
        c->mutex = m;
        ct_waitlist_push_back(&c->queue, self);
        count_waiting(c, n + 1);
        ct_guard_unlock(&c->guard);
}

/* The time is up. True if the waiter left the queue, false if a signal had taken it out. */
static bool leave(struct ct_cond *c, struct ct_wait_node *self)
{
        bool queued;

        ct_guard_lock(&c->guard);
        queued = self->queued;
        if (queued) {
                ct_waitlist_remove(&c->queue, self);
#ifndef CT_PLANT_cond_timeout_stays_counted
                count_waiting(c, ct_cond_waiters(c) - 1);
#endif
        }
        ct_guard_unlock(&c->guard);
#ifdef CT_PLANT_cond_timeout_eats_signal
        if (!queued)
                ct_park(&self->waiter);
        return true;
#endif
        return queued;
}

int ct_cond_wait_until(struct ct_cond *c, struct ct_mutex *m, int64_t deadline)
{
        struct ct_wait_node self;
        int r;

#ifdef CT_PLANT_cond_unlocks_first
        ct_mutex_unlock(m);
        enqueue(c, m, &self);
#else
        enqueue(c, m, &self);
        ct_mutex_unlock(m);
#endif
        r = ct_park_until(&self.waiter, deadline, CT_PARK_SPIN);
        if (r && !leave(c, &self)) {
                ct_park(&self.waiter); /* the unpark is on its way */
                r = 0;
        }
        ct_mutex_lock(m);
        return r;
}

void ct_cond_wait(struct ct_cond *c, struct ct_mutex *m)
{
        (void)ct_cond_wait_until(c, m, CT_FOREVER); /* cannot time out */
}

static void wake(struct ct_cond *c, bool all)
{
        struct ct_wait_node *woken;
        uint32_t n;

        ct_guard_lock(&c->guard);
        n = ct_cond_waiters(c);
        if (n == OVER)
                ct_panic("ct_cond", c, "used after fini");
        if (!all) {
#ifdef CT_PLANT_cond_signals_newest
                woken = c->queue.tail;
                if (woken)
                        ct_waitlist_remove(&c->queue, woken);
#else
                woken = ct_waitlist_pop(&c->queue);
#endif
                if (woken) {
                        woken->next = NULL;
                        count_waiting(c, n - 1);
                }
        } else {
                woken = ct_waitlist_take_all(&c->queue);
                count_waiting(c, 0);
        }
        ct_guard_unlock(&c->guard);
        ct_unpark_all(woken);
}

void ct_cond_signal_slow_(struct ct_cond *c)
{
        wake(c, false);
}

void ct_cond_broadcast_slow_(struct ct_cond *c)
{
#ifdef CT_PLANT_cond_broadcast_wakes_one
        wake(c, false);
        return;
#endif
        wake(c, true);
}

void ct_cond_fini(struct ct_cond *c)
{
        uint32_t n = ct_cond_waiters(c);

        if (n == OVER)
                ct_panic("ct_cond", c, "fini twice");
        if (n)
                ct_panic("ct_cond", c, "fini while %u wait", (unsigned)n);
        count_waiting(c, OVER); /* signal and broadcast see waiters, and come to the panic */
}
