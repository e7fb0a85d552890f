/*
 * What all caches of lib/cache share beside policy.h and flight.h: options, time, sizes, checks.
 * Private to lib/cache; own code.
 */
#ifndef CT_CACHE_CACHE_PRIVATE_H
#define CT_CACHE_CACHE_PRIVATE_H

#include <string.h>

#include "base/panic.h"
#include "cache/cache.h"

/* ---- options ---- */

/* The rules of cache.h that hold for every cache; `parts` share the capacity evenly. 0, -EINVAL. */
int ct_cache_check_options_(const struct ct_cache_options *o, unsigned parts);

/* For those without capacity and TTL: -ENOTSUP where the options want one. After the check above.
 */
int ct_cache_check_plain_(const struct ct_cache_options *o);

/* The seed of the options, or one drawn from the kernel, which is never 0. 0 or -errno. */
int ct_cache_seed_(const struct ct_cache_options *o, uint64_t *seed);

/* The share of part i of `parts` in a bound, whose shares add up to it; 0, no bound, of 0. */
static inline size_t ct_cache_share_(size_t bound, unsigned parts, unsigned i)
{
        return bound / parts + (i < bound % parts);
}

/* ---- time ---- */

#define CT_CACHE_NEVER_ INT64_MAX /* when an entry without TTL expires */

struct ct_cache_time_ {
        int64_t ttl_ns;
        int64_t (*now_ns)(void *clock); /* NULL: ct_now_ns() */
        void *clock;
};

static inline struct ct_cache_time_ ct_cache_time_of_(const struct ct_cache_options *o)
{
        return (struct ct_cache_time_){o->ttl_ns, o->now_ns, o->clock};
}

static inline int64_t ct_cache_now_(const struct ct_cache_time_ *t)
{
        return t->now_ns ? t->now_ns(t->clock) : ct_now_ns();
}

/* When an entry that is set now with this TTL expires. Asks the clock only for a TTL. */
static inline int64_t ct_cache_expires_(const struct ct_cache_time_ *t, int64_t ttl_ns)
{
        int64_t at;

        if (!ttl_ns || __builtin_add_overflow(ct_cache_now_(t), ttl_ns, &at))
                return CT_CACHE_NEVER_;
        return at;
}

/* Whether an entry's time has come. Asks the clock only where the entry has a time. */
static inline bool ct_cache_expired_(const struct ct_cache_time_ *t, int64_t expires)
{
#ifdef CT_PLANT_cache_ttl_one_late
        return expires != CT_CACHE_NEVER_ && ct_cache_now_(t) > expires;
#endif
        return __builtin_expect(expires != CT_CACHE_NEVER_, 0) && ct_cache_now_(t) >= expires;
}

/* ---- sizes ---- */

static inline bool ct_cache_too_big_(size_t key_size, size_t value_size)
{
        return __builtin_expect(key_size > UINT32_MAX || value_size > UINT32_MAX, 0);
}

/* What an entry counts against max_bytes. After the check above, so it cannot overflow. */
static inline size_t ct_cache_charge_(size_t key_size, size_t value_size)
{
        return key_size + value_size + CT_CACHE_ENTRY_BYTES;
}

/* ---- misuse ---- */

_Noreturn void ct_cache_null_panic_(const char *object, const void *c, const char *what);

/* A cache and a key. `object` is "ct_sharded_cache" and the like. */
static inline void ct_cache_need_key_(const char *object, const void *c, const void *key,
                                      size_t key_size)
{
        if (__builtin_expect(!c, 0))
                ct_cache_null_panic_(object, c, "cache");
        if (__builtin_expect(!key && key_size, 0))
                ct_cache_null_panic_(object, c, "key");
}

/* A cache alone, or anything else that may not be NULL. */
static inline void ct_cache_need_(const char *object, const void *c, const void *pointer,
                                  const char *what)
{
        if (__builtin_expect(!pointer, 0))
                ct_cache_null_panic_(object, c, what);
}

/* A value that comes in. */
static inline void ct_cache_need_value_(const char *object, const void *c, const void *value,
                                        size_t value_size)
{
        if (__builtin_expect(!value && value_size, 0))
                ct_cache_null_panic_(object, c, "value");
}

/* Where a value goes to. */
static inline void ct_cache_need_room_(const char *object, const void *c, const void *value,
                                       size_t room, const size_t *value_size)
{
        if (__builtin_expect((!value && room) || !value_size, 0))
                ct_cache_null_panic_(object, c, value_size ? "buffer" : "value_size");
}

static inline void ct_cache_need_loader_(const char *object, const void *c,
                                         const struct ct_cache_loader *loader)
{
        if (__builtin_expect(!loader || !loader->load, 0))
                ct_cache_null_panic_(object, c, "loader");
}

/* ---- values ---- */

/* memcmp() and memcpy(), without the call where there are few bytes: both calls cost more than the
   rest of a hit. */
static inline bool ct_cache_same_(const void *a, const void *b, size_t n)
{
        uint64_t a8, b8, a8_end, b8_end;
        uint32_t a4, b4, a4_end, b4_end;

        if (n - 8 <= 8) { /* 8 to 16: the two halves overlap */
                memcpy(&a8, a, 8);
                memcpy(&b8, b, 8);
                memcpy(&a8_end, (const char *)a + n - 8, 8);
                memcpy(&b8_end, (const char *)b + n - 8, 8);
                return a8 == b8 && a8_end == b8_end;
        }
        if (n - 4 < 4) {
                memcpy(&a4, a, 4);
                memcpy(&b4, b, 4);
                memcpy(&a4_end, (const char *)a + n - 4, 4);
                memcpy(&b4_end, (const char *)b + n - 4, 4);
                return a4 == b4 && a4_end == b4_end;
        }
        return !n || !memcmp(a, b, n);
}

static inline void ct_cache_copy_(void *to, const void *from, size_t n)
{
        uint64_t first, last;

        if (n - 8 <= 8) {
                memcpy(&first, from, 8);
                memcpy(&last, (const char *)from + n - 8, 8);
                memcpy(to, &first, 8);
                memcpy((char *)to + n - 8, &last, 8);
        } else if (n) {
                memcpy(to, from, n);
        }
}

/* A value's way out: 0, or -ENOBUFS with *value_size told and nothing copied. */
static inline int ct_cache_give_(const void *from, size_t size, void *value, size_t room,
                                 size_t *value_size)
{
        *value_size = size;
        if (__builtin_expect(size > room, 0))
                return -ENOBUFS;
        ct_cache_copy_(value, from, size);
        return 0;
}

#endif
