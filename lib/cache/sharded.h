/*
 * Sharded cache: 1, 2, 4 .. 256 bounded maps, each under a mutex of its own, the key's hash picking
 * one. The contract is cache.h's; all options are there.
 *
 *      struct ct_sharded_cache c;
 *      ct_sharded_cache_init(&c, &(struct ct_cache_options){
 *              .shards = 256, .policy = CT_CACHE_LRU, .max_entries = 100000});
 *
 * Each shard has its share of the capacity and its own policy over it, so with many shards a shard
 * may evict while another has room, and an entry larger than a shard's share is -EFBIG. shards = 0:
 * 256, or as few as leave each of a bounded cache's 64 entries.
 *
 * Blocks on: the shard's mutex, through the parker. Memory is allocated and freed outside of it,
 * but for a table that grows and for snapshot. Statistics: what stats() says of one shard belongs
 * to one moment, all but loads. Cost: two uncontended atomic read-modify-writes for each operation.
 * A context that loses its CPU inside keeps only its shard from the others.
 *
 * Source: the guides' sharded map, and Java's ConcurrentHashMap before version 8; own code.
 */
#ifndef CT_CACHE_SHARDED_H
#define CT_CACHE_SHARDED_H

#include "cache/cache.h"
#include "cache/flight.h"
#include "cache/store.h"
#include "sync/mutex.h"

/* The first line is all that a hit needs where nothing is evicted. */
struct ct_sharded_cache_shard_ {
        CT_ALIGN_PAIR struct ct_mutex lock; /* protects what follows */
        uint64_t hits, misses;
        struct ct_store_ store;
        uint64_t others;    /* acquisitions that were neither a hit nor a miss */
        uint64_t contended; /* acquisitions that found the mutex held */
};

struct ct_sharded_cache {
        struct ct_sharded_cache_shard_ *shard; /* private, all of it */
        unsigned shards;
        enum ct_cache_policy policy;
        uint64_t seed;
        struct ct_cache_time_ time;
        struct ct_flights_ flights;
};

CT_CACHE_OPERATIONS(ct_sharded_cache)
CT_CACHE_MORE_OPERATIONS(ct_sharded_cache)

/* The shard of a key, for statistics and tests. */
unsigned ct_sharded_cache_shard_of(const struct ct_sharded_cache *c, const void *key,
                                   size_t key_size);

/* How often a mutex of a shard was taken so far, and how often it was found held. */
void ct_sharded_cache_contention(struct ct_sharded_cache *c, uint64_t *locks, uint64_t *contended);

#endif
