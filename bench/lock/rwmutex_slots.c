#include "sync/rwmutex_slots.h"

#include "lock/lock.h"

#define CONTESTANT lock_rwmutex_slots
#define NAME "rwmutex_slots"
#define SOURCE "own: readers count in cells of their own, a writer adds them up"
#define CAPS CAP_PARKS
#define LOCK_TYPE struct ct_rwmutex_slots
#define LOCK(l, node) ct_rwmutex_slots_lock(l)
#define UNLOCK(l, node) ct_rwmutex_slots_unlock(l)
#define RLOCK(l, node) ct_rwmutex_slots_rlock(l)
#define RUNLOCK(l, node) ct_rwmutex_slots_runlock(l)
#include "lock/locked.h"
