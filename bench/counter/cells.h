/* A counter of many cells that finds the caller's by itself. A contestant's file defines CELLS (its
   struct), CELLS_INIT, CELLS_FINI, ADD(cells, n) and SUM. */
#include <stddef.h>

struct counter {
        CELLS value;
};

static int init(void *self, const struct params *p, unsigned threads)
{
        (void)p;
        (void)threads;
        return CELLS_INIT(&((struct counter *)self)->value);
}

static void fini(void *self)
{
        CELLS_FINI(&((struct counter *)self)->value);
}

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
        return SUM(&c->value);
}

static uint64_t counter_value(const struct counter *c, const struct totals *t)
{
        (void)t;
        return SUM(&c->value);
}

#define INIT init
#define FINI fini
#include "counter/loop.h"
