/*
 * For tests of what a cache promises one caller: one cache, strings as keys and values, and each
 * test's body run on a fresh cache of each kind.
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

/* Runs the body on a fresh cache of each kind. */
#define ON_EACH_KIND(...)                                                                          \
        do {                                                                                       \
                (void)state;                                                                       \
                FOR_EACH_KIND(k)                                                                   \
                {                                                                                  \
                        assert_int_equal(any_init(&cache, k, 0), 0);                               \
                        __VA_ARGS__;                                                               \
                        k->destroy(&cache);                                                        \
                }                                                                                  \
        } while (0)

static inline void number(char *text, int i)
{
        snprintf(text, 32, "key %d", i);
}

#endif
