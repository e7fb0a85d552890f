/* One map under one lock, LOCK. */
#include "peers/cache/std_map.h"

template <size_t N> struct one {
        locked_map<N, LOCK> map;

        explicit one(const struct cache_setup *s)
        {
                map.map.reserve(s->expected);
        }

        int get(const struct cache_key *key, void *out)
        {
                return map.get(hashed_of(key), out);
        }

        int set(const struct cache_key *key, const void *from)
        {
                return map.set(hashed_of(key), from);
        }
};

SIZED_TABLE(one)

#define CAPS (CAP_BASELINE | CAP_THREADS_ONLY | CAP_PARKS)
#define HASH "std_hash"
#include "cache/kept.h"
