#include "pool/sizing.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "harness/histogram.h"
#include "harness/noise.h"
#include "harness/work.h"

/* What the workers share: they read the first part, and add to the second when the window is over.
 */
struct plant {
        uint64_t *number; /* the jobs' arguments: 1, 2 ... */
        uint64_t turns;   /* of computing, 100 us of them */
        int64_t wait_ns;  /* then */
        int64_t from_ns;  /* the window: jobs that end in it count */
        int64_t to_ns;
        /* Closed when the queue is full and the window set: with more workers than CPUs, those
           would empty it under the submitter's hands. */
        struct ct_chan_guide *gate;
        ct_atomic_u64 left, left_sum; /* not run: their number, and of their numbers */
        pthread_mutex_t lock;         /* the workers' totals, when they leave */
        uint64_t run, sum, counted, late;
        struct ct_histogram latency;
};

/* One worker's, on lines of its own. */
struct bench_worker {
        CT_ALIGN_PAIR struct plant *plant;
        uint64_t run, sum, counted, late;
        bool entered;
        struct ct_histogram latency;
};

static int enter(void *ctx, unsigned worker, void **local)
{
        struct bench_worker *w = aligned_alloc(CT_CACHE_PAIR, sizeof *w);

        (void)worker;
        *local = w;
        if (!w)
                return -ENOMEM;
        w->plant = ctx;
        w->run = w->sum = w->counted = w->late = 0;
        w->entered = false;
        ct_histogram_reset(&w->latency);
        return 0;
}

static void leave(void *ctx, unsigned worker, void *local)
{
        struct plant *plant = ctx;
        struct bench_worker *w = local;

        (void)worker;
        pthread_mutex_lock(&plant->lock);
        plant->run += w->run;
        plant->sum += w->sum;
        plant->counted += w->counted;
        plant->late += w->late;
        ct_histogram_merge(&plant->latency, &w->latency);
        pthread_mutex_unlock(&plant->lock);
        free(w);
}

static void discard(void *ctx, void *arg)
{
        struct plant *plant = ctx;

        ct_add_u64_relaxed(&plant->left, 1);
        ct_add_u64_relaxed(&plant->left_sum, *(const uint64_t *)arg);
}

static int job(void *arg, void *local)
{
        struct bench_worker *w = local;
        struct plant *plant = w->plant;
        int64_t start, end;

        if (!w->entered)
                ct_chan_guide_recv(plant->gate, NULL);
        w->entered = true;
        start = ct_now_ns();
        w->run++;
        w->sum += *(const uint64_t *)arg;
        if (start >= plant->to_ns) { /* the window is over; its owner may have to wait for a CPU */
                w->late++;
                return 0;
        }
        work_spin(plant->turns);
        if (plant->wait_ns)
                ct_sleep_until(ct_now_ns() + plant->wait_ns);
        end = ct_now_ns();
        if (end > plant->from_ns && end <= plant->to_ns) {
                w->counted++;
                ct_histogram_record(&w->latency, (uint64_t)(end - start));
        }
        return 0;
}

struct plan {
        unsigned workers;
        int64_t job_ns, ramp_ns, window_ns;
        uint64_t jobs; /* more than can be run by the end */
};

static struct plan plan(const struct topology *t, const struct params *p, int64_t window_ns)
{
        int64_t compute = COMPUTE_US * CT_NS_PER_US;
        struct plan plan = {.workers = (unsigned)p->value[P_WORKERS],
                            .job_ns = compute * 100 / (100 - p->value[P_WAIT_PCT])};
        double by_cpu = topology_pus(t) / (double)compute,
               by_worker = plan.workers / (double)plan.job_ns;

        /* Until every worker is in its stride: a job, and a turn on the CPU for each of them. */
        plan.ramp_ns = plan.job_ns + compute * plan.workers / topology_cores(t);
        plan.window_ns = window_ns > 8 * plan.job_ns ? window_ns : 8 * plan.job_ns;
        plan.jobs = (uint64_t)((double)(plan.ramp_ns + plan.window_ns) * 2 *
                               (by_cpu < by_worker ? by_cpu : by_worker)) +
                    2 * plan.workers + 100;
        return plan;
}

/* Fills the queue, lets the window pass, cuts the pool off; how many jobs were left. */
static uint64_t run(struct ct_pool_guide *pool, struct plant *plant, const struct plan *plan)
{
        for (uint64_t i = 0; i < plan->jobs; i++) {
                plant->number[i] = i + 1;
                ct_pool_guide_submit(pool, job, &plant->number[i]);
        }
        plant->from_ns = ct_now_ns() + plan->ramp_ns;
        plant->to_ns = plant->from_ns + plan->window_ns;
        ct_chan_guide_close(plant->gate);
        ct_sleep_until(plant->to_ns);
        return ct_pool_guide_shutdown_until(pool, ct_now_ns());
}

