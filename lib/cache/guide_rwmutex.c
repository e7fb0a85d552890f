#include "cache/guide.h"

#include <errno.h>

#include "cache/cache_private.h"
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

static const char object[] = "ct_guide_rwmutex_cache";

int ct_guide_rwmutex_cache_init(struct ct_guide_rwmutex_cache *c, const struct ct_cache_options *o)
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
        *c = (struct ct_guide_rwmutex_cache){.hits = 0};
        rc = ct_hashmap_init(&c->map, seed, o->expected);
        if (rc)
                return rc;
        rc = ct_cache_rwlock_init_(&c->lock);
        if (rc)
                ct_hashmap_destroy(&c->map);
        return rc;
}

void ct_guide_rwmutex_cache_destroy(struct ct_guide_rwmutex_cache *c)
{
        ct_cache_need_(object, c, c, "cache");
        pthread_rwlock_destroy(&c->lock);
        ct_hashmap_destroy(&c->map);
}

int ct_guide_rwmutex_cache_get(struct ct_guide_rwmutex_cache *c, const void *key, size_t key_size,
                               void *value, size_t room, size_t *value_size)
{
        uint64_t hash;
        struct ct_hashmap_entry *e;
        int rc = -ENOENT;

        ct_cache_need_key_(object, c, key, key_size);
        ct_cache_need_room_(object, c, value, room, value_size);
        hash = ct_hashmap_hash(&c->map, key, key_size);
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
        uint64_t hash;
        int rc;

        ct_cache_need_key_(object, c, key, key_size);
        ct_cache_need_value_(object, c, value, value_size);
        if (ct_cache_too_big_(key_size, value_size)) /* before the key is read */
                return -E2BIG;
        hash = ct_hashmap_hash(&c->map, key, key_size);
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
        uint64_t hash;
        bool was;

        ct_cache_need_key_(object, c, key, key_size);
        hash = ct_hashmap_hash(&c->map, key, key_size);
        pthread_rwlock_wrlock(&c->lock);
        was = ct_hashmap_remove(&c->map, hash, key, key_size);
        pthread_rwlock_unlock(&c->lock);
        return was;
}

int ct_guide_rwmutex_cache_snapshot(struct ct_guide_rwmutex_cache *c, struct ct_snapshot *out)
{
        int rc;

        ct_cache_need_(object, c, c, "cache");
        ct_cache_need_(object, c, out, "snapshot");
        *out = (struct ct_snapshot){0};
        ct_cache_read_lock_(&c->lock);
        rc = ct_snapshot_append_(out, &c->map);
        pthread_rwlock_unlock(&c->lock);
        return rc;
}

void ct_guide_rwmutex_cache_clear(struct ct_guide_rwmutex_cache *c)
{
        ct_cache_need_(object, c, c, "cache");
        pthread_rwlock_wrlock(&c->lock);
        ct_hashmap_clear(&c->map);
        pthread_rwlock_unlock(&c->lock);
}

void ct_guide_rwmutex_cache_stats(struct ct_guide_rwmutex_cache *c, struct ct_cache_stats *out)
{
        ct_cache_need_(object, c, c, "cache");
        ct_cache_need_(object, c, out, "stats");
        ct_cache_read_lock_(&c->lock);
        *out = (struct ct_cache_stats){.hits = ct_load_u64_relaxed(&c->hits),
                                       .misses = ct_load_u64_relaxed(&c->misses),
                                       .entries = c->map.n,
                                       .bytes = c->map.bytes + c->map.n * CT_CACHE_ENTRY_BYTES};
        pthread_rwlock_unlock(&c->lock);
}
