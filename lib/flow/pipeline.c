/* A pipeline's contexts: start, cancel, wait. What they do is in pipeline_run.c. */
#include "flow/pipeline.h"

#include "flow/guarded.h"
#include "flow/pipeline_private.h"

/* One guarded call for all values: a failure ends the pipeline anyway. */
static int context_main(void *arg)
{
        struct ct_pipeline_io *io = arg;

        ct_pipeline_leave_(io, ct_guarded(NULL, ct_pipeline_loop_, io));
        return 0;
}

/* The sink first and the generator last: if a context cannot be started, nothing has begun. */
static int start_contexts(struct ct_pipeline *p)
{
        for (size_t i = p->n; i-- > 0;) {
                struct ct_pipeline_part_ *part = &p->part[i];

                for (unsigned j = 0; j < part->stage.width; j++) {
                        int r = ct_crew_go_(&p->crew, context_main, &part->io[j]);

                        if (r)
                                return r;
                }
        }
        return 0;
}

int ct_pipeline_start(struct ct_pipeline **out, enum ct_spawn spawn, struct ct_context *context,
                      const struct ct_pipeline_stage *stages, size_t n)
{
        int r = ct_pipeline_make_(out, stages, n);

        if (r)
                return r;
        r = ct_crew_begin_(&(*out)->crew, spawn, context);
        if (r) {
                ct_pipeline_unmake_(*out);
                *out = NULL;
                return r;
        }
        r = start_contexts(*out);
        if (r) {
                ct_pipeline_free(*out);
                *out = NULL;
        }
        return r;
}

void ct_pipeline_cancel(struct ct_pipeline *p, int cause)
{
        ct_context_cancel_cause(p->crew.context, cause);
}

int ct_pipeline_wait(struct ct_pipeline *p)
{
        int r = ct_crew_wait_(&p->crew);

        ct_pipeline_drain_(p);
        return r;
}

void ct_pipeline_free(struct ct_pipeline *p)
{
        if (!p)
                return;
        ct_crew_end_(&p->crew);
        ct_pipeline_unmake_(p);
}

int ct_pipeline_run(enum ct_spawn spawn, struct ct_context *context,
                    const struct ct_pipeline_stage *stages, size_t n)
{
        struct ct_pipeline *p;
        int r = ct_pipeline_start(&p, spawn, context, stages, n);

        if (r)
                return r;
        r = ct_pipeline_wait(p);
        ct_pipeline_free(p);
        return r;
}
