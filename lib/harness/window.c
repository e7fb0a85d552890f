#include "harness/window.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/futex.h"
#include "harness/roles.h"
#include "harness/window_private.h"
#include "harness/work.h"

enum { BATCH_MAX = 1 << 16, BATCH_OVERSUBSCRIBED = 64 };

static const double batch_target_ns = 5e3;
/* How often the coordinator looks whether all have started, where that takes time slices. */
static const int64_t crowded_poll_ns = CT_NS_PER_MS / 2;

static void *zeroed(size_t align, size_t size)
{
        void *p = aligned_alloc(align, (size + align - 1) / align * align);

        if (p)
                memset(p, 0, size);
        return p;
}

static double clock_cost_ns(bool tsc, double ns_per_stamp)
{
        enum { READS = 2000 };
        uint64_t best = UINT64_MAX;

        for (int i = 0; i < 5; i++) {
                uint64_t t0 = window_stamp(tsc);

                for (int k = 0; k < READS; k++)
                        (void)window_stamp(tsc);
                uint64_t took = window_stamp(tsc) - t0;
                best = took < best ? took : best;
        }
        return (double)best * ns_per_stamp / READS;
}

int window_alloc(struct window **out, struct executor *executor, const struct family *family,
                 uint64_t seed, size_t storage_size, size_t storage_align)
{
        unsigned threads = executor->workers;
        struct window *w = zeroed(CT_CACHE_PAIR, sizeof *w);

        *out = w;
        if (!w)
                return -ENOMEM;
        if (storage_align < CT_CACHE_PAIR)
                storage_align = CT_CACHE_PAIR;
        w->executor = executor;
        w->family = family;
        w->storage_size = storage_size ? storage_size : 1;
        w->storage = zeroed(storage_align, w->storage_size);
        w->slot = zeroed(CT_CACHE_PAIR, threads * sizeof *w->slot);
        if (executor->ops->usage) {
                w->n_carriers = executor->pus;
                w->carrier = zeroed(CT_CACHE_PAIR, (executor->pus + 1) * sizeof *w->carrier);
        }
        if (!w->storage || !w->slot || (w->n_carriers && !w->carrier))
                return -ENOMEM;
        for (unsigned i = 0; i < threads; i++) {
                struct slot *s = &w->slot[i];

                s->latency = calloc(1, sizeof *s->latency);
                if (!s->latency)
                        return -ENOMEM;
                s->worker.index = i;
                s->worker.threads = threads;
                ct_rng_seed(&s->worker.rng, seed + i);
        }
        w->ns_per_turn = work_calibrate();
        w->tsc = ct_tsc_invariant();
        w->ns_per_stamp = w->tsc ? 1e9 / ct_tsc_hz() : 1;
        w->clock_ns = clock_cost_ns(w->tsc, w->ns_per_stamp);
        return 0;
}

void window_free(struct window *w)
{
        if (!w)
                return;
        for (unsigned i = 0; w->slot && i < w->executor->workers; i++)
                free(w->slot[i].latency);
        free(w->slot);
        free(w->carrier);
        free(w->storage);
        free(w);
}

/* ---- what the workers do around the window ---- */

/* The first worker touches the storage first: its pages belong to that worker's NUMA node. */
static void prepare_job(void *ctx, unsigned index)
{
        struct window *w = ctx;
        const struct contestant *c = w->spec->contestant;

        (void)index;
        memset(w->storage, 0, w->storage_size);
        w->init_result = c->init ? c->init(w->storage, w->spec->params, w->executor->workers) : 0;
}

static void worker_init_job(void *ctx, unsigned index)
{
        struct window *w = ctx;
        struct slot *s = &w->slot[index];

        s->init_result = w->spec->contestant->worker_init(w->storage, &s->worker);
}

static void worker_fini_job(void *ctx, unsigned index)
{
        struct window *w = ctx;
        struct slot *s = &w->slot[index];

        if (!s->init_result)
                w->spec->contestant->worker_fini(w->storage, &s->worker);
}

