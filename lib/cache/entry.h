/*
 * An entry of a locked cache: key, value and what the cache keeps beside them, in one allocation.
 * Private to lib/cache; own code.
 *
 *      [ct_cache_node_] ct_cache_entry_ key value
 *
 * The node is there where something is evicted, and costs nothing where not. The value is aligned
 * to 8 bytes; the key begins where the head ends, which with a short one makes an entry of 40
 * bytes. Immutable but for the value, which a set of equal length overwrites in place while nobody
 * has it pinned. References: one of the map that the entry is in, one for each pin. The last to let
 * go frees it, which may be an unpin on any thread: no lock is needed for that.
 */
#ifndef CT_CACHE_ENTRY_H
#define CT_CACHE_ENTRY_H

#include <stdlib.h>

#include "cache/cache_private.h"
#include "cache/policy.h"

struct ct_cache_entry_ {
        union {
                int64_t expires;
                struct ct_cache_entry_ *gone; /* in the garbage: the next there */
        };
        ct_atomic_u32 refs; /* and CT_ENTRY_BOUNDED_ */
        uint32_t key_size, value_size;
        char bytes[]; /* the key, filled up for the value's sake, and the value */
};

#define CT_ENTRY_BOUNDED_ (UINT32_C(1) << 31) /* there is a node */

_Static_assert(sizeof(struct ct_cache_node_) + sizeof(struct ct_cache_entry_) ==
                       CT_CACHE_ENTRY_BYTES,
               "what cache.h says");

static inline struct ct_cache_node_ *ct_entry_node_(const struct ct_cache_entry_ *e)
{
        return (struct ct_cache_node_ *)(uintptr_t)e - 1;
}

static inline struct ct_cache_entry_ *ct_entry_of_(struct ct_cache_node_ *n)
{
        return (struct ct_cache_entry_ *)(n + 1);
}

static inline size_t ct_entry_value_at_(size_t key_size)
{
        return (offsetof(struct ct_cache_entry_, bytes) + key_size + 7) / 8 * 8;
}

static inline void *ct_entry_value_(struct ct_cache_entry_ *e)
{
        return (char *)e + ct_entry_value_at_(e->key_size);
}

static inline const void *ct_entry_key_(const struct ct_cache_entry_ *e)
{
        return e->bytes;
}

static inline bool ct_entry_is_(const struct ct_cache_entry_ *e, const void *key, size_t key_size)
{
        return e->key_size == key_size && ct_cache_same_(ct_entry_key_(e), key, key_size);
}

static inline size_t ct_entry_charge_(const struct ct_cache_entry_ *e)
{
        return ct_cache_charge_(e->key_size, e->value_size);
}

/* With one reference, the caller's. Sizes have been checked. NULL without memory. */
struct ct_cache_entry_ *ct_entry_new_(bool bounded, uint64_t hash, const void *key, size_t key_size,
                                      const void *value, size_t value_size, int64_t expires);

void ct_entry_free_(struct ct_cache_entry_ *e, bool bounded);

/* One more reference, under the lock of the map that the entry is in. */
static inline void ct_entry_hold_(struct ct_cache_entry_ *e)
{
        ct_add_u32_relaxed(&e->refs, 1); /* there is one, so it cannot go meanwhile */
}

static inline void ct_entry_let_go_(struct ct_cache_entry_ *e)
{
        /* The release pairs with the acquire of whoever frees: all reads are before. */
        uint32_t before = ct_sub_u32_acq_rel(&e->refs, 1);

        if ((before & ~CT_ENTRY_BOUNDED_) == 1)
                ct_entry_free_(e, before & CT_ENTRY_BOUNDED_);
}

/* Whether nobody has it pinned. Under the map's lock, held so that no pin can begin. The acquire
   pairs with let_go: what was read through a pin was read before. */
static inline bool ct_entry_unpinned_(const struct ct_cache_entry_ *e)
{
#ifdef CT_PLANT_cache_overwrites_pinned
        return true;
#endif
        return (ct_load_u32_acquire(&e->refs) & ~CT_ENTRY_BOUNDED_) == 1;
}

/* Entries that have left a map, to be let go of once its lock is released. */
struct ct_cache_garbage_ {
        struct ct_cache_entry_ *first;
};

static inline void ct_garbage_add_(struct ct_cache_garbage_ *g, struct ct_cache_entry_ *e)
{
        e->gone = g->first;
        g->first = e;
}

static inline void ct_garbage_free_(struct ct_cache_garbage_ *g)
{
        while (g->first) {
                struct ct_cache_entry_ *e = g->first;

                g->first = e->gone;
                ct_entry_let_go_(e);
        }
}

#endif
