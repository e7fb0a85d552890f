/*
 * The caches behind one table of functions, so that each test runs on all of them.
 */
#ifndef CT_TESTS_CACHE_KINDS_H
#define CT_TESTS_CACHE_KINDS_H

#include "cache/cache.h"

struct any_cache {
        const struct cache_kind *kind;
        union {
                struct ct_guide_mutex_cache mutex;
                struct ct_guide_rwmutex_cache rwmutex;
                struct ct_guide_sharded_cache sharded;
        };
};

struct cache_kind {
        const char *name;
        unsigned shards;
        bool consistent_stats; /* all three numbers belong to one moment */
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
};

#define CACHE_KIND_WRAPPERS(field, NAME)                                                           \
        static int field##_init(struct any_cache *c, const struct ct_cache_options *o)             \
        {                                                                                          \
                return NAME##_init(&c->field, o);                                                  \
        }                                                                                          \
        static void field##_destroy(struct any_cache *c)                                           \
        {                                                                                          \
                NAME##_destroy(&c->field);                                                         \
        }                                                                                          \
        static int field##_get(struct any_cache *c, const void *key, size_t key_size, void *value, \
                               size_t room, size_t *value_size)                                    \
        {                                                                                          \
                return NAME##_get(&c->field, key, key_size, value, room, value_size);              \
        }                                                                                          \
        static int field##_set(struct any_cache *c, const void *key, size_t key_size,              \
                               const void *value, size_t value_size)                               \
        {                                                                                          \
                return NAME##_set(&c->field, key, key_size, value, value_size);                    \
        }                                                                                          \
        static bool field##_delete(struct any_cache *c, const void *key, size_t key_size)          \
        {                                                                                          \
                return NAME##_delete(&c->field, key, key_size);                                    \
        }                                                                                          \
        static int field##_snapshot(struct any_cache *c, struct ct_snapshot *out)                  \
        {                                                                                          \
                return NAME##_snapshot(&c->field, out);                                            \
        }                                                                                          \
        static void field##_clear(struct any_cache *c)                                             \
        {                                                                                          \
                NAME##_clear(&c->field);                                                           \
        }                                                                                          \
        static void field##_stats(struct any_cache *c, struct ct_cache_stats *out)                 \
        {                                                                                          \
                NAME##_stats(&c->field, out);                                                      \
        }

CACHE_KIND_WRAPPERS(mutex, ct_guide_mutex_cache)
CACHE_KIND_WRAPPERS(rwmutex, ct_guide_rwmutex_cache)
CACHE_KIND_WRAPPERS(sharded, ct_guide_sharded_cache)

#define CACHE_KIND_FUNCTIONS(field)                                                                \
        .init = field##_init, .destroy = field##_destroy, .get = field##_get, .set = field##_set,  \
        .delete = field##_delete, .snapshot = field##_snapshot, .clear = field##_clear,            \
        .stats = field##_stats

static const struct cache_kind cache_kinds[] = {
        {"guide_mutex", 0, true, CACHE_KIND_FUNCTIONS(mutex)},
        {"guide_rwmutex", 0, false, CACHE_KIND_FUNCTIONS(rwmutex)},
        {"guide_sharded(1)", 1, true, CACHE_KIND_FUNCTIONS(sharded)},
        {"guide_sharded(16)", 16, false, CACHE_KIND_FUNCTIONS(sharded)},
        {"guide_sharded(256)", 256, false, CACHE_KIND_FUNCTIONS(sharded)},
};

enum { CACHE_SEED = 20260101 };

#define FOR_EACH_KIND(k)                                                                           \
        for (const struct cache_kind *k = cache_kinds;                                             \
             k < cache_kinds + sizeof cache_kinds / sizeof *cache_kinds; k++)

static inline int any_init(struct any_cache *c, const struct cache_kind *k, size_t expected)
{
        struct ct_cache_options o = {.seed = CACHE_SEED, .expected = expected, .shards = k->shards};

        c->kind = k;
        return k->init(c, &o);
}

#endif
