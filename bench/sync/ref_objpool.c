#include "sync/sync.h"

#define CONTESTANT sync_ref_objpool
#define NAME "ref"
#define SOURCE "malloc and free of this libc"
#define CAPS CAP_BASELINE
#define POOL_TYPE char
#define GET(p, bytes) malloc(bytes)
#define PUT(p, o) free(o)
#include "sync/loop_objpool.h"
