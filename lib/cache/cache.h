/*
 * Caches as the guides have them: three ways to lock one map, one contract.
 *
 *   ct_guide_mutex_cache    map, hits and misses under one mutex
 *   ct_guide_rwmutex_cache  the same under one readers-writer lock; hits and misses are atomic
 *   ct_guide_sharded_cache  1, 2, 4 .. 256 mutex caches side by side; the key's hash picks one
 *
 *      struct ct_guide_sharded_cache c;
 *      ct_guide_sharded_cache_init(&c, &(struct ct_cache_options){.seed = seed, .shards = 16});
 *      ct_guide_sharded_cache_set(&c, "user:7", 6, value, value_size);
 *      if (!ct_guide_sharded_cache_get(&c, "user:7", 6, buffer, sizeof buffer, &size))
 *              ...
 *
 * Keys and values are any bytes, also none; both are copied in, and values are copied out, so that
 * nobody holds a pointer into the cache. There is no capacity: what is set stays until it is
 * deleted.
 *
 * Blocks on: the lock of the cache or of the key's shard, and the allocator, which set and snapshot
 *      call under it. No deadline form exists. With the readers-writer lock, gets and snapshots
 *      run together, and a waiting writer stops new readers, as in Go (glibc; elsewhere it is up to
 *      the libc).
 * Wakes: whom the lock wakes.
 * Order: what a thread did before a set happens before what another does after the get that
 *      returned the value. Operations on one key are linearizable; so are those on different keys,
 *      except that snapshot, clear and stats of the sharded cache visit its shards one by one.
 * Who may call: any thread, all functions but init and destroy. Not from signal handlers.
 * Ownership: the caller's storage, between init and destroy at a fixed address. destroy needs that
 *      nobody is inside. Zero bytes are NOT a valid cache.
 * Failure: 0 or -errno. A failed call changes nothing: -ENOMEM; -E2BIG, a key or value of 4 GiB or
 *      more; -EINVAL, options that mean nothing. A value that does not fit the get's buffer is
 *      -ENOBUFS.
 * Units: sizes in bytes.
 *
 * Sources: "The Complete Guide to Go Concurrency Patterns and Synchronization" (all three), "Go
 * Concurrency Patterns: A Practical Walkthrough" (a map under RWMutex). Own code. The guides count
 * hits and misses under the mutex only, and have 16 shards, not padded.
 */
#ifndef CT_CACHE_CACHE_H
#define CT_CACHE_CACHE_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/cacheline.h"
#include "cache/hashmap.h"
#include "cache/snapshot.h"

enum { CT_CACHE_MAX_SHARDS = 256 };

struct ct_cache_options {
        uint64_t seed;   /* of the hash: keep it secret where keys come from strangers */
        size_t expected; /* entries to make room for at once */
        unsigned shards; /* a power of two; the other two caches do not look at it */
};

struct ct_cache_stats {
        uint64_t hits, misses, entries;
};

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

/*
 * The operations, NAME being one of the three.
 *
 * get       0: *value_size bytes have been copied to `value`. -ENOENT: no such key, a miss.
 *           -ENOBUFS: there is one and its value needs *value_size > room bytes; nothing has been
 *           copied; a hit all the same.
 * set       Inserts the key or replaces its value.
 * delete    True if the key was there.
 * snapshot  Copies all entries into *out, which the caller frees with ct_snapshot_free(). Those of
 *           one shard (the whole cache, without shards) are as at one moment. -ENOMEM leaves *out
 *           empty.
 * clear     Deletes all entries; hits and misses go on.
 * stats     hits + misses = gets begun and finished before. With gets under way: for the mutex
 *           cache it holds at one moment (and so for each shard), as all three numbers change under
 *           its lock. For the readers-writer cache each number is right for some moment during the
 *           call, and nothing ties one to another.
 */
#define CT_CACHE_OPERATIONS(NAME)                                                                  \
        int NAME##_init(struct NAME *c, const struct ct_cache_options *options);                   \
        void NAME##_destroy(struct NAME *c);                                                       \
        int NAME##_get(struct NAME *c, const void *key, size_t key_size, void *value, size_t room, \
                       size_t *value_size);                                                        \
        int NAME##_set(struct NAME *c, const void *key, size_t key_size, const void *value,        \
                       size_t value_size);                                                         \
        bool NAME##_delete(struct NAME *c, const void *key, size_t key_size);                      \
        int NAME##_snapshot(struct NAME *c, struct ct_snapshot *out);                              \
        void NAME##_clear(struct NAME *c);                                                         \
        void NAME##_stats(struct NAME *c, struct ct_cache_stats *out);

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
