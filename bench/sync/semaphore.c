#include "sync/semaphore.h"

#include "sync/sync.h"

static int semaphore_init(struct ct_semaphore *s, uint64_t permits)
{
        ct_semaphore_init(s, permits);
        return 0;
}

#define CONTESTANT sync_semaphore
#define NAME "semaphore"
#define SOURCE "weighted, first come first served: golang.org/x/sync/semaphore"
#define CAPS (CAP_FIFO | CAP_PARKS)
#define SEMAPHORE_TYPE struct ct_semaphore
#define SEMAPHORE_INIT(s, permits) semaphore_init(s, permits)
#define SEMAPHORE_FINI(s) ((void)0)
#define SEMAPHORE_FREE(s) ct_semaphore_free(s)
#define ACQUIRE(s, n) ct_semaphore_acquire(s, n)
#define RELEASE(s, n) ct_semaphore_release(s, n)
#include "sync/loop_semaphore.h"
