#include "sync/map.h"

#include "sync/reclaim.h"
#include "sync/sync.h"

static void map_fini(struct ct_map *m)
{
        ct_map_fini(m);
        ct_retired_drain();
}

#define CONTESTANT sync_map
#define NAME "map"
#define SOURCE "Go's sync.Map as a contract: loads without a lock, stores under one of 64"
#define CAPS 0
#define MAP_TYPE struct ct_map
#define MAP_INIT(m, keys) ct_map_init(m, CT_MAP_U64, 1)
#define MAP_FINI(m) map_fini(m)
#define LOAD(m, key, value) ct_map_load(m, key, value)
#define STORE(m, key, value) (ct_map_store(m, key, value, NULL) < 0)
#include "sync/loop_map.h"
