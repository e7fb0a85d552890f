#include "sync/barrier.h"

#include "sync/sync.h"

static int barrier_init(struct ct_barrier *b, unsigned workers)
{
        ct_barrier_init(b, workers);
        return 0;
}

#define CONTESTANT sync_barrier
#define NAME "barrier"
#define SOURCE "a count of arrivals by round; the last one wakes the others"
#define CAPS CAP_PARKS
#define MEET_TYPE struct ct_barrier
#define MEET_INIT(m, workers) barrier_init(m, workers)
#define MEET_FINI(m) ((void)0)
#define MEET(m, w, number) ct_barrier_wait(m)
#include "sync/loop_round.h"
