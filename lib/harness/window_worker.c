/* A window from the worker's side: the gate, the loop until the flag, the readings around them. */
#include "base/clock.h"
#include "base/futex.h"
#include "base/parker.h"
#include "harness/window_private.h"

/* From the last arrival to the start: enough for the coordinator to be asleep again by then. */
static const int64_t gate_lead_ns = 150 * CT_NS_PER_US;

/* The last to arrive, or whoever waits for this PU when the start has come, may need this very one:
   then it must not be spun away. Tasks never know whether somebody waits for their carrier. */
static void pass_gate(struct window *w, struct slot *s)
{
        const struct executor_ops *ops = w->executor->ops;
        unsigned all = w->slot[0].worker.threads;
        bool tasks = ops->kind == BY_TASKS, crowded = executor_oversubscribed(w->executor);
        int64_t start, now;

        if (ct_add_u32_acq_rel(&w->arrived, 1) + 1 == all) {
                ct_store_u64_release(&w->start_at, (uint64_t)(ct_now_ns() + gate_lead_ns));
                ct_store_u32_release(&w->opened, 1);
                ct_futex_wake(&w->opened, 1);
        }
        while (!(start = (int64_t)ct_load_u64_acquire(&w->start_at)))
                if (tasks || crowded)
                        ops->yield();
        if (crowded && !tasks)
                ct_sleep_until(start);
        while ((now = ct_now_ns()) < start)
                if (tasks)
                        ops->yield();
        s->start_ns = now;
        if (crowded)
                ct_add_u32_release(&w->started, 1); /* pairs with begin_window() */
}

static void run_batches(struct window *w, struct slot *s)
{
        void (*checkpoint)(void) = w->executor->ops->checkpoint;
        uint64_t counted = 0, ops = 0, effects = 0, batch = w->batch;
        uint64_t real = batch * w->spec->work_pct / 100;

#ifdef CT_PLANT_window_tasks_keep_their_carrier
        checkpoint = NULL;
#endif
        while (!ct_load_u32_relaxed(&w->stop)) {
                effects += w->run(w->storage, &s->worker, real);
#ifdef CT_PLANT_window_counts_what_it_did
                counted += real - batch;
#endif
                ops += real;
                counted += batch;
                ct_store_u64_relaxed(&s->published, counted);
                if (checkpoint)
                        checkpoint();
        }
        s->ops = ops;
        s->effects = effects;
}

static void run_sampled(struct window *w, struct slot *s)
{
        void (*checkpoint)(void) = w->executor->ops->checkpoint;
        uint64_t ops = 0, effects = 0, between = w->spec->sample_every - 1;
        bool tsc = w->tsc;
        double ns_per_stamp = w->ns_per_stamp;

        while (!ct_load_u32_relaxed(&w->stop)) {
                uint64_t t0, t1;

                if (between)
                        effects += w->run(w->storage, &s->worker, between);
                t0 = window_stamp(tsc);
                effects += w->run(w->storage, &s->worker, 1);
                t1 = window_stamp(tsc);
                ct_histogram_record(s->latency, (uint64_t)((double)(t1 - t0) * ns_per_stamp + 0.5));
                ops += between + 1;
                ct_store_u64_relaxed(&s->published, ops);
                if (checkpoint)
                        checkpoint();
        }
        s->ops = ops;
        s->effects = effects;
}

void window_worker(void *ctx, unsigned index)
{
        struct window *w = ctx;
        struct slot *s = &w->slot[index];
        bool own_pu = index < w->executor->pus, own_thread = !w->n_carriers;

        s->mhz_before = own_pu ? ct_measure_mhz() : 0;
        s->place = ct_parker_ops_self()->here();
        if (own_thread)
                ct_thread_usage_read(&s->usage.before);
        pass_gate(w, s);
        if (w->spec->sample_every)
                run_sampled(w, s);
        else
                run_batches(w, s);
        if (w->spec->contestant->worker_leave)
                w->spec->contestant->worker_leave(w->storage, &s->worker);
        if (own_thread)
                ct_thread_usage_read(&s->usage.after);
        s->moved = ct_parker_ops_self()->here() != s->place;
        s->mhz_after = own_pu ? ct_measure_mhz() : 0;
}
