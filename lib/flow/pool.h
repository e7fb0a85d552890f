/*
 * ct_pool: worker pools. Many jobs, few workers; several ways of bringing the one to the other
 * behind one contract.
 *
 *      struct ct_pool_config c = {.kind = CT_POOL_STEALING, .spawn = CT_SPAWN_TASK,
 *                                 .workers = 4, .queue = 1024};
 *      struct ct_pool *p;
 *      int r = ct_pool_start(&p, &c);
 *      ct_pool_submit(p, resize, &image);      // waits while the queue is full
 *      ct_pool_shutdown(p);                    // every accepted job has run
 *      ct_pool_free(p);
 *
 * A job is a function and its argument; it returns 0 or an error. Every accepted job is run at most
 * once, and exactly once unless a shutdown's deadline passes first. A job that fails, by what it
 * returns or by ct_task_fail (guarded.h), is counted and its error kept; its worker goes on.
 *
 * Kinds:
 *      channel     `workers` take from one bounded channel. Jobs start in the order of acceptance.
 *      stealing    submitters fill an injector, workers take from it by the handful into deques of
 *                  their own and steal from each other's; what a job submits to its own pool goes
 *                  into its worker's deque. No order among jobs.
 *      fixed       the n-th accepted job belongs to worker n mod `workers`, whoever is idle: the
 *                  baseline for load balance. Each worker's jobs start in order of acceptance.
 *      dynamic     like channel, with `workers_min` to `workers` workers: one more where the queue
 *                  backs up, one fewer where a worker has had nothing to do for idle_ns.
 *      priority    the lowest level first, FIFO within a level; a job that has waited for
 *                  `aging_ns` x its level is due, and goes before all that come from then on,
 *                  whatever their level, so no level starves (the bound is in pool_priority.c).
 *      unbounded   a context for each job: no queue, no workers, nothing waits. Where no context
 *                  can be had, submit says NO_CONTEXT, and what was accepted goes on.
 *      semaphore   a context for each job, `workers` of them at a time; submit waits for a permit.
 *
 * Blocks on: the parker. submit, while the queue is full; submit_retry, between its attempts;
 *      shutdown, until all contexts of the pool have ended, or its deadline; a worker, while there
 *      is no job, or no room for its result.
 * Wakes: a submit a worker that sleeps, if one is needed; a worker a submitter that waits for room;
 *      shutdown everybody.
 * Memory: what was written before submit, the job reads; what a job wrote, whoever receives its
 *      result reads, and after a shutdown everybody does.
 * Who may call: any thread or task may submit, also a job, but a job that waits for room in its own
 *      pool may wait for itself. One context shuts down, once, then frees.
 * Runs: workers are tasks of the running runtime (CT_SPAWN_TASK; start panics where none runs) or
 *      OS threads on any CPU that the process may use (CT_SPAWN_THREAD). Submitters may be either.
 * Misuse panics and names the pool: a second shutdown, freeing a pool that was not shut down, a
 *      level that the pool does not have.
 * Units: deadlines are absolute ct_now_ns() times, CT_FOREVER for none.
 *
 * Source: the worker pools of "The Complete Guide to Go Concurrency Patterns and Synchronization"
 * (channel, workers, per-worker state, priorities, resizing) and of "Go Concurrency Patterns: A
 * Practical Walkthrough" (queue full, shutting down, retry with backoff, shutdown with time-out);
 * each kind's file names its own.
 */
#ifndef CT_FLOW_POOL_H
#define CT_FLOW_POOL_H

#include "chan/chan.h"
#include "flow/errgroup.h"
#include "flow/guarded.h"
#include "flow/pool_status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_pool;

/* `local` is what worker_init() made for this worker, or NULL. */
typedef int ct_pool_job(void *arg, void *local);

enum ct_pool_kind {
        CT_POOL_CHANNEL,
        CT_POOL_STEALING,
        CT_POOL_FIXED,
        CT_POOL_DYNAMIC,
        CT_POOL_PRIORITY,
        CT_POOL_UNBOUNDED,
        CT_POOL_SEMAPHORE
};

struct ct_pool_config {
        enum ct_pool_kind kind;
        enum ct_spawn spawn;
        unsigned workers;     /* at least 1; dynamic: the most; unbounded: 0 */
        unsigned workers_min; /* dynamic: 1 .. workers; else 0 */
        int64_t idle_ns;      /* dynamic: at least 1; else 0 */
        unsigned levels;      /* priority: 1 .. 64, 0 is the most urgent; else 0 */
        int64_t aging_ns;     /* priority: at least 1; else 0 */
        /* Accepted jobs that may wait to be started. channel, dynamic: 0 hands each to a free
           worker. stealing, fixed, priority: at least 1; stealing and fixed keep to it to within
           what their files say. unbounded, semaphore: 0. */
        size_t queue;
        bool results; /* make a results channel, */
        size_t results_capacity;
        /* Each in the worker's own context, before its first job and after its last; either may be
           NULL. An init that returns other than 0 makes start fail with that value (a dynamic
           worker that comes later: it does not come). unbounded, semaphore: both NULL. */
        int (*worker_init)(void *ctx, unsigned worker, void **local);
        void (*worker_exit)(void *ctx, unsigned worker, void *local);
        /* Gets the argument of every job that was accepted but will not be run, before or in
           free(); may be NULL. */
        void (*discard)(void *ctx, void *arg);
        void *ctx;
};

