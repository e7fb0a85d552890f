/* ct_pipeline, cancelled at random moments in random ways and shapes: no context and no value is
   left behind. Every value is counted from its making to its one end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/guarded.h"
#include "flow/pipeline.h"

#include "flow_help.h"

enum {
        STAGES = 6, /* at most */
        VALUES = 120,
        /* In three placements; fewer where threads start slowly. */
        TASK_ROUNDS = ROUNDS(4) == 4   ? 10002
                      : ROUNDS(4) == 2 ? 3000
                                       : 180,
        THREAD_ROUNDS = ROUNDS(4) == 4   ? 1200
                        : ROUNDS(4) == 2 ? 300
                                         : 60
};

enum how { ERROR, UNWIND, CANCEL, PARENT, OUTSIDE, HOWS };

struct scene {
        enum ct_spawn spawn;
        struct fates *fates;
        struct ct_rng rng;
        size_t n;
        uint32_t values, pauses;
        enum how how;
        size_t at_stage;   /* where it is ended from inside, */
        uint32_t at_value; /* and with which call of that stage's function */
        ct_atomic_u32 next, calls[STAGES], inside, through;
        struct ct_pipeline *pipeline;
        ct_atomic_u32 started; /* pipeline may be read */
        struct ct_context *parent;
        struct stage {
                struct scene *scene;
                size_t index;
        } stage[STAGES];
        unsigned ended, finished; /* rounds that were cancelled, and that were not */
};

enum { WHY = -EREMOTE };

static void discard(void *arg, void *value)
{
        struct stage *me = arg;

        fates_discard(me->scene->fates, *(uint32_t *)value);
}

/* The moment may have come, with this value in hand. 0, or what the function returns. */
static int moment(struct stage *me, const uint32_t *hand)
{
        struct scene *s = me->scene;

        if (me->index != s->at_stage || ct_add_u32_relaxed(&s->calls[me->index], 1) != s->at_value)
                return 0;
        if (s->how == ERROR)
                return WHY;
        if (s->how == PARENT)
                ct_context_cancel_cause(s->parent, WHY);
        if (s->how == CANCEL) {
                CONTEXT_UNTIL(ct_load_u32_acquire(&s->started)); /* pairs with the start */
                ct_pipeline_cancel(s->pipeline, WHY);
        }
        if (s->how == UNWIND) {
                ct_sub_u32_relaxed(&s->inside, 1); /* it does not come back */
                if (hand)
                        fates_use(s->fates, *hand);
                ct_task_fail_code(WHY, "now");
        }
        return 0;
}

static int generate(struct ct_pipeline_io *io, void *arg, void *in)
{
        struct stage *me = arg;
        struct scene *s = me->scene;
        uint32_t v;
        int r = 0;

        (void)in;
        ct_add_u32_relaxed(&s->inside, 1);
        while (!r && (v = ct_add_u32_relaxed(&s->next, 1)) < s->values) {
                r = moment(me, NULL);
                if (r)
                        break;
                fates_make(s->fates, v);
                r = ct_pipeline_emit(io, &v);
        }
        ct_sub_u32_relaxed(&s->inside, 1);
        return r;
}

static int pass(struct ct_pipeline_io *io, void *arg, void *in)
{
        struct stage *me = arg;
        struct scene *s = me->scene;
        uint32_t v = *(uint32_t *)in;
        int r;

        ct_add_u32_relaxed(&s->inside, 1);
        r = moment(me, &v);
        if (r)
                fates_use(s->fates, v); /* it ends here */
        else
                r = ct_pipeline_emit(io, in);
        ct_sub_u32_relaxed(&s->inside, 1);
        return r;
}

static int sink(struct ct_pipeline_io *io, void *arg, void *in)
{
        struct stage *me = arg;
        struct scene *s = me->scene;
        int r;

        (void)io;
        ct_add_u32_relaxed(&s->inside, 1);
        fates_use(s->fates, *(uint32_t *)in);
        r = moment(me, NULL);
        ct_add_u32_relaxed(&s->through, !r);
        ct_sub_u32_relaxed(&s->inside, 1);
        return r;
}

