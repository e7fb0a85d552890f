#include <ck_rwlock.h>

#define NAME "ck:rwlock"
#define SOURCE "Concurrency Kit " PEER_VERSION_ck " ck_rwlock: a count of readers, writers first"
#define CAPS (PEER_CAPS | CAP_SPINS)
#define LOCK_TYPE ck_rwlock_t
#define LOCK_INIT(l) (ck_rwlock_init(l), 0)
#define LOCK_FINI(l) ((void)(l))
#define LOCK(l, node) ck_rwlock_write_lock(l)
#define UNLOCK(l, node) ck_rwlock_write_unlock(l)
#define RLOCK(l, node) ck_rwlock_read_lock(l)
#define RUNLOCK(l, node) ck_rwlock_read_unlock(l)
