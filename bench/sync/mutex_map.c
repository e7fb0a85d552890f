#include "sync/mutex.h"

#include "sync/sync.h"

#define CONTESTANT sync_mutex_map
#define NAME "mutex_map"
#define SOURCE "a chained hash map under Go's mutex"
#define CAPS CAP_PARKS
#define LOCK_TYPE struct ct_mutex
#define LOCK_INIT(l) 0
#define LOCK_FINI(l) ((void)0)
#define LOCK(l) ct_mutex_lock(l)
#define UNLOCK(l) ct_mutex_unlock(l)
#include "sync/loop_map_locked.h"
