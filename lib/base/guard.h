/*
 * A guard: the four-byte lock inside a primitive, around its wait queue.
 *
 * What it is for: a handful of loads and stores that nobody may see half done. The holder must not
 * park, call out, or allocate. It is neither fair nor timed, and users of the library never see it.
 * Blocks on: its own word, after a short spin; it cannot go through the parker, because the
 * parker's callers stand on it.
 * Wakes: one sleeper, only when one may exist.
 * Order: what one holder wrote, every later holder reads.
 * Zero bytes are an open guard. 4 bytes, never freed.
 *
 * Source: mutex2 in Drepper, "Futexes Are Tricky" (2011), with a spin before the sleep.
 */
#ifndef CT_BASE_GUARD_H
#define CT_BASE_GUARD_H

#include "base/atomic.h"

struct ct_guard {
        ct_atomic_u32 word; /* 0 open, 1 held, 2 held and someone may sleep; private */
};

void ct_guard_lock_slow_(struct ct_guard *g);
void ct_guard_wake_(struct ct_guard *g);

static inline void ct_guard_lock(struct ct_guard *g)
{
        uint32_t open = 0;

        if (!ct_cas_u32_acquire(&g->word, &open, 1)) /* pairs with the release in unlock */
                ct_guard_lock_slow_(g);
}

static inline void ct_guard_unlock(struct ct_guard *g)
{
#ifdef CT_PLANT_guard_relaxed_unlock
        if (ct_exchange_u32_relaxed(&g->word, 0) == 2)
#else
        if (ct_exchange_u32_release(&g->word, 0) == 2) /* pairs with the acquires in lock */
#endif
                ct_guard_wake_(g);
}

#endif