/* ---- the coordinator's side ---- */

static int64_t param(const struct window *w, const char *name)
{
        int i = name ? family_param_index(w->family, name) : -1;

        return i < 0 ? 0 : w->spec->params->value[i];
}

static int on_all_workers(struct window *w, team_job *job)
{
        executor_release(w->executor, w->executor->workers, job, w);
        return executor_wait(w->executor, ct_deadline_after(w->spec->stuck_after_ns));
}

static int end_workers(struct window *w)
{
        return w->spec->contestant->worker_fini ? on_all_workers(w, worker_fini_job) : 0;
}

/* On failure the workers that could begin are ended, and so is the contestant. */
static int begin_workers(struct window *w)
{
        const struct contestant *c = w->spec->contestant;
        int rc = 0;

        for (unsigned i = 0; i < w->executor->workers; i++) {
                w->slot[i].worker.local = NULL;
                w->slot[i].init_result = 0;
        }
        if (!c->worker_init)
                return 0;
        if (on_all_workers(w, worker_init_job))
                return -ETIMEDOUT;
        for (unsigned i = 0; i < w->executor->workers && !rc; i++)
                rc = w->slot[i].init_result;
        if (!rc)
                return 0;
        if (end_workers(w))
                return -ETIMEDOUT;
        if (c->fini)
                c->fini(w->storage);
        return rc;
}

static int prepare(struct window *w, const struct window_spec *spec, uint64_t batch)
{
        w->spec = spec;
        w->batch = batch;
        w->run = spec->contestant->run[spec->workload];
        executor_release(w->executor, 1, prepare_job, w);
        if (executor_wait(w->executor, ct_deadline_after(w->spec->stuck_after_ns)))
                return -ETIMEDOUT;
        if (w->init_result)
                return w->init_result;
        ct_store_u32_relaxed(&w->arrived, 0);
        ct_store_u64_relaxed(&w->start_at, 0);
        ct_store_u32_relaxed(&w->stop, 0);
        ct_store_u32_relaxed(&w->started, 0);
        ct_store_u32_relaxed(&w->opened, 0);
        for (unsigned i = 0; i < w->executor->workers; i++) {
                struct slot *s = &w->slot[i];

                s->worker.params = spec->params;
                s->worker.workload = spec->workload;
                s->worker.role = roles_of(w->family, spec->workload, spec->params, i,
                                          w->executor->workers, w->executor->pus);
                s->worker.latency = s->latency;
                s->worker.cursor = 0;
                s->worker.hold_turns = work_turns(param(w, w->family->hold_param), w->ns_per_turn);
                s->worker.think_turns =
                        work_turns(param(w, w->family->think_param), w->ns_per_turn);
                s->worker.draws = s->draws;
                if (w->family->draw)
                        w->family->draw(s->draws, spec->params, &s->worker.rng);
                ct_store_u64_relaxed(&s->published, 0);
                ct_histogram_reset(s->latency);
        }
        return begin_workers(w);
}

static uint64_t published(const struct slot *s)
{
        return ct_load_u64_relaxed(&s->published);
}

/* With a CPU for each worker the window begins at the gate. Otherwise the last worker may start
   time slices after the first, who until then has the contestant nearly to itself: the window
   begins once all have started, with what they have counted by then. 0 or -ETIMEDOUT. */
static int begin_window(struct window *w, int64_t until)
{
        unsigned threads = w->executor->workers;

        w->began_ns = (int64_t)ct_load_u64_acquire(&w->start_at);
        for (unsigned i = 0; i < threads; i++)
                w->slot[i].counted_from = 0;
        if (!executor_oversubscribed(w->executor))
                return 0;
        while (ct_load_u32_acquire(&w->started) < threads) {
                if (ct_now_ns() > until)
                        return -ETIMEDOUT;
                ct_sleep_until(ct_now_ns() + crowded_poll_ns);
        }
        w->began_ns = ct_now_ns();
        for (unsigned i = 0; i < threads; i++)
                w->slot[i].counted_from = published(&w->slot[i]);
        return 0;
}

