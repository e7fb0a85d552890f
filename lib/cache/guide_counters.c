#include "cache/counters.h"

#include <errno.h>

#include "cache/rwlock.h"

/*
 * Invariants: keys come and go under the write lock only; counts are atomic and change under the
 * read lock; a count's address is good for as long as the read lock is held.
 *
 * Tempting: see under the read lock that the key is missing, then insert it under the write lock
 * without a second look. Two first adds of a key then both insert, and the later one erases what
 * the earlier one has counted.
 */

static ct_atomic_u64 *count_of(const struct ct_hashmap *m, uint64_t hash, const void *key,
                               size_t size)
{
        struct ct_hashmap_entry *e = ct_hashmap_find(m, hash, key, size);

        return e ? ct_hashmap_value(e) : NULL;
}

int ct_guide_counters_init(struct ct_guide_counters *c, const struct ct_counters_options *o)
{
        int rc = ct_hashmap_init(&c->map, o->seed, o->expected);

        if (rc)
                return rc;
        rc = ct_cache_rwlock_init_(&c->lock);
        if (rc)
                ct_hashmap_destroy(&c->map);
        return rc;
}

void ct_guide_counters_destroy(struct ct_guide_counters *c)
{
        pthread_rwlock_destroy(&c->lock);
        ct_hashmap_destroy(&c->map);
}

static bool add_to_existing(struct ct_guide_counters *c, uint64_t hash, const void *key,
                            size_t key_size, uint64_t n)
{
        ct_atomic_u64 *count;

        ct_cache_read_lock_(&c->lock);
        count = count_of(&c->map, hash, key, key_size);
        if (count)
                ct_add_u64_relaxed(count, n);
        pthread_rwlock_unlock(&c->lock);
        return count;
}

static int add_or_create(struct ct_guide_counters *c, uint64_t hash, const void *key,
                         size_t key_size, uint64_t n)
{
        ct_atomic_u64 *count = NULL;
        ct_atomic_u64 first;
        int rc = 0;

        ct_store_u64_relaxed(&first, n);
        pthread_rwlock_wrlock(&c->lock);
#ifndef CT_PLANT_counters_no_second_look
        count = count_of(&c->map, hash, key, key_size); /* it may have come in between */
#endif
        if (count)
                ct_add_u64_relaxed(count, n);
        else
                rc = ct_hashmap_put(&c->map, hash, key, key_size, &first, sizeof first);
        pthread_rwlock_unlock(&c->lock);
        return rc;
}

int ct_guide_counters_add(struct ct_guide_counters *c, const void *key, size_t key_size, uint64_t n)
{
        uint64_t hash = ct_hashmap_hash(&c->map, key, key_size);

        if (add_to_existing(c, hash, key, key_size, n))
                return 0;
        return add_or_create(c, hash, key, key_size, n);
}

uint64_t ct_guide_counters_get(struct ct_guide_counters *c, const void *key, size_t key_size)
{
        uint64_t hash = ct_hashmap_hash(&c->map, key, key_size), n;
        ct_atomic_u64 *count;

        ct_cache_read_lock_(&c->lock);
        count = count_of(&c->map, hash, key, key_size);
        n = count ? ct_load_u64_relaxed(count) : 0;
        pthread_rwlock_unlock(&c->lock);
        return n;
}

bool ct_guide_counters_delete(struct ct_guide_counters *c, const void *key, size_t key_size,
                              uint64_t *last)
{
        uint64_t hash = ct_hashmap_hash(&c->map, key, key_size);
        ct_atomic_u64 *count;
        bool was;

        pthread_rwlock_wrlock(&c->lock);
        count = count_of(&c->map, hash, key, key_size);
        if (count && last)
                *last = ct_load_u64_relaxed(count);
        was = ct_hashmap_remove(&c->map, hash, key, key_size);
        pthread_rwlock_unlock(&c->lock);
        return was;
}

size_t ct_guide_counters_keys(struct ct_guide_counters *c)
{
        size_t n;

        ct_cache_read_lock_(&c->lock);
        n = c->map.n;
        pthread_rwlock_unlock(&c->lock);
        return n;
}

/* Not ct_snapshot_append_(): adds go on, so each count is loaded as the atomic it is. */
int ct_guide_counters_snapshot(struct ct_guide_counters *c, struct ct_snapshot *out)
{
        struct ct_hashmap_walk w = {0};
        struct ct_hashmap_entry *e;
        int rc;

        *out = (struct ct_snapshot){0};
        ct_cache_read_lock_(&c->lock);
        rc = ct_snapshot_reserve_(out, &c->map);
        while (!rc && (e = ct_hashmap_next(&c->map, &w))) {
                uint64_t n = ct_load_u64_relaxed(ct_hashmap_value(e));

                ct_snapshot_add_(out, ct_hashmap_key(e), e->key_size, &n, sizeof n);
        }
        pthread_rwlock_unlock(&c->lock);
        return rc;
}
