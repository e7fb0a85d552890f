/* What the tests of ct_pipeline share: a generator of numbers, a stage, a sink. */
#ifndef CT_TESTS_PIPELINE_SCENE_H
#define CT_TESTS_PIPELINE_SCENE_H

#include "flow/pipeline.h"

#include "flow_help.h"

struct scene {
        enum ct_spawn spawn;
        struct fates fates;
        uint32_t n; /* values to make */
        unsigned width;
        bool ordered;
        size_t capacity;
        ct_atomic_u32 next, emitted, refused, calls, held, inside[8], released;
        uint32_t seen[FATES]; /* the sink's, in its order */
        uint32_t seen_n;
        int error; /* that the sink returns at this value */
        uint32_t error_at;
};

static inline void discard(void *arg, void *value)
{
        fates_discard(&((struct scene *)arg)->fates, *(uint32_t *)value);
}

static inline int generate(struct ct_pipeline_io *io, void *arg, void *in)
{
        struct scene *s = arg;
        uint32_t v;

        CONTEXT_CHECK(!in);
        while ((v = ct_add_u32_relaxed(&s->next, 1)) < s->n) {
                fates_make(&s->fates, v);
                if (ct_pipeline_emit(io, &v)) {
                        ct_add_u32_relaxed(&s->refused, 1);
                        return -ECANCELED;
                }
                ct_add_u32_relaxed(&s->emitted, 1);
        }
        return 0;
}

static inline int pass(struct ct_pipeline_io *io, void *arg, void *in)
{
        struct scene *s = arg;

        ct_add_u32_relaxed(&s->calls, 1);
        dawdle(*(uint32_t *)in);
        return ct_pipeline_emit(io, in);
}

static inline int sink(struct ct_pipeline_io *io, void *arg, void *in)
{
        struct scene *s = arg;
        uint32_t v = *(uint32_t *)in;

        CONTEXT_CHECK(ct_pipeline_index(io) == 0);
        fates_use(&s->fates, v);
        s->seen[s->seen_n++] = v; /* plain: one context */
        return s->error && v == s->error_at ? s->error : 0;
}

/* generator, one stage, sink */
static inline void three(struct scene *s, struct ct_pipeline_stage st[3], ct_pipeline_fn *middle)
{
        st[0] = (struct ct_pipeline_stage){.fn = generate,
                                           .arg = s,
                                           .width = 1,
                                           .out_size = sizeof(uint32_t),
                                           .capacity = s->capacity,
                                           .discard = discard};
        st[1] = (struct ct_pipeline_stage){.fn = middle,
                                           .arg = s,
                                           .width = s->width,
                                           .ordered = s->ordered,
                                           .out_size = sizeof(uint32_t),
                                           .capacity = s->capacity,
                                           .discard = discard};
        st[2] = (struct ct_pipeline_stage){.fn = sink, .arg = s, .width = 1};
}

#endif
