/*
 * What visits all entries of a ct_syncmap_cache, one by one. Source, invariants: syncmap.c.
 */
#include "cache/syncmap_private.h"

static const char object[] = CT_SYNCMAP_OBJECT_;

struct removal {
        struct ct_syncmap_cache *cache;
        bool expired_only;
        size_t n;
};

static bool remove_one(void *context, const void *key, size_t key_size, uint64_t word)
{
        struct removal *r = context;
        struct ct_syncmap_value_ *v = ct_syncmap_value_of_(word);

        if (r->expired_only && !ct_cache_expired_(&r->cache->time, v->expires))
                return true;
        if (!ct_map_compare_and_delete_bytes(&r->cache->map, key, key_size, word))
                return true; /* somebody else has replaced or removed it */
        ct_syncmap_count_gone_(r->cache, ct_cache_charge_(key_size, v->size), r->expired_only);
        r->n++;
        ct_syncmap_retire_(v);
        return true;
}

void ct_syncmap_cache_clear(struct ct_syncmap_cache *c)
{
        struct removal r = {.cache = c};

        ct_cache_need_(object, c, c, "cache");
        ct_map_range(&c->map, remove_one, &r);
}

size_t ct_syncmap_cache_expire(struct ct_syncmap_cache *c)
{
        struct removal r = {.cache = c, .expired_only = true};

        ct_cache_need_(object, c, c, "cache");
        ct_map_range(&c->map, remove_one, &r);
        return r.n;
}

struct copying {
        struct ct_syncmap_cache *cache;
        struct ct_snapshot *out;
        int rc;
};

static bool copy_one(void *context, const void *key, size_t key_size, uint64_t word)
{
        struct copying *x = context;
        struct ct_syncmap_value_ *v = ct_syncmap_value_of_(word);

        if (ct_cache_expired_(&x->cache->time, v->expires)) {
                v = ct_syncmap_find_(x->cache, key,
                                     key_size); /* it may have been replaced in time */
                if (!v)
                        return true;
        }
        x->rc = ct_snapshot_room_(x->out, 1, key_size + v->size);
        if (!x->rc)
                ct_snapshot_add_(x->out, key, key_size, v->bytes, v->size);
        return !x->rc;
}

int ct_syncmap_cache_snapshot(struct ct_syncmap_cache *c, struct ct_snapshot *out)
{
        struct copying x = {.cache = c, .out = out};

        ct_cache_need_(object, c, c, "cache");
        ct_cache_need_(object, c, out, "snapshot");
        *out = (struct ct_snapshot){0};
        ct_map_range(&c->map, copy_one, &x);
        if (x.rc)
                ct_snapshot_free(out);
        return x.rc;
}

void ct_syncmap_cache_stats(struct ct_syncmap_cache *c, struct ct_cache_stats *out)
{
        uint64_t went;

        ct_cache_need_(object, c, c, "cache");
        ct_cache_need_(object, c, out, "stats");
        went = ct_cache_counted_(&c->counts, CT_COUNT_WENT_); /* before what came */
        *out = (struct ct_cache_stats){.hits = ct_cache_counted_(&c->counts, CT_COUNT_HITS_),
                                       .misses = ct_cache_counted_(&c->counts, CT_COUNT_MISSES_),
                                       .entries = ct_map_len(&c->map),
                                       .bytes =
                                               ct_cache_counted_(&c->counts, CT_COUNT_CAME_) - went,
                                       .expired = ct_cache_counted_(&c->counts, CT_COUNT_EXPIRED_),
                                       .loads = ct_flight_loads_(&c->flights)};
}