struct ct_pool_result {
        void *arg; /* the job's */
        int error; /* what it returned, or the code it failed with */
};

/* One job of a batch. */
struct ct_pool_item {
        ct_pool_job *job;
        void *arg;
};

/* done + failed <= run <= submitted at any moment; exact once shut down and nothing runs. */
struct ct_pool_stats {
        uint64_t submitted;       /* accepted */
        uint64_t run;             /* started */
        uint64_t done, failed;    /* ended: with 0, with an error */
        uint64_t refused_full;    /* QUEUE_FULL, each attempt of a retry too */
        uint64_t results_dropped; /* nobody read them before the deadline of a shutdown */
        int first_error;          /* of a job that failed before any other was counted; 0: none */
        int last_error;
        unsigned workers;      /* contexts that run jobs or wait for them, now */
        unsigned workers_most; /* at any time */
        int start_error;       /* why the last NO_CONTEXT came: EAGAIN or ENOMEM; 0: none did */
};

/* Starts the workers and returns when every worker_init() has. 0, -EINVAL (a value that the
   comments above exclude), -ENOMEM, -EOVERFLOW, why a thread could not be started, or what a
   worker_init() returned; then nothing is left running, worker_exit() has been called for those
   that had been initialised, and *out is NULL. */
int ct_pool_start(struct ct_pool **out, const struct ct_pool_config *config);

/* Waits while the queue is full. OK; SHUTTING_DOWN, also when the shutdown comes meanwhile;
   NO_CONTEXT (unbounded and semaphore only): no thread or task can be had, stats say why. */
enum ct_pool_status ct_pool_submit(struct ct_pool *p, ct_pool_job *job, void *arg);

/* The same at once: also QUEUE_FULL. */
enum ct_pool_status ct_pool_try_submit(struct ct_pool *p, ct_pool_job *job, void *arg);

/* Waits until the deadline: also TIMED_OUT. One that has passed tries once. */
enum ct_pool_status ct_pool_submit_until(struct ct_pool *p, ct_pool_job *job, void *arg,
                                         int64_t deadline);

/* The same at a level below config.levels (0 where there are none). The other calls submit at the
   last one. */
enum ct_pool_status ct_pool_submit_at(struct ct_pool *p, unsigned level, ct_pool_job *job,
                                      void *arg, int64_t deadline);

/* Tries up to `attempts` times, at least once, with 10 ms between the first two, doubling to 1 s,
   each wait shortened at random by up to a half. OK; SHUTTING_DOWN, at once when the shutdown comes
   meanwhile; NO_CONTEXT at once; QUEUE_FULL after the last attempt; TIMED_OUT at the deadline. */
enum ct_pool_status ct_pool_submit_retry(struct ct_pool *p, ct_pool_job *job, void *arg,
                                         unsigned attempts, int64_t deadline);

/* Submits all n in order, waiting for room as it goes. *accepted (may be NULL) says how many were:
   the first so many. OK: all of them. */
enum ct_pool_status ct_pool_submit_batch(struct ct_pool *p, const struct ct_pool_item *items,
                                         size_t n, size_t *accepted);

/* One struct ct_pool_result per job that ran, closed when the last worker has ended; its chan is
   NULL where the configuration did not ask for it. Somebody must receive until it is closed, or
   workers stop for want of room. It is freed with the pool. */
struct ct_receiver ct_pool_results(struct ct_pool *p);

/* Graceful: takes no more jobs, runs all that were accepted, waits until every worker has ended. */
void ct_pool_shutdown(struct ct_pool *p);

/* The same until the deadline; from then on no job is started. Returns how many accepted jobs were
   left, submitted - run, which is final; 0: nothing was lost. Jobs that run then go on running:
   free waits for them. */
uint64_t ct_pool_shutdown_until(struct ct_pool *p, int64_t deadline);

void ct_pool_stats(struct ct_pool *p, struct ct_pool_stats *out);

/* What first_error was, with its message where it came from ct_task_fail. code 0: none. */
void ct_pool_first_failure(struct ct_pool *p, struct ct_failure *out);

/* Accepted jobs that have not been started; old when it arrives. */
size_t ct_pool_queued(struct ct_pool *p);

/* After a shutdown: waits for jobs that still run, discards what was left. NULL is fine. */
void ct_pool_free(struct ct_pool *p);

#endif
