#include "cache/concurrent.h"
#include "cache/workload.h"

#define CONTESTANT cache_concurrent_s3fifo
#define NAME "concurrent_s3fifo"
#define SOURCE "concurrent, bounded: S3-FIFO (Yang and others, 2023)"
#define CAPS (CAP_PARKS)
#define TABLE ct_concurrent_cache
#define POLICY CT_CACHE_S3FIFO
#include "cache/table.h"

#include "cache/aside.h"
