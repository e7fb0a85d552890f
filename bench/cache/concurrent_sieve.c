#include "cache/concurrent.h"
#include "cache/workload.h"

#define CONTESTANT cache_concurrent_sieve
#define NAME "concurrent_sieve"
#define SOURCE "concurrent, bounded: SIEVE (Zhang and others, 2024)"
#define CAPS (CAP_PARKS)
#define TABLE ct_concurrent_cache
#define POLICY CT_CACHE_SIEVE
#include "cache/table.h"

#include "cache/aside.h"
