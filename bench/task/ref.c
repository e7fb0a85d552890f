#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "task/partner.h"
#include "task/tasks.h"

/* OS threads, as the C library starts, wakes and joins them. What a worker starts stands on the
   worker's CPU, as it inherits that. */

struct desk {
        struct flock flock;
        CT_ALIGN_PAIR sem_t to, back;
        pthread_t partner;
        uint64_t answers;
        bool has_partner, quit;
};

static void *answer(void *arg)
{
        struct desk *d = arg;

        for (;;) {
                while (sem_wait(&d->to))
                        ;
                if (d->quit)
                        return NULL;
                d->answers++;
                sem_post(&d->back);
        }
}

static int worker_init(void *self, struct worker *w)
{
        struct desk *d = aligned_alloc(CT_CACHE_PAIR, sizeof *d);
        int64_t across = w->params->value[P_ACROSS];
        int rc = 0;

        (void)self;
        if (!d)
                return -ENOMEM;
        memset(d, 0, sizeof *d);
        sem_init(&d->to, 0, 0);
        sem_init(&d->back, 0, 0);
        d->has_partner = across != PARAM_UNSET;
        if (d->has_partner)
                rc = partner_thread(&d->partner, across == 1, answer, d);
        if (rc)
                free(d);
        w->local = d;
        return rc;
}

static void worker_fini(void *self, struct worker *w)
{
        struct desk *d = w->local;

        while (ct_load_u64_acquire(&d->flock.done) < d->flock.started) /* pairs with detached() */
                sched_yield();
        ct_add_u64_relaxed(self, d->flock.started);
        if (d->has_partner) {
                d->quit = true;
                sem_post(&d->to);
                pthread_join(d->partner, NULL);
                ct_add_u64_relaxed(self, d->answers);
        }
        sem_destroy(&d->to);
        sem_destroy(&d->back);
        free(d);
}

static void *one(void *arg)
{
        return (char *)arg + 1;
}

static uint64_t run_spawn_join(void *self, struct worker *w, uint64_t n)
{
        uint64_t effects = 0;

        (void)self;
        (void)w;
        for (uint64_t i = 0; i < n; i++) {
                pthread_t child;
                void *result;

                if (!pthread_create(&child, NULL, one, NULL) && !pthread_join(child, &result))
                        effects += (uintptr_t)result;
        }
        return effects;
}

static void *detached(void *arg)
{
        ct_add_u64_release(arg, 1);
        return NULL;
}

static uint64_t run_go_detached(void *self, struct worker *w, uint64_t n)
{
        struct flock *f = &((struct desk *)w->local)->flock;
        uint64_t from = f->started;

        (void)self;
        for (uint64_t i = 0; i < n; i++) {
                pthread_t child;

                while (f->started - ct_load_u64_acquire(&f->done) >= GO_BACKLOG)
                        sched_yield();
                if (pthread_create(&child, NULL, detached, &f->done))
                        continue;
                pthread_detach(child);
                f->started++;
        }
        return f->started - from;
}

static uint64_t run_yield(void *self, struct worker *w, uint64_t n)
{
        (void)self;
        (void)w;
        for (uint64_t i = 0; i < n; i++)
                sched_yield();
        return n;
}

static uint64_t run_ping_pong(void *self, struct worker *w, uint64_t n)
{
        struct desk *d = w->local;

        (void)self;
        for (uint64_t i = 0; i < n; i++) {
                sem_post(&d->to);
                while (sem_wait(&d->back))
                        ;
        }
        return n;
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        uint64_t done = ct_load_u64_relaxed((const ct_atomic_u64 *)self);

        if (done && done != t->ops)
                return -EBADMSG;
        return task_check_effects(self, t, metrics);
}

extern const struct contestant task_ref;
const struct contestant task_ref = {
        .name = "ref",
        .source = "pthread_create and _join, sched_yield, sem_post and sem_wait of this libc",
        .caps = CAP_BASELINE | CAP_PARKS | CAP_THREADS_ONLY | CAP_THREADS,
        .size = sizeof(ct_atomic_u64),
        .align = _Alignof(ct_atomic_u64),
        .run = {[SPAWN_JOIN] = run_spawn_join,
                [GO_DETACHED] = run_go_detached,
                [YIELD] = run_yield,
                [PING_PONG] = run_ping_pong},
        .check = check,
        .worker_init = worker_init,
        .worker_fini = worker_fini,
        .measure = {[PARKED] = ref_measure_parked, [SLEEP] = ref_measure_sleep},
};
