#include <ck_brlock.h>

/* Readers are known to the lock: each thread brings its own line, as a user of it would. */
static __thread struct {
        CT_ALIGN_PAIR ck_brlock_reader_t reader;
} brlock_self;

#define NAME "ck:brlock"
#define SOURCE "Concurrency Kit " PEER_VERSION_ck " ck_brlock: a line per registered reader"
#define CAPS (PEER_CAPS | CAP_SPINS)
#define LOCK_TYPE ck_brlock_t
#define LOCK_INIT(l) (ck_brlock_init(l), 0)
#define LOCK_FINI(l) ((void)(l))
#define WORKER_INIT(l, w) (ck_brlock_read_register(l, &brlock_self.reader), 0)
#define WORKER_FINI(l, w) ck_brlock_read_unregister(l, &brlock_self.reader)
#define LOCK(l, node) ck_brlock_write_lock(l)
#define UNLOCK(l, node) ck_brlock_write_unlock(l)
#define RLOCK(l, node) ck_brlock_read_lock(l, &brlock_self.reader)
#define RUNLOCK(l, node) ck_brlock_read_unlock(&brlock_self.reader)
