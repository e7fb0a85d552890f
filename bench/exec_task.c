#include "exec_task.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/futex.h"
#include "base/parker.h"
#include "harness/placement.h"
#include "harness/sysfile.h"
#include "harness/topology.h"
#include "task/task.h"

struct member {
        CT_ALIGN_PAIR struct ct_waiter wake;
        struct ct_task_handle task;
        struct crew *crew;
        unsigned index;
};

struct crew {
        team_job *job;
        void *ctx;
        bool quit, running;
        unsigned started, carriers, n_tids;
        int *tid, monitor;        /* of the carriers' threads and the one that helps them */
        ct_atomic_u32 unfinished; /* released workers; a futex word for the owner */
        struct member *member;
};

/* Release: what the job wrote is the owner's once it has seen 0 in wait_all(). */
static void finish(struct crew *c)
{
        if (ct_sub_u32_acq_rel(&c->unfinished, 1) == 1)
                ct_futex_wake(&c->unfinished, 1);
}

static int member_main(void *arg)
{
        struct member *m = arg;
        struct crew *c = m->crew;

        ct_waiter_init(&m->wake);
        finish(c);
        for (;;) {
                (void)ct_park_until(&m->wake, CT_FOREVER, CT_PARK_SLEEP);
                if (c->quit)
                        return 0;
                c->job(c->ctx, m->index);
                finish(c);
        }
}

static int wait_all(struct crew *c, int64_t deadline_ns)
{
        uint32_t left;

        while ((left = ct_load_u32_acquire(&c->unfinished))) /* pairs with finish() */
                if (ct_futex_wait(&c->unfinished, left, deadline_ns) == -ETIMEDOUT)
                        return -ETIMEDOUT;
        return 0;
}

/* ---- the runtime's threads, by the names it gives them ---- */

static bool is_named(const char *tid, const char *prefix)
{
        char name[32];

        return ct_sysfile_read(name, sizeof name, "", "/proc/self/task/%s/comm", tid) > 0 &&
               !strncmp(name, prefix, strlen(prefix));
}

static void find_threads(struct crew *c)
{
        DIR *dir = opendir("/proc/self/task");
        const struct dirent *entry;

        c->n_tids = 0;
        while (dir && (entry = readdir(dir))) {
                if (is_named(entry->d_name, "ct_monitor"))
                        c->monitor = atoi(entry->d_name);
                else if (c->n_tids < c->carriers && is_named(entry->d_name, "ct_carrier"))
                        c->tid[c->n_tids++] = atoi(entry->d_name);
        }
        if (dir)
                closedir(dir);
}

static int start_runtime(const struct team *team, unsigned carriers)
{
        struct ct_runtime_config config = {.carriers = carriers};
        int *cpus = calloc(carriers, sizeof *cpus), rc;

        if (!cpus)
                return -ENOMEM;
        for (unsigned i = 0; i < carriers; i++)
                cpus[i] = team_cpu(team, i);
        config.cpus = team_pinned(team) ? cpus : NULL;
        rc = ct_runtime_start(&config);
        free(cpus);
        return rc;
}

/* What the placement offers to any number of workers. */
static int placement_pus(const struct topology *topology, const char *policy, unsigned *pus,
                         char *why, size_t why_size)
{
        struct placement plan;
        int rc = placement_plan(topology, policy, topology_pus(topology), &plan, why, why_size);

        if (rc)
                return rc;
        *pus = (unsigned)plan.distinct.pus;
        placement_free(&plan);
        return 0;
}

/* ---- the executor ---- */

static int start_member(struct crew *c, unsigned index)
{
        struct member *m = &c->member[index];
        int rc;

        m->crew = c;
        m->index = index;
        ct_store_u32_relaxed(&c->unfinished, 1);
        rc = ct_task_start(&m->task, member_main, m);
        if (rc)
                return rc;
        c->started++;
        return wait_all(c, CT_FOREVER); /* its waiter is ready */
}

