#include "flow/piped.h"

#include <stdlib.h>

#include "flow/feed.h"
#include "flow/pipeline.h"

/* The generator, the stages; `out` is behind the last. Who runs the pipeline
 * closes it. */
struct piped {
        struct flow_desk *desk;
        struct ct_chan *out;
        struct ct_errgroup runner;
        struct place {
                struct piped *piped;
                unsigned stage;
        } place[FLOW_STAGES_MAX];
        struct ct_pipeline_stage stage[FLOW_STAGES_MAX + 1];
};

static int generate(struct ct_pipeline_io *io, void *arg, void *in)
{
        struct piped *k = arg;
        struct flow_item item;
        int rc = 0;

        (void)in;
        while (!rc && flow_source_take(&k->desk->source, &item))
                rc = ct_pipeline_emit(io, &item);
        return rc;
}

static int work(struct ct_pipeline_io *io, void *arg, void *in)
{
        const struct place *at = arg;
        struct flow_item item = *(const struct flow_item *)in;

        flow_stage(&at->piped->desk->plan, at->stage, &item);
        return ct_pipeline_emit(io, &item);
}

static int work_last(struct ct_pipeline_io *io, void *arg, void *in)
{
        const struct place *at = arg;
        struct flow_item item = *(const struct flow_item *)in;

        (void)io;
        flow_stage(&at->piped->desk->plan, at->stage, &item);
        ct_chan_send(at->piped->out, &item);
        return 0;
}

static void lay_out(struct piped *k, const struct flow_plan *plan)
{
        k->stage[0] = (struct ct_pipeline_stage){.fn = generate,
                                                 .arg = k,
                                                 .width = 1,
                                                 .out_size = sizeof(struct flow_item),
                                                 .capacity = plan->capacity};
        for (unsigned s = 0; s < plan->depth; s++) {
                bool last = s + 1 == plan->depth;

                k->place[s] = (struct place){.piped = k, .stage = s};
                k->stage[s + 1] = (struct ct_pipeline_stage){
                        .fn = last ? work_last : work,
                        .arg = &k->place[s],
                        .width = plan->width[s],
                        .ordered = plan->in_order && plan->width[s] > 1,
                        .out_size = last ? 0 : sizeof(struct flow_item),
                        .capacity = last ? 0 : plan->capacity,
                };
        }
}

static int run(void *arg)
{
        struct piped *k = arg;
        int rc = ct_pipeline_run(flow_spawn(), NULL, k->stage, k->desk->plan.depth + 1);

        ct_chan_close(k->out);
        return rc;
}

int piped_start(struct flow_desk *d)
{
        struct piped *k = calloc(1, sizeof *k);
        int rc = k ? ct_chan_new(&k->out, sizeof(struct flow_item), d->plan.capacity) : -ENOMEM;

        if (!rc) {
                k->desk = d;
                lay_out(k, &d->plan);
                ct_errgroup_init(&k->runner, flow_spawn());
                rc = ct_errgroup_go(&k->runner, run, k);
                d->own = k;
                if (!rc)
                        return 0;
                (void)ct_errgroup_wait(&k->runner);
                ct_errgroup_fini(&k->runner);
                ct_chan_free(k->out);
        }
        free(k);
        return rc;
}

bool piped_next(struct flow_desk *d, struct flow_item *item)
{
        struct piped *k = d->own;

        return ct_chan_recv(k->out, item);
}

void piped_finish(struct flow_desk *d)
{
        struct piped *k = d->own;

        if (ct_errgroup_wait(&k->runner))
                d->tally.wrong++;
        ct_errgroup_fini(&k->runner);
        ct_chan_free(k->out);
        free(k);
}
