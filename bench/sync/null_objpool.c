#include "sync/sync.h"

#define CONTESTANT sync_null_objpool
#define NAME "null"
#define SOURCE "the measured loop; every object stays with its worker"
#define CAPS CAP_FLOOR
#define POOL_TYPE char
#define GET(p, bytes) malloc(bytes)
#define PUT(p, o) free(o)
#define EXCHANGE(p, o, bytes) (o)
#include "sync/loop_objpool.h"
