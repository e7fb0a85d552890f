/*
 * A thread for every job, without a bound or with one.
 *
 * Limit 0 is what pools exist to avoid: submit starts a thread, at once, however many there are.
 * A limit n is the guides' semaphore: a buffered channel of n signals; submit first sends one,
 * and so waits while n jobs are running; each job's thread takes one out again when it is done.
 *
 * Order: none between jobs.
 * Memory: a job reads what was written before submit; after wait everybody reads what the jobs
 *   wrote.
 * Blocks on: submit, with a limit, while that many jobs run; wait, until none runs.
 * Who may call: any thread may submit, also a job where there is no limit (with one it may wait
 *   for itself). wait may be called again and again; a submit that overlaps with it may be
 *   missed.
 * Runs: on detached threads, on any CPU that the process may use. One that has ended its job may
 *   still be on its way out after wait.
 * Misuse panics: freeing while jobs run.
 *
 * Source: "The Problem: Unbounded Concurrency" in "The Complete Guide to Go Concurrency Patterns
 * and Synchronization"; the semaphore of the "Advanced Concurrency Patterns" lesson, a buffered
 * channel.
 */
#ifndef CT_FLOW_SPAWN_GUIDE_H
#define CT_FLOW_SPAWN_GUIDE_H

#include "flow/pool_guide.h"

struct ct_spawn_guide;

struct ct_spawn_guide_stats {
        uint64_t submitted;
        uint64_t done, failed;
        int first_error;
        uint64_t most; /* jobs that had a thread at the same time */
};

/* 0 or -ENOMEM (*out is then NULL). */
int ct_spawn_guide_new(struct ct_spawn_guide **out, size_t limit);

/* `job` gets NULL for its local. 0; -ENOMEM, -EAGAIN: no thread to be had, the job was not
 * accepted. */
int ct_spawn_guide_submit(struct ct_spawn_guide *s, ct_pool_guide_job *job, void *arg);

/* Also CT_POOL_QUEUE_FULL: the limit is reached. That is -EAGAIN too: there is no thread for it
 * now. */
int ct_spawn_guide_try_submit(struct ct_spawn_guide *s, ct_pool_guide_job *job, void *arg);

/* Until every job that was accepted has ended. */
void ct_spawn_guide_wait(struct ct_spawn_guide *s);

void ct_spawn_guide_stats(struct ct_spawn_guide *s, struct ct_spawn_guide_stats *out);

/* NULL is fine. */
void ct_spawn_guide_free(struct ct_spawn_guide *s);

#endif
