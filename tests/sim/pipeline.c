/* ct_pipeline: cancels and errors at any moment; every value that was emitted was used or is
   discarded once, every context ends, the order holds where it is promised. */
#include "programs.h"

#include "flow/pipeline_private.h"

#include <errno.h>

enum { VALUES = 3 };

struct state {
        struct ct_pipeline *p;
        int values, fails_at; /* the sink, with this value; -1: nowhere */
        bool in_order, cancels;
        uint32_t made, used, discarded; /* bits */
        uint32_t seen;
};

/* Not looked at for races: tasks switch at atomic operations only, so what is plain here is whole.
 */
#define BOOKS __attribute__((no_sanitize_thread, noinline))

static BOOKS void once(uint32_t *bits, int v)
{
        SIM_CHECK(v >= 0 && v < VALUES && !(*bits >> v & 1));
        *bits |= 1u << v;
}

static void discard(void *arg, void *value)
{
        once(&((struct state *)arg)->discarded, *(int *)value);
}

static int generate(struct ct_pipeline_io *io, void *arg, void *in)
{
        struct state *s = arg;

        SIM_CHECK(!in);
        for (int v = 0; v < s->values; v++) {
                once(&s->made, v);
                sim_at("emit");
                if (ct_pipeline_emit(io, &v))
                        return -ECANCELED;
        }
        return 0;
}

static int pass(struct ct_pipeline_io *io, void *arg, void *in)
{
        (void)arg;
        sim_at("pass on");
        return ct_pipeline_emit(io, in);
}

static int sink(struct ct_pipeline_io *io, void *arg, void *in)
{
        struct state *s = arg;
        int v = *(int *)in;

        (void)io;
        once(&s->used, v);
        SIM_CHECK(!s->in_order || (uint32_t)v == s->seen);
        s->seen++;
        return v == s->fails_at ? -EIO : 0;
}

static void make(struct state *s, size_t n, unsigned width, size_t capacity, int values)
{
        struct ct_pipeline_stage st[3] = {
                {.fn = generate, .width = 1, .capacity = capacity},
                {.fn = pass, .width = width, .ordered = width > 1, .capacity = capacity},
                {.fn = sink, .width = 1}};

        for (size_t i = 0; i < 3; i++) {
                st[i].arg = s;
                st[i].discard = i < 2 ? discard : NULL;
                st[i].out_size = i < 2 ? sizeof(int) : 0;
        }
        if (n == 2)
                st[1] = st[2];
        sim_calm(true);
        s->values = values;
        SIM_CHECK(ct_pipeline_make_(&s->p, st, n) == 0);
        SIM_CHECK(ct_context_with_cancel(&s->p->crew.context, ct_context_background()) == 0);
        sim_calm(false);
}

static void two_rendezvous(void *state)
{
        struct state *s = state;

        s->cancels = true;
        s->fails_at = -1;
        make(s, 2, 1, 0, 2);
}

static void two_rooms(void *state)
{
        struct state *s = state;

        s->cancels = true;
        s->fails_at = -1;
        make(s, 2, 1, 1, 3);
}

static void three_stages(void *state)
{
        struct state *s = state;

        s->cancels = true;
        s->fails_at = -1;
        make(s, 3, 1, 0, 1);
}

static void sink_fails(void *state)
{
        make(state, 3, 1, 1, 3); /* fails_at 0 */
}

static void wide(void *state)
{
        struct state *s = state;

        s->in_order = true;
        s->fails_at = -1;
        make(s, 3, 2, VALUES, VALUES);
        sim_calm(true); /* the generator is through before the others begin */
        ct_pipeline_leave_(s->p->part[0].io, ct_pipeline_loop_(s->p->part[0].io));
        sim_calm(false);
}

/* The canceller, if there is one; then the contexts of all stages, the sink's first. */
static void run(void *state, unsigned self)
{
        struct state *s = state;

        if (s->cancels && self-- == 0) {
                sim_at("cancel");
                ct_context_cancel(s->p->crew.context);
                return;
        }
        for (size_t i = s->p->n; i-- > 0;) {
                struct ct_pipeline_part_ *part = &s->p->part[i];

                if (self < part->stage.width) {
                        struct ct_pipeline_io *io = &part->io[self];

                        ct_pipeline_leave_(io, ct_pipeline_loop_(io));
                        return;
                }
                self -= part->stage.width;
        }
}

static void went_well(void *state)
{
        struct state *s = state;
        int error = (int)ct_load_u32_relaxed(&s->p->crew.error);
        struct ct_context *context = s->p->crew.context;

        if (s->fails_at >= 0)
                SIM_CHECK(error == -EIO && s->seen == (uint32_t)s->fails_at + 1);
        else
                SIM_CHECK(error == 0 || (s->cancels && error == -ECANCELED));
        if (s->cancels)
                sim_saw((unsigned)(error != 0));
        ct_pipeline_drain_(s->p);
        SIM_CHECK(!(s->used & s->discarded) && (s->used | s->discarded) == s->made);
        if (!error)
                SIM_CHECK(s->used == (1u << s->values) - 1);
        ct_pipeline_unmake_(s->p);
        ct_context_cancel(context);
        ct_context_release(context);
}

#define PROGRAM(n, w, t, up)                                                                       \
        .name = n, .what = w, .tasks = t, .size = sizeof(struct state), .setup = up, .task = run,  \
        .check = went_well, .faults = -1

const struct sim_program pipeline_programs[] = {
        {PROGRAM("pipeline_cancel_0", "generator and sink, a cancel at any moment", 3,
                 two_rendezvous),
         .bound = 2, .must_see = 3},
        {PROGRAM("pipeline_cancel_1", "the same with a buffer, three values", 3, two_rooms),
         .bound = 1, .must_see = 3},
        {PROGRAM("pipeline_cancel_3", "three stages, a cancel at any moment", 4, three_stages),
         .bound = 1, .must_see = 3},
        {PROGRAM("pipeline_error", "the sink fails with the first value", 3, sink_fails),
         .bound = 1},
        {PROGRAM("pipeline_ordered", "an ordered stage of two, three values", 3, wide), .bound = 1},
        {0}};
