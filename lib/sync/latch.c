/* ct_latch's way out of the one atomic subtraction: opening, and misuse. countdown.c has the
   algorithm. */
#include "sync/latch.h"

#include "base/panic.h"

void ct_latch_init(struct ct_latch *l, uint32_t n)
{
        if (n > INT32_MAX)
                ct_panic("ct_latch", l, "init for %u countdowns", (unsigned)n);
        *l = (struct ct_latch)CT_LATCH_INIT(n);
}

void ct_latch_count_down_slow_(struct ct_latch *l, uint32_t n, uint64_t after)
{
        int32_t count = ct_countdown_count_(after);

        if (ct_countdown_is_over_(count))
                ct_panic("ct_latch", l, "used after fini");
        /* Nothing but another countdown can change the state after zero. */
        if (count < 0 || !ct_countdown_release_(&l->count, after))
                ct_panic("ct_latch", l, "count_down(%u) below zero", (unsigned)n);
}
