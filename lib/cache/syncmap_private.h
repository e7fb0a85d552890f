/* Inside of ct_syncmap_cache: what the map's words point to. Not for users; syncmap.c explains. */
#ifndef CT_CACHE_SYNCMAP_PRIVATE_H
#define CT_CACHE_SYNCMAP_PRIVATE_H

#include "cache/syncmap.h"
#include "sync/reclaim.h"

#define CT_SYNCMAP_OBJECT_ "ct_syncmap_cache"

struct ct_syncmap_value_ {
        struct ct_retired retired; /* first */
        int64_t expires;
        ct_atomic_u32 refs;
        uint32_t size;
        uint64_t bytes[];
};

static inline struct ct_syncmap_value_ *ct_syncmap_value_of_(uint64_t word)
{
        return (struct ct_syncmap_value_ *)(uintptr_t)word;
}

/* It is no longer in the map. */
void ct_syncmap_retire_(struct ct_syncmap_value_ *v);

/* The key's value, expired or not; inside a read section. */
static inline struct ct_syncmap_value_ *ct_syncmap_there_(struct ct_syncmap_cache *c,
                                                          const void *key, size_t key_size)
{
        uint64_t word;

        return ct_map_load_bytes(&c->map, key, key_size, &word) ? ct_syncmap_value_of_(word) : NULL;
}

/* The value that a get finds; inside a read section. Tempting: a miss as soon as the value has
   expired. It may have been replaced before its time, between the load and the look at the clock,
   and then there was no moment without a value. */
static inline struct ct_syncmap_value_ *ct_syncmap_find_(struct ct_syncmap_cache *c,
                                                         const void *key, size_t key_size)
{
        struct ct_syncmap_value_ *v = ct_syncmap_there_(c, key, key_size), *now;

        while (v && ct_cache_expired_(&c->time, v->expires)) {
                now = ct_syncmap_there_(c, key, key_size);
                if (now == v)
                        return NULL;
                v = now;
        }
        return v;
}

static inline void ct_syncmap_count_gone_(struct ct_syncmap_cache *c, size_t bytes, bool expired)
{
        ct_cache_count_(&c->counts, CT_COUNT_WENT_, bytes);
        if (expired)
                ct_cache_count_(&c->counts, CT_COUNT_EXPIRED_, 1);
}

#endif
