#include <pthread.h>

#include "sync/sync.h"

/* sem_t knows no weights, and taking one by one can deadlock; so a count, and all look when some
   come back. */
struct semaphore {
        pthread_mutex_t mutex;
        pthread_cond_t more;
        uint64_t free;
};

static int semaphore_init(struct semaphore *s, uint64_t permits)
{
        int rc = pthread_mutex_init(&s->mutex, NULL);

        if (rc)
                return rc;
        rc = pthread_cond_init(&s->more, NULL);
        if (rc)
                pthread_mutex_destroy(&s->mutex);
        s->free = permits;
        return rc;
}

static void semaphore_fini(struct semaphore *s)
{
        pthread_cond_destroy(&s->more);
        pthread_mutex_destroy(&s->mutex);
}

static inline void semaphore_acquire(struct semaphore *s, uint64_t n)
{
        pthread_mutex_lock(&s->mutex);
        while (s->free < n)
                pthread_cond_wait(&s->more, &s->mutex);
        s->free -= n;
        pthread_mutex_unlock(&s->mutex);
}

static inline void semaphore_release(struct semaphore *s, uint64_t n)
{
        pthread_mutex_lock(&s->mutex);
        s->free += n;
        pthread_cond_broadcast(&s->more);
        pthread_mutex_unlock(&s->mutex);
}

#define CONTESTANT sync_ref_semaphore_weighted
#define NAME "ref"
#define SOURCE "a count under a pthread_mutex, with a pthread_cond for more"
#define CAPS (CAP_BASELINE | CAP_PARKS | CAP_THREADS_ONLY)
#define WEIGHTED_ONLY
#define SEMAPHORE_TYPE struct semaphore
#define SEMAPHORE_INIT(s, permits) semaphore_init(s, permits)
#define SEMAPHORE_FINI(s) semaphore_fini(s)
#define SEMAPHORE_FREE(s) ((s)->free)
#define ACQUIRE(s, n) semaphore_acquire(s, n)
#define RELEASE(s, n) semaphore_release(s, n)
#include "sync/loop_semaphore.h"
