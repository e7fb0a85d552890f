#define CONTESTANT cache_policy_lru
#define NAME "policy_lru"
#define SOURCE "what was used longest ago goes first"
#define POLICY CT_CACHE_LRU
#include "cache/trace_policy.h"
