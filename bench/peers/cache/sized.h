/* For peers in C++: one cache of each size of values, since the size is part of its users' types.
   Where the measured loop is inlined the size is a constant, and so is the choice. */
#ifndef CT_BENCH_PEERS_CACHE_SIZED_H
#define CT_BENCH_PEERS_CACHE_SIZED_H

#include "peers/cxx.h"

#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>

#include "cache/workload.h"

#include "peers/peer.h"

template <size_t N> struct value {
        alignas(8) unsigned char at[N];
};

static inline std::string_view view(const struct cache_key *key)
{
        return std::string_view(key->text, key->size);
}

template <class F> [[gnu::always_inline]] static inline auto by_size(size_t bytes, F &&then)
{
        if (bytes == 8)
                return then(std::integral_constant<size_t, 8>());
        if (bytes == 64)
                return then(std::integral_constant<size_t, 64>());
        return then(std::integral_constant<size_t, 1024>());
}

/* Cache<N> has Cache(const cache_setup *), int get(const cache_key *, void *) and
   int set(const cache_key *, const void *). */
template <template <size_t> class Cache> struct sized_table {
        void *cache;
        size_t bytes;

        int init(const struct cache_setup *s)
        {
                bytes = s->value_bytes;
                if (bytes != 8 && bytes != 64 && bytes != 1024)
                        return -EINVAL;
                try {
                        cache = by_size(bytes, [s](auto n) -> void * { return new Cache<n>(s); });
                } catch (const std::bad_alloc &) {
                        return -ENOMEM;
                }
                return 0;
        }

        void destroy()
        {
                by_size(bytes, [this](auto n) { delete static_cast<Cache<n> *>(cache); });
        }

        template <size_t N> Cache<N> *of() const
        {
                return static_cast<Cache<N> *>(cache);
        }
};

/* Defines struct table and its operations over the template `Cache`. */
#define SIZED_TABLE(Cache)                                                                         \
        struct table : sized_table<Cache> {                                                        \
        };                                                                                         \
                                                                                                   \
        static int table_init(struct table *t, const struct cache_setup *s)                        \
        {                                                                                          \
                return t->init(s);                                                                 \
        }                                                                                          \
                                                                                                   \
        static void table_destroy(struct table *t)                                                 \
        {                                                                                          \
                t->destroy();                                                                      \
        }                                                                                          \
                                                                                                   \
        [[gnu::always_inline]] static inline int table_get(                                        \
                struct table *t, const struct cache_key *key, cache_draw, void *out, size_t bytes) \
        {                                                                                          \
                return by_size(                                                                    \
                        bytes, [=](auto n) __attribute__((always_inline)) {                        \
                                return t->template of<n>()->get(key, out);                         \
                        });                                                                        \
        }                                                                                          \
                                                                                                   \
        [[gnu::always_inline]] static inline int table_set(                                        \
                struct table *t, const struct cache_key *key, cache_draw, const void *v,           \
                size_t bytes)                                                                      \
        {                                                                                          \
                return by_size(                                                                    \
                        bytes, [=](auto n) __attribute__((always_inline)) {                        \
                                return t->template of<n>()->set(key, v);                           \
                        });                                                                        \
        }

#endif
