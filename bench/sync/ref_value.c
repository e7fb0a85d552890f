#include <pthread.h>

#include "sync/config.h"

#define CONTESTANT sync_ref_value
#define NAME "ref"
#define SOURCE "the words under a pthread_rwlock"
#define CAPS (CAP_BASELINE | CAP_PARKS | CAP_THREADS_ONLY)
#define LOCK_TYPE pthread_rwlock_t
#define LOCK_INIT(l) pthread_rwlock_init(l, NULL)
#define LOCK_FINI(l) pthread_rwlock_destroy(l)
#define LOCK(l) pthread_rwlock_wrlock(l)
#define UNLOCK(l) pthread_rwlock_unlock(l)
#define RLOCK(l) pthread_rwlock_rdlock(l)
#define RUNLOCK(l) pthread_rwlock_unlock(l)
#include "sync/loop_value_locked.h"
