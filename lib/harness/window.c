#include "harness/window.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/futex.h"
#include "harness/window_private.h"
#include "harness/work.h"

enum { BATCH_MAX = 1 << 16, BATCH_OVERSUBSCRIBED = 64 };

static const double batch_target_ns = 5e3;
/* From the last arrival to the start: enough for the coordinator to be asleep again by then. */
static const int64_t gate_lead_ns = 150 * CT_NS_PER_US;

/* How often the coordinator looks whether all have started, where that takes time slices. */
static const int64_t crowded_poll_ns = CT_NS_PER_MS / 2;

static void *zeroed(size_t align, size_t size)
{
        void *p = aligned_alloc(align, (size + align - 1) / align * align);

        if (p)
                memset(p, 0, size);
        return p;
}

/* The latency windows' clock: the TSC where it can be trusted, at half the price of the vDSO. */
static uint64_t stamp(bool tsc)
{
        return tsc ? ct_tsc() : (uint64_t)ct_now_ns();
}

static double clock_cost_ns(bool tsc, double ns_per_stamp)
{
        enum { READS = 2000 };
        uint64_t best = UINT64_MAX;

        for (int i = 0; i < 5; i++) {
                uint64_t t0 = stamp(tsc);

                for (int k = 0; k < READS; k++)
                        (void)stamp(tsc);
                uint64_t took = stamp(tsc) - t0;
                best = took < best ? took : best;
        }
        return (double)best * ns_per_stamp / READS;
}

int window_alloc(struct window **out, struct team *team, const struct family *family, uint64_t seed,
                 size_t storage_size, size_t storage_align)
{
        unsigned threads = team_threads(team);
        struct window *w = zeroed(CT_CACHE_PAIR, sizeof *w);

        *out = w;
        if (!w)
                return -ENOMEM;
        if (storage_align < CT_CACHE_PAIR)
                storage_align = CT_CACHE_PAIR;
        w->team = team;
        w->family = family;
        w->storage_size = storage_size ? storage_size : 1;
        w->storage = zeroed(storage_align, w->storage_size);
        w->slot = zeroed(CT_CACHE_PAIR, threads * sizeof *w->slot);
        if (!w->storage || !w->slot)
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
        for (unsigned i = 0; w->slot && i < team_threads(w->team); i++)
                free(w->slot[i].latency);
        free(w->slot);
        free(w->storage);
        free(w);
}

/* ---- the worker's side ---- */

/* Waits until everybody is here, then until the common start. */
static void pass_gate(struct window *w, struct slot *s)
{
        unsigned all = w->slot[0].worker.threads;
        bool crowded = team_oversubscribed(w->team);
        int64_t start, now;

        if (ct_add_u32_acq_rel(&w->arrived, 1) + 1 == all) {
                ct_store_u64_release(&w->start_at, (uint64_t)(ct_now_ns() + gate_lead_ns));
                ct_store_u32_release(&w->opened, 1);
                ct_futex_wake(&w->opened, 1);
        }
        while (!(start = (int64_t)ct_load_u64_acquire(&w->start_at)))
                if (crowded) /* the last to arrive may need this very CPU */
                        sched_yield();
        if (crowded)
                ct_sleep_until(start);
        while ((now = ct_now_ns()) < start)
                ;
        s->start_ns = now;
        if (crowded)
                ct_add_u32_release(&w->started, 1); /* pairs with begin_window() */
}

static void run_batches(struct window *w, struct slot *s)
{
        uint64_t counted = 0, ops = 0, effects = 0, batch = w->batch;
        uint64_t real = batch * w->spec->work_pct / 100;

        while (!ct_load_u32_relaxed(&w->stop)) {
                effects += w->run(w->storage, &s->worker, real);
#ifdef CT_PLANT_window_counts_what_it_did
                counted += real - batch;
#endif
                ops += real;
                counted += batch;
                ct_store_u64_relaxed(&s->published, counted);
        }
        s->ops = ops;
        s->effects = effects;
}