static int start_crew(struct executor *e)
{
        struct crew *c = calloc(1, sizeof *c);
        size_t size = e->workers * sizeof *c->member;
        int rc;

        if (!c)
                return -ENOMEM;
        e->own = c;
        c->carriers = e->pus;
        c->tid = calloc(c->carriers, sizeof *c->tid);
        c->member = aligned_alloc(CT_CACHE_PAIR, size);
        if (!c->member || !c->tid)
                return -ENOMEM;
        memset(c->member, 0, size);
        rc = start_runtime(e->team, e->pus);
        c->running = !rc;
        for (unsigned i = 0; i < e->workers && !rc; i++)
                rc = start_member(c, i);
        return rc;
}

static void release(struct executor *e, unsigned n, team_job *job, void *ctx)
{
        struct crew *c = e->own;

        c->job = job;
        c->ctx = ctx;
        ct_add_u32_relaxed(&c->unfinished, n);
        for (unsigned i = 0; i < n; i++)
                ct_unpark(&c->member[i].wake);
}

static void stop(struct executor *e)
{
        struct crew *c = e->own;

        if (c) {
                c->quit = true;
                for (unsigned i = 0; i < c->started; i++)
                        ct_unpark(&c->member[i].wake);
                for (unsigned i = 0; i < c->started; i++)
                        ct_task_join(&c->member[i].task);
                if (c->running)
                        ct_runtime_stop();
                free(c->tid);
                free(c->member);
                free(c);
        }
        team_stop(e->team);
}

static int start(struct executor *e, const struct topology *topology, const char *placement,
                 char *why, size_t why_size)
{
        int rc = placement_pus(topology, placement, &e->pus, why, why_size);

        if (!rc)
                rc = team_start(&e->team, topology, placement, e->pus, why, why_size);
        if (rc)
                return rc;
        rc = start_crew(e);
        if (!rc)
                return 0;
        snprintf(why, why_size, "cannot start %u tasks on %u carriers: %s", e->workers, e->pus,
                 strerror(-rc));
        stop(e);
        return rc;
}

static int wait(struct executor *e, int64_t deadline_ns)
{
        return wait_all(e->own, deadline_ns);
}

static void usage(struct executor *e, unsigned i, struct ct_thread_usage *u)
{
        struct crew *c = e->own;

        if (c->n_tids < c->carriers || !c->monitor)
                find_threads(c); /* they name themselves, some time after the start */
        *u = (struct ct_thread_usage){0};
        if (i < c->n_tids)
                ct_thread_usage_read_of(u, c->tid[i]);
        else if (i == c->carriers && c->monitor)
                ct_thread_usage_read_of(u, c->monitor);
}

static void dump(struct executor *e)
{
        struct crew *c = e->own;

        find_threads(c);
        for (unsigned i = 0; i < c->n_tids; i++)
                team_dump_thread(c->tid[i]);
}

static void checkpoint(void)
{
        ct_checkpoint();
}

const struct executor_ops executor_tasks = {
        .kind = BY_TASKS,
        .start = start,
        .stop = stop,
        .release = release,
        .wait = wait,
        .dump = dump,
        .checkpoint = checkpoint,
        .yield = ct_yield,
        .usage = usage,
};

int exec_task_runtime(const struct topology *topology, unsigned carriers)
{
        struct ct_runtime_config config = {0};
        struct placement plan;
        char why[512];
        int *cpus, rc = placement_plan(topology, "compact",
                                       carriers ? carriers : topology_pus(topology), &plan, why,
                                       sizeof why);

        if (rc)
                return rc;
        config.carriers = (unsigned)plan.threads;
        cpus = calloc(plan.threads, sizeof *cpus);
        if (!cpus) {
                placement_free(&plan);
                return -ENOMEM;
        }
        for (size_t i = 0; i < plan.threads; i++)
                cpus[i] = plan.pu[i].os_index;
        config.cpus = cpus;
        placement_free(&plan);
        rc = ct_runtime_start(&config);
        free(cpus);
        return rc;
}
