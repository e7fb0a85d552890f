#include "cache/guide.h"
#include "cache/workload.h"
#include "harness/work.h"

#define CONTESTANT cache_guide_sharded
#define NAME "guide_sharded"
#define SOURCE "The Complete Guide to Go Concurrency Patterns and Synchronization: ShardedCache"
#define CAPS (CAP_PARKS | CAP_THREADS_ONLY | CAP_SHARDED)
#define TABLE ct_guide_sharded_cache
#include "cache/table.h"

/* As the set of the cache itself, but for the computing. */
static inline int section_set(struct table *t, const struct cache_key *key, const void *value,
                              size_t bytes, uint64_t turns)
{
        uint64_t hash = ct_hash(key->text, key->size, t->cache.seed);
        unsigned shard = ct_guide_sharded_cache_index(&t->cache, hash);
        struct ct_guide_mutex_cache *c = &t->cache.shard[shard].cache;
        int rc;

        pthread_mutex_lock(&c->lock);
        work_spin(turns);
        rc = ct_hashmap_put(&c->map, hash, key->text, key->size, value, bytes);
        pthread_mutex_unlock(&c->lock);
        return rc;
}

#include "cache/section.h"
