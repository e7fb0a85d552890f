/*
 * A hash map from bytes to bytes, without any lock: the base of the caches and counters here.
 *
 * Keys and values are copied in. Separate chaining; the table doubles when it holds more entries
 * than it has buckets, and never shrinks. Buckets come from the low bits of the hash, so whoever
 * splits keys over several maps by the same hash takes the high bits.
 *
 * Blocks on: the allocator only.
 * Who may call: readers (find, next) at the same time as other readers; put, remove, clear alone.
 *      No lock is inside: that is the users' business, and what they differ in.
 * Ownership: entries belong to the map. An entry's address stays the same until it is removed or
 *      its value outgrows its room, whatever happens to other keys.
 * Failure: -ENOMEM and -E2BIG (a key or value of 4 GiB or more); the map is then as it was before.
 *
 * Source: separate chaining, Knuth, TAOCP volume 3, 6.4; own code.
 */
#ifndef CT_CACHE_HASHMAP_H
#define CT_CACHE_HASHMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/hash.h"

struct ct_hashmap_entry {
        struct ct_hashmap_entry *next; /* in its bucket */
        uint64_t hash;
        uint32_t key_size, value_size;
        uint64_t value_room; /* multiple of 8 */
        uint64_t bytes[];    /* value_room bytes of value, then the key */
};

struct ct_hashmap {
        struct ct_hashmap_entry **bucket;
        size_t mask; /* buckets - 1; buckets are a power of two */
        size_t n;
        size_t bytes; /* of all keys and values */
        uint64_t seed;
};

static inline void *ct_hashmap_value(struct ct_hashmap_entry *e)
{
        return e->bytes;
}

static inline const void *ct_hashmap_key(const struct ct_hashmap_entry *e)
{
        return (const char *)e->bytes + e->value_room;
}

/* Room for `expected` entries before the first growth. Zero bytes are not a valid map. */
int ct_hashmap_init(struct ct_hashmap *m, uint64_t seed, size_t expected);
void ct_hashmap_destroy(struct ct_hashmap *m);

static inline uint64_t ct_hashmap_hash(const struct ct_hashmap *m, const void *key, size_t size)
{
        return ct_hash(key, size, m->seed);
}

/* `hash` is ct_hashmap_hash() of the key here and below: computed before the user's lock is taken.
 */
static inline struct ct_hashmap_entry *ct_hashmap_find(const struct ct_hashmap *m, uint64_t hash,
                                                       const void *key, size_t size)
{
        struct ct_hashmap_entry *e = m->bucket[hash & m->mask];

        while (e && (e->hash != hash || e->key_size != size ||
                     (size && memcmp(ct_hashmap_key(e), key, size) != 0)))
                e = e->next;
        return e;
}

/* Inserts, or replaces the value. */
int ct_hashmap_put(struct ct_hashmap *m, uint64_t hash, const void *key, size_t key_size,
                   const void *value, size_t value_size);

/* True if the key was there. */
bool ct_hashmap_remove(struct ct_hashmap *m, uint64_t hash, const void *key, size_t size);

void ct_hashmap_clear(struct ct_hashmap *m);

/* A walk over all entries, in no order: start with {0}, ends with NULL. */
struct ct_hashmap_walk {
        size_t bucket;
        struct ct_hashmap_entry *entry;
};
struct ct_hashmap_entry *ct_hashmap_next(const struct ct_hashmap *m, struct ct_hashmap_walk *w);

#endif
