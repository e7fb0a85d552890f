/* The measurements with arrivals from outside: queue, overload_120, overload_200. See pool.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/cacheline.h"
#include "base/clock.h"
#include "base/rng.h"
#include "harness/histogram.h"
#include "harness/work.h"
#include "pool/pool.h"
#include "sync/mutex.h"

enum { LEAST_JOBS = 500 }; /* that a window has, for its 99th percentile */

struct office;

/* One job. */
struct trip {
        struct office *office;
        int64_t due_ns; /* when it was to arrive */
        unsigned ran;
        bool accepted;
};

struct office {
        uint64_t turns;
        struct trip *trip;
        uint64_t n, accepted, blocked, refused;
        struct ct_mutex lock; /* the workers' histograms, when they leave */
        struct ct_histogram latency;
};

/* One worker's, on lines of its own. */
struct clerk {
        CT_ALIGN_PAIR struct ct_histogram latency;
};

static int enter(void *ctx, unsigned worker, void **local)
{
        struct clerk *c = aligned_alloc(CT_CACHE_PAIR, sizeof *c);

        (void)ctx;
        (void)worker;
        if (c)
                ct_histogram_reset(&c->latency);
        *local = c;
        return c ? 0 : -ENOMEM;
}

static void leave(void *ctx, unsigned worker, void *local)
{
        struct office *o = ctx;
        struct clerk *c = local;

        (void)worker;
        ct_mutex_lock(&o->lock);
        ct_histogram_merge(&o->latency, &c->latency);
        ct_mutex_unlock(&o->lock);
        free(c);
}

static int job(void *arg, void *local)
{
        struct trip *t = arg;
        struct clerk *c = local;

        t->ran++;
        pool_compute(t->office->turns);
        ct_histogram_record(&c->latency, (uint64_t)(ct_now_ns() - t->due_ns));
        return 0;
}

static int submit(const struct crew *crew, void *self, struct office *o, struct trip *t, bool wait)
{
        int rc = crew->try_submit(self, job, t);

        if (rc == -EAGAIN && !wait) {
                o->refused++;
                return 0;
        }
        if (rc == -EAGAIN) {
                o->blocked++;
                rc = crew->submit(self, job, t);
        }
        t->accepted = !rc;
        o->accepted += !rc;
        return rc;
}

/* Each at its time, or as soon after it as this thread gets round to it; the latency counts from
   its time. */
static int submit_all(const struct crew *crew, void *self, struct office *o, bool wait)
{
        int rc = 0;

        for (uint64_t i = 0; i < o->n && !rc; i++) {
                struct trip *t = &o->trip[i];

                if (t->due_ns > ct_now_ns())
                        ct_sleep_until(t->due_ns);
                rc = submit(crew, self, o, t, wait);
        }
        return rc;
}

/* Random arrivals of this mean distance; the same ones for every contestant and repetition. */
static void draw(struct office *o, double gap_ns)
{
        struct ct_rng rng;
        double at = 0;

        ct_rng_seed(&rng, 1);
        for (uint64_t i = 0; i < o->n; i++) {
                at -= gap_ns * log1p(-ct_rng_unit(&rng));
                o->trip[i] = (struct trip){.office = o, .due_ns = (int64_t)at};
        }
}

static bool right(const struct office *o, uint64_t ran)
{
        uint64_t accepted = 0;

        for (uint64_t i = 0; i < o->n; i++) {
                if (o->trip[i].ran != o->trip[i].accepted)
                        return false;
                accepted += o->trip[i].accepted;
        }
        return ran == accepted && ct_histogram_count(&o->latency) == ran;
}

static int measure(const struct crew *crew, const struct crew_spec *spec, struct office *o,
                   bool wait, struct measurement *m)
{
        int64_t start;
        uint64_t ran;
        void *self;
        int rc = crew->start(&self, spec);

        if (rc)
                return rc;
        start = ct_now_ns();
        for (uint64_t i = 0; i < o->n; i++)
                o->trip[i].due_ns += start;
        rc = submit_all(crew, self, o, wait);
        ran = crew->finish(self);
        m->ops = (double)o->accepted;
        m->window_ns = (double)(ct_now_ns() - start);
        crew->free(self);
        pool_latencies(&o->latency, m);
        m->verified = right(o, ran);
        if (wait)
                m->own[M_BLOCKED_SUBMIT_PCT] = 100.0 * (double)o->blocked / (double)o->n;
        else
                m->own[M_REFUSED_PCT] = 100.0 * (double)o->refused / (double)o->n;
        return rc;
}

/* Jobs that come in one that a worker, or a CPU where there are fewer, can do. */
static double load(unsigned workload)
{
        return workload == QUEUE ? 0.8 : workload == OVERLOAD_120 ? 1.2 : 2;
}

static int open_loop(const struct crew *crew, unsigned workload, const struct topology *t,
                     const struct params *p, int64_t window_ns, struct measurement *m)
{
        unsigned workers = (unsigned)p->value[P_WORKERS], pus = topology_pus(t);
        int64_t compute = p->value[P_COMPUTE_US] * CT_NS_PER_US;
        double gap = (double)compute / (workers < pus ? workers : pus) / load(workload);
        struct office *o = calloc(1, sizeof *o);
        struct crew_spec spec = {.workers = workers,
                                 .queue = (size_t)p->value[P_QUEUE],
                                 .tasks = m->exec == BY_TASKS,
                                 .worker_init = enter,
                                 .worker_exit = leave,
                                 .ctx = o};
        struct pool_switches since;
        int rc;

        if (!o)
                return -ENOMEM;
        o->n = (uint64_t)((double)window_ns / gap);
        o->n = o->n < LEAST_JOBS ? LEAST_JOBS : o->n;
        o->trip = calloc(o->n, sizeof *o->trip);
        o->turns = work_turns(compute, pool_ns_per_turn());
        pool_switches_read(&since);
        rc = o->trip ? 0 : -ENOMEM;
        if (!rc) {
                draw(o, gap);
                rc = measure(crew, &spec, o, workload == QUEUE, m);
                pool_finish_row(&since, t, workers, m);
                pool_check_pace(m);
        }
        free(o->trip);
        free(o);
        return rc;
}

int pool_open_loop(const struct crew *crew, unsigned workload, const struct topology *t,
                   const struct params *p, int64_t window_ns, struct measurement *m)
{
        int slack = prctl(PR_GET_TIMERSLACK), rc = pool_stage_begin(m->exec, t), left;

        if (rc)
                return rc;
        prctl(PR_SET_TIMERSLACK, 1UL); /* 50 us by default, half a job */
        rc = open_loop(crew, workload, t, p, window_ns, m);
        prctl(PR_SET_TIMERSLACK, (unsigned long)(slack > 0 ? slack : 0));
        left = pool_stage_end(m->exec);
        return rc ? rc : left;
}
