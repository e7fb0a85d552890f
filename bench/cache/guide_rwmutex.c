#include "cache/workload.h"

#define CONTESTANT cache_guide_rwmutex
#define NAME "guide_rwmutex"
#define SOURCE                                                                                     \
        "The Complete Guide to Go Concurrency Patterns and Synchronization: map under an RWMutex"
#define CAPS CAP_PARKS
#define TABLE ct_guide_rwmutex_cache
#include "cache/table.h"
