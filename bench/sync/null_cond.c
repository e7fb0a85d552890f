#include "sync/sync.h"

#define CONTESTANT sync_null_cond
#define NAME "null"
#define SOURCE "the measured loop; nobody waits for a turn"
#define CAPS CAP_FLOOR
#define FLOOR 1
#define MUTEX_TYPE char
#define COND_TYPE char
#define LOCK(m) __asm__ __volatile__("" ::: "memory")
#define UNLOCK(m) ((void)0)
#define WAIT(c, m) ((void)0)
#define SIGNAL(c) ((void)0)
#define BROADCAST(c) ((void)0)
#include "sync/loop_cond.h"
