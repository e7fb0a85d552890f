#include "cache/cache.h"

#include <errno.h>

#include "cache/rwlock.h"

/*
 * Invariants: the map changes only under the write lock. Gets run side by side under the read lock,
 * so what they change, the two counts, is atomic; relaxed, because nothing is read through them.
 *
 * Tempting: hits++ under the read lock, as under the mutex. Readers do not exclude each other:
 * counts get lost, and in C the program means nothing at all.
 */

static inline void count(ct_atomic_u64 *counter)
{
#ifdef CT_PLANT_cache_rwmutex_plain_counts
        ct_store_u64_relaxed(counter, ct_load_u64_relaxed(counter) + 1);
#else
        ct_add_u64_relaxed(counter, 1);
#endif
}

int ct_guide_rwmutex_cache_init(struct ct_guide_rwmutex_cache *c, const struct ct_cache_options *o)
{
        int rc;

        *c = (struct ct_guide_rwmutex_cache){.hits = 0};
        rc = ct_hashmap_init(&c->map, o->seed, o->expected);
        if (rc)
                return rc;
        rc = ct_cache_rwlock_init_(&c->lock);
        if (rc)
                ct_hashmap_destroy(&c->map);
        return rc;
}

void ct_guide_rwmutex_cache_destroy(struct ct_guide_rwmutex_cache *c)
{
        pthread_rwlock_destroy(&c->lock);
        ct_hashmap_destroy(&c->map);
}

int ct_guide_rwmutex_cache_get(struct ct_guide_rwmutex_cache *c, const void *key, size_t key_size,
                               void *value, size_t room, size_t *value_size)
{
        uint64_t hash = ct_hashmap_hash(&c->map, key, key_size);
        struct ct_hashmap_entry *e;
        int rc = -ENOENT;

        ct_cache_read_lock_(&c->lock);
        e = ct_hashmap_find(&c->map, hash, key, key_size);
        count(e ? &c->hits : &c->misses);
        if (e)
                rc = ct_cache_copy_out_(e, value, room, value_size);
        pthread_rwlock_unlock(&c->lock);
        return rc;
}

int ct_guide_rwmutex_cache_set(struct ct_guide_rwmutex_cache *c, const void *key, size_t key_size,
                               const void *value, size_t value_size)
{
        uint64_t hash = ct_hashmap_hash(&c->map, key, key_size);
        int rc;

#ifdef CT_PLANT_cache_rwmutex_set_reads
        ct_cache_read_lock_(&c->lock);
#else
        pthread_rwlock_wrlock(&c->lock);
#endif
        rc = ct_hashmap_put(&c->map, hash, key, key_size, value, value_size);
        pthread_rwlock_unlock(&c->lock);
        return rc;
}

bool ct_guide_rwmutex_cache_delete(struct ct_guide_rwmutex_cache *c, const void *key,
                                   size_t key_size)
{
        uint64_t hash = ct_hashmap_hash(&c->map, key, key_size);
        bool was;

        pthread_rwlock_wrlock(&c->lock);
        was = ct_hashmap_remove(&c->map, hash, key, key_size);
        pthread_rwlock_unlock(&c->lock);
        return was;
}

int ct_guide_rwmutex_cache_snapshot(struct ct_guide_rwmutex_cache *c, struct ct_snapshot *out)
{
        int rc;

        *out = (struct ct_snapshot){0};
        ct_cache_read_lock_(&c->lock);
        rc = ct_snapshot_append_(out, &c->map);
        pthread_rwlock_unlock(&c->lock);
        return rc;
}

void ct_guide_rwmutex_cache_clear(struct ct_guide_rwmutex_cache *c)
{
        pthread_rwlock_wrlock(&c->lock);
        ct_hashmap_clear(&c->map);
        pthread_rwlock_unlock(&c->lock);
}

void ct_guide_rwmutex_cache_stats(struct ct_guide_rwmutex_cache *c, struct ct_cache_stats *out)
{
        ct_cache_read_lock_(&c->lock);
        *out = (struct ct_cache_stats){ct_load_u64_relaxed(&c->hits),
                                       ct_load_u64_relaxed(&c->misses), c->map.n};
        pthread_rwlock_unlock(&c->lock);
}
