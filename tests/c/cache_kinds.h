/*
 * The caches behind one table of functions, so that each test runs on all of them.
 */
#ifndef CT_TESTS_CACHE_KINDS_H
#define CT_TESTS_CACHE_KINDS_H

#include "cache/concurrent.h"
#include "cache/guide.h"
#include "cache/rw_sharded.h"
#include "cache/sharded.h"
#include "cache/syncmap.h"

struct any_cache {
        const struct cache_kind *kind;
        union {
                struct ct_guide_mutex_cache mutex;
                struct ct_guide_rwmutex_cache rwmutex;
                struct ct_guide_sharded_cache guide_sharded;
                struct ct_sharded_cache sharded;
                struct ct_rw_sharded_cache rw_sharded;
                struct ct_syncmap_cache syncmap;
                struct ct_concurrent_cache concurrent;
        };
};

struct cache_kind {
        const char *name;
        const char *object; /* in panics */
        unsigned shards;
        bool consistent_stats; /* hits, misses and entries belong to one moment */
        bool tasks;            /* callable from tasks */
        bool ttl;
        unsigned policies; /* 1u << each that init takes; 0: no bound to be had */
        int (*init)(struct any_cache *, const struct ct_cache_options *);
        void (*destroy)(struct any_cache *);
        int (*get)(struct any_cache *, const void *key, size_t key_size, void *value, size_t room,
                   size_t *value_size);
        int (*set)(struct any_cache *, const void *key, size_t key_size, const void *value,
                   size_t value_size);
        bool (*delete)(struct any_cache *, const void *key, size_t key_size);
        int (*snapshot)(struct any_cache *, struct ct_snapshot *);
        void (*clear)(struct any_cache *);
        void (*stats)(struct any_cache *, struct ct_cache_stats *);
        /* NULL: the guides' */
        int (*set_for)(struct any_cache *, const void *key, size_t key_size, const void *value,
                       size_t value_size, int64_t ttl_ns);
        int (*get_or_load)(struct any_cache *, const void *key, size_t key_size,
                           const struct ct_cache_loader *, int64_t deadline_ns, void *value,
                           size_t room, size_t *value_size);
        int (*pin)(struct any_cache *, const void *key, size_t key_size, struct ct_cache_pin *);
        void (*unpin)(struct any_cache *, struct ct_cache_pin *);
        size_t (*expire)(struct any_cache *);
};

#define CACHE_KIND_WRAPPERS(field, NAME)                                                           \
        static int field##_init(struct any_cache *c, const struct ct_cache_options *o)             \
        {                                                                                          \
                return NAME##_init(c ? &c->field : NULL, o);                                       \
        }                                                                                          \
        static void field##_destroy(struct any_cache *c)                                           \
        {                                                                                          \
                NAME##_destroy(c ? &c->field : NULL);                                              \
        }                                                                                          \
        static int field##_get(struct any_cache *c, const void *key, size_t key_size, void *value, \
                               size_t room, size_t *value_size)                                    \
        {                                                                                          \
                return NAME##_get(c ? &c->field : NULL, key, key_size, value, room, value_size);   \
        }                                                                                          \
        static int field##_set(struct any_cache *c, const void *key, size_t key_size,              \
                               const void *value, size_t value_size)                               \
        {                                                                                          \
                return NAME##_set(c ? &c->field : NULL, key, key_size, value, value_size);         \
        }                                                                                          \
        static bool field##_delete(struct any_cache *c, const void *key, size_t key_size)          \
        {                                                                                          \
                return NAME##_delete(c ? &c->field : NULL, key, key_size);                         \
        }                                                                                          \
        static int field##_snapshot(struct any_cache *c, struct ct_snapshot *out)                  \
        {                                                                                          \
                return NAME##_snapshot(c ? &c->field : NULL, out);                                 \
        }                                                                                          \
        static void field##_clear(struct any_cache *c)                                             \
        {                                                                                          \
                NAME##_clear(c ? &c->field : NULL);                                                \
        }                                                                                          \
        static void field##_stats(struct any_cache *c, struct ct_cache_stats *out)                 \
        {                                                                                          \
                NAME##_stats(c ? &c->field : NULL, out);                                           \
        }

#define CACHE_KIND_MORE_WRAPPERS(field, NAME)                                                      \
        CACHE_KIND_WRAPPERS(field, NAME)                                                           \
        static int field##_set_for(struct any_cache *c, const void *key, size_t key_size,          \
                                   const void *value, size_t value_size, int64_t ttl_ns)           \
        {                                                                                          \
                return NAME##_set_for(c ? &c->field : NULL, key, key_size, value, value_size,      \
                                      ttl_ns);                                                     \
        }                                                                                          \
        static int field##_get_or_load(struct any_cache *c, const void *key, size_t key_size,      \
                                       const struct ct_cache_loader *loader, int64_t deadline_ns,  \
                                       void *value, size_t room, size_t *value_size)               \
        {                                                                                          \
                return NAME##_get_or_load(c ? &c->field : NULL, key, key_size, loader,             \
                                          deadline_ns, value, room, value_size);                   \
        }                                                                                          \
        static int field##_pin(struct any_cache *c, const void *key, size_t key_size,              \
                               struct ct_cache_pin *pin)                                           \
        {                                                                                          \
                return NAME##_pin(c ? &c->field : NULL, key, key_size, pin);                       \
        }                                                                                          \
        static void field##_unpin(struct any_cache *c, struct ct_cache_pin *pin)                   \
        {                                                                                          \
                NAME##_unpin(c ? &c->field : NULL, pin);                                           \
        }                                                                                          \
        static size_t field##_expire(struct any_cache *c)                                          \
        {                                                                                          \
                return NAME##_expire(c ? &c->field : NULL);                                        \
        }