static bool right(const struct plant *plant, const struct plan *plan,
                  const struct ct_pool_guide_stats *s, uint64_t left)
{
        uint64_t n = plan->jobs;

        return s->submitted == n && left == n - s->run && s->run == plant->run &&
               ct_load_u64_relaxed(&plant->left) == left &&
               plant->sum + ct_load_u64_relaxed(&plant->left_sum) == n * (n + 1) / 2;
}

static void fill(const struct plant *plant, const struct plan *plan, struct measurement *m)
{
        const struct ct_histogram *h = &plant->latency;

        m->ops = (double)plant->counted;
        m->window_ns = (double)plan->window_ns;
        m->latency_samples = (double)ct_histogram_count(h);
        if (!ct_histogram_count(h))
                return;
        m->latency_p50_ns = (double)ct_histogram_quantile(h, 0.5);
        m->latency_p99_ns = (double)ct_histogram_quantile(h, 0.99);
        m->latency_p999_ns = (double)ct_histogram_quantile(h, 0.999);
        m->latency_max_ns = (double)ct_histogram_max(h);
}

/* The least of several calibrations, apart in time: one in a hundred was measured 1.6x too long on
   a virtual machine (its core's other half was busy), which would shorten every job of the block.
 */
static double calibrate(void)
{
        enum { CALIBRATIONS = 12 };
        double best = work_calibrate();

        for (int i = 1; i < CALIBRATIONS; i++) {
                double again;

                ct_sleep_until(ct_deadline_after(CT_NS_PER_MS));
                again = work_calibrate();
                best = again < best ? again : best;
        }
        return best;
}

/* Where the CPU is not as fast after the window as the calibration found it, the jobs were longer
   or shorter than the row says: 28,360 jobs of 100 us a second were counted on two CPUs. The row is
   noisy then, and if it was shorter the next attempt goes by the new pace. */
static void check_pace(double *ns_per_turn, struct measurement *m)
{
        double again = work_calibrate();

        if (fabs(again / *ns_per_turn - 1) > CT_NOISE_FREQ_DRIFT_PCT / 100)
                m->noise |= CT_NOISE_FREQ;
        *ns_per_turn = again < *ns_per_turn ? again : *ns_per_turn;
}

int pool_sizing(const struct topology *t, const struct params *p, int64_t window_ns,
                struct measurement *m)
{
        static double ns_per_turn; /* one block, one process */
        struct plan plan_ = plan(t, p, window_ns);
        struct plant *plant = malloc(sizeof *plant);
        struct ct_pool_guide_config config = {.workers = plan_.workers,
                                              .queue = plan_.jobs,
                                              .worker_init = enter,
                                              .worker_exit = leave,
                                              .discard = discard,
                                              .ctx = plant};
        struct ct_pool_guide_stats stats;
        struct pool_switches since;
        struct ct_pool_guide *pool;
        uint64_t left;
        int rc;

        if (!plant)
                return -ENOMEM;
        if (ns_per_turn == 0)
                ns_per_turn = calibrate();
        *plant = (struct plant){.turns = work_turns(COMPUTE_US * CT_NS_PER_US, ns_per_turn),
                                .wait_ns = plan_.job_ns - COMPUTE_US * CT_NS_PER_US,
                                .lock = PTHREAD_MUTEX_INITIALIZER};
        plant->number = calloc(plan_.jobs, sizeof *plant->number);
        rc = plant->number ? ct_chan_guide_new(&plant->gate, 0, 0) : -ENOMEM;
        pool_switches_read(&since);
        if (!rc)
                rc = ct_pool_guide_start(&pool, &config);
        if (!rc) {
                left = run(pool, plant, &plan_);
                ct_pool_guide_stats(pool, &stats);
                ct_pool_guide_free(pool);
                if (!left && !plant->late)
                        rc = -ERANGE; /* the queue ran dry: that is not the workers' pace */
        }
        if (!rc) {
                fill(plant, &plan_, m);
                m->own[M_PREDICTED_WORKERS] =
                        pool_prediction(topology_cores(t), p->value[P_WAIT_PCT]);
                m->verified = right(plant, &plan_, &stats, left);
                m->flags |= plan_.workers > topology_pus(t) ? ROW_OVERSUBSCRIBED : 0;
                pool_finish_row(&since, m);
                check_pace(&ns_per_turn, m);
        }
        ct_chan_guide_free(plant->gate);
        free(plant->number);
        free(plant);
        return rc;
}
