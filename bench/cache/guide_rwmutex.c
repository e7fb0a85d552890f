#include "cache/guide.h"
#include "cache/workload.h"
#include "harness/work.h"

#define CONTESTANT cache_guide_rwmutex
#define NAME "guide_rwmutex"
#define SOURCE                                                                                     \
        "The Complete Guide to Go Concurrency Patterns and Synchronization: map under an RWMutex"
#define CAPS (CAP_PARKS | CAP_THREADS_ONLY)
#define TABLE ct_guide_rwmutex_cache
#include "cache/table.h"

/* As the set of the cache itself, but for the computing. */
static inline int section_set(struct table *t, const struct cache_key *key, const void *value,
                              size_t bytes, uint64_t turns)
{
        struct ct_guide_rwmutex_cache *c = &t->cache;
        uint64_t hash = ct_hashmap_hash(&c->map, key->text, key->size);
        int rc;

        pthread_rwlock_wrlock(&c->lock);
        work_spin(turns);
        rc = ct_hashmap_put(&c->map, hash, key->text, key->size, value, bytes);
        pthread_rwlock_unlock(&c->lock);
        return rc;
}

#include "cache/section.h"
