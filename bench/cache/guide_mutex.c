#include "cache/workload.h"

#define CONTESTANT cache_guide_mutex
#define NAME "guide_mutex"
#define SOURCE                                                                                     \
        "The Complete Guide to Go Concurrency Patterns and Synchronization: Cache under a Mutex"
#define CAPS CAP_PARKS
#define TABLE ct_guide_mutex_cache
#include "cache/table.h"
