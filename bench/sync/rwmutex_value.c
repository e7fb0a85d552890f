#include "sync/rwmutex.h"

#include "sync/config.h"

#define CONTESTANT sync_rwmutex_value
#define NAME "rwmutex_value"
#define SOURCE "the words under Go's RWMutex"
#define CAPS CAP_PARKS
#define LOCK_TYPE struct ct_rwmutex
#define LOCK_INIT(l) 0
#define LOCK_FINI(l) ((void)0)
#define LOCK(l) ct_rwmutex_lock(l)
#define UNLOCK(l) ct_rwmutex_unlock(l)
#define RLOCK(l) ct_rwmutex_rlock(l)
#define RUNLOCK(l) ct_rwmutex_runlock(l)
#include "sync/loop_value_locked.h"
