#define CONTESTANT cache_policy_clock
#define NAME "policy_clock"
#define SOURCE "second chance (Corbato, 1968)"
#define POLICY CT_CACHE_CLOCK
#include "cache/trace_policy.h"
