#include "sync/mutex_asym.h"

#include "lock/lock.h"

#define CONTESTANT lock_mutex_asym
#define NAME "mutex_asym"
#define SOURCE "own: barging mutex, plain unlock by asymmetric fence"
#define CAPS CAP_PARKS
#define LOCK_TYPE struct ct_mutex_asym
#define LOCK(l, node) ct_mutex_asym_lock(l)
#define UNLOCK(l, node) ct_mutex_asym_unlock(l)
#include "lock/locked.h"
