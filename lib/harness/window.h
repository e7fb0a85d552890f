/*
 * One measured window: fixed time, counted operations, verified result.
 *
 * All workers wait at a spin gate, start at one deadline that the last to arrive sets, and run
 * until a flag. Each counts on its own cache line and publishes after every batch; the rate comes
 * from one snapshot of those counts taken while all still run (a spin lock may need seconds to let
 * its last waiters go), the oracle gets the exact counts of the end. With more workers than CPUs
 * the window begins, with a first snapshot, when the last worker has started. No clock is read
 * inside the loop, except in latency windows (sample_every > 0), which therefore report no rate.
 * Workers that are tasks look between two batches whether their time slice is over, so that more
 * tasks than carriers share the time as threads do, and never spin at the gate.
 */
#ifndef CT_HARNESS_WINDOW_H
#define CT_HARNESS_WINDOW_H

#include <stdint.h>

#include "harness/contestant.h"
#include "harness/executor.h"
#include "harness/record.h"

struct window_spec {
        const struct family *family;
        const struct contestant *contestant;
        const struct params *params;
        unsigned workload;
        int64_t window_ns;
        unsigned sample_every;  /* time one operation in this many; 0: none */
        unsigned work_pct;      /* 100; 110 does 10 % more than it counts: the planted slow-down */
        double hop_before_ns;   /* team_hop() just before; 0: none */
        int64_t stuck_after_ns; /* a worker this late after the flag is stuck */
};

struct window; /* the workers' slots and the contestant's storage, reused from window to window */

int window_alloc(struct window **, struct executor *, const struct family *, uint64_t seed,
                 size_t storage_size, size_t storage_align);
void window_free(struct window *);

/* Finds the batch size for a contestant at this team size by running it for warm_ns: at most 5 us
   of work, so that stopping is prompt and the flag costs nothing. 0, -ETIMEDOUT (stuck), or init's
   or worker_init's error. */
int window_warm(struct window *, const struct window_spec *, int64_t warm_ns, uint64_t *batch);

/* Runs one window. 0 with *m filled (its oracle may have said no: m->verified), -ETIMEDOUT when a
   worker did not stop (call executor_dump(), then give up the process), or init's or
   worker_init's -errno. */
int window_run(struct window *, const struct window_spec *, uint64_t batch, struct measurement *m);

#endif
