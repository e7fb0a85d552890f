#include <ck_spinlock.h>

#define NAME "ck:mcs"
#define SOURCE "Concurrency Kit " PEER_VERSION_ck " ck_spinlock_mcs"
#define CAPS (PEER_CAPS | CAP_SPINS | CAP_FIFO)
#define NODE_TYPE ck_spinlock_mcs_context_t
#define LOCK_TYPE ck_spinlock_mcs_t
#define LOCK_INIT(l) (ck_spinlock_mcs_init(l), 0)
#define LOCK_FINI(l) ((void)(l))
#define LOCK(l, node) ck_spinlock_mcs_lock(l, node)
#define UNLOCK(l, node) ck_spinlock_mcs_unlock(l, node)
