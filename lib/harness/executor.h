/*
 * An executor: what runs a window's workers.
 *
 * One worker runs at a time on a PU. With OS threads each worker is a thread of the team, bound to
 * its own place in the placement. With tasks the placement's PUs each carry a thread that takes
 * turns running the workers, however many there are. The harness knows the first kind; the second
 * stands on a runtime that it must not know and is handed to it by bench/.
 *
 * A pinned team exists in both cases: it measures the hop and how the PUs scale, and while it
 * sleeps its threads keep the process from being single-threaded.
 *
 * One thread owns an executor: all calls but yield and checkpoint come from the one that started
 * it.
 */
#ifndef CT_HARNESS_EXECUTOR_H
#define CT_HARNESS_EXECUTOR_H

#include "harness/contestant.h"
#include "harness/noise.h"
#include "harness/team.h"

struct executor;

struct executor_ops {
        enum exec_kind kind;
        /* Sets team and pus (and own): 0, or -errno with one line in `why` and nothing left. */
        int (*start)(struct executor *, const struct topology *, const char *placement, char *why,
                     size_t why_size);
        void (*stop)(struct executor *);
        void (*release)(struct executor *, unsigned n, team_job *, void *ctx);
        int (*wait)(struct executor *, int64_t deadline_ns);
        void (*dump)(struct executor *);
        /* On a worker. Lets another worker run that waits for this PU; NULL: the kernel sees to it.
           checkpoint does so once the worker's time slice is over, yield at once. */
        void (*checkpoint)(void);
        void (*yield)(void);
        /* The totals of the thread that runs workers on PU i, read from outside; for i == pus, of
           the back-end's helper thread, which preempts a worker whenever it wakes up. NULL: each
           worker has a thread of its own, which reads them itself. */
        void (*usage)(struct executor *, unsigned i, struct ct_thread_usage *);
};

struct executor {
        const struct executor_ops *ops;
        struct team *team;
        unsigned workers; /* that work in windows */
        unsigned pus;     /* how many of them can run at the same time */
        void *own;        /* the back-end's */
};

extern const struct executor_ops executor_threads;

/* Starts what `workers` workers need under this placement. 0, or -errno with one line in `why` and
   nothing left running. */
int executor_start(struct executor *, const struct executor_ops *, const struct topology *,
                   const char *placement, unsigned workers, char *why, size_t why_size);

/* An executor of zero bytes is fine. */
void executor_stop(struct executor *);

/* Workers 0 .. n-1 run job(ctx, index) once each; returns at once. */
static inline void executor_release(struct executor *e, unsigned n, team_job *job, void *ctx)
{
        e->ops->release(e, n, job, ctx);
}

/* Waits until all released workers have finished: 0, or -ETIMEDOUT at the deadline (the executor is
   then unusable but for executor_dump()). */
static inline int executor_wait(struct executor *e, int64_t deadline_ns)
{
        return e->ops->wait(e, deadline_ns);
}

/* Prints where the workers that have not finished are, on stderr. */
static inline void executor_dump(struct executor *e)
{
        e->ops->dump(e);
}

static inline bool executor_oversubscribed(const struct executor *e)
{
        return e->workers > e->pus;
}

#endif
