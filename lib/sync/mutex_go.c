/*
 * ct_mutex's slow paths.
 *
 * Source: Go's sync.Mutex (internal/sync/mutex.go), as an algorithm; own code.
 *
 * The state word:
 *      LOCKED     someone owns the mutex
 *      WOKEN      a waiter was woken, or a waiter-to-be is spinning, and will look at the word
 *                 again: unlock need not wake another. Legal to be clear when someone was woken
 *                 (one wake too many); illegal to be set when nobody is on the way (no wake ever).
 *      STARVING   hand-off mode: unlock gives the mutex to the head of the queue
 *      waiters    the length of the queue; changes only under the guard, with the queue
 *
 * Normal mode: waiters queue in FIFO order, but a woken waiter competes with whoever arrives. Those
 * are on a CPU already and usually win, so a waiter that loses goes back to the front, and one that
 * has waited for more than 1 ms turns the mutex to starving mode.
 * Starving mode: unlock keeps the mutex locked on behalf of the head of the queue and unparks it.
 * Arrivals neither take the mutex nor spin; they queue at the tail. The mode ends with a waiter
 * that was the last one or had waited for less than 1 ms, because hand-off is slow: every owner
 * must be woken first.
 *
 * Invariants, whenever the guard is open:
 *      the queue is as long as the waiter count;
 *      STARVING implies that the queue is not empty;
 *      if the queue is not empty, then the mutex is locked, or WOKEN's context is on its way, or an
 *      unlock that saw the queue is on its way to the guard.
 *
 * Place: Go's scheduler runs a woken goroutine soon. The kernel may leave a woken thread queued
 * behind the very thread that woke it, for milliseconds, during which WOKEN stops all other wakes
 * and the other CPUs stay idle. So unlock remembers where it sent a wake, and an unlock that runs
 * at that place knows that the woken waiter is not running: it wakes the next one as well.
 *
 * Two tempting wrong versions. First, to requeue a waiter that lost without clearing WOKEN in the
 * same CAS: the owner's unlock then trusts in a waiter that is asleep again. Second, to let a timed
 * waiter leave as soon as its time is up: if an unlock has just taken it from the queue, then the
 * wake (or the mutex itself) goes with it, and nobody wakes the others.
 */
#include "sync/mutex.h"

#include "base/panic.h"
#include "base/parker.h"

#include <errno.h>

#define LOCKED CT_MUTEX_LOCKED_
#define WOKEN CT_MUTEX_WOKEN_
#define STARVING CT_MUTEX_STARVING_
#define WAITER CT_MUTEX_WAITER_

#define STARVATION_NS CT_NS_PER_MS

/* Longest pause between two attempts of a spinner. Attempts grow apart up to here: a short critical
   section is caught early, and under steady load the owner gets some dozens of turns on a line
   that nobody pulls away. Lock, increment, unlock by two threads on two Zen 4 cores took 12.8 ns at
   0.2 us, 10.7 at 1 us, 10.2 at 2 us and 9.7 at 4 us, which is too long beside a wake-up (12 us).
 */
#define MAX_STEP_NS 2000

struct waiter {
        struct ct_wait_node node; /* first: the queue's nodes are waiters */
        int64_t since;            /* start of the first wait; 0 before it */
        bool granted;             /* unlock handed the mutex over */
};

/* What one slow lock knows between its attempts. */
struct attempt {
        int64_t deadline;
        bool woken; /* WOKEN may be ours, so it is ours to clear */
        bool starving;
        struct ct_spin spin;
        struct waiter self;
};

static bool is_free(uint32_t state)
{
        return !(state & (LOCKED | STARVING));
}

static uint32_t less_woken(const struct attempt *a, uint32_t state)
{
        return a->woken ? state & ~WOKEN : state;
}

static bool take(struct ct_mutex *m, const struct attempt *a, uint32_t *old)
{
        /* pairs with the release in unlock */
        return is_free(*old) && ct_cas_u32_acquire(&m->state, old, less_woken(a, *old | LOCKED));
}

/* Tells unlock that it need not wake anyone while this context spins. */
static void claim_woken(struct ct_mutex *m, struct attempt *a, uint32_t old)
{
        if (a->woken || (old & (WOKEN | STARVING)) || !(old & LOCKED) || old < WAITER)
                return;
        if (ct_cas_u32_relaxed(&m->state, &old, old | WOKEN)) {
                a->woken = true;
                ct_store_u32_relaxed(&m->woken_place, ct_parker_ops_self()->here());
        }
}

