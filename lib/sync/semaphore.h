/*
 * ct_semaphore: a weighted semaphore. Of `size` permits a context takes as many as it needs.
 *
 *      static struct ct_semaphore s = CT_SEMAPHORE_INIT(10);   // or ct_semaphore_init(&s, 10)
 *      ct_semaphore_acquire(&s, 3);
 *      ... at most 10 permits are out ...
 *      ct_semaphore_release(&s, 3);
 *
 * Blocks on: the parker. An acquire that finds too few permits, and nobody waiting, spins for at
 *      most the calibrated budget (parker.h); then it queues. Where others wait it queues at once.
 * Wakes: release, and the time-out of the head, wake from the head of the queue as many as fit, and
 *      stop at the first that does not.
 * Fairness: strict FIFO among those that wait. While anyone waits, nobody else takes a permit, and
 *      small requests do not pass a large one, so a large one is not starved.
 *      Cost of it: with more contexts than permits every permit is handed from one context to the
 *      next, and each hand-over is a wake-up. Where that matters more than order, use a mutex.
 * Order: everything before a release happens before the return of every acquire that needed it.
 * Who may call: any context, threads and tasks mixed; release also by another than the one that
 *      acquired. Not from signal handlers.
 * Requests larger than size can never be met: try_acquire says false, acquire_until waits for its
 *      deadline (as Go's waits for its context) without standing in anybody's way, and acquire,
 *      which would wait for ever, panics.
 * Ownership: the caller's storage; zero bytes are not a valid semaphore, since they have no size.
 *      It may be freed when all calls have returned. ct_semaphore_fini is optional.
 * Failure: misuse panics with the address: releasing more than is out, acquire of more than size
 *      without a deadline, use before init, fini while someone waits, use after fini.
 * Units: permits are counted up to 2^62; deadlines are absolute ct_now_ns() times.
 *
 * Source: semaphore.Weighted of Go's x/sync, as a contract; own code. That one takes a mutex for
 * every operation; here one compare-and-swap or addition will do while nobody waits.
 */
#ifndef CT_SYNC_SEMAPHORE_H
#define CT_SYNC_SEMAPHORE_H

#include "base/atomic.h"
#include "base/clock.h"
#include "base/guard.h"
#include "base/waitlist.h"

struct ct_semaphore {
        ct_atomic_u64 state;      /* private, all of it; see semaphore.c */
        uint64_t size;            /* 0 before init and after fini */
        struct ct_guard guard;    /* protects queue */
        struct ct_waitlist queue; /* those that wait, in the order of their coming */
};

#define CT_SEMAPHORE_WAITED_ UINT64_C(1) /* the queue is not empty */
#define CT_SEMAPHORE_PERMIT_ UINT64_C(2) /* one free permit; the bits from here up count them */
#define CT_SEMAPHORE_MOST_ (UINT64_C(1) << 62)

/* A static initialiser for 1 to 2^62 permits, all free. */
#define CT_SEMAPHORE_INIT(n)                                                                       \
        {                                                                                          \
                .state = (n)*CT_SEMAPHORE_PERMIT_, .size = (n)                                     \
        }

/* Makes a semaphore of `size` permits, all free. Panics if size is 0 or above 2^62. */
void ct_semaphore_init(struct ct_semaphore *s, uint64_t size);

/* Not for users. */
int ct_semaphore_acquire_slow_(struct ct_semaphore *s, uint64_t n, int64_t deadline);
void ct_semaphore_release_slow_(struct ct_semaphore *s, uint64_t n, uint64_t before);
bool ct_semaphore_refuse_(const struct ct_semaphore *s);

/* One attempt, as far as nobody waits. */
static inline bool ct_semaphore_take_(struct ct_semaphore *s, uint64_t n)
{
        uint64_t seen = ct_load_u64_relaxed(&s->state);

#ifdef CT_PLANT_semaphore_barges
        while (seen / CT_SEMAPHORE_PERMIT_ >= n)
#else
        while (!(seen & CT_SEMAPHORE_WAITED_) && seen / CT_SEMAPHORE_PERMIT_ >= n)
#endif
                if (ct_cas_u64_acquire(&s->state, &seen, seen - n * CT_SEMAPHORE_PERMIT_))
                        return true; /* the acquire pairs with the release of every release */
        return false;
}

/* Takes n permits; waits until they are there and everybody who came before has got theirs. */
static inline void ct_semaphore_acquire(struct ct_semaphore *s, uint64_t n)
{
        if (__builtin_expect(!ct_semaphore_take_(s, n), 0))
                (void)ct_semaphore_acquire_slow_(s, n, CT_FOREVER); /* cannot time out */
}

/* As acquire, but gives up at the deadline: 0, or -ETIMEDOUT without any permit. A deadline in the
   past tries once. */
static inline int ct_semaphore_acquire_until(struct ct_semaphore *s, uint64_t n, int64_t deadline)
{
        if (__builtin_expect(!ct_semaphore_take_(s, n), 0))
                return ct_semaphore_acquire_slow_(s, n, deadline);
        return 0;
}

/* Takes n permits if they are free and nobody waits; never waits. */
static inline bool ct_semaphore_try_acquire(struct ct_semaphore *s, uint64_t n)
{
        return ct_semaphore_take_(s, n) || ct_semaphore_refuse_(s);
}

/* Gives n permits back. Panics if fewer are out. */
static inline void ct_semaphore_release(struct ct_semaphore *s, uint64_t n)
{
        uint64_t size = s->size; /* now: after the addition the semaphore may go */
        /* The release pairs with the acquires in take_ and grant. */
        uint64_t before = ct_add_u64_release(&s->state, n * CT_SEMAPHORE_PERMIT_);

        if (__builtin_expect(
                    (before & CT_SEMAPHORE_WAITED_) || n > size - before / CT_SEMAPHORE_PERMIT_, 0))
                ct_semaphore_release_slow_(s, n, before);
}

/* Free permits at this moment; for statistics and tests. */
static inline uint64_t ct_semaphore_free(const struct ct_semaphore *s)
{
        return ct_load_u64_relaxed(&s->state) / CT_SEMAPHORE_PERMIT_;
}

/* Whether anyone waits at this moment; for statistics and tests. */
static inline bool ct_semaphore_waited(const struct ct_semaphore *s)
{
        return ct_load_u64_relaxed(&s->state) & CT_SEMAPHORE_WAITED_;
}

/* How many wait at this moment, counted one by one; for statistics and tests. */
uint32_t ct_semaphore_waiters(struct ct_semaphore *s);

/* Ends its use: panics while someone waits, and makes every later use but init panic. */
void ct_semaphore_fini(struct ct_semaphore *s);

#endif
