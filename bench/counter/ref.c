#include <pthread.h>

#include "counter/counter.h"

#define CONTESTANT counter_ref
#define NAME "ref"
#define SOURCE "pthread_mutex of this libc, default type"
#define CAPS (CAP_BASELINE | CAP_PARKS | CAP_SECTION | CAP_THREADS_ONLY)
#define LOCK_TYPE pthread_mutex_t
#define LOCK_INIT(l) pthread_mutex_init(l, NULL)
#define LOCK_FINI(l) pthread_mutex_destroy(l)
#define LOCK(l, node) pthread_mutex_lock(l)
#define UNLOCK(l, node) pthread_mutex_unlock(l)
#include "counter/locked.h"