/* Competes without sleeping. The attempts are CASes that expect the mutex to be free: a look first
   would fetch the line twice, and the owner's next turn would slip in between. */
static bool spin(struct ct_mutex *m, struct attempt *a)
{
        uint32_t old = ct_load_u32_relaxed(&m->state);

        ct_spin_start(&a->spin, CT_SPIN_FOR_EVENT, a->deadline, MAX_STEP_NS);
        if (!a->spin.left)
                return false;
        while (!(old & STARVING) && ct_spin_wait(&a->spin)) {
                old &= ~LOCKED;
                do {
                        if (take(m, a, &old)) {
                                ct_spin_end(&a->spin, true);
                                return true;
                        }
                } while (is_free(old)); /* free, but with another waiter count than expected */
                claim_woken(m, a, old);
        }
        ct_spin_end(&a->spin, false);
        return false;
}

/* Joins the queue, or takes the mutex if it has become free; true in the latter case. */
static bool enqueue_or_take(struct ct_mutex *m, struct attempt *a)
{
        struct ct_wait_node *n = &a->self.node;
        bool first = a->self.since == 0;
        uint32_t old;

        if (first)
                a->self.since = ct_now_ns();
        a->self.granted = false;
        ct_waiter_init(&n->waiter);
        ct_guard_lock(&m->guard);
        old = ct_load_u32_relaxed(&m->state);
        for (;;) {
                uint32_t queued = old + WAITER;

                if (is_free(old)) {
                        if (!take(m, a, &old))
                                continue;
                        ct_guard_unlock(&m->guard);
                        return true;
                }
                if (a->starving && (old & LOCKED))
                        queued |= STARVING;
#ifndef CT_PLANT_mutex_lost_wake
                queued = less_woken(a, queued);
#endif
                if (ct_cas_u32_relaxed(&m->state, &old, queued)) /* the guard publishes the node */
                        break;
        }
#ifdef CT_PLANT_mutex_requeue_at_tail
        first = true;
#endif
        if (first)
                ct_waitlist_push_back(&m->queue, n);
        else
                ct_waitlist_push_front(&m->queue, n);
        ct_guard_unlock(&m->guard);
        return false;
}

/* The deadline has passed while parked. True: left the queue. False: an unlock was faster, and its
   unpark is consumed; what it gave must be dealt with. */
static bool leave_queue(struct ct_mutex *m, struct attempt *a)
{
        bool queued;

        ct_guard_lock(&m->guard);
        queued = a->self.node.queued;
        if (queued) {
                uint32_t old = ct_load_u32_relaxed(&m->state), left;

                ct_waitlist_remove(&m->queue, &a->self.node);
#ifndef CT_PLANT_mutex_timeout_leaves_waiter
                do {
                        left = old - WAITER;
                        if (left < WAITER)
                                left &= ~STARVING; /* nobody is left to hand over to */
                } while (!ct_cas_u32_relaxed(&m->state, &old, left));
#else
                (void)old, (void)left;
#endif
        }
        ct_guard_unlock(&m->guard);
        if (!queued)
                ct_park(&a->self.node.waiter);
        return queued;
}

/* A woken waiter whose time is up: takes the mutex if it is free, else passes the wake on by
   clearing WOKEN, which makes the owner's unlock wake the next one. */
static int last_try(struct ct_mutex *m, struct attempt *a)
{
        uint32_t old = ct_load_u32_relaxed(&m->state);

        for (;;) {
                if (is_free(old)) {
                        if (take(m, a, &old))
                                return 0;
#ifdef CT_PLANT_mutex_timeout_eats_wake
                } else {
                        return -ETIMEDOUT;
                }
#else
                } else if (ct_cas_u32_relaxed(&m->state, &old, less_woken(a, old))) {
                        return -ETIMEDOUT;
                }
#endif
        }
}

int ct_mutex_lock_slow_(struct ct_mutex *m, int64_t deadline)
{
        struct attempt a = {.deadline = deadline};

        if (deadline != CT_FOREVER && deadline <= ct_now_ns())
                return last_try(m, &a);
        for (;;) {
                /* A starving waiter does not spin: it has to say so first. */
                if (!a.starving && spin(m, &a))
                        return 0;
                if (enqueue_or_take(m, &a))
                        return 0;
                if (ct_park_until(&a.self.node.waiter, deadline, CT_PARK_SLEEP)) {
                        if (leave_queue(m, &a))
                                return -ETIMEDOUT;
                        if (a.self.granted)
                                return 0;
                        a.woken = true;
                        return last_try(m, &a);
                }
                if (a.self.granted)
                        return 0;
                a.woken = true;
#ifndef CT_PLANT_mutex_no_starvation
                a.starving = a.starving || ct_now_ns() - a.self.since > STARVATION_NS;
#endif
        }
}