/* Opens the gate, lets the window pass, takes the snapshot, stops and collects the workers. */
static int run_workers(struct window *w)
{
        unsigned threads = w->executor->workers;
        int64_t until = ct_deadline_after(w->spec->stuck_after_ns);
        int rc;

        executor_release(w->executor, threads, window_worker, w);
        while (!ct_load_u32_acquire(&w->opened))
                if (ct_futex_wait(&w->opened, 0, until) == -ETIMEDOUT)
                        return -ETIMEDOUT;
        rc = begin_window(w, until);
        if (rc)
                return rc;
        ct_sleep_until(w->began_ns + w->spec->window_ns);
        w->ended_ns = ct_now_ns();
        for (unsigned i = 0; i < threads; i++)
                w->slot[i].counted_to = published(&w->slot[i]);
        ct_store_u32_relaxed(&w->stop, 1);
        return executor_wait(w->executor, ct_deadline_after(w->spec->stuck_after_ns));
}

static void used_cpus(struct team *t, cpu_set_t *set)
{
        CPU_ZERO(set);
        for (unsigned i = 0; i < team_threads(t); i++)
                if (team_cpu(t, i) >= 0)
                        CPU_SET(team_cpu(t, i), set);
        if (!CPU_COUNT(set))
                sched_getaffinity(0, sizeof *set, set);
}

int window_run(struct window *w, const struct window_spec *spec, uint64_t batch,
               struct measurement *m)
{
        struct ct_host_usage before, after;
        cpu_set_t cpus;
        int rc;

        measurement_clear(m);
        rc = prepare(w, spec, batch);
        if (rc)
                return rc;
        used_cpus(w->executor->team, &cpus);
        ct_host_usage_read(&before, &cpus);
        for (unsigned i = 0; w->carrier && i <= w->n_carriers; i++)
                w->executor->ops->usage(w->executor, i, &w->carrier[i].before);
        rc = run_workers(w);
        if (rc)
                return rc;
        for (unsigned i = 0; w->carrier && i <= w->n_carriers; i++)
                w->executor->ops->usage(w->executor, i, &w->carrier[i].after);
        ct_host_usage_read(&after, &cpus);
        window_rates(w, m);
        window_latencies(w, m);
        window_judge(w, &before, &after, m);
        if (end_workers(w))
                return -ETIMEDOUT;
        window_oracle(w, m);
        return 0;
}

int window_warm(struct window *w, const struct window_spec *spec, int64_t warm_ns, uint64_t *batch)
{
        struct measurement m;
        struct window_spec warm = *spec;
        unsigned threads = w->executor->workers;
        bool crowded = executor_oversubscribed(w->executor);
        /* A thread is preempted with part of its batch not counted yet; a task between two. */
        uint64_t most = crowded && !w->n_carriers ? BATCH_OVERSUBSCRIBED : BATCH_MAX;
        double per_op;
        int rc;

        /* A waiter of a spin lock on a crowded CPU can need a time slice per operation. */
        if (crowded && (spec->contestant->caps & CAP_SPINS))
                most = 1;
        warm.window_ns = warm_ns;
        warm.sample_every = 0;
        warm.work_pct = 100;
        rc = window_run(w, &warm, most > 16 ? 16 : most, &m);
        if (rc)
                return rc;
        per_op = m.ops > 0 ? m.window_ns * threads / m.ops : m.window_ns;
        /* Decades only: a contended contestant's speed depends a little on the batch, so two
           repetitions of the same measurement should not differ in it. */
        for (*batch = 1; *batch * 10 <= most && (double)(*batch * 10) * per_op <= batch_target_ns;)
                *batch *= 10;
        return 0;
}
