#include "sync/sync.h"

static inline void nothing(void (*fn)(void *))
{
        __asm__ __volatile__("" ::"r"(fn) : "memory");
}

#define CONTESTANT sync_null_once
#define NAME "null"
#define SOURCE "the measured loop without a call"
#define CAPS CAP_FLOOR
#define FLOOR 1
#define ONCE_TYPE char
#define ONCE_DO(o, fn, arg) nothing(fn)
#include "sync/loop_once.h"
