#include "cache/cache.h"

#include <errno.h>

/*
 * One mutex, everything under it. Invariant whenever the mutex is free: hits + misses = gets so
 * far.
 *
 * Tempting: count after the unlock. Then a reader of the statistics can meet a get that has
 * happened and is not in them, and two gets that lose one count between them.
 */

int ct_guide_mutex_cache_init(struct ct_guide_mutex_cache *c, const struct ct_cache_options *o)
{
        int rc;

        *c = (struct ct_guide_mutex_cache){0};
        rc = ct_hashmap_init(&c->map, o->seed, o->expected);
        if (rc)
                return rc;
        rc = -pthread_mutex_init(&c->lock, NULL);
        if (rc)
                ct_hashmap_destroy(&c->map);
        return rc;
}

void ct_guide_mutex_cache_destroy(struct ct_guide_mutex_cache *c)
{
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
        return ct_guide_mutex_cache_get_(c, ct_hashmap_hash(&c->map, key, key_size), key, key_size,
                                         value, room, value_size);
}

int ct_guide_mutex_cache_set(struct ct_guide_mutex_cache *c, const void *key, size_t key_size,
                             const void *value, size_t value_size)
{
        return ct_guide_mutex_cache_set_(c, ct_hashmap_hash(&c->map, key, key_size), key, key_size,
                                         value, value_size);
}

bool ct_guide_mutex_cache_delete(struct ct_guide_mutex_cache *c, const void *key, size_t key_size)
{
        return ct_guide_mutex_cache_delete_(c, ct_hashmap_hash(&c->map, key, key_size), key,
                                            key_size);
}

int ct_guide_mutex_cache_snapshot(struct ct_guide_mutex_cache *c, struct ct_snapshot *out)
{
        *out = (struct ct_snapshot){0};
        return ct_guide_mutex_cache_append_(c, out);
}

void ct_guide_mutex_cache_clear(struct ct_guide_mutex_cache *c)
{
        pthread_mutex_lock(&c->lock);
        ct_hashmap_clear(&c->map);
        pthread_mutex_unlock(&c->lock);
}

void ct_guide_mutex_cache_stats(struct ct_guide_mutex_cache *c, struct ct_cache_stats *out)
{
        pthread_mutex_lock(&c->lock);
        *out = (struct ct_cache_stats){c->hits, c->misses, c->map.n};
        pthread_mutex_unlock(&c->lock);
}
