/*
 * Sharded cache under readers-writer locks: 1, 2, 4 .. 256 bounded maps, gets of one shard at the
 * same time. The contract is cache.h's.
 *
 *      struct ct_rw_sharded_cache c;
 *      ct_rw_sharded_cache_init(&c, &(struct ct_cache_options){
 *              .shards = 16, .policy = CT_CACHE_SIEVE, .max_entries = 100000});
 *
 * A hit may only mark an entry, since it shares the lock: all policies but CT_CACHE_LRU, which is
 * -ENOTSUP. The rest is as in sharded.h.
 *
 * Blocks on: the shard's ct_rwmutex, through the parker: gets, pins, snapshot and stats for
 * reading, the rest for writing. A waiting writer stops new readers. The clock of the options is
 * asked under it. Statistics: hits and misses are counted by slot, for the whole cache; no other
 * number is tied to them. The rest of one shard's belongs to one moment, all but loads. Cost: two
 * atomic read-modify-writes on the shard's line for a get, as with a mutex: what is won is that
 * gets do not wait for each other, which pays where they are long (large values).
 *
 * Source: "Go Concurrency Patterns: A Practical Walkthrough" (a map under RWMutex), in shards; own
 * code.
 */
#ifndef CT_CACHE_RW_SHARDED_H
#define CT_CACHE_RW_SHARDED_H

#include "cache/cache.h"
#include "cache/flight.h"
#include "cache/slot_counts.h"
#include "cache/store.h"
#include "sync/rwmutex.h"

struct ct_rw_sharded_cache_shard_ {
        CT_ALIGN_PAIR struct ct_rwmutex lock; /* protects the store */
        struct ct_store_ store;
};

struct ct_rw_sharded_cache {
        struct ct_rw_sharded_cache_shard_ *shard; /* private, all of it */
        unsigned shards;
        enum ct_cache_policy policy;
        uint64_t seed;
        struct ct_cache_time_ time;
        struct ct_cache_counts_ counts;
        struct ct_flights_ flights;
};

CT_CACHE_OPERATIONS(ct_rw_sharded_cache)
CT_CACHE_MORE_OPERATIONS(ct_rw_sharded_cache)

/* The shard of a key, for statistics and tests. */
unsigned ct_rw_sharded_cache_shard_of(const struct ct_rw_sharded_cache *c, const void *key,
                                      size_t key_size);

#endif
