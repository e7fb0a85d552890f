/* What the tests of lib/flow share: values that are numbers, and the books on what became of them.
 */
#ifndef CT_TESTS_FLOW_HELP_H
#define CT_TESTS_FLOW_HELP_H

#include "chan/chan.h"
#include "flow/errgroup.h"

#include "both.h"

#include <errno.h>

enum { FATES = 4096 };

/* How often each number was made, and how often it came to an end. */
struct fates {
        ct_atomic_u32 made[FATES], used[FATES], discarded[FATES];
};

static inline enum ct_spawn spawn_of(void **state)
{
        return both_exec(state) == EXEC_TASK ? CT_SPAWN_TASK : CT_SPAWN_THREAD;
}

static inline void fates_make(struct fates *f, uint32_t v)
{
        ct_add_u32_relaxed(&f->made[v], 1);
}

static inline void fates_use(struct fates *f, uint32_t v)
{
        ct_add_u32_relaxed(&f->used[v], 1);
}

static inline void fates_discard(struct fates *f, uint32_t v)
{
        ct_add_u32_relaxed(&f->discarded[v], 1);
}

/* Every number that was made was used or discarded, once; how many were discarded. */
static inline uint32_t fates_check(struct fates *f)
{
        uint32_t discarded = 0;

        for (uint32_t v = 0; v < FATES; v++) {
                uint32_t d = ct_load_u32_relaxed(&f->discarded[v]);

                CONTEXT_CHECK(ct_load_u32_relaxed(&f->made[v]) <= 1);
                CONTEXT_CHECK(ct_load_u32_relaxed(&f->used[v]) + d ==
                              ct_load_u32_relaxed(&f->made[v]));
                discarded += d;
        }
        return discarded;
}

static inline uint32_t fates_used(struct fates *f)
{
        uint32_t n = 0;

        for (uint32_t v = 0; v < FATES; v++)
                n += ct_load_u32_relaxed(&f->used[v]);
        return n;
}

static inline struct ct_chan *make_chan(size_t size, size_t capacity)
{
        struct ct_chan *c;

        if (ct_chan_new(&c, size, capacity))
                abort();
        return c;
}

/* A channel of numbers, filled and closed. */
static inline struct ct_chan *filled(uint32_t first, uint32_t n)
{
        struct ct_chan *c = make_chan(sizeof first, n);

        for (uint32_t v = first; v < first + n; v++)
                ct_chan_send(c, &v);
        ct_chan_close(c);
        return c;
}

/* Keeps the caller busy for a while that differs from value to value. */
static inline void dawdle(uint32_t v)
{
        for (uint32_t i = v * 2654435761u >> 30; i; i--)
                ct_parker_ops_self()->yield();
}

#endif
