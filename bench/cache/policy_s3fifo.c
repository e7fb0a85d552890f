#define CONTESTANT cache_policy_s3fifo
#define NAME "policy_s3fifo"
#define SOURCE "S3-FIFO (Yang and others, SOSP 2023)"
#define POLICY CT_CACHE_S3FIFO
#include "cache/trace_policy.h"
