#include <pthread.h>

#include "lock/lock.h"

static int init_adaptive(pthread_mutex_t *lock)
{
        pthread_mutexattr_t attr;
        int rc = pthread_mutexattr_init(&attr);

        if (rc)
                return rc;
        rc = pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
        if (!rc)
                rc = pthread_mutex_init(lock, &attr);
        pthread_mutexattr_destroy(&attr);
        return rc;
}

#define CONTESTANT lock_pthread_adaptive
#define NAME "pthread_adaptive"
#define SOURCE "pthread_mutex of this libc, PTHREAD_MUTEX_ADAPTIVE_NP"
#define CAPS (CAP_BASELINE | CAP_PARKS | CAP_THREADS_ONLY)
#define LOCK_TYPE pthread_mutex_t
#define LOCK_INIT(l) init_adaptive(l)
#define LOCK_FINI(l) pthread_mutex_destroy(l)
#define LOCK(l, node) pthread_mutex_lock(l)
#define UNLOCK(l, node) pthread_mutex_unlock(l)
#include "lock/locked.h"
