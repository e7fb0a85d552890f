#include "sync/mutex_asym.h"

#include "counter/counter.h"

#define CONTESTANT counter_mutex_asym
#define NAME "mutex_asym"
#define SOURCE "own: barging mutex, plain unlock by asymmetric fence"
#define CAPS (CAP_PARKS | CAP_SECTION)
#define LOCK_TYPE struct ct_mutex_asym
#define LOCK(l, node) ct_mutex_asym_lock(l)
#define UNLOCK(l, node) ct_mutex_asym_unlock(l)
#include "counter/locked.h"
