#include "sync/sync.h"

#define CONTESTANT sync_null_waitgroup
#define NAME "null"
#define SOURCE "the measured loop without a group"
#define CAPS CAP_FLOOR
#define GROUP_TYPE char
#define ADD(g, n) __asm__ __volatile__("" ::: "memory")
#define DONE(g) __asm__ __volatile__("" ::: "memory")
#define GROUP_IDLE(g) true
#include "sync/loop_waitgroup.h"
