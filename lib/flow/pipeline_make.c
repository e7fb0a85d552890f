/* A pipeline's memory: parts, channels, turns; and what is left in them at the end. */
#include "flow/pipeline_private.h"

#include <errno.h>
#include <stdlib.h>

static bool is_valid(const struct ct_pipeline_stage *stage, bool first, bool last)
{
        return stage->fn && stage->width && !(first && stage->ordered) &&
               !(last && (stage->out_size || stage->capacity));
}

static int make_turns(struct ct_pipeline_part_ *part)
{
        unsigned width = part->stage.width;

        if (!part->stage.ordered || width == 1)
                return 0;
        part->turn = calloc(width, sizeof *part->turn);
        if (!part->turn)
                return -ENOMEM;
        for (unsigned i = 0; i < width; i++) {
                int r = ct_chan_new(&part->turn[i], 0, 1);

                if (r)
                        return r;
        }
        (void)ct_chan_try_send(part->turn[0], NULL);
        return 0;
}

static int make_part(struct ct_pipeline_part_ *part, bool last)
{
        unsigned width = part->stage.width;
        int r = last ? 0 : ct_chan_new(&part->out, part->stage.out_size, part->stage.capacity);

        if (r)
                return r;
        part->io = calloc(width, sizeof *part->io);
        part->space = ct_crew_space_(width, part->in_size);
        if (!part->io || !part->space)
                return -ENOMEM;
        for (unsigned i = 0; i < width; i++)
                part->io[i] = (struct ct_pipeline_io){.part = part, .index = i};
        ct_store_u32_relaxed(&part->alive, width);
        return make_turns(part);
}

static int make_parts(struct ct_pipeline *p)
{
        for (size_t i = 0; i < p->n; i++) {
                struct ct_pipeline_part_ *part = &p->part[i];
                int r;

                part->pipeline = p;
                if (i) {
                        part->in = p->part[i - 1].out;
                        part->in_size = p->part[i - 1].stage.out_size;
                }
                r = make_part(part, i == p->n - 1);
                if (r)
                        return r;
        }
        return 0;
}

int ct_pipeline_make_(struct ct_pipeline **out, const struct ct_pipeline_stage *stages, size_t n)
{
        struct ct_pipeline *p;
        int r;

        *out = NULL;
        if (n < 2)
                return -EINVAL;
        for (size_t i = 0; i < n; i++)
                if (!is_valid(&stages[i], i == 0, i == n - 1))
                        return -EINVAL;
        if (n > (SIZE_MAX - sizeof *p) / sizeof p->part[0])
                return -EOVERFLOW;
        p = calloc(1, sizeof *p + n * sizeof p->part[0]);
        if (!p)
                return -ENOMEM;
        p->n = n;
        for (size_t i = 0; i < n; i++)
                p->part[i].stage = stages[i];
        r = make_parts(p);
        if (r) {
                ct_pipeline_unmake_(p);
                return r;
        }
        *out = p;
        return 0;
}

void ct_pipeline_drain_(struct ct_pipeline *p)
{
#ifdef CT_PLANT_pipeline_leaves_a_stage
        for (size_t i = 1; i + 1 < p->n; i++) {
#else
        for (size_t i = 0; i + 1 < p->n; i++) {
#endif
                const struct ct_pipeline_stage *stage = &p->part[i].stage;

                /* The space of the stage behind: nobody uses it any more. */
                if (p->part[i].out && p->part[i + 1].space)
                        ct_crew_drain_(p->part[i].out, p->part[i + 1].space, stage->discard,
                                       stage->arg);
        }
}

static void unmake_part(struct ct_pipeline_part_ *part)
{
        for (unsigned i = 0; part->turn && i < part->stage.width; i++)
                ct_chan_free(part->turn[i]);
        free(part->turn);
        ct_chan_free(part->out);
        free(part->space);
        free(part->io);
}

void ct_pipeline_unmake_(struct ct_pipeline *p)
{
        ct_pipeline_drain_(p);
        for (size_t i = 0; i < p->n; i++)
                unmake_part(&p->part[i]);
        free(p);
}
