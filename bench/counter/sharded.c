#include <stdlib.h>
#include <string.h>

#include "counter/counter.h"
#include "sync/counter.h"

struct counter {
        struct ct_sharded_counter value;
};

static int init(void *self, const struct params *p, unsigned threads)
{
        struct counter *c = self;

        (void)p;
        c->value.shards = threads;
        c->value.shard = aligned_alloc(CT_CACHE_PAIR, threads * sizeof *c->value.shard);
        if (!c->value.shard)
                return -ENOMEM;
        memset(c->value.shard, 0, threads * sizeof *c->value.shard);
        return 0;
}

static void fini(void *self)
{
        free(((struct counter *)self)->value.shard);
}

static inline void counter_inc(struct counter *c, struct worker *w, uint64_t hold)
{
        (void)hold; /* nothing is held */
        ct_sharded_counter_add(&c->value, w->index, 1);
}

static inline uint64_t counter_read(struct counter *c, struct worker *w, uint64_t hold)
{
        (void)w;
        (void)hold;
        return ct_sharded_counter_sum(&c->value);
}

static uint64_t counter_value(const struct counter *c, const struct totals *t)
{
        (void)t;
        return ct_sharded_counter_sum(&c->value);
}

#define CONTESTANT counter_sharded
#define NAME "sharded"
#define SOURCE "a padded cell per thread, summed on read"
#define CAPS 0
#define INIT init
#define FINI fini
#include "counter/loop.h"
