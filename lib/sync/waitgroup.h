/*
 * ct_waitgroup: wait until a number of contexts are done.
 *
 *      struct ct_waitgroup wg = {0};           // zero bytes are a valid, idle group
 *      ct_waitgroup_add(&wg, n);               // once for all of them, or 1 before each start
 *      ... start n contexts; each ends with ct_waitgroup_done(&wg) ...
 *      ct_waitgroup_wait(&wg);
 *
 * Blocks on: the parker, in wait only. add and done never block: one atomic addition, unless they
 *      release waiters.
 * Wakes: whoever brings the counter to zero wakes all that wait, in FIFO order.
 * Order: everything before a done (or an add below zero) happens before the return of the waits
 *      that see the zero it leads to.
 * Who may call: any context, threads and tasks mixed. A negative add counts down. Not from signal
 *      handlers.
 * Reuse: the group is ready again once all waits of a round have returned; an add that starts a
 *      round belongs after them. An add at zero while waiters of the last round are still being
 *      released panics; once they are released, unlike Go, it does no harm that some have not yet
 *      returned.
 * Ownership: the caller's storage. It may be freed or reused when the counter is zero and all waits
 *      have returned; the context whose done ended the last wait does not touch it any more.
 *      ct_waitgroup_fini is optional.
 * Failure: misuse panics with the group's address: a counter below zero (or above 2^31 - 1), an add
 *      at zero concurrent with a wait, fini while someone waits, use after fini.
 * Units: deadlines are absolute ct_now_ns() times.
 *
 * Source: Go's sync.WaitGroup, as an algorithm; own code. The timed form is ours.
 */
#ifndef CT_SYNC_WAITGROUP_H
#define CT_SYNC_WAITGROUP_H

#include "sync/countdown.h"

struct ct_waitgroup {
        struct ct_countdown tasks; /* private */
};

/* Not for users. */
void ct_waitgroup_add_slow_(struct ct_waitgroup *wg, int32_t delta, uint64_t after);

/* Adds delta, which may be negative, to the counter; at zero, releases all waiters. */
static inline void ct_waitgroup_add(struct ct_waitgroup *wg, int32_t delta)
{
        /* The release pairs with the acquire in wait and in ct_countdown_release_. */
        uint64_t change = CT_COUNTDOWN_(delta);
        uint64_t after = ct_add_u64_release(&wg->tasks.state, change) + change;
        int32_t count = ct_countdown_count_(after);
        bool waited_for = ct_countdown_waiters_(after) != 0;

        /* Slow: an impossible count, zero with waiters, or waiters that met zero before this. */
        if (__builtin_expect(count < 0 || (waited_for && (count == 0 || count == delta)), 0))
                ct_waitgroup_add_slow_(wg, delta, after);
}

/* Counts one down. */
static inline void ct_waitgroup_done(struct ct_waitgroup *wg)
{
        ct_waitgroup_add(wg, -1);
}

/* Returns once the counter is zero; at once if it is. */
static inline void ct_waitgroup_wait(struct ct_waitgroup *wg)
{
        (void)ct_countdown_wait_(&wg->tasks, "ct_waitgroup", CT_FOREVER); /* cannot time out */
}

/* As wait, but gives up at the deadline: 0 or -ETIMEDOUT. A deadline in the past only looks. */
static inline int ct_waitgroup_wait_until(struct ct_waitgroup *wg, int64_t deadline)
{
        return ct_countdown_wait_(&wg->tasks, "ct_waitgroup", deadline);
}

/* True if a wait would return at once. */
static inline bool ct_waitgroup_try_wait(struct ct_waitgroup *wg)
{
        return ct_waitgroup_wait_until(wg, 0) == 0;
}

/* How many wait at this moment; for statistics and tests. */
static inline uint32_t ct_waitgroup_waiters(const struct ct_waitgroup *wg)
{
        return ct_countdown_waiters_(ct_load_u64_relaxed(&wg->tasks.state));
}

/* Ends its use: panics while someone waits, and makes every later use panic until the bytes are
   zeroed again. */
static inline void ct_waitgroup_fini(struct ct_waitgroup *wg)
{
        ct_countdown_fini_(&wg->tasks, "ct_waitgroup");
}

#endif
