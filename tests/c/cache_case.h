/*
 * For tests of what a cache promises one caller: one cache, strings as keys and values, a clock
 * that stands until it is told to go on, and each test's body run on a fresh cache of each kind.
 */
#ifndef CT_TESTS_CACHE_CASE_H
#define CT_TESTS_CACHE_CASE_H

#include <stdio.h>
#include <string.h>

#include "cache_kinds.h"

static struct any_cache cache;

static inline int set(const char *key, const char *value)
{
        return cache.kind->set(&cache, key, strlen(key), value, strlen(value));
}

static inline bool delete (const char *key)
{
        return cache.kind->delete (&cache, key, strlen(key));
}

/* The value as a string, or NULL. */
static inline const char *get(const char *key)
{
        static char value[256];
        size_t size;

        if (cache.kind->get(&cache, key, strlen(key), value, sizeof value - 1, &size))
                return NULL;
        value[size] = '\0';
        return value;
}

static inline struct ct_cache_stats stats(void)
{
        struct ct_cache_stats s;

        cache.kind->stats(&cache, &s);
        return s;
}

/* Runs the body on a fresh cache of each kind for which the condition holds. */
#define ON_KINDS(condition, options, ...)                                                          \
        do {                                                                                       \
                (void)state;                                                                       \
                FOR_EACH_KIND(k)                                                                   \
                {                                                                                  \
                        if (!(condition))                                                          \
                                continue;                                                          \
                        case_now = 1000;                                                           \
                        case_asked = 0;                                                            \
                        assert_int_equal(any_init_with(&cache, k, options), 0);                    \
                        __VA_ARGS__;                                                               \
                        k->destroy(&cache);                                                        \
                }                                                                                  \
        } while (0)

#define ON_EACH_KIND(...) ON_KINDS(true, (struct ct_cache_options){0}, __VA_ARGS__)

/* ---- time ---- */

static int64_t case_now;    /* what the clock says */
static unsigned case_asked; /* how often it was asked */

static inline int64_t case_clock(void *clock)
{
        (void)clock;
        case_asked++;
        return case_now;
}

/* With that clock. */
static inline struct ct_cache_options timed(int64_t ttl_ns)
{
        return (struct ct_cache_options){.ttl_ns = ttl_ns, .now_ns = case_clock};
}

static inline int set_for(const char *key, const char *value, int64_t ttl_ns)
{
        return cache.kind->set_for(&cache, key, strlen(key), value, strlen(value), ttl_ns);
}

/* ---- bounds ---- */

static inline bool kind_takes(const struct cache_kind *k, enum ct_cache_policy p)
{
        return k->policies >> p & 1;
}

/* Every kind that evicts, with every policy that it takes. The options are without the policy. */
#define ON_EACH_POLICY(options, ...)                                                               \
        do {                                                                                       \
                for (enum ct_cache_policy p = CT_CACHE_FIFO; p < CT_CACHE_POLICIES; p++) {         \
                        struct ct_cache_options o_ = options;                                      \
                                                                                                   \
                        o_.policy = p;                                                             \
                        ON_KINDS(kind_takes(k, p), o_, __VA_ARGS__);                               \
                }                                                                                  \
        } while (0)

static inline void number(char *text, int i)
{
        snprintf(text, 32, "key %d", i);
}

#endif
