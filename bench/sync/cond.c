#include "sync/cond.h"

#include "sync/sync.h"

#define CONTESTANT sync_cond
#define NAME "cond"
#define SOURCE "Go's sync.Cond, with Go's mutex"
#define CAPS CAP_PARKS
#define MUTEX_TYPE struct ct_mutex
#define LOCK(m) ct_mutex_lock(m)
#define UNLOCK(m) ct_mutex_unlock(m)
#define COND_TYPE struct ct_cond
#define WAIT(c, m) ct_cond_wait(c, m)
#define SIGNAL(c) ct_cond_signal(c)
#define BROADCAST(c) ct_cond_broadcast(c)
#include "sync/loop_cond.h"
