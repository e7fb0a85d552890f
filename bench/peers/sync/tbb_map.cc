#include "peers/cxx.h"

#include <oneapi/tbb/concurrent_hash_map.h>

#include "sync/sync.h"

#include "peers/peer.h"

typedef tbb::concurrent_hash_map<uint64_t, uint64_t> map_type;

static int map_init(map_type **m, uint64_t keys)
{
        *m = new (std::nothrow) map_type(keys);
        return *m ? 0 : -ENOMEM;
}

static inline bool map_load(map_type *m, uint64_t key, uint64_t *value)
{
        map_type::const_accessor found;

        if (!m->find(found, key))
                return false;
        *value = found->second;
        return true;
}

static inline int map_store(map_type *m, uint64_t key, uint64_t value)
{
        map_type::accessor found;

        m->insert(found, key);
        found->second = value;
        return 0;
}

#define CONTESTANT sync_tbb_map
#define NAME "tbb:concurrent_hash_map"
#define SOURCE "oneTBB " PEER_VERSION_tbb " concurrent_hash_map"
#define CAPS (PEER_CAPS | CAP_SPINS)
#define MAP_TYPE map_type *
#define MAP_INIT(m, keys) map_init(m, keys)
#define MAP_FINI(m) delete *(m)
#define LOAD(m, key, value) map_load(*(m), key, value)
#define STORE(m, key, value) map_store(*(m), key, value)
#include "sync/loop_map.h"
