#include <semaphore.h>

#include "sync/sync.h"

static int take(sem_t *s)
{
        while (sem_wait(s)) /* a signal came in between */
                ;
        return 0;
}

static uint64_t value(sem_t *s)
{
        int v = -1;

        sem_getvalue(s, &v);
        return (uint64_t)v;
}

#define CONTESTANT sync_ref_semaphore
#define NAME "ref"
#define SOURCE "sem_t of this libc"
#define CAPS (CAP_BASELINE | CAP_PARKS | CAP_THREADS_ONLY)
#define ONE_BY_ONE
#define SEMAPHORE_TYPE sem_t
#define SEMAPHORE_INIT(s, permits) (sem_init(s, 0, (unsigned)(permits)) ? errno : 0)
#define SEMAPHORE_FINI(s) sem_destroy(s)
#define SEMAPHORE_FREE(s) value(s)
#define ACQUIRE(s, n) take(s)
#define RELEASE(s, n) sem_post(s)
#include "sync/loop_semaphore.h"
