/* One atomic word. A contestant's file defines ADD(counter, n). */

#include "sync/counter.h"

struct counter {
        struct ct_counter value;
};

static inline void counter_inc(struct counter *c, struct worker *w, uint64_t hold)
{
        (void)w;
        (void)hold; /* nothing is held */
        ADD(&c->value, 1);
}

static inline uint64_t counter_read(struct counter *c, struct worker *w, uint64_t hold)
{
        (void)w;
        (void)hold;
        return ct_counter_load(&c->value);
}

static uint64_t counter_value(const struct counter *c, const struct totals *t)
{
        (void)t;
        return ct_counter_load(&c->value);
}

#include "counter/loop.h"
