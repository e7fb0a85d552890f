#include "chan/context.h"

#include <stdlib.h>

#include "base/clock.h"
#include "chan/timer.h"
#include "context/contexts.h"
#include "context/crew.h"
#include "harness/histogram.h"

/* One worker's; the family's cancels have one. */
struct desk {
        struct crew *crew;
        unsigned width, depth;
        struct ct_context **ctx; /* the top, then chain after chain */
        struct ct_timer **timer;
        uint64_t timers, next;
        int64_t far;
        bool leaked; /* a timer that should have been running was not */
        uint64_t rounds;
        int64_t call_ns;
};

struct hall {
        uint64_t rounds;
        int64_t call_ns;
        uint64_t contexts; /* of a tree */
        bool leaked;
};

/* ---- cancel ---- */

static bool wait_at_the_end(void *scene, unsigned index)
{
        struct desk *d = scene;
        struct ct_context *leaf = d->ctx[(index + 1) * d->depth];

        return !ct_chan_recv(ct_context_done(leaf), NULL) && ct_context_err(leaf) == -ECANCELED;
}

static void take_down(struct desk *d, size_t made)
{
        while (made > 0)
                ct_context_release(d->ctx[--made]);
}

static bool make_tree(struct desk *d)
{
        size_t n = 1 + (size_t)d->width * d->depth;

        for (size_t i = 0; i < n; i++) {
                struct ct_context *above = !i                        ? ct_context_background()
                                           : (i - 1) % d->depth == 0 ? d->ctx[0]
                                                                     : d->ctx[i - 1];

                if (ct_context_with_cancel(&d->ctx[i], above)) {
                        take_down(d, i);
                        return false;
                }
        }
        return true;
}

static bool cancel_once(struct desk *d, struct worker *w)
{
        int64_t start, last;

        if (!make_tree(d))
                return false;
        crew_send(d->crew);
        start = ct_now_ns();
        ct_context_cancel(d->ctx[0]);
        d->call_ns += ct_now_ns() - start;
        last = crew_await(d->crew);
        take_down(d, 1 + (size_t)d->width * d->depth);
        d->rounds++;
        ct_histogram_record(w->latency, last > start ? (uint64_t)(last - start) : 0);
        return last;
}

static uint64_t run_cancel(void *self, struct worker *w, uint64_t n)
{
        uint64_t effects = 0;

        (void)self;
        for (uint64_t i = 0; i < n; i++)
                effects += cancel_once(w->local, w);
        return effects;
}

/* ---- timers ---- */

static uint64_t run_timers(void *self, struct worker *w, uint64_t n)
{
        struct desk *d = w->local;
        uint64_t effects = 0;

        (void)self;
        for (uint64_t i = 0; i < n; i++) {
                struct ct_timer *t = d->timer[ct_rng_below(&w->rng, d->timers)];

                effects += ct_timer_stop(t);
                effects += !ct_timer_reset(t, d->far + (int64_t)(d->next++ * CT_NS_PER_US));
        }
        return effects / 2;
}

static bool fire_once(struct desk *d, struct worker *w)
{
        int64_t due = ct_now_ns() + SOON_NS, when = 0, now;

        (void)ct_timer_reset(d->timer[0], due);
        if (!ct_chan_recv(ct_timer_chan(d->timer[0]), &when))
                return false;
        now = ct_now_ns();
        ct_histogram_record(w->latency, now > due ? (uint64_t)(now - due) : 0);
        return when == due && now >= due;
}

static uint64_t run_lateness(void *self, struct worker *w, uint64_t n)
{
        uint64_t effects = 0;

        (void)self;
        for (uint64_t i = 0; i < n; i++)
                effects += fire_once(w->local, w);
        return effects;
}

/* ---- before and after ---- */

static void free_timers(struct desk *d)
{
        while (d->timers > 0) {
                struct ct_timer *t = d->timer[--d->timers];

                d->leaked |= !ct_timer_stop(t) && d->timers; /* the first is lateness's own */
                ct_timer_free(t);
        }
        free(d->timer);
}

/* `n` that run, the first a little later started than the others. */
static int make_timers(struct desk *d, uint64_t n)
{
        struct ct_timers *s = ct_timers_default();
        int rc = 0;

        d->timer = calloc(n, sizeof(struct ct_timer *));
        d->far = ct_now_ns() + FAR_NS;
        if (!d->timer)
                return -ENOMEM;
        while (d->timers < n && !rc) {
                rc = ct_timer_new(&d->timer[d->timers], s,
                                  d->far + (int64_t)(d->next++ * CT_NS_PER_US));
                d->timers += !rc;
        }
        if (rc)
                free_timers(d);
        return rc;
}

static int make_crew(struct desk *d)
{
        int rc;

        d->ctx = calloc(1 + (size_t)d->width * d->depth, sizeof(struct ct_context *));
        rc = d->ctx ? crew_start(&d->crew, d->width, wait_at_the_end, d) : -ENOMEM;
        if (rc)
                free(d->ctx);
        return rc;
}

static int worker_init(void *self, struct worker *w)
{
        struct desk *d = calloc(1, sizeof *d);
        const int64_t *p = w->params->value;
        int rc;

        (void)self;
        if (!d)
                return -ENOMEM;
        if (p[P_WIDTH] != PARAM_UNSET) {
                d->width = (unsigned)p[P_WIDTH];
                d->depth = (unsigned)p[P_DEPTH];
                rc = make_crew(d);
        } else {
                rc = make_timers(d, (uint64_t)p[P_TIMERS] / w->threads + 1);
        }
        if (rc)
                free(d);
        else
                w->local = d;
        return rc;
}

static void worker_fini(void *self, struct worker *w)
{
        struct hall *h = self;
        struct desk *d = w->local;

        if (d->crew) {
                crew_stop(d->crew);
                free(d->ctx);
                h->rounds = d->rounds;
                h->call_ns = d->call_ns;
                h->contexts = 1 + (uint64_t)d->width * d->depth;
        } else {
                free_timers(d);
                if (d->leaked)
                        __atomic_store_n(&h->leaked, true, __ATOMIC_RELAXED);
        }
        free(d);
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        const struct hall *h = self;

        if (h->rounds) {
                metrics[M_CANCEL_CALL_NS] = (double)h->call_ns / (double)h->rounds;
                metrics[M_CANCEL_NS_PER_CONTEXT] = metrics[M_CANCEL_CALL_NS] / (double)h->contexts;
        }
        return h->leaked ? -EBADMSG : context_check_effects(t);
}

extern const struct contestant context_context;
const struct contestant context_context = {
        .name = "context",
        .source = "lib/chan: a tree with a channel each; a service with a 4-ary heap",
        .caps = CAP_PARKS,
        .size = sizeof(struct hall),
        .align = _Alignof(struct hall),
        .run = {[CANCEL] = run_cancel, [TIMERS] = run_timers, [LATENESS] = run_lateness},
        .check = check,
        .worker_init = worker_init,
        .worker_fini = worker_fini,
};
