/*
 * What the kinds of worker pools share. Not for users; what holds for all of them is said in
 * pool.c.
 *
 * A kind brings jobs from submitters to workers: put on the one side, take on the other, close in
 * between. It keeps the jobs, whoever waits on either side, and the number of jobs accepted. The
 * rest is pool.c's: contexts, worker state, running, counting, results, the end.
 */
#ifndef CT_FLOW_POOL_PRIVATE_H
#define CT_FLOW_POOL_PRIVATE_H

#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/clock.h"
#include "base/guard.h"
#include "base/rng.h"
#include "flow/pool.h"
#include "sync/latch.h"
#include "sync/waitgroup.h"

struct ct_pool_worker_;

/*
 * init      makes what the kind needs and sets p->kind. 0, -ENOMEM or -EOVERFLOW. No worker is
 *           there yet. The configuration has been checked.
 * fini      frees it: no worker is there any more, and nothing is queued.
 * put       accepts items, first to last, until all n are accepted, the deadline has passed (one in
 *           the past: what fits at once), or the pool is closed; says how many, also where it
 * fails. OK (all), TIMED_OUT, SHUTTING_DOWN or NO_CONTEXT. Where close has come, it accepts no
 *           more; whoever waits for room answers SHUTTING_DOWN then.
 * take      the worker's next job, waiting for one. False: this worker is to end, because the pool
 *           is closed and nothing is left for it, or (dynamic) because it is not needed.
 *           Called with no lock held, in the worker's own context; what the worker keeps from call
 *           to call is in w->own. A job that has been taken may be dropped instead of run.
 * close     no job is accepted from here on: accepted() is final when it returns. Called once.
 *           Does not wait for jobs.
 * accepted  how many jobs put has accepted. A job counts before, or under the lock under which, it
 *           can be taken.
 * absent    a context that hire promised does not become a worker; or NULL.
 * left      a worker has gone: its take said so, its worker_exit has returned, and its slot is
 * free; or NULL.
 *
 * Kinds with a context for each job have no take; they do their own counting by struct
 * ct_pool_spawned_ and these:
 * cut       no job starts from here on.
 * count     adds run, done and failed.
 */
struct ct_pool_ops_ {
        int (*init)(struct ct_pool *p);
        void (*fini)(struct ct_pool *p);
        enum ct_pool_status (*put)(struct ct_pool *p, unsigned level,
                                   const struct ct_pool_item *items, size_t n, int64_t deadline,
                                   size_t *accepted);
        bool (*take)(struct ct_pool_worker_ *w, struct ct_pool_item *out);
        void (*close)(struct ct_pool *p);
        uint64_t (*accepted)(struct ct_pool *p);
        void (*absent)(struct ct_pool *p);
        void (*left)(struct ct_pool *p);
        void (*cut)(struct ct_pool *p);
        void (*count)(struct ct_pool *p, struct ct_pool_stats *stats);
};

extern const struct ct_pool_ops_ ct_pool_channel_ops_, ct_pool_stealing_ops_, ct_pool_fixed_ops_,
        ct_pool_dynamic_ops_, ct_pool_priority_ops_, ct_pool_unbounded_ops_, ct_pool_semaphore_ops_;

struct ct_pool_worker_ {
        /* Written by the worker alone, once or twice a job. */
        CT_ALIGN_PAIR ct_atomic_u64 run; /* one of them may be taken back: see cut */
        ct_atomic_u64 done, failed;
        struct ct_pool_item item; /* the job that runs: outlives a failure's unwinding */
        void *local;              /* what worker_init() made */
        void *own;                /* the kind's */
        struct ct_pool *pool;
        unsigned index;
        bool first;     /* start waits for its worker_init */
        bool taken;     /* the slot has a context; under p->guard */
        uint64_t final; /* run, as the cut decided; under p->guard */
};

struct ct_pool {
        const struct ct_pool_ops_ *ops; /* constant, as what follows, up to the guard */
        void *kind;                     /* the kind's */
        struct ct_pool_config config;
        struct ct_chan *results; /* of struct ct_pool_result, or NULL */
        struct ct_chan *closing; /* closed when no more jobs are taken */
        struct ct_chan *cut_off; /* closed at the cut: frees those that wait for results' room */
        struct ct_pool_worker_ *workers; /* config.workers of them; kinds without: NULL */
        uint64_t seed;
        ct_atomic_u32 cut; /* set once; read for each job */

        CT_ALIGN_PAIR struct ct_guard guard; /* protects what follows */
        bool decided;                        /* the workers' final counts */
        int start_rc;                        /* of the first worker that did not come */
        struct ct_failure first_failure;
        int last_error, start_error;

        ct_atomic_u32 alive; /* contexts, and 1 until the shutdown: 0 is the end */
        ct_atomic_u32 contexts, contexts_most;
        ct_atomic_u32 state; /* enum ct_pool_state_ */
        ct_atomic_u64 refused_full, results_dropped, retries;
        struct ct_waitgroup hiring; /* workers that start waits for */
        struct ct_latch ended;
};

enum ct_pool_state_ { CT_POOL_OPEN_, CT_POOL_CLOSED_ };

/* ---- pool_work.c: contexts that run jobs ---- */

/* One worker more, in a free slot. 0; -ESHUTDOWN: the pool has ended; -EAGAIN: no slot is free, or
   no thread; -ENOMEM. It runs worker_init and then takes like the others; ops->absent where
   worker_init failed. With no lock held. */
int ct_pool_hire_(struct ct_pool *p);

/* The first n, from slot 0 on; returns when each has come or failed to. 0, or why the first did. */
int ct_pool_hire_first_(struct ct_pool *p, unsigned n);

/* Starts a context that runs fn(arg). That says when it has done its work, before it makes room for
   another; its last act is ct_pool_leave_(p). 0; -ESHUTDOWN, -EAGAIN or -ENOMEM: nothing was
   started. */
int ct_pool_context_(struct ct_pool *p, void (*fn)(void *arg), void *arg);

static inline void ct_pool_context_ends_(struct ct_pool *p)
{
        (void)ct_sub_u32_relaxed(&p->contexts, 1);
}

void ct_pool_leave_(struct ct_pool *p);

/* Runs a job by itself, in a guard of its own: what it returned or failed with. */
int ct_pool_run_guarded_(struct ct_pool *p, struct ct_pool_item *item);

/* A job that has ended with this error, which is not 0; `why` may be NULL. */
void ct_pool_note_failure_(struct ct_pool *p, int error, const struct ct_failure *why);

/* Sends its result, if there are results. */
void ct_pool_deliver_(struct ct_pool *p, void *arg, int error);

void ct_pool_discard_(struct ct_pool *p, void *arg);

/* From here on no worker starts a job, and their counts of what ran are final. */
void ct_pool_cut_workers_(struct ct_pool *p);
void ct_pool_count_workers_(struct ct_pool *p, struct ct_pool_stats *stats);

/* ---- for kinds ---- */

static inline bool ct_pool_is_past_(int64_t deadline)
{
        return deadline != CT_FOREVER && (deadline <= 0 || deadline <= ct_now_ns());
}

/* ---- pool.c ---- */

/* How long to wait after the n-th attempt, n from 0. */
int64_t ct_pool_backoff_ns_(unsigned n, struct ct_rng *rng);

#endif
