/* A hash map under a lock: LOCK_TYPE, LOCK_INIT(l) (0 or an errno value), LOCK_FINI(l), LOCK,
   UNLOCK, and RLOCK and RUNLOCK where readers may share it. */

#include "cache/hashmap.h"

#ifndef RLOCK
#define RLOCK LOCK
#define RUNLOCK UNLOCK
#endif

struct locked_map {
        LOCK_TYPE lock;
        struct ct_hashmap map;
};

static int locked_init(struct locked_map *m, uint64_t keys)
{
        int rc = -LOCK_INIT(&m->lock);

        if (rc)
                return rc;
        rc = ct_hashmap_init(&m->map, 1, keys);
        if (rc)
                LOCK_FINI(&m->lock);
        return rc;
}

static void locked_fini(struct locked_map *m)
{
        ct_hashmap_destroy(&m->map);
        LOCK_FINI(&m->lock);
}

static inline bool locked_load(struct locked_map *m, uint64_t key, uint64_t *value)
{
        uint64_t hash = ct_hashmap_hash(&m->map, &key, sizeof key);
        struct ct_hashmap_entry *e;

        RLOCK(&m->lock);
        e = ct_hashmap_find(&m->map, hash, &key, sizeof key);
        if (e)
                memcpy(value, ct_hashmap_value(e), sizeof *value);
        RUNLOCK(&m->lock);
        return e;
}

static inline int locked_store(struct locked_map *m, uint64_t key, uint64_t value)
{
        uint64_t hash = ct_hashmap_hash(&m->map, &key, sizeof key);
        int rc;

        LOCK(&m->lock);
        rc = ct_hashmap_put(&m->map, hash, &key, sizeof key, &value, sizeof value);
        UNLOCK(&m->lock);
        return rc;
}

#define MAP_TYPE struct locked_map
#define MAP_INIT locked_init
#define MAP_FINI locked_fini
#define LOAD locked_load
#define STORE locked_store
#include "sync/loop_map.h"
