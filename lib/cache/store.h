/*
 * A store: the bounded map inside of the locked caches. Entries (entry.h), a table that finds them,
 * a policy that says who goes, expiry, and the counts that change under the owner's lock.
 *
 * No lock is inside. find and look may run together with each other (and pins with them); the rest
 * needs the store alone. Nothing is freed, and but for a growing table nothing allocated, in here:
 * entries come ready made, and those that go are handed out as garbage, both for outside the lock.
 *
 * Private to lib/cache; own code. store.c has the table's layout and what others gave.
 */
#ifndef CT_CACHE_STORE_H
#define CT_CACHE_STORE_H

#include "base/cacheline.h"
#include "cache/entry.h"

enum {
        CT_STORE_TAG_ = 48,   /* a slot: address of the entry, bits of its hash from this bit up */
        CT_STORE_LOG2_ = 63,  /* in the table's word: log2 of the number of slots */
        CT_STORE_ALIGN_ = 64, /* leaves that many bits free */
};

struct ct_store_ {
        /* Address of the slots | log2 of their number. Atomic for the prefetch outside the lock
           only. */
        ct_atomic_u64 table;
        uint64_t evicted, expired;
        size_t fits;   /* entries that the table takes before it grows */
        uint64_t seed; /* of the owner's hash */
        struct ct_policy_ policy;
};

/* The shares of the options' bounds as ct_cache_share_() gives them. 0 or -errno. */
int ct_store_init_(struct ct_store_ *s, uint64_t seed, enum ct_cache_policy policy,
                   size_t max_entries, size_t max_bytes, size_t expected);
void ct_store_fini_(struct ct_store_ *s);

static inline uint64_t *ct_store_slots_(uint64_t table)
{
        return (uint64_t *)(uintptr_t)(table & ~(uint64_t)CT_STORE_LOG2_);
}

static inline size_t ct_store_mask_(uint64_t table)
{
        return ((size_t)1 << (table & CT_STORE_LOG2_)) - 1;
}

static inline struct ct_cache_entry_ *ct_store_entry_(uint64_t slot)
{
        return (struct ct_cache_entry_ *)(uintptr_t)(slot & ((UINT64_C(1) << CT_STORE_TAG_) - 1));
}

/* To be called before the lock is taken: the line is on its way while the lock's is. */
static inline void ct_store_prefetch_(const struct ct_store_ *s, uint64_t hash)
{
#ifndef CT_SIM
        uint64_t table = ct_load_u64_relaxed(&s->table); /* an old table does no harm here */

        __builtin_prefetch(&ct_store_slots_(table)[hash & ct_store_mask_(table)]);
#else
        (void)s, (void)hash;
#endif
}

/* The key's entry, expired or not, or NULL. */
static inline struct ct_cache_entry_ *ct_store_find_(const struct ct_store_ *s, uint64_t hash,
                                                     const void *key, size_t key_size)
{
        uint64_t table = ct_load_u64_relaxed(&s->table); /* under the lock nobody changes it */
        const uint64_t *slots = ct_store_slots_(table);
        size_t mask = ct_store_mask_(table);

        for (size_t at = hash & mask; slots[at]; at = (at + 1) & mask) { /* one is free */
                struct ct_cache_entry_ *e = ct_store_entry_(slots[at]);

                if (slots[at] >> CT_STORE_TAG_ == hash >> CT_STORE_TAG_ &&
                    ct_entry_is_(e, key, key_size))
                        return e;
        }
        return NULL;
}

/* The same, but not an expired one: what a get finds. */
static inline struct ct_cache_entry_ *ct_store_look_(const struct ct_store_ *s,
                                                     const struct ct_cache_time_ *t, uint64_t hash,
                                                     const void *key, size_t key_size)
{
        struct ct_cache_entry_ *e = ct_store_find_(s, hash, key, key_size);

        return e && ct_cache_expired_(t, e->expires) ? NULL : e;
}

/* Overwrites the value where it stands: the key is there, nobody has it pinned, and the length is
   the same. False otherwise, with nothing changed. */
bool ct_store_overwrite_(struct ct_store_ *s, const struct ct_cache_time_ *t, uint64_t hash,
                         const void *key, size_t key_size, const void *value, size_t value_size,
                         int64_t expires);

/* Takes the entry in, in the place of its key's if there is one. 0; or -ENOMEM, and it is still the
   caller's. ct_policy_admits_() it, and it is `bounded` where the policy evicts. */
int ct_store_put_(struct ct_store_ *s, const struct ct_cache_time_ *t, uint64_t hash,
                  struct ct_cache_entry_ *e, struct ct_cache_garbage_ *garbage);

/* True if the key was there and had not expired. */
bool ct_store_delete_(struct ct_store_ *s, const struct ct_cache_time_ *t, uint64_t hash,
                      const void *key, size_t key_size, struct ct_cache_garbage_ *garbage);

void ct_store_clear_(struct ct_store_ *s, struct ct_cache_garbage_ *garbage);

/* Removes what has expired; how many. */
size_t ct_store_expire_(struct ct_store_ *s, const struct ct_cache_time_ *t,
                        struct ct_cache_garbage_ *garbage);

/* Appends what has not expired. 0 or -ENOMEM. */
int ct_store_append_(const struct ct_store_ *s, const struct ct_cache_time_ *t,
                     struct ct_snapshot *out);

/* Adds entries, bytes, evicted and expired. */
void ct_store_add_stats_(const struct ct_store_ *s, struct ct_cache_stats *out);

#endif
