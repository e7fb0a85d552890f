#include "peers/cache/sized.h"

#include <oneapi/tbb/concurrent_hash_map.h>

/* Looked up by what is there: no string is made of the key. The hash is the one of the default. */
struct text_compare {
        using is_transparent = void;

        static size_t hash(std::string_view s)
        {
                return std::hash<std::string_view>()(s);
        }

        static bool equal(std::string_view a, std::string_view b)
        {
                return a == b;
        }
};

template <size_t N> struct concurrent {
        typedef tbb::concurrent_hash_map<std::string, value<N>, text_compare> map_type;
        map_type map;

        explicit concurrent(const struct cache_setup *s) : map(s->expected)
        {
        }

        int get(const struct cache_key *key, void *out)
        {
                typename map_type::const_accessor found;

                if (!map.find(found, view(key)))
                        return 0;
                memcpy(out, found->second.at, N);
                return 1;
        }

        int set(const struct cache_key *key, const void *from)
        {
                typename map_type::accessor found;

                try {
                        map.insert(found, view(key));
                } catch (const std::bad_alloc &) {
                        return -ENOMEM;
                }
                memcpy(found->second.at, from, N);
                return 0;
        }
};

SIZED_TABLE(concurrent)

#define CONTESTANT cache_tbb_map
#define NAME "tbb:concurrent_hash_map"
#define SOURCE "oneTBB " PEER_VERSION_tbb " concurrent_hash_map"
#define CAPS (CAP_BASELINE | CAP_THREADS_ONLY | CAP_SPINS)
#define HASH "std_hash"
#include "cache/kept.h"
