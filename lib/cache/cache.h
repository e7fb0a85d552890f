/*
 * Caches: one contract for all of them. A cache's header says what it is made of:
 *
 *   guide.h        the guides' three: a map under one mutex, under one readers-writer lock, shards
 *   sharded.h      1 .. 256 shards, each a bounded map under this library's mutex
 *   rw_sharded.h   the same under this library's readers-writer lock
 *   syncmap.h      the concurrent map of lib/sync (Go's sync.Map) as a cache
 *   concurrent.h   reads take no lock and write no shared line
 *
 *      struct ct_concurrent_cache c;
 *      ct_concurrent_cache_init(&c, &(struct ct_cache_options){
 *              .policy = CT_CACHE_S3FIFO, .max_entries = 10000, .ttl_ns = 60 * CT_NS_PER_S});
 *      ct_concurrent_cache_set(&c, "user:7", 6, value, value_size);
 *      if (!ct_concurrent_cache_get(&c, "user:7", 6, buffer, sizeof buffer, &size))
 *              ...
 *
 * Keys and values are any bytes, also none; both are copied in. Values are copied out by get, or
 * held in place by pin. With the policy CT_CACHE_KEEP nothing is evicted: what is set stays until
 * it is deleted or expires.
 *
 * Blocks on: see the header of each. Memory is allocated under its locks, or outside of them.
 * Order: what a thread did before a set happens before what another does after the get that
 *      returned the value. Operations on one key are linearizable, eviction being a delete that
 *      may happen at any moment; so are those on different keys, except that snapshot, clear,
 *      expire and stats visit the parts one by one.
 * Who may call: any thread or task (the guides': threads), all functions but init and destroy. Not
 *      from signal handlers.
 * Ownership: the caller's storage, between init and destroy at a fixed address. destroy needs that
 *      nobody is inside and nothing is pinned. Zero bytes are NOT a valid cache.
 * Failure: 0 or -errno. A failed call changes nothing: -ENOMEM; -E2BIG, a key or value of 4 GiB or
 *      more; -EFBIG, an entry that is larger than all that the cache (or the key's shard) may hold;
 *      -EINVAL, options that mean nothing: a policy without a capacity, a capacity without a
 *      policy, a negative TTL, shards that are no power of two from 1 to 256, or so many that one
 *      has no room for an empty entry; -ENOTSUP, an option that this cache does not have. A value
 *      that does not fit the get's buffer is -ENOBUFS. NULL where a cache, key or value with a size
 *      above 0 should be panics.
 * Capacity: entries and bytes are bounds that hold at every moment. An entry's bytes are its key,
 *      its value and CT_CACHE_ENTRY_BYTES for what the cache keeps beside them. What has been
 *      unlinked while others still look at it, or hold it pinned, is not counted; see reclaim.h for
 *      how much that can be.
 * TTL: an entry set at t with TTL d is there for gets at less than t + d, and not from then on,
 *      exactly, by the clock of the options, which must not park. It counts as an entry until
 *      something removes it: a set or delete of its key, eviction, expire(), or what the cache's
 *      header says.
 * Units: sizes in bytes, times in ns.
 */
#ifndef CT_CACHE_CACHE_H
#define CT_CACHE_CACHE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "cache/snapshot.h"

enum { CT_CACHE_MAX_SHARDS = 256, CT_CACHE_ENTRY_BYTES = 64 };

/* What is evicted when there is no room; policy.h has the sources. */
enum ct_cache_policy {
        CT_CACHE_KEEP, /* nothing: no bound */
        CT_CACHE_FIFO,
        CT_CACHE_LRU,
        CT_CACHE_CLOCK,
        CT_CACHE_SIEVE,
        CT_CACHE_S3FIFO,
        CT_CACHE_POLICIES
};

