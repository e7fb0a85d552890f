/*
 * ct_map: a hash map for any number of contexts; Go's sync.Map.
 *
 *      struct ct_map m;
 *      ct_map_init(&m, CT_MAP_U64, 0);
 *      ct_map_store(&m, 17, value);
 *      if (ct_map_load(&m, 17, &value)) ...
 *
 * Keys are 64-bit numbers, or byte strings (copied in) by the verbs that end in _bytes; which, init
 * decides. Values are 64-bit words. The map does not know what a value points to: whoever removes
 * such a value retires what it points to (reclaim.h), and whoever loads it does so in a read
 * section that lasts as long as it is used.
 *
 * Blocks on: load never, whatever the others do; it takes no lock and writes no shared line. The
 *      rest take a short internal lock, one of CT_MAP_SHARDS chosen by the key's hash. Nobody
 *      parks, but for the one writer whose entry makes a shard grow, and only outside of read
 *      sections: it waits for the sections that are open. (A writer inside of one leaves growing to
 *      others.)
 * Order: all operations on one key form one order that fits real time, and a store happens before
 *      what follows the load that finds its value.
 * Who may call: any thread or task, inside and outside of read sections.
 * Ownership: the map's storage is the caller's (4.6 KiB), entries are the map's. Deleted entries
 *      are freed as reclaim.h says.
 * Failure: -ENOMEM, and nothing has changed. A shard that cannot grow for want of memory works on,
 *      ever slower, and tries again with each new entry. Misuse panics: a key of the wrong kind; a
 *      map that has not been initialised.
 * Flooding: the hash is seeded from the kernel's random numbers, so keys that collide in one map
 *      are spread in another, and none can be made without knowing the seed.
 * Cost: see map.c.
 *
 * Source: Go's sync.Map for the contract; map.c has that of the algorithm.
 */
#ifndef CT_SYNC_MAP_H
#define CT_SYNC_MAP_H

#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/guard.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef CT_SIM /* small, so that short programs make it grow */
#define CT_MAP_SHARDS 1u
#else
#define CT_MAP_SHARDS 64u
#endif

enum ct_map_kind { CT_MAP_U64 = 1, CT_MAP_BYTES };

struct ct_map_shard_ {
        CT_ALIGN_LINE struct ct_guard guard; /* protects the chains and what follows */
        bool growing;                        /* one writer is at it */
        bool grown;                          /* at least once */
        ct_atomic_u64 count;                 /* entries; read without the guard */
};

struct ct_map {
        ct_atomic_u64 table[CT_MAP_SHARDS]; /* private, all of it; see map.c */
        uint64_t seed;
        enum ct_map_kind kind;
        struct ct_map_shard_ shard[CT_MAP_SHARDS];
};

/* An empty map. seed 0 draws one; another makes a map that is the same in every run, for tests.
   0, -ENOMEM, or -errno of getrandom. */
int ct_map_init(struct ct_map *m, enum ct_map_kind kind, uint64_t seed);

/* The caller is the last to use m: frees it. */
void ct_map_fini(struct ct_map *m);

/* The key's value: true and *value, or false. */
bool ct_map_load(const struct ct_map *m, uint64_t key, uint64_t *value);
bool ct_map_load_bytes(const struct ct_map *m, const void *key, size_t len, uint64_t *value);

/* Sets the key's value. If old is not NULL, it gets the value from before. 1: there was one; 0: the
   key is new; -ENOMEM. */
int ct_map_store(struct ct_map *m, uint64_t key, uint64_t value, uint64_t *old);
int ct_map_store_bytes(struct ct_map *m, const void *key, size_t len, uint64_t value,
                       uint64_t *old);

/* The key's value if it has one, else sets it. *actual is what the key has now. 1: it had one;
   0: stored; -ENOMEM. */
int ct_map_load_or_store(struct ct_map *m, uint64_t key, uint64_t value, uint64_t *actual);
int ct_map_load_or_store_bytes(struct ct_map *m, const void *key, size_t len, uint64_t value,
                               uint64_t *actual);

/* Removes the key; true if it was there, and then *old (if not NULL) gets its value. */
bool ct_map_delete(struct ct_map *m, uint64_t key, uint64_t *old);
bool ct_map_delete_bytes(struct ct_map *m, const void *key, size_t len, uint64_t *old);

/* Replaces, or removes, the key's value if it is `old`; false if the key has another or none. */
bool ct_map_compare_and_swap(struct ct_map *m, uint64_t key, uint64_t old, uint64_t value);
bool ct_map_compare_and_swap_bytes(struct ct_map *m, const void *key, size_t len, uint64_t old,
                                   uint64_t value);
bool ct_map_compare_and_delete(struct ct_map *m, uint64_t key, uint64_t old);
bool ct_map_compare_and_delete_bytes(struct ct_map *m, const void *key, size_t len, uint64_t old);

/* Calls fn for the entries, in no order, until it returns false. A key that is in the map from
   before the call until its end is seen exactly once; one that comes or goes meanwhile once or not
   at all. No moment need exist at which the map was what was seen. fn runs in a read section: it
   may use this map and others, and must not park. The key of a CT_MAP_U64 map comes as the 8 bytes
   of a uint64_t. The key's bytes are valid until fn returns. */
void ct_map_range(const struct ct_map *m,
                  bool (*fn)(void *context, const void *key, size_t len, uint64_t value),
                  void *context);

/* Entries; some number between those at its start and its end. */
size_t ct_map_len(const struct ct_map *m);

struct ct_map_shape {
        size_t entries, buckets, longest_chain;
};

/* How well the entries are spread. Takes the locks one by one. */
struct ct_map_shape ct_map_shape(struct ct_map *m);

#endif
