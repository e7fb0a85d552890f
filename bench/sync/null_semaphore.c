#include "sync/sync.h"

#define CONTESTANT sync_null_semaphore
#define NAME "null"
#define SOURCE "the measured loop without a semaphore"
#define CAPS CAP_FLOOR
#define FLOOR 1
#define SEMAPHORE_TYPE uint64_t
#define SEMAPHORE_INIT(s, permits) (*(s) = (permits), 0)
#define SEMAPHORE_FINI(s) ((void)0)
#define SEMAPHORE_FREE(s) (*(s))
#define ACQUIRE(s, n) __asm__ __volatile__("" ::: "memory")
#define RELEASE(s, n) __asm__ __volatile__("" ::: "memory")
#include "sync/loop_semaphore.h"
