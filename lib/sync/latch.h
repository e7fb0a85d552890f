/*
 * ct_latch: a gate that opens once, after a given number of countdowns, and stays open.
 *
 *      struct ct_latch gate = CT_LATCH_INIT(1);        // or ct_latch_init(&gate, 1)
 *      ... many: ct_latch_wait(&gate);                 // all start at one instant
 *      ct_latch_count_down(&gate, 1);
 *
 * Blocks on: the parker, in wait only. count_down never blocks: one atomic subtraction, unless it
 *      opens the latch to waiters.
 * Wakes: the countdown that reaches zero wakes all that wait, in FIFO order.
 * Order: everything before a countdown happens before the return of every wait.
 * Who may call: any context, threads and tasks mixed. Not from signal handlers.
 * Ownership: the caller's storage; zero bytes are an open latch. It may be freed, or initialised
 *      for another use, when it is open and all waits have returned. ct_latch_fini is optional.
 * Failure: misuse panics with the latch's address: counting below zero, fini while someone waits,
 *      use after fini.
 * Units: deadlines are absolute ct_now_ns() times.
 *
 * Source: the latch of C++20 and of java.util.concurrent (CountDownLatch); the algorithm is that of
 * Go's sync.WaitGroup. Own code.
 */
#ifndef CT_SYNC_LATCH_H
#define CT_SYNC_LATCH_H

#include "sync/countdown.h"

struct ct_latch {
        struct ct_countdown count; /* private */
};

/* A static initialiser: opens after n countdowns, n < 2^31. */
#define CT_LATCH_INIT(n)                                                                           \
        {                                                                                          \
                .count = {.state = CT_COUNTDOWN_(n) }                                              \
        }

/* Closes the latch for n countdowns, n < 2^31. Nobody may use it meanwhile. */
void ct_latch_init(struct ct_latch *l, uint32_t n);

/* Not for users. */
void ct_latch_count_down_slow_(struct ct_latch *l, uint32_t n, uint64_t after);

/* Counts n down; at zero, opens the latch. */
static inline void ct_latch_count_down(struct ct_latch *l, uint32_t n)
{
        uint64_t change = CT_COUNTDOWN_(n);
        /* The release pairs with the acquire in wait and in ct_countdown_release_. */
        uint64_t after = ct_sub_u64_release(&l->count.state, change) - change;
        int32_t count = ct_countdown_count_(after);

#ifdef CT_PLANT_latch_opens_early
        if (count == 1)
                after = ct_sub_u64_release(&l->count.state, change) - change, count = 0;
#endif
        if (__builtin_expect(count < 0 || (count == 0 && ct_countdown_waiters_(after)), 0))
                ct_latch_count_down_slow_(l, n, after);
}

/* Returns once the latch is open. */
static inline void ct_latch_wait(struct ct_latch *l)
{
        (void)ct_countdown_wait_(&l->count, "ct_latch", CT_FOREVER); /* cannot time out */
}

/* As wait, but gives up at the deadline: 0 or -ETIMEDOUT. A deadline in the past only looks. */
static inline int ct_latch_wait_until(struct ct_latch *l, int64_t deadline)
{
        return ct_countdown_wait_(&l->count, "ct_latch", deadline);
}

/* True if the latch is open. */
static inline bool ct_latch_try_wait(struct ct_latch *l)
{
        return ct_latch_wait_until(l, 0) == 0;
}

/* How many wait at this moment; for statistics and tests. */
static inline uint32_t ct_latch_waiters(const struct ct_latch *l)
{
        return ct_countdown_waiters_(ct_load_u64_relaxed(&l->count.state));
}

/* Ends its use: panics while someone waits, and makes every later use but init panic. */
static inline void ct_latch_fini(struct ct_latch *l)
{
        ct_countdown_fini_(&l->count, "ct_latch");
}

#endif
