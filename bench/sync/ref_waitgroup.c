#include <pthread.h>

#include "sync/sync.h"

/* What stands in for a wait group where there is none. */
struct group {
        pthread_mutex_t mutex;
        pthread_cond_t zero;
        int count;
};

static int group_init(struct group *g)
{
        int rc = pthread_mutex_init(&g->mutex, NULL);

        if (rc)
                return rc;
        rc = pthread_cond_init(&g->zero, NULL);
        if (rc)
                pthread_mutex_destroy(&g->mutex);
        return rc;
}

static void group_fini(struct group *g)
{
        pthread_cond_destroy(&g->zero);
        pthread_mutex_destroy(&g->mutex);
}

static inline void group_add(struct group *g, int n)
{
        pthread_mutex_lock(&g->mutex);
        g->count += n;
        if (g->count == 0)
                pthread_cond_broadcast(&g->zero);
        pthread_mutex_unlock(&g->mutex);
}

#define CONTESTANT sync_ref_waitgroup
#define NAME "ref"
#define SOURCE "a count under a pthread_mutex, with a pthread_cond for zero"
#define CAPS (CAP_BASELINE | CAP_PARKS | CAP_THREADS_ONLY)
#define GROUP_TYPE struct group
#define GROUP_INIT(g) group_init(g)
#define GROUP_FINI(g) group_fini(g)
#define ADD(g, n) group_add(g, n)
#define DONE(g) group_add(g, -1)
#define GROUP_IDLE(g) ((g)->count == 0)
#include "sync/loop_waitgroup.h"
