/*
 * A worker pool as the guides have it: a fixed number of threads take jobs from one bounded
 * channel.
 *
 * A job is a function and its argument; it returns 0 or an error. Every accepted job is run at
 * most once, and exactly once if the pool is shut down without a deadline.
 *
 * Order: jobs start in the order in which they were accepted; with more than one worker they may
 *   end in any.
 * Memory: what was written before submit, the job reads; what a job wrote, a receiver of its
 *   result reads, and after shutdown everybody does.
 * Blocks on: submit, while the queue is full; submit_retry, between its attempts; shutdown, until
 *   the workers have ended or its deadline; a worker, while there is no job, or no room for its
 *   result.
 * Who may call: any thread may submit, also a job (not with submit on its own pool: when all
 *   workers do that on a full queue, nobody is left to make room). One thread shuts down, then
 *   frees.
 * Runs: workers on any CPU that the process may use, whatever the starter is bound to.
 * Misuse panics and names the pool: a second shutdown, freeing a pool that was not shut down.
 *
 * Source: the worker pools of "The Complete Guide to Go Concurrency Patterns and Synchronization"
 * (channel, workers, per-worker state, close and wait) and of "Go Concurrency Patterns: A
 * Practical Walkthrough" (queue full, shutting down, retry with backoff, shutdown with time-out).
 * The latter's submit can meet a queue that is closed under it; here it cannot.
 */
#ifndef CT_FLOW_POOL_GUIDE_H
#define CT_FLOW_POOL_GUIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chan/chan_guide.h"
#include "flow/pool_status.h"

struct ct_pool_guide;

/* `local` is what worker_init() made for this worker, or NULL. */
typedef int ct_pool_guide_job(void *arg, void *local);

struct ct_pool_guide_config {
        unsigned workers; /* at least 1 */
        size_t queue;     /* jobs that may wait; 0: each is handed to a free worker */
        bool results;     /* make a results channel, */
        size_t results_capacity;
        /* Each on the worker's own thread, before its first job and after its last; either may be
           NULL. An init that returns other than 0 makes start fail with that value. */
        int (*worker_init)(void *ctx, unsigned worker, void **local);
        void (*worker_exit)(void *ctx, unsigned worker, void *local);
        /* Gets the argument of every job that was accepted but will not be run, on some worker's
           thread; may be NULL. */
        void (*discard)(void *ctx, void *arg);
        void *ctx;
};

struct ct_pool_guide_result {
        void *arg; /* the job's */
        int error; /* what it returned */
};

struct ct_pool_guide_stats {
        uint64_t submitted;       /* accepted; final once shut down */
        uint64_t run;             /* started; at most submitted */
        uint64_t done, failed;    /* ended: with 0, with an error */
        uint64_t refused_full;    /* QUEUE_FULL, each attempt of a retry too */
        uint64_t results_dropped; /* nobody read them before the deadline of a shutdown */
        int first_error;          /* of the job that failed first; 0: none has */
        int last_error;
};

/* Starts the workers and returns when every worker_init() has. 0, -EINVAL (no workers), -ENOMEM,
   -EOVERFLOW, why a thread could not be started, or what a worker_init() returned; then nothing is
   left running, worker_exit() has been called for those that had been initialised, and *out is
   NULL. */
int ct_pool_guide_start(struct ct_pool_guide **out, const struct ct_pool_guide_config *config);

/* Waits while the queue is full. OK or SHUTTING_DOWN, also when the shutdown comes meanwhile. */
enum ct_pool_status ct_pool_guide_submit(struct ct_pool_guide *p, ct_pool_guide_job *job,
                                         void *arg);

/* OK, QUEUE_FULL or SHUTTING_DOWN, at once. */
enum ct_pool_status ct_pool_guide_try_submit(struct ct_pool_guide *p, ct_pool_guide_job *job,
                                             void *arg);

/* Up to `attempts` times, with 10 ms between the first two, doubling to 1 s. OK; SHUTTING_DOWN, at
   once when the shutdown comes meanwhile; QUEUE_FULL after the last attempt; TIMED_OUT at the
   deadline. */
enum ct_pool_status ct_pool_guide_submit_retry(struct ct_pool_guide *p, ct_pool_guide_job *job,
                                               void *arg, unsigned attempts, int64_t deadline_ns);

/* The wait after the n-th refusal (n = 0, 1 ...), in ns. */
int64_t ct_pool_guide_backoff_ns(unsigned n);

/* One struct ct_pool_guide_result per job, closed when the last worker has ended; NULL where the
   configuration did not ask for it. Somebody must receive until it is closed, or workers stop for
   want of room. It is freed with the pool. */
struct ct_chan_guide *ct_pool_guide_results(struct ct_pool_guide *p);

/* Graceful: takes no more jobs, runs all that were accepted, waits until every worker has ended. */
void ct_pool_guide_shutdown(struct ct_pool_guide *p);

/* The same until the deadline; from then on no job is started. Returns how many accepted jobs were
   left, submitted - run, which is final; 0: nothing was lost. Jobs that are running then go on
   running: free waits for them. */
uint64_t ct_pool_guide_shutdown_until(struct ct_pool_guide *p, int64_t deadline_ns);

/* All of one moment. */
void ct_pool_guide_stats(struct ct_pool_guide *p, struct ct_pool_guide_stats *out);

/* Jobs in the queue now. */
size_t ct_pool_guide_queued(struct ct_pool_guide *p);

/* After a shutdown: waits for jobs that are still running, discards what was left. NULL is fine. */
void ct_pool_guide_free(struct ct_pool_guide *p);

#endif
