/* The caches behind one table of functions, and what is put into them. */
#include "cache_programs.h"

#define KIND(field, NAME, whole)                                                                   \
        static int field##_init(union cache_any *c, const struct ct_cache_options *o)              \
        {                                                                                          \
                return NAME##_init(&c->field, o);                                                  \
        }                                                                                          \
        static void field##_destroy(union cache_any *c)                                            \
        {                                                                                          \
                NAME##_destroy(&c->field);                                                         \
        }                                                                                          \
        static int field##_get(union cache_any *c, const void *k, size_t n, void *v, size_t room,  \
                               size_t *size)                                                       \
        {                                                                                          \
                return NAME##_get(&c->field, k, n, v, room, size);                                 \
        }                                                                                          \
        static int field##_set_for(union cache_any *c, const void *k, size_t n, const void *v,     \
                                   size_t size, int64_t ttl)                                       \
        {                                                                                          \
                return NAME##_set_for(&c->field, k, n, v, size, ttl);                              \
        }                                                                                          \
        static bool field##_delete(union cache_any *c, const void *k, size_t n)                    \
        {                                                                                          \
                return NAME##_delete(&c->field, k, n);                                             \
        }                                                                                          \
        static int field##_snapshot(union cache_any *c, struct ct_snapshot *out)                   \
        {                                                                                          \
                return NAME##_snapshot(&c->field, out);                                            \
        }                                                                                          \
        static void field##_clear(union cache_any *c)                                              \
        {                                                                                          \
                NAME##_clear(&c->field);                                                           \
        }                                                                                          \
        static void field##_stats(union cache_any *c, struct ct_cache_stats *out)                  \
        {                                                                                          \
                NAME##_stats(&c->field, out);                                                      \
        }                                                                                          \
        static int field##_load(union cache_any *c, const void *k, size_t n,                       \
                                const struct ct_cache_loader *l, int64_t deadline, void *v,        \
                                size_t room, size_t *size)                                         \
        {                                                                                          \
                return NAME##_get_or_load(&c->field, k, n, l, deadline, v, room, size);            \
        }                                                                                          \
        static int field##_pin(union cache_any *c, const void *k, size_t n,                        \
                               struct ct_cache_pin *pin)                                           \
        {                                                                                          \
                return NAME##_pin(&c->field, k, n, pin);                                           \
        }                                                                                          \
        static void field##_unpin(union cache_any *c, struct ct_cache_pin *pin)                    \
        {                                                                                          \
                NAME##_unpin(&c->field, pin);                                                      \
        }                                                                                          \
        static size_t field##_expire(union cache_any *c)                                           \
        {                                                                                          \
                return NAME##_expire(&c->field);                                                   \
        }                                                                                          \
        const struct cache_ops cache_##field = {                                                   \
                whole,          field##_init,     field##_destroy, field##_get,   field##_set_for, \
                field##_delete, field##_snapshot, field##_clear,   field##_stats, field##_load,    \
                field##_pin,    field##_unpin,    field##_expire};

KIND(concurrent, ct_concurrent_cache, false)
KIND(sharded, ct_sharded_cache, true)
KIND(rw_sharded, ct_rw_sharded_cache, true)
KIND(syncmap, ct_syncmap_cache, false)

/* ---- values ---- */

static uint64_t word_of(unsigned key, unsigned version, unsigned i)
{
        return (uint64_t)key << 32 | version << 8 | i;
}

void cache_fill(uint64_t *value, unsigned words, unsigned key, unsigned version)
{
        for (unsigned i = 0; i < words; i++)
                value[i] = word_of(key, version, i);
}

uint8_t cache_version(const uint64_t *value, size_t size, unsigned key)
{
        unsigned version = (unsigned)(value[0] & 0xffffffff) >> 8;

        SIM_CHECK(size >= 8 && size % 8 == 0);
        for (unsigned i = 0; i < size / 8; i++)
                SIM_CHECK(value[i] == word_of(key, version, i)); /* else it is torn */
        return (uint8_t)version;
}
