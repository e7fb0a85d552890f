/*
 * Caches as the guides have them: three ways to lock one map, under the contract of cache.h.
 *
 *   ct_guide_mutex_cache    map, hits and misses under one mutex
 *   ct_guide_rwmutex_cache  the same under one readers-writer lock; hits and misses are atomic
 *   ct_guide_sharded_cache  1, 2, 4 .. 256 mutex caches side by side; the key's hash picks one
 *
 *      struct ct_guide_sharded_cache c;
 *      ct_guide_sharded_cache_init(&c, &(struct ct_cache_options){.seed = seed, .shards = 16});
 *      ct_guide_sharded_cache_set(&c, "user:7", 6, value, value_size);
 *
 * The guides' have no capacity and no TTL: options that ask for one are -ENOTSUP. The mutex and the
 * readers-writer cache do not look at `shards`; 0 shards are the guide's 16.
 *
 * Blocks on: the lock of the cache or of the key's shard, and the allocator, which set and snapshot
 *      call under it. No deadline form exists. With the readers-writer lock, gets and snapshots
 *      run together, and a waiting writer stops new readers, as in Go (glibc; elsewhere it is up to
 *      the libc).
 * Wakes: whom the lock wakes.
 * Who may call: threads.
 * Statistics: with gets under way, hits + misses = gets at one moment for the mutex cache (and so
 *      for each shard), as all numbers change under its lock. For the readers-writer cache each
 *      number is right for some moment during the call, and nothing ties one to another.
 *
 * Sources: "The Complete Guide to Go Concurrency Patterns and Synchronization" (all three), "Go
 * Concurrency Patterns: A Practical Walkthrough" (a map under RWMutex). Own code. The guides count
 * hits and misses under the mutex only, and have 16 shards, not padded.
 */
#ifndef CT_CACHE_GUIDE_H
#define CT_CACHE_GUIDE_H

#include <pthread.h>

#include "base/atomic.h"
#include "base/cacheline.h"
#include "cache/cache.h"
#include "cache/hashmap.h"

struct ct_guide_mutex_cache {
        pthread_mutex_t lock; /* protects all of it */
        struct ct_hashmap map;
        uint64_t hits, misses;
};

struct ct_guide_rwmutex_cache {
        pthread_rwlock_t lock; /* protects the map */
        struct ct_hashmap map;
        ct_atomic_u64 hits, misses; /* readers count at the same time */
};

struct ct_cache_shard {
        CT_ALIGN_PAIR struct ct_guide_mutex_cache cache;
};

struct ct_guide_sharded_cache {
        struct ct_cache_shard *shard;
        unsigned shards;
        uint64_t seed;
};

CT_CACHE_OPERATIONS(ct_guide_mutex_cache)
CT_CACHE_OPERATIONS(ct_guide_rwmutex_cache)
CT_CACHE_OPERATIONS(ct_guide_sharded_cache)

/* The shard of a hash, for statistics and tests. */
unsigned ct_guide_sharded_cache_index(const struct ct_guide_sharded_cache *c, uint64_t hash);

/* Not for users: the mutex cache's operations with the hash known, which shards are made of. */
int ct_guide_mutex_cache_get_(struct ct_guide_mutex_cache *c, uint64_t hash, const void *key,
                              size_t key_size, void *value, size_t room, size_t *value_size);
int ct_guide_mutex_cache_set_(struct ct_guide_mutex_cache *c, uint64_t hash, const void *key,
                              size_t key_size, const void *value, size_t value_size);
bool ct_guide_mutex_cache_delete_(struct ct_guide_mutex_cache *c, uint64_t hash, const void *key,
                                  size_t key_size);
int ct_guide_mutex_cache_append_(struct ct_guide_mutex_cache *c, struct ct_snapshot *s);

/* Not for users: copies an entry's value out. */
static inline int ct_cache_copy_out_(struct ct_hashmap_entry *e, void *value, size_t room,
                                     size_t *value_size)
{
        *value_size = e->value_size;
        if (e->value_size > room)
                return -ENOBUFS;
        if (e->value_size)
                memcpy(value, ct_hashmap_value(e), e->value_size);
        return 0;
}

#endif
