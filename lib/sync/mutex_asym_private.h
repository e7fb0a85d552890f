/*
 * What the files of ct_mutex_asym's slow paths share. Not for users of the library; the bits of
 * `mark` are explained in mutex_asym.c.
 */
#ifndef CT_SYNC_MUTEX_ASYM_PRIVATE_H
#define CT_SYNC_MUTEX_ASYM_PRIVATE_H

#include "sync/mutex_asym.h"

#include "base/parker.h"

#define WANT CT_MUTEX_ASYM_WANT_
#define AGENT CT_MUTEX_ASYM_AGENT_
#define CLAIM CT_MUTEX_ASYM_CLAIM_
#define GRANT CT_MUTEX_ASYM_GRANT_
#define DUE CT_MUTEX_ASYM_DUE_
#define WAITER CT_MUTEX_ASYM_WAITER_

/* The head's patience, and the distance of hand-overs. At eight threads on two CPUs 150 us to
   500 us gave the same throughput within 3 %; less is fairer within a window. */
#define LEASE_NS (250 * CT_NS_PER_US)

/* How often a waiter may be woken in vain. A task that was woken may find others before it on its
   carrier, each with a slice of 0.5 ms and more. */
#define PATIENCE 3

/* How long a spinner leaves a brisk owner alone before it claims the mutex. The other distances are
   parts of it, because it comes in calibrated pauses. */
#define CLAIM_NS 4000
#define BRISK_TURN(claim) ((claim) / 27) /* 150 ns: some looks of another core */
#define FIRST_STEP(claim) ((claim) / 40) /* 100 ns */
#define BRISK_STEP(claim) ((claim) / 8)  /* 0.5 us */
#define WATCH_STEP(claim) ((claim) / 2)  /* 2 us */
#define GRACE_LOOKS(claim) ((claim) / 5) /* 0.8 us, in looks one pause apart */

struct waiter {
        struct ct_wait_node node; /* first: the queue's nodes are waiters */
        int64_t since;            /* start of the first wait; 0 before it */
        bool granted;             /* unlock handed the mutex over */
        bool agent;               /* unlock counts on this waiter: AGENT is its */
        unsigned lost;            /* how often it was woken and came too late */
};

/* What one slow lock knows between its attempts. */
struct attempt {
        int64_t deadline;
        bool watch; /* only until it is free: takes on no duty */
        bool agent; /* AGENT is ours */
        bool owns;  /* a claim was granted */
        bool claim; /* CLAIM, or the GRANT that it became, is ours */
        struct ct_spin spin;
        struct waiter self;
};

/* The mark without what is ours; then the queue, if there is one, needs somebody. */
static inline uint32_t less_mine(const struct attempt *a, uint32_t mark)
{
        if (a->agent)
                mark &= ~AGENT;
        if (a->claim)
                mark &= ~(CLAIM | GRANT);
#ifndef CT_PLANT_mutex_asym_agent_forgets_queue
        if (mark >= WAITER && !(mark & AGENT))
                mark |= WANT;
#endif
        return mark;
}

static inline void drop_mine(struct ct_mutex_asym *m, struct attempt *a)
{
        uint32_t old = ct_load_u32_relaxed(&m->mark);

        if (!a->agent && !a->claim)
                return;
        while (!ct_cas_u32_seq(&m->mark, &old, less_mine(a, old)))
                ;
        a->agent = a->claim = false;
}

static inline bool take(struct ct_mutex_asym *m, struct attempt *a)
{
        if (!ct_mutex_asym_take_(m))
                return false;
        drop_mine(m, a);
        return true;
}

/* mutex_asym_spin.c: competes without sleeping; true if the mutex was taken or granted. */
bool ct_mutex_asym_spin_(struct ct_mutex_asym *m, struct attempt *a);

#endif
