#include <pthread.h>

#include "sync/sync.h"

#define CONTESTANT sync_ref_round
#define NAME "ref"
#define SOURCE "pthread_barrier of this libc"
#define CAPS (CAP_BASELINE | CAP_PARKS | CAP_THREADS_ONLY)
#define MEET_TYPE pthread_barrier_t
#define MEET_INIT(m, workers) pthread_barrier_init(m, NULL, workers)
#define MEET_FINI(m) pthread_barrier_destroy(m)
#define MEET(m, w, number) pthread_barrier_wait(m)
#include "sync/loop_round.h"
