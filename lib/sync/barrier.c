/*
 * ct_barrier.
 *
 * Source: the sense-reversing barrier, whose sense is a count of rounds here; own code.
 *
 * The state word:
 *      bits 32..63   the round, modulo 2^32
 *      bit 31        ASLEEP: someone of this round is in the queue, or was
 *      bits 0..30    how many have come; always fewer than the parties
 *
 * An arrival is one compare-and-swap. The last one's sets the word to the next round with nobody in
 * it, so there is no moment at which a round is full and not over, and a context that is back at
 * once finds the next round open. Spinners watch the round and need no wake-up; sleepers are in
 * the queue with their round's number.
 *
 * Invariants, whenever the guard is open:
 *      if a sleeper of the present round is in the queue, then ASLEEP is set;
 *      if a sleeper of an earlier round is in the queue, then the last of that round, or of a later
 *      one, is on its way to the guard;
 *      the queue is in the order of the rounds.
 *
 * The tempting wrong version lets the last one empty the queue. Before it gets to the guard, a
 * spinner may have gone through the next round's work and lain down to sleep in the next round; it
 * would be let go with nobody else there.
 */
#include "sync/barrier.h"

#include "base/panic.h"
#include "base/parker.h"
#include "sync/wake.h"

#include <errno.h>

#define ROUND (UINT64_C(1) << 32)
#define ASLEEP (UINT64_C(1) << 31)
#define ARRIVED (ASLEEP - 1)

/* Between two looks of a spinner. All look at one line, which each arrival has to fetch. */
#define LOOK_NS 200

struct waiter {
        struct ct_wait_node node; /* first: the queue's nodes are waiters */
        uint32_t round;
};

static uint32_t round_of(uint64_t state)
{
        return (uint32_t)(state >> 32);
}

void ct_barrier_init(struct ct_barrier *b, uint32_t parties)
{
        if (!parties || parties > CT_BARRIER_MOST_)
                ct_panic("ct_barrier", b, "init for %u parties", (unsigned)parties);
        *b = (struct ct_barrier)CT_BARRIER_INIT(parties);
}

static void check_usable(const struct ct_barrier *b)
{
        if (!b->parties)
                ct_panic("ct_barrier", b, "used %s",
                         ct_barrier_arrived(b) ? "after fini" : "before init");
}

/* Lets go the sleepers of this round, and of earlier ones if their last is late. */
static void wake(struct ct_barrier *b, uint32_t round)
{
        struct ct_wait_node *first = NULL, **link = &first;
        struct waiter *head;

        ct_guard_lock(&b->guard);
#ifndef CT_PLANT_barrier_wakes_next_round
        while ((head = (struct waiter *)b->queue.head) && (int32_t)(head->round - round) <= 0) {
#else
        while ((head = (struct waiter *)b->queue.head) && round <= UINT32_MAX) {
#endif
                ct_waitlist_remove(&b->queue, &head->node);
                *link = &head->node;
                link = &head->node.next;
#ifdef CT_PLANT_barrier_wakes_one
                break;
#endif
        }
        *link = NULL;
        ct_guard_unlock(&b->guard);
        ct_unpark_all(first);
}

static bool is_over(const struct ct_barrier *b, uint32_t round)
{
        /* The acquire pairs with the last one's release, which carries all arrivals' before it. */
        return round_of(ct_load_u64_acquire(&b->state)) != round;
}

/* True if the round ended meanwhile. */
static bool spin(const struct ct_barrier *b, uint32_t round, int64_t deadline)
{
        struct ct_spin spin;
        bool over = false;

        if (deadline != CT_FOREVER && deadline <= ct_now_ns())
                return false;
        ct_spin_start(&spin, CT_SPIN_FOR_EVENT, deadline, LOOK_NS);
        if (!spin.left)
                return false;
        while (!over && ct_spin_wait(&spin))
                over = is_over(b, round);
        ct_spin_end(&spin, over);
        return over;
}

/* Joins the queue; false if the round is over. */
static bool enqueue(struct ct_barrier *b, struct waiter *self)
{
        uint64_t old;

        ct_waiter_init(&self->node.waiter);
        ct_guard_lock(&b->guard);
        do {
                old = ct_load_u64_acquire(&b->state); /* pairs as in is_over */
                if (round_of(old) != self->round) {
                        ct_guard_unlock(&b->guard);
                        return false;
                }
#ifdef CT_PLANT_barrier_sleeps_unseen
                break;
#endif
                /* relaxed: the guard publishes the node */
        } while (!(old & ASLEEP) && !ct_cas_u64_relaxed(&b->state, &old, old | ASLEEP));
        ct_waitlist_push_back(&b->queue, &self->node);
        ct_guard_unlock(&b->guard);
        return true;
}

/* The time is up. True if the arrival is taken back, false if the round was over before. ASLEEP
   stays: at worst the last one looks into the queue for nothing. */
static bool leave(struct ct_barrier *b, struct waiter *self)
{
        bool left = false;

        ct_guard_lock(&b->guard);
        if (self->node.queued) {
                uint64_t old = ct_load_u64_relaxed(&b->state);

                while (round_of(old) == self->round && !left)
#ifndef CT_PLANT_barrier_timeout_stays
                        left = ct_cas_u64_relaxed(&b->state, &old, old - 1);
#else
                        left = true;
#endif
                if (left)
                        ct_waitlist_remove(&b->queue, &self->node);
        }
        ct_guard_unlock(&b->guard);
        return left;
}

static int await_end(struct ct_barrier *b, uint32_t round, int64_t deadline)
{
        struct waiter self = {.round = round};

        if (spin(b, round, deadline) || !enqueue(b, &self))
                return 0;
        if (!ct_park_until(&self.node.waiter, deadline, CT_PARK_SLEEP))
                return 0;
        if (leave(b, &self))
                return -ETIMEDOUT;
        ct_park(&self.node.waiter); /* the unpark is on its way */
        return 0;
}

int ct_barrier_wait_until(struct ct_barrier *b, int64_t deadline)
{
        uint64_t old = ct_load_u64_relaxed(&b->state), after;
        bool last;

        check_usable(b);
        do {
                last = (old & ARRIVED) + 1 == b->parties;
                after = last ? (old & ~(ASLEEP | ARRIVED)) + ROUND : old + 1;
                /* Release: what this context did before reaches whoever comes last. Acquire: the
                   last one has everybody's, and its release passes them on (is_over, unpark). */
        } while (!ct_cas_weak_u64_acq_rel(&b->state, &old, after));
        if (!last)
                return await_end(b, round_of(old), deadline);
        if (old & ASLEEP)
                wake(b, round_of(old));
        return CT_BARRIER_LAST;
}

bool ct_barrier_wait(struct ct_barrier *b)
{
        return ct_barrier_wait_until(b, CT_FOREVER) == CT_BARRIER_LAST;
}

uint32_t ct_barrier_arrived(const struct ct_barrier *b)
{
        return (uint32_t)(ct_load_u64_relaxed(&b->state) & ARRIVED);
}

void ct_barrier_fini(struct ct_barrier *b)
{
        check_usable(b);
        if (ct_barrier_arrived(b))
                ct_panic("ct_barrier", b, "fini while %u wait", (unsigned)ct_barrier_arrived(b));
        b->parties = 0;
        ct_store_u64_relaxed(&b->state, ARRIVED); /* tells "after fini" from "before init" */
}
