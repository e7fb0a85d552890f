/* ct_rwmutex_slots, with and without a membarrier. */
#include "sync/rwmutex_slots.h"

#define RW(suffix) ct_rwmutex_slots##suffix
#define RW_NAME "rwmutex_slots"
#define RW_BOUND 2
#define RW_PROGRAMS rwmutex_slots_programs
#define RW_PANIC "runlock"
#define RW_WRITER_WAITS(rw) (ct_load_u32_relaxed(&(rw)->writers.held) != 0)
#define RW_ASYMMETRIC
#include "rwmutex_programs.h"
