/*
 * ct_mutex: mutual exclusion with Go's semantics.
 *
 *      static struct ct_mutex m;       // zero bytes are a valid unlocked mutex
 *      ct_mutex_lock(&m);
 *      ... one context at a time ...
 *      ct_mutex_unlock(&m);
 *
 * Blocks on: the parker. A locker spins for at most the calibrated budget (parker.h), then parks;
 *      there is no spin with one usable CPU, or where spins keep failing.
 * Wakes: unlock wakes at most one waiter, in FIFO order.
 * Fairness: a running context may take a free mutex past the queue, which is what makes it fast; a
 *      waiter that loses to one goes back to the front of the queue. Once a waiter has waited for
 *      more than 1 ms, the mutex is handed from owner to waiter in FIFO order, and nobody passes
 *      the queue, until a waiter gets it that was the last one or had waited for less.
 * Order: everything before an unlock happens before everything after the next lock.
 * Who may call: any thread; unlock also by another than the one that locked, as in Go. Not
 *      reentrant. Not from signal handlers.
 * Ownership: the caller's storage; no init, no destroy. It may be freed or reused once nobody
 *      holds it, waits for it, or is still inside unlock.
 * Failure: misuse panics with the mutex's address: unlocking an unlocked mutex always; in a build
 *      with CT_CHECKED=1 also locking it twice and unlocking another thread's (so a CT_CHECKED
 *      build is stricter than Go), each naming the owner.
 * Units: deadlines are absolute ct_now_ns() times.
 *
 * Source: Go's sync.Mutex (internal/sync/mutex.go), as an algorithm; own code. Two things differ:
 * the queue is in the mutex instead of a global table, and see "place" in mutex_go.c.
 */
#ifndef CT_SYNC_MUTEX_H
#define CT_SYNC_MUTEX_H

#include "base/atomic.h"
#include "base/clock.h"
#include "base/guard.h"
#include "base/waitlist.h"

struct ct_mutex {
        ct_atomic_u32 state;       /* private, all of it; bits in enum ct_mutex_bits_ */
        struct ct_guard guard;     /* protects queue */
        struct ct_waitlist queue;  /* as many as state counts */
        ct_atomic_u32 woken_place; /* where the context behind the WOKEN bit is to run */
        ct_atomic_u64 owner;       /* ct_parker_ops.self(); kept with CT_CHECKED only */
};

enum ct_mutex_bits_ {
        CT_MUTEX_LOCKED_ = 1,
        CT_MUTEX_WOKEN_ = 2,
        CT_MUTEX_STARVING_ = 4,
        CT_MUTEX_WAITER_ = 8, /* one waiter; the bits from here up count them */
};

/* Not for users. */
int ct_mutex_lock_slow_(struct ct_mutex *m, int64_t deadline);
void ct_mutex_unlock_slow_(struct ct_mutex *m, uint32_t before);
void ct_mutex_check_lock_(struct ct_mutex *m);
void ct_mutex_check_unlock_(struct ct_mutex *m);
void ct_mutex_set_owner_(struct ct_mutex *m);
void ct_mutex_check_idle_(struct ct_mutex *m);

/* One attempt that does not wait; sets *seen to the state it met. */
static inline bool ct_mutex_take_(struct ct_mutex *m, uint32_t *seen)
{
        /* Looking first costs 0.4 ns when nobody else wants the mutex. Without the look the common
           case under load, free with waiters queued, would need a CAS that fails first. */
        *seen = ct_load_u32_relaxed(&m->state);
        return !(*seen & (CT_MUTEX_LOCKED_ | CT_MUTEX_STARVING_)) &&
               ct_cas_u32_acquire(&m->state, seen,
                                  *seen | CT_MUTEX_LOCKED_); /* pairs with unlock */
}

/* Takes the mutex, waiting as long as it is held. */
static inline void ct_mutex_lock(struct ct_mutex *m)
{
        uint32_t seen;

#ifdef CT_CHECKED
        ct_mutex_check_lock_(m);
#endif
        if (__builtin_expect(!ct_mutex_take_(m, &seen), 0))
                (void)ct_mutex_lock_slow_(m, CT_FOREVER); /* without a deadline it cannot fail */
#ifdef CT_CHECKED
        ct_mutex_set_owner_(m);
#endif
}

/* Takes the mutex if it is free and not being handed to a waiter; never waits. */
static inline bool ct_mutex_try_lock(struct ct_mutex *m)
{
        uint32_t seen;

        do {
                if (ct_mutex_take_(m, &seen)) {
#ifdef CT_CHECKED
                        ct_mutex_set_owner_(m);
#endif
                        return true;
                }
                /* The CAS failed though the mutex stayed free: only the waiter count moved. */
        } while (!(seen & (CT_MUTEX_LOCKED_ | CT_MUTEX_STARVING_)));
        return false;
}

/* Takes the mutex: 0; or gives up at the deadline: -ETIMEDOUT. A deadline in the past tries once.
 */
static inline int ct_mutex_lock_until(struct ct_mutex *m, int64_t deadline)
{
        uint32_t seen;
        int r = 0;

#ifdef CT_CHECKED
        ct_mutex_check_lock_(m);
#endif
        if (__builtin_expect(!ct_mutex_take_(m, &seen), 0))
                r = ct_mutex_lock_slow_(m, deadline);
#ifdef CT_CHECKED
        if (!r)
                ct_mutex_set_owner_(m);
#endif
        return r;
}

/* Releases the mutex and wakes one waiter if that is called for. Panics if it is not locked. */
static inline void ct_mutex_unlock(struct ct_mutex *m)
{
        uint32_t before;

#ifdef CT_CHECKED
        ct_mutex_check_unlock_(m);
#endif
#ifdef CT_PLANT_mutex_relaxed_unlock
        before = ct_sub_u32_relaxed(&m->state, CT_MUTEX_LOCKED_);
#else
        before = ct_sub_u32_release(&m->state, CT_MUTEX_LOCKED_); /* pairs with the taking CAS */
#endif
        if (__builtin_expect(before != CT_MUTEX_LOCKED_, 0))
                ct_mutex_unlock_slow_(m, before);
}

/* How many wait in the queue at this moment; for statistics and tests. */
static inline uint32_t ct_mutex_waiters(const struct ct_mutex *m)
{
        return ct_load_u32_relaxed(&m->state) / CT_MUTEX_WAITER_;
}

/* For the moment before the storage goes; optional, since there is nothing to free. With CT_CHECKED
   it panics if somebody holds the mutex or waits for it, otherwise it does nothing. */
static inline void ct_mutex_fini(struct ct_mutex *m)
{
#ifdef CT_CHECKED
        ct_mutex_check_idle_(m);
#else
        (void)m;
#endif
}

#endif
