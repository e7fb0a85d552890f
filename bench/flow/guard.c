#include "flow/guard.h"

#include <stdlib.h>
#include <string.h>

/* Not inlined into the floor, which calls them without a guard. */
__attribute__((noinline)) int guard_attempt(void *caller, unsigned attempt)
{
        struct caller *c = caller;

        c->called++;
        return attempt == 1 && caller_fails(c) ? -EIO : 0;
}

__attribute__((noinline)) int guard_query(void *caller)
{
        return guard_attempt(caller, 1);
}

bool guard_is_open(const struct params *p)
{
        return p->value[P_FAIL_PCT] >= 100;
}

void guard_draw(uint8_t *draws, const struct params *p, struct ct_rng *rng)
{
        int64_t pct = p->value[P_FAIL_PCT];

        for (int i = 0; i < DRAWS; i++)
                draws[i] = pct > 0 && ct_rng_below(rng, 100) < (uint64_t)pct;
}

int caller_init(struct worker *w)
{
        struct caller *c = aligned_alloc(CT_CACHE_PAIR, sizeof *c);

        if (!c)
                return -ENOMEM;
        memset(c, 0, sizeof *c);
        c->draws = w->draws;
        w->local = c;
        return 0;
}

void caller_fini(struct flow_hall *h, struct worker *w)
{
        struct caller *c = w->local;

        ct_store_u32_relaxed(&h->guard, w->workload);
        ct_add_u64_relaxed(&h->called, c->called);
        ct_add_u64_relaxed(&h->failed, c->failed);
        free(c);
}
