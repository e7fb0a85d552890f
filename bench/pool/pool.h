/*
 * The pool family: ways to run many jobs on few workers, threads or tasks.
 *
 * overhead: jobs that do nothing but be counted, submitted for the length of a window by
 *   p_submitters at once, p_batch of them with each call. Wall time per job from the first submit
 *   until all have run and the workers have ended. With exec = task the submitters are tasks too,
 *   as a program's would be that is written in tasks; waiting for room then costs no kernel call on
 *   either side. With one submitter and threads it is the process's first thread. `null` calls the
 *   jobs; it and `unbounded` have no workers, and are measured at every number of workers for the
 *   sake of comparison within one block.
 *
 * sizing: how many workers. Jobs compute for p_compute_us of real work, then really sleep, so that
 *   p_wait_pct of a job is waiting: with 100 us jobs of 0.1, 0.2, 1 and 10 ms. Threads sleep in the
 *   kernel, tasks through the parker, which frees their carrier. p_limit: connections that the jobs
 *   share; a job holds one while it waits, and waits for one. More jobs than can be run stand in
 *   the queue before the window begins, so it is the workers that are measured and not the
 *   submitter. The window is the given one, or 8 jobs' length where that is longer. ops are the
 *   jobs that ran in it, those at its edges counted half. Latencies are of the jobs that ended in
 *   it, each from its start in a worker (one that has to wait for a CPU shows there). A computing
 *   task passes a checkpoint every 10 us, as long computations should: it gives way when its time
 *   slice is over, not before.
 *
 * sizing_socket: the same by threads, but the wait is a request over a loopback TCP connection,
 *   which one more thread answers when the wait is over. A connection for each worker, or p_limit
 *   of them. The kernel's share of the work of both ends comes on top of p_compute_us.
 *
 * quota: sizing in a control group of its own that allows quota_cpus CPUs' worth of time, half of
 *   the cores.
 *
 * queue: jobs that compute for p_compute_us arrive at random (Poisson) at 80 % of what the workers
 *   can do, whatever becomes of them, and wait for room where the queue is full.
 *   blocked_submit_pct of them had to. Latency: from when a job was to arrive until its end.
 * overload_120, overload_200: the same at 1.2 and 2 times of what the workers can do, where a
 *   queue that is full refuses the job: refused_pct. ops and latencies are those of accepted jobs.
 *   What arrives from outside does not wait for a carrier, so here the submitter is always an OS
 *   thread.
 *
 * balance_equal, _pareto, _elephant: a fixed set of jobs is in the queue before the first starts:
 *   all of p_compute_us; of that length on average by Pareto's law (exponent 1.5); or one among
 *   them as long as half of a worker's share. busiest_ratio: work done by the busiest worker / by
 *   the idlest; one that ran nothing counts as having run a mean job. Time until all have run.
 *
 * memory: p_jobs jobs wait at the same time, each for a signal that comes after the last has been
 *   submitted, with 4 KiB of locals touched. Those of a pool wait in its queue, all but
 *   p_workers. peak_rss_mb is the process's resident set at that moment, by the kernel's page
 *   walk; the time per job is that of submitting and of finishing, without that walk. What the
 *   machine refuses is a failed row, and a line on stderr that says at which job.
 *
 * Threads are not bound in this family (the rows say `unpinned`): there are more of them than
 * CPUs, and placing them is the scheduler's business. Tasks run on one carrier thread for each CPU,
 * which is bound. `threads` is 1; the workers are p_workers. Context switches are the kernel's, of
 * the whole process: those of carriers where the workers are tasks, whose own are not counted.
 *
 * Oracle: every job that was accepted has run, once. Empty jobs are counted, with the sum of their
 * numbers and of its squares; no lost and doubled job leave all three as they were.
 *
 * Adding a contestant: one file with a crew that includes pool/loop.h, and one line in
 * contestants.h; a kind of ct_pool is six lines (pool/ours.h).
 */
#ifndef CT_BENCH_POOL_H
#define CT_BENCH_POOL_H

#include <errno.h>

