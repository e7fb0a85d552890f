#include "cache/sharded.h"
#include "cache/workload.h"

#define CONTESTANT cache_sharded_s3fifo
#define NAME "sharded_s3fifo"
#define SOURCE "sharded, bounded: S3-FIFO (Yang and others, 2023)"
#define CAPS (CAP_PARKS | CAP_SHARDED)
#define TABLE ct_sharded_cache
#define POLICY CT_CACHE_S3FIFO
#include "cache/table.h"

#include "cache/aside.h"
