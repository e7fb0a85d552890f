#include <pthread.h>
#include <stdlib.h>

#include "task/partner.h"
#include "task/tasks.h"

#include "peers/peer.h"
#include "peers/task/boost_fiber.h"

/* Its fibers are tasks, but each stays on the thread that made it: the workers are threads here,
   each with fibers of its own, and exec says so. */

struct desk {
        struct boost_partner *partner;
        pthread_t thread; /* of a partner on another CPU */
        bool across;
};

static int worker_init(void *self, struct worker *w)
{
        struct desk *d = calloc(1, sizeof *d);
        int rc = 0;

        (void)self;
        w->local = d;
        if (!d)
                return -ENOMEM;
        if (w->params->value[P_ACROSS] == PARAM_UNSET)
                return 0;
        d->across = w->params->value[P_ACROSS] == 1;
        d->partner = boost_partner_start(d->across);
        if (!d->partner)
                rc = -ENOMEM;
        else if (d->across)
                rc = partner_thread(&d->thread, true, boost_partner_serve, d->partner);
        if (rc && d->partner)
                boost_partner_stop(d->partner);
        if (rc)
                free(d);
        return rc;
}

static void worker_fini(void *self, struct worker *w)
{
        struct desk *d = w->local;

        if (d->partner) {
                boost_partner_close(d->partner);
                if (d->across)
                        pthread_join(d->thread, NULL);
                ct_add_u64_relaxed(self, boost_partner_stop(d->partner));
        }
        free(d);
}

static uint64_t run_spawn_join(void *self, struct worker *w, uint64_t n)
{
        (void)self;
        (void)w;
        return boost_fiber_spawn_join(n);
}

static uint64_t run_yield(void *self, struct worker *w, uint64_t n)
{
        (void)self;
        (void)w;
        boost_fiber_yield(n);
        return n;
}

static uint64_t run_ping_pong(void *self, struct worker *w, uint64_t n)
{
        (void)self;
        boost_partner_ping_pong(((struct desk *)w->local)->partner, n);
        return n;
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        uint64_t answers = ct_load_u64_relaxed((const ct_atomic_u64 *)self);

        if (answers && answers != t->ops)
                return -EBADMSG;
        return task_check_effects(self, t, metrics);
}

extern const struct contestant task_boost_fiber;
const struct contestant task_boost_fiber = {
        .name = "boost:fiber",
        .source = "Boost.Fiber " PEER_VERSION_boost ", pooled stacks, on the worker's own thread",
        .caps = CAP_BASELINE | CAP_THREADS_ONLY,
        .size = sizeof(ct_atomic_u64),
        .align = _Alignof(ct_atomic_u64),
        .run = {[SPAWN_JOIN] = run_spawn_join, [YIELD] = run_yield, [PING_PONG] = run_ping_pong},
        .check = check,
        .worker_init = worker_init,
        .worker_fini = worker_fini,
};
