#include "task/task.h"

#include <stdlib.h>
#include <string.h>

#include "task/partner.h"
#include "task/tasks.h"

/* What a worker keeps: its detached tasks, and its partner where the workload has one. */
struct desk {
        struct flock flock;
        struct partner *partner;
        uint64_t answered; /* by partners that have gone */
        struct ct_waiter all_ran;
        ct_atomic_u64 left; /* of a batch */
};

struct hall {
        ct_atomic_u64 done; /* by detached tasks and partners */
        struct armed *armed;
};

static int init(void *self, const struct params *p, unsigned threads)
{
        struct hall *h = self;

        (void)threads;
        return p->value[P_TIMERS] > 0 ? armed_start(&h->armed, (uint64_t)p->value[P_TIMERS]) : 0;
}

static void fini(void *self)
{
        struct hall *h = self;

        if (h->armed)
                armed_stop(h->armed);
}

static int worker_init(void *self, struct worker *w)
{
        struct desk *d = aligned_alloc(CT_CACHE_PAIR, sizeof *d);
        int rc = 0;

        (void)self;
        if (!d)
                return -ENOMEM;
        memset(d, 0, sizeof *d);
        ct_waiter_init(&d->all_ran);
        if (w->params->value[P_TIMERS] > 0)
                rc = partner_start(&d->partner, false);
        if (rc)
                free(d);
        w->local = d;
        return rc;
}

static void worker_fini(void *self, struct worker *w)
{
        struct hall *h = self;
        struct desk *d = w->local;

        while (ct_load_u64_acquire(&d->flock.done) < d->flock.started) /* pairs with detached() */
                ct_yield();
        ct_add_u64_relaxed(&h->done, d->flock.started);
        if (d->partner) {
                ct_add_u64_relaxed(&h->done, d->partner->answers);
                partner_stop(d->partner);
        }
        free(d);
}

/* ---- spawning ---- */

static int one(void *arg)
{
        (void)arg;
        return 1;
}

static uint64_t run_spawn_join(void *self, struct worker *w, uint64_t n)
{
        uint64_t effects = 0;

        (void)self;
        (void)w;
        for (uint64_t i = 0; i < n; i++) {
                struct ct_task_handle child;

                if (!ct_task_start(&child, one, NULL))
                        effects += (uint64_t)ct_task_join(&child);
        }
        return effects;
}

static void count_down(void *arg)
{
        struct desk *d = arg;

        if (ct_sub_u64_acq_rel(&d->left, 1) == 1) /* the last one has seen all others' work */
                ct_unpark(&d->all_ran);
}

static uint64_t run_spawn_batch(void *self, struct worker *w, uint64_t n)
{
        struct desk *d = w->local;
        uint64_t batch = (uint64_t)w->params->value[P_SPAWNED], effects = 0;

        (void)self;
        for (uint64_t i = 0; i < n; i++) {
                uint64_t started = 0;

                ct_store_u64_relaxed(&d->left, batch + 1); /* one for this task itself */
                while (started < batch && !ct_go(count_down, d))
                        started++;
                if (ct_sub_u64_acq_rel(&d->left, batch - started + 1) != batch - started + 1)
                        ct_park(&d->all_ran);
                effects += started == batch && !ct_load_u64_relaxed(&d->left);
        }
        return effects;
}

static void detached(void *arg)
{
        ct_add_u64_release(arg, 1);
}

static uint64_t run_go_detached(void *self, struct worker *w, uint64_t n)
{
        struct flock *f = &((struct desk *)w->local)->flock;
        uint64_t from = f->started;

        (void)self;
        for (uint64_t i = 0; i < n; i++) {
                while (f->started - ct_load_u64_acquire(&f->done) >= GO_BACKLOG)
                        ct_yield();
                f->started += !ct_go(detached, &f->done);
        }
        return f->started - from;
}

/* ---- switching ---- */

static uint64_t run_yield(void *self, struct worker *w, uint64_t n)
{
        (void)self;
        (void)w;
        for (uint64_t i = 0; i < n; i++)
                ct_yield();
        return n;
}

static uint64_t run_timer_cancel(void *self, struct worker *w, uint64_t n)
{
        struct partner *p = ((struct desk *)w->local)->partner;
        int64_t far = ct_now_ns() + 60 * CT_NS_PER_S;
        uint64_t effects = 0;

        (void)self;
        for (uint64_t i = 0; i < n; i++) {
                ct_unpark(&p->own);
                effects += !ct_park_until(&p->worker, far, CT_PARK_SPIN);
        }
        return effects;
}

/* Besides one effect for each operation: detached tasks and partners have run as often as they
   should have, where there were any. */
static int check(const void *self, const struct totals *t, double *metrics)
{
        const struct hall *h = self;
        uint64_t done = ct_load_u64_relaxed(&h->done);

        if (done && done != t->ops)
                return -EBADMSG;
        return task_check_effects(self, t, metrics);
}

extern const struct contestant task_task;
const struct contestant task_task = {
        .name = "task",
        .source = "lib/task: work-stealing carriers after Go's scheduler",
        .caps = CAP_TASKS_ONLY,
        .size = sizeof(struct hall),
        .align = _Alignof(struct hall),
        .init = init,
        .fini = fini,
        .run = {[SPAWN_JOIN] = run_spawn_join,
                [SPAWN_BATCH] = run_spawn_batch,
                [GO_DETACHED] = run_go_detached,
                [YIELD] = run_yield,
                [TIMER_CANCEL] = run_timer_cancel},
        .check = check,
        .worker_init = worker_init,
        .worker_fini = worker_fini,
        .measure = {[STEAL] = task_measure_steal,
                    [PARKED] = task_measure_parked,
                    [SLEEP] = task_measure_sleep},
};
