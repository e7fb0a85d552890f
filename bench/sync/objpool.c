#include "sync/objpool.h"

#include "sync/sync.h"

static void *make(void *context)
{
        return malloc((size_t)(uintptr_t)context);
}

static void unmake(void *context, void *object)
{
        (void)context;
        free(object);
}

static int pool_init(struct ct_objpool *p, size_t bytes)
{
        struct ct_objpool_config config = {
                .make = make, .free = unmake, .context = (void *)(uintptr_t)bytes};

        return ct_objpool_init(p, &config);
}

#define CONTESTANT sync_objpool
#define NAME "objpool"
#define SOURCE "Go's sync.Pool: a stack per thread or carrier, a depot behind them"
#define CAPS 0
#define POOL_TYPE struct ct_objpool
#define POOL_INIT(p, bytes) pool_init(p, bytes)
#define POOL_FINI(p) ct_objpool_fini(p)
#define GET(p, bytes) ct_objpool_get(p)
#define PUT(p, o) ct_objpool_put(p, o)
#include "sync/loop_objpool.h"