struct ct_cache_options {
        uint64_t seed;   /* of the hash; 0: drawn from the kernel, which is right but for tests */
        size_t expected; /* entries to make room for at once */
        unsigned shards; /* a power of two; 0: as the cache thinks best */
        enum ct_cache_policy policy;
        size_t max_entries, max_bytes;  /* 0: not bounded by it */
        int64_t ttl_ns;                 /* of what set() sets; 0: for ever */
        int64_t (*now_ns)(void *clock); /* NULL: ct_now_ns(); only asked where a TTL was given */
        void *clock;
};

struct ct_cache_stats {
        uint64_t hits, misses, entries;
        uint64_t bytes;   /* of the entries, as max_bytes counts them */
        uint64_t evicted; /* to make room; expired ones that had to go are not among them */
        uint64_t expired; /* removed after their time */
        uint64_t loads;   /* loaders that get_or_load() called */
};

/* A value that is held in place: it stays as it is until unpin, whatever others do. */
struct ct_cache_pin {
        const void *value;
        size_t size;
        void *entry; /* private */
};

/* What get_or_load() gets a missing value from. */
struct ct_cache_loader {
        /* Gives *value (valid until the next call of `done`, or for ever), *size, and may change
           *ttl_ns, which is the cache's. 0, or -errno, which all who waited get. May park, and may
           use the cache, but not load the same key. */
        int (*load)(void *context, const void *key, size_t key_size, const void **value,
                    size_t *size, int64_t *ttl_ns);
        void (*done)(void *context, const void *value); /* NULL: nothing to free */
        void *context;
};

/*
 * The operations that every cache has, NAME being its struct's name.
 *
 * get       0: *value_size bytes have been copied to `value`. -ENOENT: no such key, a miss.
 *           -ENOBUFS: there is one and its value needs *value_size > room bytes; nothing has been
 *           copied; a hit all the same.
 * set       Inserts the key or replaces its value, with the options' TTL.
 * delete    True if the key was there (and had not expired).
 * snapshot  Copies all entries that have not expired into *out, which the caller frees with
 *           ct_snapshot_free(). Those of one shard (the whole cache, without shards) are as at one
 *           moment, where the cache's header does not say otherwise. -ENOMEM leaves *out empty.
 * clear     Deletes all entries; the counts go on.
 * stats     hits + misses = gets and pins begun and finished before, and with get_or_load one of
 *           the two for each call. What is counted meanwhile may be in it or not; see the header of
 *           each for which numbers belong to one moment.
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

/*
 * What this library's own have besides.
 *
 * set_for      set with a TTL of its own; 0: for ever.
 * get_or_load  get; on a miss exactly one caller runs the loader and sets what it gives, and the
 *              others who ask for the key meanwhile wait for that. What it gives replaces what
 *              others set meanwhile. A loader that fails (or does not return: task_fail,
 * -ECANCELED) sets nothing; the next caller tries anew. A TTL below 0 is such a failure, -EINVAL. A
 *              waiter gives up at the deadline: -ETIMEDOUT; the loader goes on, and has no
 * deadline. A value that may not be cached (-EFBIG, -E2BIG, -ENOMEM) is given to all who waited all
 * the same. pin          get without a copy: 0 and *pin, or -ENOENT. Counts as a get. unpin Ends
 * it; by any thread. expire       Removes all that has expired; how many.
 */
#define CT_CACHE_MORE_OPERATIONS(NAME)                                                             \
        int NAME##_set_for(struct NAME *c, const void *key, size_t key_size, const void *value,    \
                           size_t value_size, int64_t ttl_ns);                                     \
        int NAME##_get_or_load(struct NAME *c, const void *key, size_t key_size,                   \
                               const struct ct_cache_loader *loader, int64_t deadline_ns,          \
                               void *value, size_t room, size_t *value_size);                      \
        int NAME##_pin(struct NAME *c, const void *key, size_t key_size,                           \
                       struct ct_cache_pin *pin);                                                  \
        void NAME##_unpin(struct NAME *c, struct ct_cache_pin *pin);                               \
        size_t NAME##_expire(struct NAME *c);

#endif