CACHE_KIND_WRAPPERS(mutex, ct_guide_mutex_cache)
CACHE_KIND_WRAPPERS(rwmutex, ct_guide_rwmutex_cache)
CACHE_KIND_WRAPPERS(guide_sharded, ct_guide_sharded_cache)
CACHE_KIND_MORE_WRAPPERS(sharded, ct_sharded_cache)
CACHE_KIND_MORE_WRAPPERS(rw_sharded, ct_rw_sharded_cache)
CACHE_KIND_MORE_WRAPPERS(syncmap, ct_syncmap_cache)
CACHE_KIND_MORE_WRAPPERS(concurrent, ct_concurrent_cache)

#define CACHE_KIND_FUNCTIONS(field, NAME)                                                          \
        .object = #NAME, .init = field##_init, .destroy = field##_destroy, .get = field##_get,     \
        .set = field##_set, .delete = field##_delete, .snapshot = field##_snapshot,                \
        .clear = field##_clear, .stats = field##_stats

#define CACHE_KIND_MORE(field, NAME)                                                               \
        CACHE_KIND_FUNCTIONS(field, NAME), .tasks = true, .ttl = true, .set_for = field##_set_for, \
                                           .get_or_load = field##_get_or_load, .pin = field##_pin, \
                                           .unpin = field##_unpin, .expire = field##_expire

/* The policies that share a lock, and all that evict. */
enum {
        CACHE_MARKING = 1 << CT_CACHE_FIFO | 1 << CT_CACHE_CLOCK | 1 << CT_CACHE_SIEVE |
                        1 << CT_CACHE_S3FIFO,
        CACHE_EVICTING = CACHE_MARKING | 1 << CT_CACHE_LRU
};

static const struct cache_kind cache_kinds[] = {
        {"guide_mutex", .consistent_stats = true,
         CACHE_KIND_FUNCTIONS(mutex, ct_guide_mutex_cache)},
        {"guide_rwmutex", CACHE_KIND_FUNCTIONS(rwmutex, ct_guide_rwmutex_cache)},
        {"guide_sharded(1)", .shards = 1, .consistent_stats = true,
         CACHE_KIND_FUNCTIONS(guide_sharded, ct_guide_sharded_cache)},
        {"guide_sharded(16)", .shards = 16,
         CACHE_KIND_FUNCTIONS(guide_sharded, ct_guide_sharded_cache)},
        {"guide_sharded(256)", .shards = 256,
         CACHE_KIND_FUNCTIONS(guide_sharded, ct_guide_sharded_cache)},
        {"sharded(1)", .shards = 1, .consistent_stats = true, .policies = CACHE_EVICTING,
         CACHE_KIND_MORE(sharded, ct_sharded_cache)},
        {"sharded(16)", .shards = 16, .policies = CACHE_EVICTING,
         CACHE_KIND_MORE(sharded, ct_sharded_cache)},
        {"rw_sharded(1)", .shards = 1, .policies = CACHE_MARKING,
         CACHE_KIND_MORE(rw_sharded, ct_rw_sharded_cache)},
        {"rw_sharded(16)", .shards = 16, .policies = CACHE_MARKING,
         CACHE_KIND_MORE(rw_sharded, ct_rw_sharded_cache)},
        {"syncmap", CACHE_KIND_MORE(syncmap, ct_syncmap_cache)},
        {"concurrent", .policies = CACHE_EVICTING,
         CACHE_KIND_MORE(concurrent, ct_concurrent_cache)},
};

enum { CACHE_SEED = 20260101 };

#define FOR_EACH_KIND(k)                                                                           \
        for (const struct cache_kind *k = cache_kinds;                                             \
             k < cache_kinds + sizeof cache_kinds / sizeof *cache_kinds; k++)

/* The options' shards and seed are the kind's where they are 0. */
static inline int any_init_with(struct any_cache *c, const struct cache_kind *k,
                                struct ct_cache_options o)
{
        o.shards = o.shards ? o.shards : k->shards;
        o.seed = o.seed ? o.seed : CACHE_SEED;
        c->kind = k;
        return k->init(c, &o);
}

static inline int any_init(struct any_cache *c, const struct cache_kind *k, size_t expected)
{
        return any_init_with(c, k, (struct ct_cache_options){.expected = expected});
}

#endif
