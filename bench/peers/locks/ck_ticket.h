#include <ck_spinlock.h>

#define NAME "ck:ticket"
#define SOURCE "Concurrency Kit " PEER_VERSION_ck " ck_spinlock_ticket"
#define CAPS (PEER_CAPS | CAP_SPINS | CAP_FIFO)
#define LOCK_TYPE ck_spinlock_ticket_t
#define LOCK_INIT(l) (ck_spinlock_ticket_init(l), 0)
#define LOCK_FINI(l) ((void)(l))
#define LOCK(l, node) ck_spinlock_ticket_lock(l)
#define UNLOCK(l, node) ck_spinlock_ticket_unlock(l)
