#include "cache/rw_sharded.h"
#include "cache/workload.h"

#define CONTESTANT cache_rw_sharded_sieve
#define NAME "rw_sharded_sieve"
#define SOURCE "rw_sharded, bounded: SIEVE (Zhang and others, 2024)"
#define CAPS (CAP_PARKS | CAP_SHARDED)
#define TABLE ct_rw_sharded_cache
#define POLICY CT_CACHE_SIEVE
#include "cache/table.h"

#include "cache/aside.h"
