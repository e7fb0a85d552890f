#include "sync/rwmutex_slots.h"

#include "counter/counter.h"

#define CONTESTANT counter_rwmutex_slots
#define NAME "rwmutex_slots"
#define SOURCE "own: readers count in their slot's line, writers fence for them"
#define CAPS (CAP_PARKS | CAP_SECTION)
#define LOCK_TYPE struct ct_rwmutex_slots
#define LOCK(l, node) ct_rwmutex_slots_lock(l)
#define UNLOCK(l, node) ct_rwmutex_slots_unlock(l)
#define RLOCK(l, node) ct_rwmutex_slots_rlock(l)
#define RUNLOCK(l, node) ct_rwmutex_slots_runlock(l)
#include "counter/locked.h"
