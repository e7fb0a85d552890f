#include "harness/executor.h"

#include <sched.h>

static int start(struct executor *e, const struct topology *topology, const char *placement,
                 char *why, size_t why_size)
{
        int rc = team_start(&e->team, topology, placement, e->workers, why, why_size);

        e->pus = rc ? 0 : team_pus(e->team);
        return rc;
}

static void stop(struct executor *e)
{
        team_stop(e->team);
}

static void release(struct executor *e, unsigned n, team_job *job, void *ctx)
{
        team_release(e->team, 0, n, job, ctx);
}

static int wait(struct executor *e, int64_t deadline_ns)
{
        return team_wait(e->team, deadline_ns);
}

static void dump(struct executor *e)
{
        team_dump(e->team);
}

static void yield(void)
{
        sched_yield();
}

const struct executor_ops executor_threads = {
        .kind = BY_THREADS,
        .start = start,
        .stop = stop,
        .release = release,
        .wait = wait,
        .dump = dump,
        .yield = yield,
};

int executor_start(struct executor *e, const struct executor_ops *ops,
                   const struct topology *topology, const char *placement, unsigned workers,
                   char *why, size_t why_size)
{
        int rc;

        *e = (struct executor){.ops = ops, .workers = workers};
        rc = ops->start(e, topology, placement, why, why_size);
        if (rc)
                *e = (struct executor){0};
        return rc;
}

void executor_stop(struct executor *e)
{
        if (e->ops)
                e->ops->stop(e);
        *e = (struct executor){0};
}