static void run_sampled(struct window *w, struct slot *s)
{
        uint64_t ops = 0, effects = 0, between = w->spec->sample_every - 1;
        bool tsc = w->tsc;
        double ns_per_stamp = w->ns_per_stamp;

        while (!ct_load_u32_relaxed(&w->stop)) {
                uint64_t t0, t1;

                if (between)
                        effects += w->run(w->storage, &s->worker, between);
                t0 = stamp(tsc);
                effects += w->run(w->storage, &s->worker, 1);
                t1 = stamp(tsc);
                ct_histogram_record(s->latency, (uint64_t)((double)(t1 - t0) * ns_per_stamp + 0.5));
                ops += between + 1;
                ct_store_u64_relaxed(&s->published, ops);
        }
        s->ops = ops;
        s->effects = effects;
}

static void worker_job(void *ctx, unsigned index)
{
        struct window *w = ctx;
        struct slot *s = &w->slot[index];
        bool own_pu = index < team_pus(w->team);

        s->mhz_before = own_pu ? ct_measure_mhz() : 0;
        ct_thread_usage_read(&s->before);
        pass_gate(w, s);
        if (w->spec->sample_every)
                run_sampled(w, s);
        else
                run_batches(w, s);
        ct_thread_usage_read(&s->after);
        s->mhz_after = own_pu ? ct_measure_mhz() : 0;
}

/* The first worker touches the storage first: its pages belong to that worker's NUMA node. */
static void prepare_job(void *ctx, unsigned index)
{
        struct window *w = ctx;
        const struct contestant *c = w->spec->contestant;

        (void)index;
        memset(w->storage, 0, w->storage_size);
        w->init_result = c->init ? c->init(w->storage, w->spec->params, team_threads(w->team)) : 0;
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
        team_release(w->team, 0, team_threads(w->team), job, w);
        return team_wait(w->team, ct_deadline_after(w->spec->stuck_after_ns));
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

        for (unsigned i = 0; i < team_threads(w->team); i++) {
                w->slot[i].worker.local = NULL;
                w->slot[i].init_result = 0;
        }
        if (!c->worker_init)
                return 0;
        if (on_all_workers(w, worker_init_job))
                return -ETIMEDOUT;
        for (unsigned i = 0; i < team_threads(w->team) && !rc; i++)
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
        team_release(w->team, 0, 1, prepare_job, w);
        if (team_wait(w->team, ct_deadline_after(w->spec->stuck_after_ns)))
                return -ETIMEDOUT;
        if (w->init_result)
                return w->init_result;
        ct_store_u32_relaxed(&w->arrived, 0);
        ct_store_u64_relaxed(&w->start_at, 0);
        ct_store_u32_relaxed(&w->stop, 0);
        ct_store_u32_relaxed(&w->started, 0);
        ct_store_u32_relaxed(&w->opened, 0);
        for (unsigned i = 0; i < team_threads(w->team); i++) {
                struct slot *s = &w->slot[i];

                s->worker.params = spec->params;
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
        unsigned threads = team_threads(w->team);

        w->began_ns = (int64_t)ct_load_u64_acquire(&w->start_at);
        for (unsigned i = 0; i < threads; i++)
                w->slot[i].counted_from = 0;
        if (!team_oversubscribed(w->team))
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
        unsigned threads = team_threads(w->team);
        int64_t until = ct_deadline_after(w->spec->stuck_after_ns);
        int rc;

        team_release(w->team, 0, threads, worker_job, w);
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
        return team_wait(w->team, ct_deadline_after(w->spec->stuck_after_ns));
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
        used_cpus(w->team, &cpus);
        ct_host_usage_read(&before, &cpus);
        rc = run_workers(w);
        if (rc)
                return rc;
        ct_host_usage_read(&after, &cpus);
        window_rates(w, m);
        if (spec->sample_every)
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
        unsigned threads = team_threads(w->team);
        uint64_t most = team_oversubscribed(w->team) ? BATCH_OVERSUBSCRIBED : BATCH_MAX;
        double per_op;
        int rc;

        /* A waiter of a spin lock on a crowded CPU can need a time slice per operation. */
        if (team_oversubscribed(w->team) && (spec->contestant->caps & CAP_SPINS))
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
