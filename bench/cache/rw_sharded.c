#include "cache/rw_sharded.h"
#include "cache/workload.h"

#define CONTESTANT cache_rw_sharded
#define NAME "rw_sharded"
#define SOURCE "the same over this library's readers-writer lock"
#define CAPS (CAP_PARKS | CAP_SHARDED)
#define TABLE ct_rw_sharded_cache
#include "cache/table.h"

#include "cache/ours.h"
