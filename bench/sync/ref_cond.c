#include <pthread.h>

#include "sync/sync.h"

#define CONTESTANT sync_ref_cond
#define NAME "ref"
#define SOURCE "pthread_cond with a pthread_mutex of this libc"
#define CAPS (CAP_BASELINE | CAP_PARKS | CAP_THREADS_ONLY)
#define MUTEX_TYPE pthread_mutex_t
#define MUTEX_INIT(m) pthread_mutex_init(m, NULL)
#define MUTEX_FINI(m) pthread_mutex_destroy(m)
#define LOCK(m) pthread_mutex_lock(m)
#define UNLOCK(m) pthread_mutex_unlock(m)
#define COND_TYPE pthread_cond_t
#define COND_INIT(c) pthread_cond_init(c, NULL)
#define COND_FINI(c) pthread_cond_destroy(c)
#define WAIT(c, m) pthread_cond_wait(c, m)
#define SIGNAL(c) pthread_cond_signal(c)
#define BROADCAST(c) pthread_cond_broadcast(c)
#include "sync/loop_cond.h"
