/* A batch of p_capacity items at a time, each result put in its index's place.
   The worker makes the batch itself and waits until all of it is done. */
#include <stdlib.h>

#include "flow/feed.h"
#include "flow/ordered.h"

struct works {
        struct flow_desk *desk;
        struct flow_item *in, *out;
        size_t n, at; /* of the batch, and how many of it have been given */
        bool ended;
};

static int work(void *arg, size_t index, void *out)
{
        struct works *k = arg;

        return flow_work(k->desk, &k->in[index], out);
}

static int start(struct flow_desk *d)
{
        size_t most = d->plan.capacity ? d->plan.capacity : 1;
        struct works *k = calloc(1, sizeof *k + 2 * most * sizeof *k->in);

        if (!k)
                return -ENOMEM;
        k->desk = d;
        k->in = (struct flow_item *)(k + 1);
        k->out = k->in + most;
        d->own = k;
        return 0;
}

static bool another_batch(struct works *k)
{
        struct flow_plan *plan = &k->desk->plan;
        struct ct_ordered_batch batch = {.spawn = flow_spawn(),
                                         .workers = plan->width[0],
                                         .work = work,
                                         .arg = k,
                                         .out = k->out,
                                         .out_size = sizeof *k->out};

        k->n = k->at = 0;
        while (k->n < plan->capacity && flow_source_take(&k->desk->source, &k->in[k->n]))
                k->n++;
        batch.n = k->n;
        if (k->n && ct_ordered_batch_run(&batch, &k->n))
                k->desk->tally.wrong++;
        return k->n > 0;
}

static bool next(struct flow_desk *d, struct flow_item *item)
{
        struct works *k = d->own;

        if (k->at == k->n && !another_batch(k))
                return false;
        *item = k->out[k->at++];
        return true;
}

static void finish(struct flow_desk *d)
{
        free(d->own);
}

#include "flow/stream.h"

ORDERED_CONTESTANT(ordered_batch, "lib/flow: a batch at a time, each result in its place");
