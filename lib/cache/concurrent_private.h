/* Inside of ct_concurrent_cache: what its files share. Not for users; concurrent.c explains. */
#ifndef CT_CACHE_CONCURRENT_PRIVATE_H
#define CT_CACHE_CONCURRENT_PRIVATE_H

#include "cache/concurrent_table.h"

#define CT_CC_NAME_ "ct_concurrent_cache"

/* A key on its way through an operation. */
struct ct_cc_key_ {
        uint64_t hash;
        const void *bytes;
        size_t size;
};

static inline struct ct_cc_key_ ct_cc_key_(const struct ct_concurrent_cache *c, const void *key,
                                           size_t size)
{
        ct_cache_need_key_(CT_CC_NAME_, c, key, size);
        return (struct ct_cc_key_){ct_hash(key, size, c->seed), key, size};
}

static inline uint64_t ct_cc_table_of_(const struct ct_concurrent_cache *c, unsigned segment)
{
        return ct_load_u64_acquire(&c->table[segment]); /* pairs with grow */
}

/* In a read section, or under the lock. */
static inline __attribute__((always_inline)) struct ct_cc_entry_ *
ct_cc_lookup_(const struct ct_concurrent_cache *c, uint64_t hash, const void *key, size_t size)
{
        return ct_cc_find_(ct_cc_table_of_(c, ct_cc_segment_of_(c, hash)), hash, key, size);
}

static inline struct ct_cc_before_ *ct_cc_before_(const struct ct_cc_entry_ *e)
{
        return (struct ct_cc_before_ *)(uintptr_t)e - 1;
}

static inline struct ct_cc_entry_ *ct_cc_entry_of_(struct ct_cache_node_ *n)
{
        return (struct ct_cc_entry_ *)((struct ct_cc_before_ *)n + 1);
}

static inline bool ct_cc_bounded_(const struct ct_concurrent_cache *c)
{
        return c->policy != CT_CACHE_KEEP;
}

/* Whether the key's entry is this one still, and has not been set in place since its word was
   `word`. A reader that found it expired must ask: it has read the clock after the value, which may
   have been replaced in time. In the read section in which e was found. */
static inline bool ct_cc_unchanged_(const struct ct_concurrent_cache *c, const struct ct_cc_key_ *k,
                                    const struct ct_cc_entry_ *e, uint64_t word)
{
#ifdef CT_PLANT_concurrent_expired_at_no_moment
        return true;
#endif
        return ct_cc_lookup_(c, k->hash, k->bytes, k->size) == e &&
               ct_load_u64_acquire(&e->word) == word; /* pairs with the end of a set */
}

/* ---- entries ---- */

/* A new value. */
struct ct_cc_value_ {
        const void *bytes;
        size_t size;
        int64_t expires;
};

/* Of the cell for this entry. */
size_t ct_cc_entry_cell_(const struct ct_concurrent_cache *c, size_t key_size,
                         const struct ct_cc_value_ *v);

/* Makes the entry in its cell. */
struct ct_cc_entry_ *ct_cc_entry_make_(const struct ct_concurrent_cache *c, void *cell,
                                       const struct ct_cc_key_ *k, const struct ct_cc_value_ *v);

/* The entry is not in the table, and no reader that did not pin it has it: its cell is free when
   nobody has. */
void ct_cc_entry_drop_(struct ct_cc_cells_ *cells, struct ct_cc_entry_ *e);

/* The part of the next that form word does not need. */
bool ct_cc_set_room_(const struct ct_concurrent_cache *c, struct ct_cc_entry_ *e,
                     const struct ct_cc_value_ *v);

/* Writes the value in place: false if that cannot be, and nothing has changed. In a read section.
 */
static inline bool ct_cc_set_in_place_(const struct ct_concurrent_cache *c, struct ct_cc_entry_ *e,
                                       const struct ct_cc_value_ *v)
{
        if (!ct_cc_is_word_(e))
                return ct_cc_set_room_(c, e, v);
        if (e->small != v->size || v->expires != CT_CACHE_NEVER_)
                return false;
        /* seq: pairs with the loads of a get, also one of another key that follows: concurrent.c */
        ct_store_u64_seq(&e->word, ct_cc_bytes_in_(v->bytes, v->size));
        return true;
}

/* pin() but for what it counts. */
int ct_cc_pin_(struct ct_concurrent_cache *c, const struct ct_cc_key_ *k, struct ct_cache_pin *pin);

/* Ends a pin of any form but word. */
void ct_cc_unpin_(struct ct_concurrent_cache *c, struct ct_cc_entry_ *e);

/* Whether the entry has expired, and from here on stays so: no set in place revives it. */
bool ct_cc_seize_expired_(const struct ct_cache_time_ *time, struct ct_cc_entry_ *e);

/* ---- for readers that met something ---- */

/* LRU: moves the entry if nobody is in the way. In a read section. */
void ct_cc_move_(struct ct_concurrent_cache *c, uint64_t hash, struct ct_cc_entry_ *e);

/* The key's entry has expired: removes it if nobody is in the way. */
void ct_cc_expel_(struct ct_concurrent_cache *c, const struct ct_cc_key_ *k);

/* The entry was used. In a read section. */
static inline void ct_cc_hit_(struct ct_concurrent_cache *c, uint64_t hash, struct ct_cc_entry_ *e)
{
        if (!ct_cc_bounded_(c))
                return;
        if (c->policy == CT_CACHE_LRU)
                ct_cc_move_(c, hash, e);
        else /* the segment's own is on lines that its writers write to */
                ct_policy_hit_(&(struct ct_policy_){.kind = c->policy}, &ct_cc_before_(e)->node);
}

#endif
