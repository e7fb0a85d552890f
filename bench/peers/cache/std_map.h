/*
 * std::unordered_map under the lock LOCK, as good as its users can have it: buckets reserved,
 * looked up by what is there (nothing is allocated or copied into a string), hashed before the lock
 * is taken, and with the hash kept in the nodes, as libstdc++ does by default for strings.
 */
#include "peers/cache/sized.h"

#include <mutex>
#include <shared_mutex>
#include <unordered_map>

struct hashed {
        std::string_view text;
        size_t hash;
};

/* Its operators are not noexcept on purpose: libstdc++ keeps the hash of every key only then, and
   without it has to hash the next node's key in each search. */
struct text_hash {
        using is_transparent = void;

        size_t operator()(std::string_view s) const
        {
                return std::hash<std::string_view>()(s);
        }

        size_t operator()(const hashed &k) const
        {
                return k.hash;
        }
};

struct text_equal {
        using is_transparent = void;

        bool operator()(std::string_view a, std::string_view b) const
        {
                return a == b;
        }

        bool operator()(const hashed &a, const std::string &b) const
        {
                return a.text == b;
        }

        bool operator()(const std::string &a, const hashed &b) const
        {
                return a == b.text;
        }
};

static inline hashed hashed_of(const struct cache_key *key)
{
        std::string_view s = view(key);

        return {s, text_hash()(s)};
}

template <size_t N, class Lock> struct alignas(CT_CACHE_PAIR) locked_map {
        using reading = std::conditional_t<std::is_same_v<Lock, std::shared_mutex>,
                                           std::shared_lock<Lock>, std::lock_guard<Lock>>;

        Lock lock;
        std::unordered_map<std::string, value<N>, text_hash, text_equal> map;

        int get(const hashed &key, void *out)
        {
                reading held(lock);
                auto found = map.find(key);

                if (found == map.end())
                        return 0;
                memcpy(out, found->second.at, N);
                return 1;
        }

        int set(const hashed &key, const void *from)
        {
                std::lock_guard<Lock> held(lock);
                auto found = map.find(key);

                if (found == map.end()) {
                        try {
                                found = map.try_emplace(std::string(key.text)).first;
                        } catch (const std::bad_alloc &) {
                                return -ENOMEM;
                        }
                }
                memcpy(found->second.at, from, N);
                return 0;
        }
};
