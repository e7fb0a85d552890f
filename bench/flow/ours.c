/* Ours: a fan-out where one stage is wide, else a pipeline; the batcher, retry,
 * the breaker. */
#include <stdlib.h>

#include "base/clock.h"
#include "flow/batcher.h"
#include "flow/batching.h"
#include "flow/breaker.h"
#include "flow/fanned.h"
#include "flow/feed.h"
#include "flow/guard.h"
#include "flow/piped.h"
#include "flow/retry.h"

/* ---- streams ---- */

static bool has_stages(const struct flow_desk *d)
{
        return d->plan.workload == PIPELINE || d->plan.workload == ETL;
}

static int start(struct flow_desk *d)
{
        return has_stages(d) ? piped_start(d) : fanned_start(d);
}

static bool next(struct flow_desk *d, struct flow_item *item)
{
        return has_stages(d) ? piped_next(d, item) : fanned_next(d, item);
}

static void finish(struct flow_desk *d)
{
        if (has_stages(d))
                piped_finish(d);
        else
                fanned_finish(d);
}

#include "flow/stream.h"

/* ---- batcher ---- */

struct taker {
        struct batching *batching;
        struct ct_batcher *batcher;
        struct ct_errgroup group;
};

static int take_batches(void *arg)
{
        struct taker *t = arg;
        struct ct_batch batch;

        while (ct_batcher_take(t->batcher, &batch)) {
                batching_process(t->batching, batch.items, batch.n, batch.why == CT_BATCH_AGE);
                ct_batcher_release(t->batcher, &batch);
        }
        return 0;
}

static void take_down(struct taker *t)
{
        ct_errgroup_fini(&t->group);
        ct_batcher_free(t->batcher);
        free(t);
}

static int batch_start(struct batching *b)
{
        struct ct_batcher_config config = {.element_size = sizeof(struct batch_item),
                                           .most = b->most,
                                           .age_ns = b->age_ns,
                                           .queue = BATCHES_QUEUED};
        struct taker *t = calloc(1, sizeof *t);
        int rc = t ? ct_batcher_new(&t->batcher, &config) : -ENOMEM;

        if (rc) {
                free(t);
                return rc;
        }
        t->batching = b;
        b->own = t;
        ct_errgroup_init(&t->group, flow_spawn());
        rc = ct_errgroup_go(&t->group, take_batches, t);
        if (rc) {
                (void)ct_errgroup_wait(&t->group);
                take_down(t);
        }
        return rc;
}

static void batch_add(struct batching *b, const struct batch_item *item)
{
        struct taker *t = b->own;

        (void)ct_batcher_add(t->batcher, item); /* one that it refused, the oracle misses */
}

static void batch_end(struct batching *b)
{
        struct taker *t = b->own;

        ct_batcher_close(t->batcher);
        (void)ct_errgroup_wait(&t->group);
        take_down(t);
}

#include "flow/batch_loop.h"

/* ---- guards ---- */

struct our_hall {
        struct flow_hall flow;
        CT_ALIGN_PAIR struct ct_breaker breaker;
};

static const struct ct_retry_law law = {.attempts = GUARD_ATTEMPTS, .factor = 2};

static int fails(void *arg)
{
        (void)arg;
        return -EIO;
}

/* Where some calls fail, it looks at the share of failures among the last, and
 * never opens. */
static int begin(void *self, const struct params *p, unsigned threads)
{
        struct our_hall *h = self;
        struct ct_breaker_config config = {.open_ns = 3600 * CT_NS_PER_S, .probes = 1};
        int rc;

        (void)threads;
        if (p->value[P_FAIL_PCT] == PARAM_UNSET)
                return 0;
        if (p->value[P_FAIL_PCT] == 0 || guard_is_open(p)) {
                config.failures = GUARD_FAILURES;
        } else {
                config.window = 64;
                config.rate_pct = 100;
        }
        rc = ct_breaker_init(&h->breaker, &config);
        for (int i = 0; !rc && i < GUARD_FAILURES && guard_is_open(p); i++)
                (void)ct_breaker_call(&h->breaker, fails, NULL);
        return rc;
}

#define REFUSED CT_BREAKER_OPEN_ERROR
#define CALL_RETRY(c) ct_retry(&law, NULL, guard_attempt, c, NULL)
#define CALL_BREAKER(hall, c) ct_breaker_call(&((struct our_hall *)(hall))->breaker, guard_query, c)
#include "flow/guard_loop.h"

#define RUN_ORDERED NULL
#include "flow/contestant.h"

FLOW_CONTESTANT(flow, "lib/flow: fan-out, pipeline, batcher, retry, breaker",
                CAP_PARKS | CAP_THREADS, struct our_hall, begin);
