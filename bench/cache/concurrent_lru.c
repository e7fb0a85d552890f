#include "cache/concurrent.h"
#include "cache/workload.h"

#define CONTESTANT cache_concurrent_lru
#define NAME "concurrent_lru"
#define SOURCE "concurrent, bounded: least recently used"
#define CAPS (CAP_PARKS)
#define TABLE ct_concurrent_cache
#define POLICY CT_CACHE_LRU
#include "cache/table.h"

#include "cache/aside.h"
