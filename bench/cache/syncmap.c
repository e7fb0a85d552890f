#include "cache/syncmap.h"
#include "cache/workload.h"

#define CONTESTANT cache_syncmap
#define NAME "syncmap"
#define SOURCE "Go's sync.Map as a cache"
#define CAPS (CAP_PARKS)
#define TABLE ct_syncmap_cache
#include "cache/table.h"

#include "cache/ours.h"
