#include <pthread.h>

#include "lock/lock.h"

#define CONTESTANT lock_pthread_spin
#define NAME "pthread_spin"
#define SOURCE "pthread_spinlock of this libc"
#define CAPS (CAP_BASELINE | CAP_SPINS)
#define LOCK_TYPE pthread_spinlock_t
#define LOCK_INIT(l) pthread_spin_init(l, PTHREAD_PROCESS_PRIVATE)
#define LOCK_FINI(l) pthread_spin_destroy(l)
#define LOCK(l, node) pthread_spin_lock(l)
#define UNLOCK(l, node) pthread_spin_unlock(l)
#include "lock/locked.h"
