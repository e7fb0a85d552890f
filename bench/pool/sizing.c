/* The measurements of how many workers: sizing, sizing_socket, quota. See pool.h. */
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/clock.h"
#include "harness/histogram.h"
#include "harness/work.h"
#include "pool/echo.h"
#include "pool/pool.h"
#include "pool/quota.h"
#include "sync/latch.h"
#include "sync/mutex.h"
#include "sync/semaphore.h"
#include "task/task.h"

/* What the workers share: they read the first part, and add to the second when they leave. */
struct plant {
        uint64_t turns;  /* of computing */
        int64_t wait_ns; /* then */
        int64_t from_ns; /* the window: jobs that end in it count */
        int64_t to_ns;
        bool tasks, limited;
        struct echo *echo; /* where the wait is an answer's */
        /* Opened when the queue is full and the window set: with more workers than CPUs, those
           would empty it under the submitter's hands. */
        struct ct_latch gate;
        struct ct_semaphore connections;            /* if `limited` */
        ct_atomic_u64 left, left_sum, left_squares; /* accepted jobs that will not run */
        struct ct_mutex lock;                       /* the workers' totals, when they leave */
        struct pool_count ran;
        uint64_t began, late, wrong;
        struct ct_histogram latency;
};

/* One worker's, on lines of its own. */
struct bench_worker {
        CT_ALIGN_PAIR struct plant *plant;
        struct pool_count ran;
        uint64_t began;       /* in the window */
        uint64_t late, wrong; /* began after it; was not answered as it should */
        unsigned index;
        bool entered;
        struct ct_histogram latency;
};

static int enter(void *ctx, unsigned worker, void **local)
{
        struct bench_worker *w = aligned_alloc(CT_CACHE_PAIR, sizeof *w);

        *local = w;
        if (!w)
                return -ENOMEM;
        memset(w, 0, sizeof *w); /* it would not fit on a task's stack */
        w->plant = ctx;
        w->index = worker;
        return 0;
}

static void leave(void *ctx, unsigned worker, void *local)
{
        struct plant *plant = ctx;
        struct bench_worker *w = local;

        (void)worker;
        ct_mutex_lock(&plant->lock);
        plant->ran.jobs += w->ran.jobs;
        plant->ran.sum += w->ran.sum;
        plant->ran.squares += w->ran.squares;
        plant->began += w->began;
        plant->late += w->late;
        plant->wrong += w->wrong;
        ct_histogram_merge(&plant->latency, &w->latency);
        ct_mutex_unlock(&plant->lock);
        free(w);
}

static void discard(void *ctx, void *arg)
{
        struct plant *plant = ctx;
        uint64_t number = (uintptr_t)arg;

        ct_add_u64_relaxed(&plant->left, 1);
        ct_add_u64_relaxed(&plant->left_sum, number);
        ct_add_u64_relaxed(&plant->left_squares, number * number);
}

static void wait_there(struct plant *plant, struct bench_worker *w)
{
        if (plant->echo)
                w->wrong += !echo_ask(plant->echo, plant->limited ? ECHO_ANY : w->index);
        else if (plant->tasks)
                ct_task_sleep_until(ct_now_ns() + plant->wait_ns);
        else
                ct_sleep_until(ct_now_ns() + plant->wait_ns);
}

static int job(void *arg, void *local)
{
        struct bench_worker *w = local;
        struct plant *plant = w->plant;
        int64_t start, end;

        if (!w->entered)
                ct_latch_wait(&plant->gate);
        w->entered = true;
        start = ct_now_ns();
        pool_count_add(&w->ran, (uintptr_t)arg, 1);
        if (start >= plant->to_ns) { /* the window is over; its owner may have to wait for a CPU */
                w->late++;
                return 0;
        }
        w->began += start > plant->from_ns;
        pool_compute(plant->turns);
        if (plant->limited)
                ct_semaphore_acquire(&plant->connections, 1);
        if (plant->wait_ns)
                wait_there(plant, w);
        if (plant->limited)
                ct_semaphore_release(&plant->connections, 1);
        end = ct_now_ns();
        if (end > plant->from_ns && end <= plant->to_ns)
                ct_histogram_record(&w->latency, (uint64_t)(end - start));
        return 0;
}

struct plan {
        unsigned workers;
        int64_t compute_ns, job_ns, ramp_ns, window_ns;
        uint64_t jobs; /* more than can be run by the end */
};

static void make_plan(struct plan *plan, const struct topology *t, const struct params *p,
                      int64_t window_ns)
{
        int64_t compute = p->value[P_COMPUTE_US] * CT_NS_PER_US;
        double by_cpu, by_worker;

        plan->workers = (unsigned)p->value[P_WORKERS];
        plan->compute_ns = compute;
        plan->job_ns = compute * 100 / (100 - p->value[P_WAIT_PCT]);
        by_cpu = topology_pus(t) / (double)compute;
        by_worker = plan->workers / (double)plan->job_ns;
        /* Until every worker is in its stride: a job, and a turn on the CPU for each of them. */
        plan->ramp_ns = plan->job_ns + compute * plan->workers / topology_cores(t);
        plan->window_ns = window_ns > 8 * plan->job_ns ? window_ns : 8 * plan->job_ns;
        plan->jobs = (uint64_t)((double)(plan->ramp_ns + plan->window_ns) * 2 *
                                (by_cpu < by_worker ? by_cpu : by_worker)) +
                     2 * plan->workers + 100;
}

