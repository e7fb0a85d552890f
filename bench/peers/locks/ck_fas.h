#include <ck_spinlock.h>

#define NAME "ck:fas"
#define SOURCE "Concurrency Kit " PEER_VERSION_ck " ck_spinlock_fas: test-and-set, no order"
#define CAPS (PEER_CAPS | CAP_SPINS)
#define LOCK_TYPE ck_spinlock_fas_t
#define LOCK_INIT(l) (ck_spinlock_fas_init(l), 0)
#define LOCK_FINI(l) ((void)(l))
#define LOCK(l, node) ck_spinlock_fas_lock(l)
#define UNLOCK(l, node) ck_spinlock_fas_unlock(l)