#include "harness/contestant.h"
#include "harness/record.h"
#include "harness/topology.h"
#include "pool/crew.h"

enum {
        OVERHEAD,
        SIZING,
        MEMORY,
        SIZING_SOCKET,
        QUEUE,
        OVERLOAD_120,
        OVERLOAD_200,
        BALANCE_EQUAL,
        BALANCE_PARETO,
        BALANCE_ELEPHANT,
        QUOTA,
};
enum {
        P_WORKERS,
        P_QUEUE,
        P_WAIT_PCT,
        P_JOBS,
        P_BATCH,
        P_SUBMITTERS,
        P_COMPUTE_US,
        P_LIMIT,
};
enum {
        M_PREDICTED_WORKERS,
        M_PEAK_RSS_MB,
        M_RSS_GROWTH_MB,
        M_BLOCKED_SUBMIT_PCT,
        M_REFUSED_PCT,
        M_BUSIEST_RATIO,
        M_QUOTA_CPUS,
};

/* One who submits empty jobs. */
struct submitter {
        void *self; /* the crew's */
        uint64_t first;
        uint64_t n; /* accepted; they have the numbers first, first + 1 ... */
        int64_t until_ns;
        int rc;
};

/* loop.h has it, so that the crew's submit is called directly. */
typedef void submit_fn(struct submitter *s);

#ifdef __cplusplus
extern "C" {
#endif

/* The measurements of a crew; `workload` where several are one. */
int pool_overhead(const struct crew *crew, submit_fn *submit, const struct topology *t,
                  const struct params *p, int64_t window_ns, struct measurement *m);
int pool_sizing(const struct crew *crew, unsigned workload, const struct topology *t,
                const struct params *p, int64_t window_ns, struct measurement *m);
int pool_open_loop(const struct crew *crew, unsigned workload, const struct topology *t,
                   const struct params *p, int64_t window_ns, struct measurement *m);
int pool_balance(const struct crew *crew, unsigned workload, const struct topology *t,
                 const struct params *p, int64_t window_ns, struct measurement *m);
int pool_memory(const struct crew *crew, unsigned workload, const struct topology *t,
                const struct params *p, int64_t window_ns, struct measurement *m);

/* The empty job: counts itself, in a cell of the OS thread that runs it. Its argument is its
   number. */
int pool_count_job(void *arg, void *local);

/* Lets others run, where the caller is a task whose slice is over. */
void pool_checkpoint(void);

#ifdef __cplusplus
}
#endif

/* ---- what the measurements share ---- */

/* n / (1 - wait share): the workers that keep n CPUs busy. */
double pool_prediction(unsigned cores, int64_t wait_pct);

struct pool_count {
        uint64_t jobs, sum, squares;
};

/* Adds the numbers of jobs, first to first + n - 1, as pool_count_job() does. */
void pool_count_add(struct pool_count *c, uint64_t first, uint64_t n);

/* What was counted since the last time. Nobody counts meanwhile. */
void pool_count_take(struct pool_count *c);

static inline bool pool_count_equal(const struct pool_count *a, const struct pool_count *b)
{
        return a->jobs == b->jobs && a->sum == b->sum && a->squares == b->squares;
}

/* The runtime for tasks; nothing for threads. What end returns: 0, or -EBADMSG: tasks were left. */
int pool_stage_begin(enum exec_kind exec, const struct topology *t);
int pool_stage_end(enum exec_kind exec);

/* How many turns of work_spin() take so long; calibrated once in a process. */
double pool_ns_per_turn(void);
/* Whether the CPU still has that pace; flags the row where it has not. */
void pool_check_pace(struct measurement *m);
/* That many turns, with a checkpoint every 10 us. */
void pool_compute(uint64_t turns);

/* What every row says: bound or not, more workers than CPUs, and the switches since the window
   began. */
struct pool_switches {
        long voluntary, involuntary;
};
void pool_switches_read(struct pool_switches *s);
void pool_finish_row(const struct pool_switches *since, const struct topology *t, unsigned workers,
                     struct measurement *m);
struct ct_histogram;
void pool_latencies(const struct ct_histogram *h, struct measurement *m);

#endif
