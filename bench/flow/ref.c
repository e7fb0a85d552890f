#include "flow/ref.h"
#include "flow/guard.h"
#include "flow/ref_breaker.h"

#include <stdlib.h>

/* Queue s is before stage s, the last one before the worker. */
struct works {
        struct flow_desk *desk;
        unsigned queues, threads;
        struct ref_queue *queue[FLOW_STAGES_MAX + 1];
        struct hand {
                struct works *works;
                unsigned stage;
                pthread_t thread;
        } hand[]; /* the first is the source's */
};

static void *source_main(void *arg)
{
        struct hand *h = arg;
        struct flow_item item;

        while (flow_source_take(&h->works->desk->source, &item))
                ref_queue_put(h->works->queue[0], &item);
        ref_queue_done(h->works->queue[0]);
        return NULL;
}

static void *stage_main(void *arg)
{
        struct hand *h = arg;
        struct ref_queue **queue = &h->works->queue[h->stage];
        struct flow_item item;

        while (ref_queue_take(queue[0], &item)) {
                flow_stage(&h->works->desk->plan, h->stage, &item);
#ifdef CT_PLANT_flow_ref_drops
                if (item.id == 100)
                        continue;
#endif
#ifdef CT_PLANT_flow_ref_doubles
                if (item.id == 100)
                        ref_queue_put(queue[1], &item);
#endif
#ifdef CT_PLANT_flow_ref_skips_work
                item.result ^= item.id == 100;
#endif
                ref_queue_put(queue[1], &item);
        }
        ref_queue_done(queue[1]);
        return NULL;
}

static bool is_ordered(const struct flow_plan *plan, unsigned queue)
{
#ifdef CT_PLANT_flow_ref_overtakes
        return false;
#endif
        return plan->in_order && queue > 0 && plan->width[queue - 1] > 1;
}

static int make_queues(struct works *k, const struct flow_plan *plan)
{
        int rc = 0;

        for (unsigned s = 0; s <= plan->depth && !rc; s++, k->queues++)
                rc = ref_queue_new(&k->queue[s], plan->capacity ? plan->capacity : 1,
                                   is_ordered(plan, s), s > 0 ? plan->width[s - 1] : 1);
        return rc;
}

static int make_threads(struct works *k, const struct flow_plan *plan)
{
        int rc = 0;

        for (unsigned s = 0; s <= plan->depth; s++)
                for (unsigned i = 0; i < (s ? plan->width[s - 1] : 1) && !rc; i++) {
                        struct hand *h = &k->hand[k->threads];

                        *h = (struct hand){.works = k, .stage = s ? s - 1 : 0};
                        rc = ref_thread(&h->thread, s ? stage_main : source_main, h);
                        k->threads += !rc;
                }
        return rc;
}

static void take_down(struct works *k)
{
        for (unsigned i = 0; i < k->threads; i++)
                pthread_join(k->hand[i].thread, NULL);
        for (unsigned s = 0; s < k->queues; s++)
                ref_queue_free(k->queue[s]);
        free(k);
}

/* Those that are there go with an empty stream; queues that nobody feeds are declared done. */
static void give_up(struct works *k, const struct flow_plan *plan)
{
        unsigned at = 0;

        ct_store_u32_release(&k->desk->source.stop, 1);
        ct_chan_close(k->desk->source.gate);
        for (unsigned s = 0; s <= plan->depth && s < k->queues; s++)
                for (unsigned i = 0; i < (s ? plan->width[s - 1] : 1); i++, at++)
                        if (at >= k->threads)
                                ref_queue_done(k->queue[s]);
        take_down(k);
}

static int start(struct flow_desk *d)
{
        const struct flow_plan *plan = &d->plan;
        unsigned threads = 1;
        struct works *k;
        int rc;

        for (unsigned s = 0; s < plan->depth; s++)
                threads += plan->width[s];
        k = calloc(1, sizeof *k + threads * sizeof *k->hand);
        if (!k)
                return -ENOMEM;
        k->desk = d;
        d->own = k;
        rc = make_queues(k, plan);
        if (!rc)
                rc = make_threads(k, plan);
        if (rc)
                give_up(k, plan);
        return rc;
}

static bool next(struct flow_desk *d, struct flow_item *item)
{
        struct works *k = d->own;

        return ref_queue_take(k->queue[d->plan.depth], item);
}

static void finish(struct flow_desk *d)
{
        take_down(d->own);
}

#include "flow/stream.h"

#define batch_start ref_batch_start
#define batch_add ref_batch_add
#define batch_end ref_batch_end
#include "flow/batch_loop.h"

/* ---- guards ---- */

struct ref_hall {
        struct flow_hall flow;
        struct ref_breaker breaker;
};

static int fails(void *arg)
{
        (void)arg;
        return -EIO;
}

static int begin(void *self, const struct params *p, unsigned threads)
{
        struct ref_hall *h = self;

        (void)threads;
        pthread_mutex_init(&h->breaker.lock, NULL);
        h->breaker.open_ns = 3600 * CT_NS_PER_S;
        h->breaker.limit = p->value[P_FAIL_PCT] == 0 || guard_is_open(p) ? GUARD_FAILURES : 0;
        for (int i = 0; i < GUARD_FAILURES && guard_is_open(p); i++)
                (void)ref_breaker_call(&h->breaker, 0, fails, NULL);
        return 0;
}

/* With a backoff that begins at nothing, as ours. */
static int try_again(struct caller *c)
{
        int64_t wait_ns = 0;
        int rc = guard_attempt(c, 1);

        for (unsigned k = 2; rc && k <= GUARD_ATTEMPTS; k++) {
                if (wait_ns)
                        ct_sleep_until(ct_now_ns() + wait_ns);
                wait_ns *= 2;
                rc = guard_attempt(c, k);
        }
        return rc;
}

#define REFUSED (-EHOSTDOWN)
#define CALL_RETRY(c) try_again(c)
#define CALL_BREAKER(hall, c)                                                                      \
        ref_breaker_call(&((struct ref_hall *)(hall))->breaker, REFUSED, guard_query, c)
#include "flow/guard_loop.h"

#define RUN_ORDERED run_stream
#include "flow/contestant.h"

FLOW_CONTESTANT(ref,
                "pthread: a thread for each place in a stage, rings behind a mutex between them",
                CAP_BASELINE | CAP_PARKS | CAP_THREADS | CAP_THREADS_ONLY, struct ref_hall, begin);
