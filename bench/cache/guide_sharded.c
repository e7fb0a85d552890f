#include "cache/workload.h"

#define CONTESTANT cache_guide_sharded
#define NAME "guide_sharded"
#define SOURCE "The Complete Guide to Go Concurrency Patterns and Synchronization: ShardedCache"
#define CAPS (CAP_PARKS | CAP_SHARDED)
#define TABLE ct_guide_sharded_cache
#include "cache/table.h"
