#include "cache/sharded.h"
#include "cache/workload.h"

#define CONTESTANT cache_sharded_lru
#define NAME "sharded_lru"
#define SOURCE "sharded, bounded: least recently used"
#define CAPS (CAP_PARKS | CAP_SHARDED)
#define TABLE ct_sharded_cache
#define POLICY CT_CACHE_LRU
#include "cache/table.h"

#include "cache/aside.h"
