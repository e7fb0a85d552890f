#include "base/guard.h"

#include "base/futex.h"
#include "base/parker.h"
#include "base/pause.h"

/* A holder keeps the guard for some tens of ns. Whoever finds it held for longer than this many
   looks has met a holder that lost its CPU, and spinning on would only keep it off. */
#define SPINS 32

void ct_guard_lock_slow_(struct ct_guard *g)
{
        for (int i = ct_parker_cpus() > 1 ? SPINS : 0; i > 0; i--) {
                uint32_t open = 0;

                ct_pause();
                if (!ct_load_u32_relaxed(&g->word) && ct_cas_u32_acquire(&g->word, &open, 1))
                        return; /* the CAS pairs with the release in unlock */
        }
        /* Tempting: take it with 1 after a sleep. Others may sleep still, and nobody would wake
           them. 2 is allowed to be wrong (one wake too many); 1 is not. */
        while (ct_exchange_u32_acquire(&g->word, 2) != 0) /* pairs with the release in unlock */
                ct_futex_wait(&g->word, 2, CT_FOREVER);
}

void ct_guard_wake_(struct ct_guard *g)
{
#ifndef CT_PLANT_guard_lost_wake
        ct_futex_wake(&g->word, 1);
#else
        (void)g;
#endif
}
