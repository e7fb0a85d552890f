#include "cache/concurrent.h"
#include "cache/workload.h"

#define CONTESTANT cache_concurrent
#define NAME "concurrent"
#define SOURCE "reads that take no lock and write no shared line (F14's buckets, read sections)"
#define CAPS (CAP_PARKS)
#define TABLE ct_concurrent_cache
#include "cache/table.h"

#include "cache/ours.h"
