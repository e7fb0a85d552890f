/*
 * ct_mutex_asym: the fast mutex. Unlock is a plain store; whoever has to sleep pays for that.
 *
 *      static struct ct_mutex_asym m;  // zero bytes are a valid unlocked mutex
 *      ct_mutex_asym_lock(&m);
 *      ... one context at a time ...
 *      ct_mutex_asym_unlock(&m);
 *
 * Blocks on: the parker. A locker spins for at most the calibrated budget (parker.h), then parks;
 *      there is no spin with one usable CPU, or where spins keep failing.
 * Wakes: unlock wakes at most one waiter, in FIFO order, and none while one is on its way already.
 * Fairness: a running context may take a free mutex past the queue, and keeps it for runs of some
 *      hundred turns while others look at growing distances. A waiter that loses goes back to the
 *      front of the queue; one that has waited for more than 1 ms is handed the mutex. So nobody
 *      waits for ever, and nobody who keeps asking gets less than half an equal share.
 * Order: everything before an unlock happens before everything after the next lock.
 * Who may call: any thread or task; unlock also by another than the one that locked. Not
 *      reentrant. Not from signal handlers.
 * Cost: uncontended one atomic read-modify-write for lock and none for unlock; a sleeper pays one
 *      membarrier (asymmetric.h). Where that is refused, unlock has one as well.
 * Ownership: the caller's storage; no init, no destroy. It may be freed or reused once nobody
 *      holds it, waits for it, or is still inside unlock; ct_mutex_asym_fini() checks that in
 *      CT_CHECKED builds. 72 bytes: the owner's word must not be in the waiters' line. Align it
 *      to a line where it matters.
 * Failure: misuse panics with the mutex's address: unlocking an unlocked mutex (two unlocks of one
 *      lock at the same moment may escape: there is no atomic in it to catch them); in a build with
 *      CT_CHECKED=1 also locking it twice and unlocking another context's, each naming the owner.
 * Units: deadlines are absolute ct_now_ns() times.
 *
 * Source: own. The parts are known: barging with a hand-over after 1 ms from Go's sync.Mutex, the
 * asymmetric fence from liburcu and folly.
 */
#ifndef CT_SYNC_MUTEX_ASYM_H
#define CT_SYNC_MUTEX_ASYM_H

#include "base/asymmetric.h"
#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/clock.h"
#include "base/guard.h"
#include "base/waitlist.h"

#include <stddef.h>

struct ct_mutex_asym {
        /* The waiters' line. Private, all of it. The owner reads the mark in every unlock, so it
           must not share a line with what the owner writes, and waiting on it does not disturb the
           owner.
         */
        ct_atomic_u32 mark;       /* bits in enum ct_mutex_asym_bits_ */
        struct ct_guard guard;    /* protects queue */
        struct ct_waitlist queue; /* as many as mark counts */
        ct_atomic_u32 yield_to;   /* 1 + the place of a waiter just handed the mutex */
        ct_atomic_u32 brisk;      /* turns are shorter than a look at them */
        int64_t handed_at;        /* the owner's: when the mutex was last handed over */
        ct_atomic_u64 owner;      /* parker's self(); kept with CT_CHECKED only */
        bool swapped;             /* the owner's: it has just taken over from another */
        char apart_[CT_CACHE_LINE - 49];
        /* The owner's line; last, so that what the mutex protects is beside it. */
        ct_atomic_u32 held;  /* 1: somebody owns the mutex */
        ct_atomic_u32 turns; /* unlocks, roughly: spinners measure the pace by it */
};

_Static_assert(offsetof(struct ct_mutex_asym, held) == CT_CACHE_LINE, "two lines, not three");

enum ct_mutex_asym_bits_ {
        CT_MUTEX_ASYM_WANT_ = 1,    /* the queue needs an agent: unlock must wake one */
        CT_MUTEX_ASYM_AGENT_ = 2,   /* somebody awake looks at the mutex for the queue */
        CT_MUTEX_ASYM_CLAIM_ = 4,   /* a spinner asks the owner to hand it the mutex */
        CT_MUTEX_ASYM_GRANT_ = 8,   /* the owner has done so */
        CT_MUTEX_ASYM_DUE_ = 16,    /* it may be the queue's turn: unlock must check */
        CT_MUTEX_ASYM_WAITER_ = 32, /* one waiter; the bits from here up count them */
        CT_MUTEX_ASYM_CALLS_ = CT_MUTEX_ASYM_WANT_ | CT_MUTEX_ASYM_CLAIM_ | CT_MUTEX_ASYM_DUE_,
};

/* Not for users; the first is rwmutex_slots'. */
enum ct_mutex_asym_seen_ { CT_MUTEX_ASYM_BUSY_, CT_MUTEX_ASYM_FREE_, CT_MUTEX_ASYM_OURS_ };

/* Spins until the mutex is seen free (it is not taken), or is handed to the caller, who had claimed
   it, or spinning no longer helps. */
