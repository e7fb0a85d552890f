#define CONTESTANT cache_policy_fifo
#define NAME "policy_fifo"
#define SOURCE "what came first goes first"
#define POLICY CT_CACHE_FIFO
#include "cache/trace_policy.h"
