#include <pthread.h>

#include "counter/counter.h"

#define CONTESTANT counter_pthread_rwlock
#define NAME "pthread_rwlock"
#define SOURCE "pthread_rwlock of this libc, default kind"
#define CAPS (CAP_BASELINE | CAP_PARKS | CAP_SECTION | CAP_THREADS_ONLY)
#define LOCK_TYPE pthread_rwlock_t
#define LOCK_INIT(l) pthread_rwlock_init(l, NULL)
#define LOCK_FINI(l) pthread_rwlock_destroy(l)
#define LOCK(l, node) pthread_rwlock_wrlock(l)
#define UNLOCK(l, node) pthread_rwlock_unlock(l)
#define RLOCK(l, node) pthread_rwlock_rdlock(l)
#define RUNLOCK UNLOCK
#include "counter/locked.h"
