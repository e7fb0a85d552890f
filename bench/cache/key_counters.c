#include "cache/key_counters.h"

#define CONTESTANT cache_key_counters
#define NAME "key_counters"
#define SOURCE "the guide's UserCounters over a concurrent map"
#define CAPS (CAP_PARKS | CAP_WORDS)
#define COUNTERS ct_key_counters
#define COUNTERS_INIT(c, keys) ((void)(keys), ct_key_counters_init(c, 1))
#include "cache/counts.h"
