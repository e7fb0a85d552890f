/*
 * ct_barrier: a meeting point for a fixed number of contexts, round after round.
 *
 *      static struct ct_barrier b = CT_BARRIER_INIT(4);        // or ct_barrier_init(&b, 4)
 *      each of 4: for (;;) { ... work ...; ct_barrier_wait(&b); }
 *
 * Blocks on: the parker. A context that is not the last spins for at most the calibrated budget
 *      (parker.h), then parks.
 * Wakes: the last to arrive lets all others of its round go, and starts the next round. It does
 *      not block.
 * Order: everything before a wait happens before the return of every wait of the same round.
 * Who may call: any context, threads and tasks mixed; also more of them than there are parties:
 *      a round is any `parties` arrivals. Not from signal handlers.
 * Ownership: the caller's storage; zero bytes are not a valid barrier, since they have no parties.
 *      It may be freed when all waits have returned. ct_barrier_fini is optional.
 * Failure: misuse panics with the address: 0 parties, use before init, fini while someone waits,
 *      use after fini.
 * Units: deadlines are absolute ct_now_ns() times.
 *
 * Source: pthread_barrier as a contract, the sense-reversing barrier (its sense grown into a count
 * of rounds) as an algorithm; own code. The timed form is ours.
 */
#ifndef CT_SYNC_BARRIER_H
#define CT_SYNC_BARRIER_H

#include "base/atomic.h"
#include "base/clock.h"
#include "base/guard.h"
#include "base/waitlist.h"

struct ct_barrier {
        ct_atomic_u64 state;      /* private, all of it; see barrier.c */
        uint32_t parties;         /* 0 before init and after fini */
        struct ct_guard guard;    /* protects queue */
        struct ct_waitlist queue; /* those that sleep, in the order of their coming */
};

#define CT_BARRIER_MOST_ UINT32_C(0x7fffffff)

/* A static initialiser for 1 to 2^31 - 1 parties. */
#define CT_BARRIER_INIT(n)                                                                         \
        {                                                                                          \
                .parties = (n)                                                                     \
        }

#define CT_BARRIER_LAST 1 /* a result of wait_until */

/* Makes a barrier for `parties` contexts. Panics if that is 0 or above 2^31 - 1. */
void ct_barrier_init(struct ct_barrier *b, uint32_t parties);

/* Waits until all parties of this round have come. True for exactly one of them, the last. */
bool ct_barrier_wait(struct ct_barrier *b);

/* As wait, but gives up at the deadline and then counts as not having come. CT_BARRIER_LAST for the
   last, 0 for the others, -ETIMEDOUT for one that gave up. */
int ct_barrier_wait_until(struct ct_barrier *b, int64_t deadline);

/* How many have come in this round; for statistics and tests. */
uint32_t ct_barrier_arrived(const struct ct_barrier *b);

/* Ends its use: panics while someone waits, and makes every later use but init panic. */
void ct_barrier_fini(struct ct_barrier *b);

#endif
