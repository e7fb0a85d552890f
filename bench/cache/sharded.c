#include "cache/sharded.h"
#include "cache/workload.h"

#define CONTESTANT cache_sharded
#define NAME "sharded"
#define SOURCE "the guides' and Java's sharded map, over this library's mutex"
#define CAPS (CAP_PARKS | CAP_SHARDED)
#define TABLE ct_sharded_cache
#define TABLE_CONTENTION(t, locks, contended)                                                      \
        ct_sharded_cache_contention(&(t)->cache, locks, contended)
#include "cache/table.h"

#include "cache/ours.h"