/* What the state becomes when the mutex is handed to the head of the queue. */
static uint32_t handed_over(const struct ct_mutex *m, uint32_t old)
{
        const struct waiter *head = (const struct waiter *)m->queue.head;
        uint32_t state = (old - WAITER) | LOCKED;

#ifdef CT_PLANT_mutex_double_grant
        state &= ~LOCKED;
#endif
        if (state < WAITER || ct_now_ns() - head->since < STARVATION_NS)
                state &= ~STARVING;
        return state;
}

/* True when an unlock that left this state owes the queue something. */
static bool owes_wake(struct ct_mutex *m, uint32_t state)
{
        if (state < WAITER || (state & LOCKED))
                return false;
        if ((state & STARVING) || !(state & WOKEN))
                return true;
        return ct_parker_behind_caller(ct_load_u32_relaxed(&m->woken_place));
}

void ct_mutex_unlock_slow_(struct ct_mutex *m, uint32_t before)
{
        struct waiter *head;
        uint32_t old = before - LOCKED, state, place;
        bool handoff;

        if (!(before & LOCKED))
                ct_panic("ct_mutex", m, "unlock of unlocked mutex");
        if (!owes_wake(m, old))
                return;
        ct_guard_lock(&m->guard);
        old = ct_load_u32_relaxed(&m->state);
        do {
                if (!owes_wake(m, old)) { /* taken, or the last waiter left, in the meantime */
                        ct_guard_unlock(&m->guard);
                        return;
                }
                handoff = old & STARVING;
                state = handoff ? handed_over(m, old) : (old - WAITER) | WOKEN;
                /* The acquire is for a hand-off, and pairs with the release of another unlock: the
                   mutex may have been taken, turned to starving mode and released since this
                   thread let go of it, and what that owner did must reach the head through here. */
#ifdef CT_PLANT_mutex_relaxed_hand_over
        } while (!ct_cas_u32_relaxed(&m->state, &old, state));
#else
        } while (!ct_cas_u32_acquire(&m->state, &old, state));
#endif
        head = (struct waiter *)ct_waitlist_pop(&m->queue);
        head->granted = handoff;
        place = head->node.waiter.place;
        if (!handoff)
                ct_store_u32_relaxed(&m->woken_place, place);
        ct_guard_unlock(&m->guard);
        ct_unpark(&head->node.waiter); /* head may be gone from here on */
        /* The new owner cannot start before this thread stops, and the mutex is not to be had. */
        if (handoff && ct_parker_behind_caller(place))
                ct_parker_ops_self()->yield();
}

/* ---- CT_CHECKED ---- */

void ct_mutex_check_idle_(struct ct_mutex *m)
{
        uint32_t waiters = ct_mutex_waiters(m);

        if (waiters)
                ct_panic("ct_mutex", m, "destroyed while %u wait for it", (unsigned)waiters);
        if (ct_load_u32_relaxed(&m->state) & LOCKED)
                ct_panic("ct_mutex", m, "destroyed while locked");
}

static uint64_t self_id(void)
{
        return ct_parker_ops_self()->self();
}

void ct_mutex_check_lock_(struct ct_mutex *m)
{
        char who[64];

        /* Only this context can have written its own id, so a match is never a race. */
        if (ct_load_u64_relaxed(&m->owner) != self_id())
                return;
        ct_parker_describe(self_id(), who, sizeof who);
        ct_panic("ct_mutex", m, "locked twice by its owner, %s", who);
}

void ct_mutex_set_owner_(struct ct_mutex *m)
{
        ct_store_u64_relaxed(&m->owner, self_id()); /* read for equality with the reader's own id */
}

void ct_mutex_check_unlock_(struct ct_mutex *m)
{
        uint64_t owner = ct_load_u64_relaxed(&m->owner);
        char who[64], me[64];

        if (owner && owner != self_id()) {
                ct_parker_describe(owner, who, sizeof who);
                ct_parker_describe(self_id(), me, sizeof me);
                ct_panic("ct_mutex", m, "unlock by %s of a mutex owned by %s", me, who);
        }
        ct_store_u64_relaxed(&m->owner, 0);
}
