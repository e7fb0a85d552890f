/*
 * A crew: something that runs jobs, as the measurements of this family see it. C and C++.
 *
 * What a contestant does not offer is NULL; the descriptor's `measure` then leaves out what needs
 * it. submit and start are all that `overhead` asks for, with finish and free.
 */
#ifndef CT_BENCH_POOL_CREW_H
#define CT_BENCH_POOL_CREW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_pool_item; /* flow/pool.h: a job and its argument */

typedef int pool_job(void *arg, void *local);

struct crew_spec {
        unsigned workers;
        size_t queue; /* jobs that may wait */
        bool tasks;   /* workers are tasks of the runtime that runs, else OS threads */
        /* Each may be NULL: on the worker's own context, before its first job and after its last;
           and for every job that was accepted but will not be run. */
        int (*worker_init)(void *ctx, unsigned worker, void **local);
        void (*worker_exit)(void *ctx, unsigned worker, void *local);
        void (*discard)(void *ctx, void *arg);
        void *ctx;
};

#define CREW_UNCOUNTED UINT64_MAX

struct crew {
        /* p_workers is how many jobs can run at once, so that others wait. */
        bool limited;
        int (*start)(void **self, const struct crew_spec *spec); /* 0 or -errno */
        /* Waits while there is no room. 0 or -errno, why there is no worker to be had. */
        int (*submit)(void *self, pool_job *job, void *arg);
        int (*try_submit)(void *self, pool_job *job, void *arg); /* 0; -EAGAIN: there is no room */
        int (*submit_batch)(void *self, const struct ct_pool_item *items, size_t n);
        /* Takes no more, waits until all that was submitted has run and its workers have ended; how
           many jobs did, or CREW_UNCOUNTED: it keeps no count. */
        uint64_t (*finish)(void *self);
        /* Instead: starts no job any more. How many were accepted and will not run; *run: will. */
        uint64_t (*cut)(void *self, uint64_t *run);
        void (*free)(void *self); /* waits for jobs that still run */
};

#endif
