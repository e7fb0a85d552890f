#include "cache/guide.h"

#include <errno.h>

#include "cache/cache_private.h"

/*
 * One mutex, everything under it. Invariant whenever the mutex is free: hits + misses = gets so
 * far.
 *
 * Tempting: count after the unlock. Then a reader of the statistics can meet a get that has
 * happened and is not in them, and two gets that lose one count between them.
 */

static const char object[] = "ct_guide_mutex_cache";

int ct_guide_mutex_cache_init(struct ct_guide_mutex_cache *c, const struct ct_cache_options *o)
{
        uint64_t seed;
        int rc;

        ct_cache_need_(object, c, c, "cache");
        ct_cache_need_(object, c, o, "options");
        rc = ct_cache_check_options_(o, 1);
        if (!rc)
                rc = ct_cache_check_plain_(o);
        if (!rc)
                rc = ct_cache_seed_(o, &seed);
        if (rc)
                return rc;
        *c = (struct ct_guide_mutex_cache){0};
        rc = ct_hashmap_init(&c->map, seed, o->expected);
        if (rc)
                return rc;
        rc = -pthread_mutex_init(&c->lock, NULL);
        if (rc)
                ct_hashmap_destroy(&c->map);
        return rc;
}

void ct_guide_mutex_cache_destroy(struct ct_guide_mutex_cache *c)
{
        ct_cache_need_(object, c, c, "cache");
        pthread_mutex_destroy(&c->lock);
        ct_hashmap_destroy(&c->map);
}

int ct_guide_mutex_cache_get_(struct ct_guide_mutex_cache *c, uint64_t hash, const void *key,
                              size_t key_size, void *value, size_t room, size_t *value_size)
{
        struct ct_hashmap_entry *e;
        int rc = -ENOENT;

        pthread_mutex_lock(&c->lock);
        e = ct_hashmap_find(&c->map, hash, key, key_size);
        if (e) {
                c->hits++;
                rc = ct_cache_copy_out_(e, value, room, value_size);
#ifdef CT_PLANT_cache_hit_counted_twice
                if (rc) /* "too large is a hit too", which it already was */
                        c->hits++;
#endif
        } else {
                c->misses++;
        }
        pthread_mutex_unlock(&c->lock);
        return rc;
}

int ct_guide_mutex_cache_set_(struct ct_guide_mutex_cache *c, uint64_t hash, const void *key,
                              size_t key_size, const void *value, size_t value_size)
{
        int rc;

        pthread_mutex_lock(&c->lock);
        rc = ct_hashmap_put(&c->map, hash, key, key_size, value, value_size);
        pthread_mutex_unlock(&c->lock);
        return rc;
}

bool ct_guide_mutex_cache_delete_(struct ct_guide_mutex_cache *c, uint64_t hash, const void *key,
                                  size_t key_size)
{
        bool was;

        pthread_mutex_lock(&c->lock);
        was = ct_hashmap_remove(&c->map, hash, key, key_size);
        pthread_mutex_unlock(&c->lock);
        return was;
}

int ct_guide_mutex_cache_append_(struct ct_guide_mutex_cache *c, struct ct_snapshot *s)
{
        int rc;

        pthread_mutex_lock(&c->lock);
        rc = ct_snapshot_append_(s, &c->map);
        pthread_mutex_unlock(&c->lock);
        return rc;
}

int ct_guide_mutex_cache_get(struct ct_guide_mutex_cache *c, const void *key, size_t key_size,
                             void *value, size_t room, size_t *value_size)
{
        ct_cache_need_key_(object, c, key, key_size);
        ct_cache_need_room_(object, c, value, room, value_size);
        return ct_guide_mutex_cache_get_(c, ct_hashmap_hash(&c->map, key, key_size), key, key_size,
                                         value, room, value_size);
}

int ct_guide_mutex_cache_set(struct ct_guide_mutex_cache *c, const void *key, size_t key_size,
                             const void *value, size_t value_size)
{
        ct_cache_need_key_(object, c, key, key_size);
        ct_cache_need_value_(object, c, value, value_size);
        if (ct_cache_too_big_(key_size, value_size)) /* before the key is read */
                return -E2BIG;
        return ct_guide_mutex_cache_set_(c, ct_hashmap_hash(&c->map, key, key_size), key, key_size,
                                         value, value_size);
}

bool ct_guide_mutex_cache_delete(struct ct_guide_mutex_cache *c, const void *key, size_t key_size)
{
        ct_cache_need_key_(object, c, key, key_size);
        return ct_guide_mutex_cache_delete_(c, ct_hashmap_hash(&c->map, key, key_size), key,
                                            key_size);
}

int ct_guide_mutex_cache_snapshot(struct ct_guide_mutex_cache *c, struct ct_snapshot *out)
{
        ct_cache_need_(object, c, c, "cache");
        ct_cache_need_(object, c, out, "snapshot");
        *out = (struct ct_snapshot){0};
        return ct_guide_mutex_cache_append_(c, out);
}

void ct_guide_mutex_cache_clear(struct ct_guide_mutex_cache *c)
{
        ct_cache_need_(object, c, c, "cache");
        pthread_mutex_lock(&c->lock);
        ct_hashmap_clear(&c->map);
        pthread_mutex_unlock(&c->lock);
}

void ct_guide_mutex_cache_stats(struct ct_guide_mutex_cache *c, struct ct_cache_stats *out)
{
        ct_cache_need_(object, c, c, "cache");
        ct_cache_need_(object, c, out, "stats");
        pthread_mutex_lock(&c->lock);
        *out = (struct ct_cache_stats){.hits = c->hits,
                                       .misses = c->misses,
                                       .entries = c->map.n,
                                       .bytes = c->map.bytes + c->map.n * CT_CACHE_ENTRY_BYTES};
        pthread_mutex_unlock(&c->lock);
}
