#include "peers/cache/std_map.h"

enum { SHARDS = 256 };

template <size_t N> struct sharded {
        locked_map<N, std::mutex> shard[SHARDS];

        explicit sharded(const struct cache_setup *s)
        {
                for (auto &one : shard)
                        one.map.reserve(s->expected / SHARDS);
        }

        /* The map takes the hash modulo a prime, so any of its bits do. */
        auto &of(const hashed &key)
        {
                return shard[key.hash >> 56];
        }

        int get(const struct cache_key *key, void *out)
        {
                hashed k = hashed_of(key);

                return of(k).get(k, out);
        }

        int set(const struct cache_key *key, const void *from)
        {
                hashed k = hashed_of(key);

                return of(k).set(k, from);
        }
};

SIZED_TABLE(sharded)

#define CONTESTANT cache_std_sharded
#define NAME "std:unordered_map_sharded"
#define SOURCE "libstdc++ of " PEER_VERSION_std " 256 std::unordered_map, each under a std::mutex"
#define CAPS (CAP_BASELINE | CAP_THREADS_ONLY | CAP_PARKS)
#define HASH "std_hash"
#include "cache/kept.h"
