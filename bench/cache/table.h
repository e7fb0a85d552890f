/*
 * A cache with the operations of lib/cache/cache.h: TABLE is its struct's name and their prefix,
 * POLICY what it evicts. Then comes kept.h, ours.h or aside.h. No include guard: one file, one
 * contestant.
 */

#include "sync/reclaim.h"

#define TABLE_PASTE_(name, op) name##op
#define TABLE_PASTE(name, op) TABLE_PASTE_(name, op)
#define OP(op) TABLE_PASTE(TABLE, op)

#ifndef POLICY
#define POLICY CT_CACHE_KEEP
#endif

struct table {
        struct TABLE cache;
};

static int table_init(struct table *t, const struct cache_setup *setup)
{
        struct ct_cache_options o = {.seed = 1,
                                     .expected = setup->expected,
                                     .shards = setup->shards,
                                     .policy = POLICY,
                                     .max_entries = setup->capacity};

#ifdef CT_PLANT_cache_bench_overfull
        o.max_entries *= 2;
#endif

        return OP(_init)(&t->cache, &o);
}

static void table_count(struct table *t, struct cache_counts *counts)
{
        struct ct_cache_stats s;

        OP(_stats)(&t->cache, &s);
#ifdef CT_PLANT_cache_bench_miscounts
        s.hits -= s.hits / 1000;
#endif
        *counts = (struct cache_counts){
                .hits = s.hits, .misses = s.misses, .entries = s.entries, .evicted = s.evicted};
}

static void table_destroy(struct table *t)
{
        OP(_destroy)(&t->cache);
}

static inline int table_get(struct table *t, const struct cache_key *key, cache_draw draw,
                            void *value, size_t bytes)
{
        size_t size;
        int rc = OP(_get)(&t->cache, key->text, key->size, value, bytes, &size);

        (void)draw;
#ifdef CT_PLANT_cache_bench_misses
        if (!rc && (draw & 63) == 1)
                return 0;
#endif
#ifdef CT_PLANT_cache_bench_tears
        if (!rc && (draw & 63) == 1)
                memset((char *)value + bytes - 4, 0x55, 4);
#endif
        if (rc)
                return rc == -ENOENT ? 0 : -1;
        return size == bytes ? 1 : -1;
}

static inline int table_set(struct table *t, const struct cache_key *key, cache_draw draw,
                            const void *value, size_t bytes)
{
        (void)draw;
#ifdef CT_PLANT_cache_bench_foreign
        if ((draw & 63) == 1)
                key++;
#endif
        return OP(_set)(&t->cache, key->text, key->size, value, bytes);
}

#define HASH "ct_hash"
#define TABLE_COUNTS(t, counts) table_count(t, counts)
#define TABLE_FREE_WAITING() ct_retired_drain()
