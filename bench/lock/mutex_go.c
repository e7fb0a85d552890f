#include "sync/mutex.h"

#include "lock/lock.h"

#define CONTESTANT lock_mutex_go
#define NAME "mutex_go"
#define SOURCE "Go's sync.Mutex: normal and starvation modes"
#define CAPS CAP_PARKS
#define LOCK_TYPE struct ct_mutex
#define LOCK(l, node) ct_mutex_lock(l)
#define UNLOCK(l, node) ct_mutex_unlock(l)
#include "lock/locked.h"
