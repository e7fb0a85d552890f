/*
 * Contexts that do the same thing at the same moment, where there are CPUs for it. Nobody can know
 * whether there are, so nobody waits for long.
 */
#ifndef CT_TESTS_LINEAR_CACHE_TOGETHER_H
#define CT_TESTS_LINEAR_CACHE_TOGETHER_H

#include "cache_perform.h"

#include "base/clock.h"

#define LONGEST_WAIT_NS (100 * CT_NS_PER_US) /* the neighbour may have to be woken first */
#define LOOKS_FOR_A_HISTORY 1000
#define LOOKS_UNTIL_HEARD 200

static inline bool other_came(const ct_atomic_u32 *came, uint32_t both, unsigned looks)
{
        while (ct_load_u32_relaxed(came) < both)
                if (!looks--)
                        return false;
        return true;
}

/* The first to come hears of the second only after some time, in which that one could be through
   with it all: so the second waits for some of it. */
static inline void begin_history(ct_atomic_u32 *came, struct ct_rng *r)
{
        unsigned looks = (unsigned)ct_rng_below(r, LOOKS_UNTIL_HEARD);

        if (!ct_add_u32_relaxed(came, 1))
                (void)other_came(came, 2, LOOKS_FOR_A_HISTORY);
        else
                (void)other_came(came, UINT32_MAX, looks);
}

/* The first two to come to a batch go through it together, if they can, and so do the next two: the
   first waits for the second, but not for long, as nobody knows whether there is a CPU for one. */
static inline bool begin_batch(struct cache_stage *s, uint32_t n)
{
        int64_t until = ct_deadline_after(LONGEST_WAIT_NS);

        while (!other_came(&s->came_to_batch, n / 2 * 2 + 2, 1000))
                if (ct_now_ns() > until)
                        return false;
        return true;
}

#endif
