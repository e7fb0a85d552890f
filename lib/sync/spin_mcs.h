/*
 * ct_mcs: the MCS queue spin lock. A contestant, not a recommendation.
 *
 *      struct ct_mcs_node mine;        // on the stack; one for each lock held at a time
 *      ct_mcs_lock(&l, &mine);
 *      ...
 *      ct_mcs_unlock(&l, &mine);
 *
 * Blocks on: nothing; each waiter burns its CPU on a flag in its own node, so a hand-over moves one
 *      cache line to one CPU however many wait.
 * Wakes: nobody; unlock writes its successor's flag.
 * Fairness: strictly first come, first served, with the same ruin as ct_ticket: it collapses to
 *      milliseconds an unlock once more threads run than CPUs.
 * Order: everything before an unlock happens before everything after the next lock.
 * Who may call: any thread; only the owner unlocks, with the node that it locked with.
 * Ownership: lock and nodes are the caller's; a node is in use from lock until unlock returns. Zero
 *      bytes are an unlocked lock (as an initialiser: {NULL}); a node needs no init.
 * Failure: none is detected.
 *
 * Source: Mellor-Crummey and Scott, "Algorithms for Scalable Synchronization on Shared-Memory
 * Multiprocessors" (1991), algorithm 5.
 */
#ifndef CT_SYNC_SPIN_MCS_H
#define CT_SYNC_SPIN_MCS_H

#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/pause.h"

#include <stddef.h>

struct ct_mcs_node {
        CT_ALIGN_LINE ct_atomic_ptr next; /* a line of its own: its owner spins on it */
        ct_atomic_u32 waiting;
};

struct ct_mcs {
        ct_atomic_ptr tail; /* the last in line; NULL: unlocked */
};

static inline void ct_mcs_lock(struct ct_mcs *l, struct ct_mcs_node *mine)
{
        struct ct_mcs_node *before;

        ct_store_ptr_relaxed(&mine->next, NULL);
        ct_store_u32_relaxed(&mine->waiting, 1);
        /* The release publishes mine to the successor that draws it from tail; the acquire pairs
           with the release of the unlock that left tail NULL, and with that of a predecessor. */
        before = ct_exchange_ptr_acq_rel(&l->tail, mine);
        if (!before)
                return;
        ct_store_ptr_release(&before->next, mine);  /* pairs with unlock's acquire of next */
        while (ct_load_u32_acquire(&mine->waiting)) /* pairs with the release in unlock */
                ct_pause();
}

/* Takes the lock if nobody holds it. */
static inline bool ct_mcs_try_lock(struct ct_mcs *l, struct ct_mcs_node *mine)
{
        void *none = NULL;

        ct_store_ptr_relaxed(&mine->next, NULL);
        return ct_cas_ptr_acq_rel(&l->tail, &none, mine); /* as the exchange in lock */
}

static inline void ct_mcs_unlock(struct ct_mcs *l, struct ct_mcs_node *mine)
{
        struct ct_mcs_node *next = ct_load_ptr_acquire(&mine->next); /* pairs with lock's store */

        if (!next) {
                void *self = mine;

#ifdef CT_PLANT_mcs_lost_successor
                ct_store_ptr_release(&l->tail, NULL);
                return;
#endif
                if (ct_cas_ptr_release(&l->tail, &self, NULL)) /* pairs with the next exchange */
                        return;
                /* Someone has drawn mine from tail and is about to write its next. */
                while (!(next = ct_load_ptr_acquire(&mine->next))) /* pairs with lock's store */
                        ct_pause();
        }
        ct_store_u32_release(&next->waiting, 0); /* pairs with the successor's acquire */
}

#endif
