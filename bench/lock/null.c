#include "lock/lock.h"

/* The loop itself, on words of the worker's own: what remains is what every other contestant pays
   too. */
#define CONTESTANT lock_null
#define NAME "null"
#define SOURCE "the measured loop without a lock, on a value of the thread's own"
#define CAPS CAP_FLOOR
#define LOCK_TYPE char
#define LOCK(l, node) __asm__ __volatile__("" ::: "memory")
#define UNLOCK(l, node) __asm__ __volatile__("" ::: "memory")
#define FLOOR
#include "lock/locked.h"
