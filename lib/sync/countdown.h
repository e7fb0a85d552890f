/*
 * Waiting for a count to reach zero: the part that ct_waitgroup and ct_latch have in common. Not
 * for users.
 *
 * Zero bytes are a count of zero that nobody waits for. See countdown.c for the state word.
 */
#ifndef CT_SYNC_COUNTDOWN_H
#define CT_SYNC_COUNTDOWN_H

#include "base/atomic.h"
#include "base/clock.h"
#include "base/guard.h"
#include "base/waitlist.h"

struct ct_countdown {
        ct_atomic_u64 state;      /* count in the high half, waiters in the low one */
        struct ct_guard guard;    /* protects queue */
        struct ct_waitlist queue; /* as many as state counts */
};

/* What a count of n adds to the state; n may be negative. */
#define CT_COUNTDOWN_(n) ((uint64_t)(uint32_t)(n) << 32)

static inline int32_t ct_countdown_count_(uint64_t state)
{
        return (int32_t)(state >> 32);
}

static inline uint32_t ct_countdown_waiters_(uint64_t state)
{
        return (uint32_t)state;
}

/* Waits for zero; the caller has seen another count. 0 or -ETIMEDOUT. */
int ct_countdown_wait_slow_(struct ct_countdown *c, const char *object, int64_t deadline);

/* For whoever brought the count to zero and met waiters there: the state that it left. False if
   that state is not there any more, which the rules of both users forbid. */
bool ct_countdown_release_(struct ct_countdown *c, uint64_t left);

void ct_countdown_fini_(struct ct_countdown *c, const char *object);

/* True for the count of an object after fini, give or take what was added since. */
bool ct_countdown_is_over_(int32_t count);

static inline int ct_countdown_wait_(struct ct_countdown *c, const char *object, int64_t deadline)
{
        /* The acquire pairs with the release of every countdown: all of them are read-modify-writes
           of this word, so the zero carries what was before each of them. */
        if (__builtin_expect(!ct_countdown_count_(ct_load_u64_acquire(&c->state)), 1))
                return 0;
        return ct_countdown_wait_slow_(c, object, deadline);
}

#endif
