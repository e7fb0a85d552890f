#include "sync/waitgroup.h"

#include "sync/sync.h"

#define CONTESTANT sync_waitgroup
#define NAME "waitgroup"
#define SOURCE "Go's sync.WaitGroup"
#define CAPS CAP_PARKS
#define GROUP_TYPE struct ct_waitgroup
#define ADD(g, n) ct_waitgroup_add(g, n)
#define DONE(g) ct_waitgroup_done(g)
#define GROUP_IDLE(g) ct_waitgroup_try_wait(g)
#include "sync/loop_waitgroup.h"
