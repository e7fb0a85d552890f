#include "task/partner.h"
#include "task/tasks.h"

/* The rendezvous that everything else in lib/ waits by, between two threads or two tasks. */

static int worker_init(void *self, struct worker *w)
{
        (void)self;
        return partner_start((struct partner **)&w->local, w->params->value[P_ACROSS] == 1);
}

static void worker_fini(void *self, struct worker *w)
{
        ct_atomic_u64 *answers = self;

        ct_add_u64_relaxed(answers, ((struct partner *)w->local)->answers);
        partner_stop(w->local);
}

static uint64_t run(void *self, struct worker *w, uint64_t n)
{
        struct partner *p = w->local;

        (void)self;
        for (uint64_t i = 0; i < n; i++) {
                ct_unpark(&p->own);
                ct_park(&p->worker);
        }
        return n;
}

/* The partners have seen every wake. */
static int check(const void *self, const struct totals *t, double *metrics)
{
        (void)metrics;
        return ct_load_u64_relaxed((const ct_atomic_u64 *)self) == t->ops ? 0 : -EBADMSG;
}

extern const struct contestant task_parker;
const struct contestant task_parker = {
        .name = "parker",
        .source = "park and unpark of two waiters, no queue around them",
        .caps = CAP_PARKS,
        .size = sizeof(ct_atomic_u64),
        .align = _Alignof(ct_atomic_u64),
        .run = {[PING_PONG] = run},
        .check = check,
        .worker_init = worker_init,
        .worker_fini = worker_fini,
};
