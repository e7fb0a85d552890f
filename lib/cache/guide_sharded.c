#include "cache/guide.h"

#include <errno.h>
#include <stdlib.h>

#include "cache/cache_private.h"

/*
 * Invariant: a key lives in the shard that its hash picks, for as long as the cache lives. All
 * shards hash with one seed, so one hash serves for the shard and, in it, for the bucket.
 *
 * Tempting: shard = hash % shards. The maps take the low bits for their buckets: with 16 shards
 * all keys of one shard agree in 4 of those, and 15 of 16 buckets stay empty.
 */

enum { GUIDES_SHARDS = 16 };

unsigned ct_guide_sharded_cache_index(const struct ct_guide_sharded_cache *c, uint64_t hash)
{
#ifdef CT_PLANT_cache_shard_by_bucket_bits
        return (unsigned)hash & (c->shards - 1);
#else
        return (unsigned)(hash >> 56) & (c->shards - 1); /* 8 bits: CT_CACHE_MAX_SHARDS */
#endif
}

static inline struct ct_guide_mutex_cache *pick(struct ct_guide_sharded_cache *c, uint64_t hash)
{
        return &c->shard[ct_guide_sharded_cache_index(c, hash)].cache;
}

static const char object[] = "ct_guide_sharded_cache";

int ct_guide_sharded_cache_init(struct ct_guide_sharded_cache *c, const struct ct_cache_options *o)
{
        struct ct_cache_options each;
        unsigned shards;
        int rc;

        ct_cache_need_(object, c, c, "cache");
        ct_cache_need_(object, c, o, "options");
        rc = ct_cache_check_options_(o, 1);
        if (!rc)
                rc = ct_cache_check_plain_(o);
        if (rc)
                return rc;
        shards = o->shards ? o->shards : GUIDES_SHARDS;
        *c = (struct ct_guide_sharded_cache){0};
        rc = ct_cache_seed_(o, &c->seed);
        if (rc)
                return rc;
        c->shard = aligned_alloc(CT_CACHE_PAIR, shards * sizeof *c->shard);
        if (!c->shard)
                return -ENOMEM;
        each = *o;
        each.seed = c->seed;
        each.expected = o->expected / shards;
        for (; c->shards < shards; c->shards++) {
                rc = ct_guide_mutex_cache_init(&c->shard[c->shards].cache, &each);
                if (rc) {
                        ct_guide_sharded_cache_destroy(c);
                        return rc;
                }
        }
        return 0;
}

void ct_guide_sharded_cache_destroy(struct ct_guide_sharded_cache *c)
{
        ct_cache_need_(object, c, c, "cache");
        while (c->shards)
                ct_guide_mutex_cache_destroy(&c->shard[--c->shards].cache);
        free(c->shard);
        c->shard = NULL;
}

int ct_guide_sharded_cache_get(struct ct_guide_sharded_cache *c, const void *key, size_t key_size,
                               void *value, size_t room, size_t *value_size)
{
        uint64_t hash;

        ct_cache_need_key_(object, c, key, key_size);
        ct_cache_need_room_(object, c, value, room, value_size);
        hash = ct_hash(key, key_size, c->seed);
        return ct_guide_mutex_cache_get_(pick(c, hash), hash, key, key_size, value, room,
                                         value_size);
}

int ct_guide_sharded_cache_set(struct ct_guide_sharded_cache *c, const void *key, size_t key_size,
                               const void *value, size_t value_size)
{
        uint64_t hash;

        ct_cache_need_key_(object, c, key, key_size);
        ct_cache_need_value_(object, c, value, value_size);
        if (ct_cache_too_big_(key_size, value_size)) /* before the key is read */
                return -E2BIG;
        hash = ct_hash(key, key_size, c->seed);
        return ct_guide_mutex_cache_set_(pick(c, hash), hash, key, key_size, value, value_size);
}

bool ct_guide_sharded_cache_delete(struct ct_guide_sharded_cache *c, const void *key,
                                   size_t key_size)
{
        uint64_t hash;

        ct_cache_need_key_(object, c, key, key_size);
        hash = ct_hash(key, key_size, c->seed);
        return ct_guide_mutex_cache_delete_(pick(c, hash), hash, key, key_size);
}

int ct_guide_sharded_cache_snapshot(struct ct_guide_sharded_cache *c, struct ct_snapshot *out)
{
        int rc = 0;

        ct_cache_need_(object, c, c, "cache");
        ct_cache_need_(object, c, out, "snapshot");
        *out = (struct ct_snapshot){0};
        for (unsigned i = 0; !rc && i < c->shards; i++)
                rc = ct_guide_mutex_cache_append_(&c->shard[i].cache, out);
        if (rc)
                ct_snapshot_free(out);
        return rc;
}

void ct_guide_sharded_cache_clear(struct ct_guide_sharded_cache *c)
{
        ct_cache_need_(object, c, c, "cache");
        for (unsigned i = 0; i < c->shards; i++)
                ct_guide_mutex_cache_clear(&c->shard[i].cache);
}

void ct_guide_sharded_cache_stats(struct ct_guide_sharded_cache *c, struct ct_cache_stats *out)
{
        struct ct_cache_stats one;

        ct_cache_need_(object, c, c, "cache");
        ct_cache_need_(object, c, out, "stats");
        *out = (struct ct_cache_stats){0};
        for (unsigned i = 0; i < c->shards; i++) {
                ct_guide_mutex_cache_stats(&c->shard[i].cache, &one);
                out->hits += one.hits;
                out->misses += one.misses;
                out->entries += one.entries;
                out->bytes += one.bytes;
        }
}
