#define CONTESTANT cache_policy_sieve
#define NAME "policy_sieve"
#define SOURCE "SIEVE (Zhang and others, NSDI 2024)"
#define POLICY CT_CACHE_SIEVE
#include "cache/trace_policy.h"
