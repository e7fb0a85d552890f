#include "sync/rwmutex.h"

#include "lock/lock.h"

#define CONTESTANT lock_rwmutex_go
#define NAME "rwmutex_go"
#define SOURCE "Go's sync.RWMutex: a reader count"
#define CAPS CAP_PARKS
#define LOCK_TYPE struct ct_rwmutex
#define LOCK(l, node) ct_rwmutex_lock(l)
#define UNLOCK(l, node) ct_rwmutex_unlock(l)
#define RLOCK(l, node) ct_rwmutex_rlock(l)
#define RUNLOCK(l, node) ct_rwmutex_runlock(l)
#include "lock/locked.h"
