/*
 * ct_ticket: a ticket spin lock. A contestant, not a recommendation.
 *
 * Blocks on: nothing; it burns its CPU until its number is served.
 * Wakes: nobody; the next in line sees the number change.
 * Fairness: strictly first come, first served. That is also its ruin: once more threads run than
 *      CPUs, the next in line is usually not running, and everyone spins until the scheduler gets
 *      round to it: milliseconds for each unlock. Only for pinned threads, at most one per CPU.
 * Order: everything before an unlock happens before everything after the next lock.
 * Who may call: any thread; only the owner unlocks; not reentrant.
 * Ownership: the caller's storage; zero bytes are an unlocked lock. Fewer than 2^32 threads.
 * Failure: none is detected.
 *
 * Source: Reed and Kanodia's sequencer and eventcount (1979); Mellor-Crummey and Scott, "Algorithms
 * for Scalable Synchronization on Shared-Memory Multiprocessors" (1991), section 2.2.
 */
#ifndef CT_SYNC_SPIN_TICKET_H
#define CT_SYNC_SPIN_TICKET_H

#include "base/atomic.h"
#include "base/pause.h"

struct ct_ticket {
        ct_atomic_u32 next;    /* the number that the next arrival draws */
        ct_atomic_u32 serving; /* the number that owns the lock; only the owner writes it */
};

static inline void ct_ticket_lock(struct ct_ticket *t)
{
#ifdef CT_PLANT_ticket_drawn_twice
        uint32_t mine = ct_load_u32_relaxed(&t->next);

        ct_store_u32_relaxed(&t->next, mine + 1);
#else
        uint32_t mine = ct_add_u32_relaxed(&t->next, 1); /* order comes with being served */
#endif

        while (ct_load_u32_acquire(&t->serving) != mine) /* pairs with the release in unlock */
                ct_pause();
}

/* Takes the lock if nobody holds or awaits it. */
static inline bool ct_ticket_try_lock(struct ct_ticket *t)
{
        /* serving first: it never passes next, so equality means that the lock was free after it
           was read; the acquire pairs with the release in unlock. */
        uint32_t serving = ct_load_u32_acquire(&t->serving), next = serving;

        return ct_cas_u32_acquire(&t->next, &next, serving + 1);
}

static inline void ct_ticket_unlock(struct ct_ticket *t)
{
        /* Not a read-modify-write: nobody else writes it. The release pairs with lock's acquire. */
        ct_store_u32_release(&t->serving, ct_load_u32_relaxed(&t->serving) + 1);
}

#endif