static void draw(struct scene *s, struct ct_pipeline_stage *st)
{
        struct ct_rng *rng = &s->rng;

        memset(s->fates, 0, sizeof *s->fates);
        s->n = 2 + ct_rng_below(rng, STAGES - 1);
        s->values = (uint32_t)ct_rng_below(rng, VALUES);
        s->how = (enum how)ct_rng_below(rng, HOWS);
        s->at_stage = ct_rng_below(rng, s->n);
        s->at_value = (uint32_t)ct_rng_below(rng, VALUES);
        s->pauses = (uint32_t)ct_rng_below(rng, 200);
        ct_store_u32_relaxed(&s->next, 0);
        ct_store_u32_relaxed(&s->through, 0);
        ct_store_u32_relaxed(&s->started, 0);
        for (size_t i = 0; i < s->n; i++) {
                bool last = i == s->n - 1;

                ct_store_u32_relaxed(&s->calls[i], 0);
                s->stage[i] = (struct stage){s, i};
                st[i] = (struct ct_pipeline_stage){.fn = !i     ? generate
                                                         : last ? sink
                                                                : pass,
                                                   .arg = &s->stage[i],
                                                   .width = 1 + (unsigned)ct_rng_below(rng, 3),
                                                   .ordered = i && ct_rng_below(rng, 2),
                                                   .out_size = last ? 0 : sizeof(uint32_t),
                                                   .capacity = last ? 0 : ct_rng_below(rng, 4),
                                                   .discard = discard};
        }
}

static void round_of(struct scene *s)
{
        struct ct_pipeline_stage st[STAGES];
        int r;

        draw(s, st);
        if (ct_context_with_cancel(&s->parent, ct_context_background()) ||
            ct_pipeline_start(&s->pipeline, s->spawn, s->parent, st, s->n))
                abort();
        ct_store_u32_release(&s->started, 1); /* pairs with moment */
        if (s->how == OUTSIDE) {
                for (uint32_t i = 0; i < s->pauses; i++)
                        ct_parker_ops_self()->yield();
                ct_pipeline_cancel(s->pipeline, WHY);
        }
        r = ct_pipeline_wait(s->pipeline);
        CONTEXT_CHECK(r == 0 || r == WHY);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->inside) == 0);
        if (r) {
                fates_check(s->fates);
                s->ended++;
        } else {
                CONTEXT_CHECK(fates_check(s->fates) == 0);
                CONTEXT_CHECK(ct_load_u32_relaxed(&s->through) == s->values);
                s->finished++;
        }
        ct_pipeline_free(s->pipeline);
        CONTEXT_CHECK(!r || fates_check(s->fates) < VALUES);
        ct_context_cancel(s->parent);
        ct_context_release(s->parent);
}

struct rounds {
        enum ct_spawn spawn;
        unsigned each, ended, finished;
};

static void many_rounds(void *shared, unsigned index)
{
        struct rounds *all = shared;
        struct scene s = {.spawn = all->spawn, .fates = malloc(sizeof *s.fates)};

        if (!s.fates)
                abort();
        ct_rng_seed(&s.rng, 7 + index);
        for (unsigned i = 0; i < all->each; i++)
                round_of(&s);
        free(s.fates);
        all->ended = s.ended;
        all->finished = s.finished;
}

static void scene(void **state, const struct stress_placement *p)
{
        struct rounds all = {.spawn = spawn_of(state)};

        (void)p;
        all.each = (all.spawn == CT_SPAWN_TASK ? TASK_ROUNDS : THREAD_ROUNDS) / 3;
        run_contexts(state, 1, many_rounds, &all); /* with tasks: none is left */
        assert_int_equal(all.ended + all.finished, all.each);
        assert_true(all.ended > all.each / 10 && all.finished > 0);
}

/* Threads of this process. */
static unsigned threads(void)
{
        DIR *d = opendir("/proc/self/task");
        unsigned n = 0;

        if (!d)
                abort();
        while (readdir(d))
                n++;
        closedir(d);
        return n;
}

static void random_cancels_leave_nothing_behind(void **state)
{
        unsigned before = threads();

        everywhere(state, scene);
        UNTIL(threads() <= before); /* the last ones are on their way out */
}

int main(void)
{
        const struct CMUnitTest tests[] = {BOTH_WAYS(random_cancels_leave_nothing_behind)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
