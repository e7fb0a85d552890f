#include <pthread.h>

#include "sync/sync.h"

#define CONTESTANT sync_ref_map
#define NAME "ref"
#define SOURCE "a chained hash map under a pthread_mutex"
#define CAPS (CAP_BASELINE | CAP_PARKS | CAP_THREADS_ONLY)
#define LOCK_TYPE pthread_mutex_t
#define LOCK_INIT(l) pthread_mutex_init(l, NULL)
#define LOCK_FINI(l) pthread_mutex_destroy(l)
#define LOCK(l) pthread_mutex_lock(l)
#define UNLOCK(l) pthread_mutex_unlock(l)
#include "sync/loop_map_locked.h"
