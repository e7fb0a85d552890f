/* What the tests of ct_batcher share. */
#ifndef CT_TESTS_BATCHER_SCENE_H
#define CT_TESTS_BATCHER_SCENE_H

#include "flow/batcher.h"

#include "flow_help.h"

struct scene {
        struct ct_batcher *b;
        struct ct_timers *clock;
        struct fates fates;
        ct_atomic_u32 next, adders, waits, over;
        uint32_t n, last[8];
        unsigned producers; /* where the order is looked at */
};

static inline void discard(void *arg, void *item)
{
        fates_discard(arg, *(uint32_t *)item);
}

static inline void make(struct scene *s, size_t most, int64_t age, size_t queue)
{
        struct ct_batcher_config c = {.element_size = sizeof(uint32_t),
                                      .most = most,
                                      .age_ns = age,
                                      .queue = queue,
                                      .discard = discard,
                                      .arg = &s->fates};

        if (ct_timers_new(&s->clock, 1000))
                abort();
        c.timers = s->clock;
        if (ct_batcher_new(&s->b, &c))
                abort();
}

static inline void drop(struct scene *s)
{
        ct_batcher_free(s->b);
        ct_timers_free(s->clock);
}

#endif