/* Fills the queue, lets the window pass, cuts the pool off; how many jobs were left. */
static int run(const struct crew *crew, void *self, struct plant *plant, const struct plan *plan,
               uint64_t *left, uint64_t *ran)
{
        int rc = 0;

        for (uint64_t i = 1; i <= plan->jobs && !rc; i++)
                rc = crew->submit(self, job, (void *)(uintptr_t)i);
        plant->from_ns = ct_now_ns() + plan->ramp_ns;
        plant->to_ns = rc ? 0 : plant->from_ns + plan->window_ns;
        ct_latch_count_down(&plant->gate, 1);
        if (!rc)
                ct_sleep_until(plant->to_ns);
        *left = crew->cut(self, ran);
        return rc;
}

static bool right(struct plant *plant, uint64_t jobs, uint64_t left, uint64_t ran)
{
        struct pool_count all = {0}, seen = plant->ran;

        pool_count_add(&all, 1, jobs);
        seen.jobs += ct_load_u64_relaxed(&plant->left);
        seen.sum += ct_load_u64_relaxed(&plant->left_sum);
        seen.squares += ct_load_u64_relaxed(&plant->left_squares);
        return left + ran == jobs && plant->ran.jobs == ran && pool_count_equal(&seen, &all) &&
               !plant->wrong;
}

static int open_connections(struct plant *plant, unsigned workload, const struct params *p)
{
        int64_t limit = p->value[P_LIMIT];

        plant->limited = limit > 0;
        if (plant->limited)
                ct_semaphore_init(&plant->connections, (uint64_t)limit);
        if (workload != SIZING_SOCKET || !plant->wait_ns)
                return 0;
        return echo_start(&plant->echo, (unsigned)(limit > 0 ? limit : p->value[P_WORKERS]),
                          plant->wait_ns);
}

static int measure(const struct crew *crew, struct plant *plant, const struct plan *plan,
                   struct measurement *m)
{
        struct crew_spec spec = {.workers = plan->workers,
                                 /* some kinds divide it among their workers */
                                 .queue = plan->jobs + plan->workers,
                                 .tasks = plant->tasks,
                                 .worker_init = enter,
                                 .worker_exit = leave,
                                 .discard = discard,
                                 .ctx = plant};
        uint64_t left, ran;
        void *self;
        int rc = crew->start(&self, &spec);

        if (rc)
                return rc;
        rc = run(crew, self, plant, plan, &left, &ran);
        crew->free(self);
        if (!rc && !left && !plant->late)
                rc = -ERANGE; /* the queue ran dry: that is not the workers' pace */
        /* Of a job that began or ended outside, half is counted as done inside. Counting those that
           ended would be a bias: where workers take turns on the CPUs, a window leaves more jobs
           half done than it found, and 128 workers seem 5 % slower than 2. */
        m->ops = (double)(plant->began + ct_histogram_count(&plant->latency)) / 2;
        m->window_ns = (double)plan->window_ns;
        pool_latencies(&plant->latency, m);
        m->verified = right(plant, plan->jobs, left, ran);
        return rc;
}

static int sizing(const struct crew *crew, unsigned workload, const struct topology *t,
                  const struct params *p, int64_t window_ns, struct measurement *m)
{
        struct plant *plant = calloc(1, sizeof *plant);
        struct pool_switches since;
        struct plan plan;
        int rc;

        if (!plant)
                return -ENOMEM;
        make_plan(&plan, t, p, window_ns);
        plant->turns = work_turns(plan.compute_ns, pool_ns_per_turn());
        plant->wait_ns = plan.job_ns - plan.compute_ns;
        plant->tasks = m->exec == BY_TASKS;
        ct_latch_init(&plant->gate, 1);
        rc = open_connections(plant, workload, p);
        pool_switches_read(&since);
        if (!rc)
                rc = measure(crew, plant, &plan, m);
        m->own[M_PREDICTED_WORKERS] = pool_prediction(topology_cores(t), p->value[P_WAIT_PCT]);
        pool_finish_row(&since, t, plan.workers, m);
        pool_check_pace(m);
        echo_stop(plant->echo);
        free(plant);
        return rc;
}

int pool_sizing(const struct crew *crew, unsigned workload, const struct topology *t,
                const struct params *p, int64_t window_ns, struct measurement *m)
{
        struct quota quota = {0};
        int rc = 0, left;

        (void)pool_ns_per_turn(); /* before there is a quota */
        if (workload == QUOTA) {
                rc = quota_enter(&quota, t);
                window_ns = window_ns > QUOTA_WINDOW_NS ? window_ns : QUOTA_WINDOW_NS;
                m->own[M_QUOTA_CPUS] = quota.cpus;
        }
        if (!rc)
                rc = pool_stage_begin(m->exec, t);
        if (!rc) {
                rc = sizing(crew, workload, t, p, window_ns, m);
                left = pool_stage_end(m->exec);
                rc = rc ? rc : left;
        }
        left = quota_leave(&quota);
        return rc ? rc : left;
}
