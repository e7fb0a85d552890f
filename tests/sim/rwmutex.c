/* ct_rwmutex. */
#include "sync/rwmutex.h"

#define RW(suffix) ct_rwmutex##suffix
#define RW_NAME "rwmutex"
#define RW_BOUND 3
#define RW_PROGRAMS rwmutex_programs
#define RW_PANIC "runlock of a read lock that nobody holds"
#define RW_WRITER_WAITS(rw) ((ct_load_u64_relaxed(&(rw)->state) & CT_RWMUTEX_PHASE_) != 0)
#include "rwmutex_programs.h"
