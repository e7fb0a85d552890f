#include "cache/counters.h"

#define CONTESTANT cache_guide_counters
#define NAME "guide_counters"
#define SOURCE "Go Concurrency Patterns: A Practical Walkthrough: UserCounters"
#define CAPS (CAP_PARKS | CAP_THREADS_ONLY | CAP_WORDS)
#define COUNTERS ct_guide_counters
#define COUNTERS_INIT(c, keys)                                                                     \
        ct_guide_counters_init(                                                                    \
                c, &(struct ct_counters_options){.seed = 1, .expected = (size_t)(keys)->n})
#include "cache/counts.h"