static inline bool ct_mutex_asym_unhurried_(const struct ct_mutex_asym *m)
{
        return ct_parker_cpus() > 1 && !ct_load_u32_relaxed(&m->brisk);
}

enum ct_mutex_asym_seen_ ct_mutex_asym_watch_(struct ct_mutex_asym *m, int64_t deadline);
int ct_mutex_asym_lock_slow_(struct ct_mutex_asym *m, int64_t deadline);
void ct_mutex_asym_unlock_held_(struct ct_mutex_asym *m);
void ct_mutex_asym_unlock_free_(struct ct_mutex_asym *m);
void ct_mutex_asym_not_locked_(struct ct_mutex_asym *m);
void ct_mutex_asym_check_lock_(struct ct_mutex_asym *m);
void ct_mutex_asym_check_unlock_(struct ct_mutex_asym *m);
void ct_mutex_asym_set_owner_(struct ct_mutex_asym *m);
void ct_mutex_asym_check_idle_(struct ct_mutex_asym *m);

static inline bool ct_mutex_asym_take_(struct ct_mutex_asym *m)
{
        uint32_t open = 0;

        /* Pairs with the release in unlock. Acquire would do for the mutex; seq is for
           rwmutex_slots, whose writers look for readers next. */
        return ct_cas_u32_seq(&m->held, &open, 1);
}

/* Takes the mutex, waiting as long as it is held. */
static inline void ct_mutex_asym_lock(struct ct_mutex_asym *m)
{
#ifdef CT_CHECKED
        ct_mutex_asym_check_lock_(m);
#endif
        if (__builtin_expect(!ct_mutex_asym_take_(m), 0))
                (void)ct_mutex_asym_lock_slow_(m, CT_FOREVER); /* cannot fail without a deadline */
#ifdef CT_CHECKED
        ct_mutex_asym_set_owner_(m);
#endif
}

/* Takes the mutex if it is free and not being handed to a waiter; never waits. */
static inline bool ct_mutex_asym_try_lock(struct ct_mutex_asym *m)
{
        if (ct_load_u32_relaxed(&m->held) || !ct_mutex_asym_take_(m))
                return false;
#ifdef CT_CHECKED
        ct_mutex_asym_set_owner_(m);
#endif
        return true;
}

/* Takes the mutex: 0; or gives up at the deadline: -ETIMEDOUT. A deadline in the past tries once.
 */
static inline int ct_mutex_asym_lock_until(struct ct_mutex_asym *m, int64_t deadline)
{
        int r = 0;

#ifdef CT_CHECKED
        ct_mutex_asym_check_lock_(m);
#endif
        if (__builtin_expect(!ct_mutex_asym_take_(m), 0))
                r = ct_mutex_asym_lock_slow_(m, deadline);
#ifdef CT_CHECKED
        if (!r)
                ct_mutex_asym_set_owner_(m);
#endif
        return r;
}

/* Releases the mutex and wakes one waiter if that is called for. Panics if it is not locked. */
static inline void ct_mutex_asym_unlock(struct ct_mutex_asym *m)
{
#ifdef CT_CHECKED
        ct_mutex_asym_check_unlock_(m);
#endif
        /* No atomic below: only the owner writes these words, and it is the caller. */
        if (__builtin_expect(!ct_load_u32_relaxed(&m->held), 0))
                ct_mutex_asym_not_locked_(m);
        ct_store_u32_relaxed(&m->turns, ct_load_u32_relaxed(&m->turns) + 1);
        if (__builtin_expect(ct_load_u32_relaxed(&m->mark) & CT_MUTEX_ASYM_CALLS_, 0)) {
                ct_mutex_asym_unlock_held_(m);
                return;
        }
        /* The store pairs with lock's CAS. Then the mark must be looked at again: a waiter sets it
           and looks at `held`, so one of the two sees the other. See mutex_asym.c. */
        if (__builtin_expect(ct_asymmetric_ready(), 1)) {
                ct_store_u32_release(&m->held, 0);
                ct_asymmetric_light();
        } else {
                (void)ct_exchange_u32_seq(&m->held, 0);
        }
        if (__builtin_expect(ct_load_u32_seq(&m->mark) & CT_MUTEX_ASYM_WANT_, 0))
                ct_mutex_asym_unlock_free_(m);
}

/* How many wait in the queue at this moment; for statistics and tests. */
static inline uint32_t ct_mutex_asym_waiters(const struct ct_mutex_asym *m)
{
        return ct_load_u32_relaxed(&m->mark) / CT_MUTEX_ASYM_WAITER_;
}

/* For the moment before the storage goes; optional, since there is nothing to free. With CT_CHECKED
   it panics if somebody holds the mutex or waits for it, otherwise it does nothing. */
static inline void ct_mutex_asym_fini(struct ct_mutex_asym *m)
{
#ifdef CT_CHECKED
        ct_mutex_asym_check_idle_(m);
#else
        (void)m;
#endif
}

#endif
