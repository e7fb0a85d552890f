/*
 * The pool family: ways to run many jobs on threads.
 *
 * overhead: jobs that do nothing but add their number to a sum (the oracle), submitted one after
 *   the other by one thread for the length of a window: wall time per job from the first submit
 *   until all have run. `null` calls them; it and `unbounded` have no workers, and are measured
 *   at every number of workers for the sake of comparison within one block.
 *
 * sizing: how many workers. Jobs compute for 100 us of real work, then wait (really sleep) so
 *   that p_wait_pct of a job is waiting: jobs of 0.1, 0.2, 1 and 10 ms. More of them than can be
 *   run stand in the queue before the window begins, so it is the workers that are measured and
 *   not the submitter. The window is the given one, or 8 jobs' length where that is longer. ops
 *   are the jobs that ended in it; latencies are those of a job from its start in a worker to its
 *   end (a worker that has to wait for a CPU shows there).
 *
 * memory: p_jobs jobs wait at the same time, each for a signal that comes after the last has been
 *   submitted, with 4 KiB of locals touched. Those of a pool wait in its queue, all but
 *   p_workers. peak_rss_mb is the process's resident set at that moment, by the kernel's page
 *   walk; the time per job is that of submitting and of finishing, without that walk.
 *
 * Threads are not bound in this family (the rows say `unpinned`): there are more of them than
 * CPUs, and placing them is the scheduler's business. `threads` is 1; the workers are p_workers.
 *
 * Adding a contestant: one file with a crew, and one line in contestants.h.
 */
#ifndef CT_BENCH_POOL_H
#define CT_BENCH_POOL_H

#include "flow/pool_guide.h"
#include "harness/contestant.h"
#include "harness/record.h"
#include "harness/topology.h"

enum { OVERHEAD, SIZING, MEMORY };
enum { P_WORKERS, P_QUEUE, P_WAIT_PCT, P_JOBS };
enum { M_PREDICTED_WORKERS, M_PEAK_RSS_MB, M_RSS_GROWTH_MB };

enum { COMPUTE_US = 100 };

/* Something that runs jobs. */
struct crew {
        bool limited; /* p_workers is how many jobs can run at once */
        int (*start)(void **self, unsigned workers, size_t queue); /* 0 or -errno */
        int (*submit)(void *self, ct_pool_guide_job *job, void *arg);
        /* Waits until all that was submitted has run; how many did. */
        uint64_t (*finish)(void *self);
        void (*free)(void *self);
};

/* The measurements of a crew; each verifies that what was submitted has run, once. */
int pool_overhead(const struct crew *, const struct params *, int64_t window_ns,
                  struct measurement *);
int pool_memory(const struct crew *, const struct params *, struct measurement *);

/* n / (1 - wait share): the workers that keep n CPUs busy. */
double pool_prediction(unsigned cores, int64_t wait_pct);

/* The job of `overhead`: adds its number, a uint64_t that the argument points to, to a sum; take
   reads and resets it. */
int pool_add_job(void *arg, void *local);
uint64_t pool_take_sum(void);

/* What every row says: not bound, and the switches since the window began. */
struct pool_switches {
        long voluntary, involuntary;
};
void pool_switches_read(struct pool_switches *);
void pool_finish_row(const struct pool_switches *since, struct measurement *m);

#endif
