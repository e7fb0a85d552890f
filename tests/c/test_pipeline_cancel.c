/* ct_pipeline: cancels, by whomever and whenever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline_scene.h"

/* Holds the first value until the pipeline is cancelled. */
static int hold(struct ct_pipeline_io *io, void *arg, void *in)
{
        struct scene *s = arg;

        fates_use(&s->fates, *(uint32_t *)in);
        ct_add_u32_relaxed(&s->held, 1);
        (void)ct_chan_recv(ct_context_done(ct_pipeline_context(io)), NULL);
        return 0; /* who asks has been cancelled; that is no error of this one */
}

static struct ct_pipeline *start_held(struct scene *s, struct ct_context *context)
{
        struct ct_pipeline_stage st[3];
        struct ct_pipeline *p = NULL;

        three(s, st, pass);
        st[1] = st[2];
        st[1].fn = hold;
        CONTEXT_CHECK(ct_pipeline_start(&p, s->spawn, context, st, 2) == 0);
        /* One is held, the buffer is full, and the generator has one more in its hand. */
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->emitted) == s->capacity + 1);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->held) == 1);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->next) == s->capacity + 2);
        return p;
}

static void run_cancel(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_pipeline *p = start_held(s, NULL);

        (void)index;
        ct_pipeline_cancel(p, -EPIPE);
        CONTEXT_CHECK(ct_pipeline_wait(p) == -EPIPE);
        CONTEXT_CHECK(fates_check(&s->fates) == s->capacity + 1); /* not only in free */
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->held) == 1);
        CONTEXT_CHECK(ct_pipeline_wait(p) == -EPIPE);
        ct_pipeline_free(p);
        CONTEXT_CHECK(fates_check(&s->fates) == s->capacity + 1);
}

static void a_cancel_drains_every_stage(void **state)
{
        for (size_t capacity = 0; capacity < 6; capacity += 5) {
                struct scene s = {.spawn = spawn_of(state), .capacity = capacity, .n = FATES};

                run_contexts(state, 1, run_cancel, &s);
        }
}

static void run_free(void *shared, unsigned index)
{
        struct scene *s = shared;

        (void)index;
        ct_pipeline_free(start_held(s, NULL));
        CONTEXT_CHECK(fates_check(&s->fates) == s->capacity + 1);
        ct_pipeline_free(NULL);
}

static void free_alone_cancels(void **state)
{
        struct scene s = {.spawn = spawn_of(state), .capacity = 3, .n = FATES};

        run_contexts(state, 1, run_free, &s);
}

static void run_parent(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_timers *clock;
        struct ct_context *parent;
        struct ct_pipeline *p;

        (void)index;
        if (ct_timers_new(&clock, 0) ||
            ct_context_with_deadline_on(&parent, ct_context_background(), clock, 10))
                abort();
        p = start_held(s, parent);
        if (s->error) {
                ct_context_cancel_cause(parent, s->error);
                CONTEXT_CHECK(ct_pipeline_wait(p) == s->error);
        } else {
                CONTEXT_CHECK(ct_timers_advance(clock, 10) == 1);
                CONTEXT_CHECK(ct_pipeline_wait(p) == -ETIMEDOUT);
        }
        fates_check(&s->fates);
        ct_pipeline_free(p);
        ct_context_release(parent);
        ct_timers_free(clock);
}

static void the_parents_end_is_its_end(void **state)
{
        static const int errors[] = {0, -ECANCELED, 17};

        for (size_t i = 0; i < 3; i++) {
                struct scene s = {
                        .spawn = spawn_of(state), .capacity = 1, .n = FATES, .error = errors[i]};

                run_contexts(state, 1, run_parent, &s);
        }
}

static void run_early_and_late(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_pipeline_stage st[3];
        struct ct_context *parent;
        struct ct_pipeline *p;

        (void)index;
        three(s, st, pass);
        if (ct_context_with_cancel(&parent, ct_context_background()))
                abort();
        CONTEXT_CHECK(ct_pipeline_start(&p, s->spawn, parent, st, 3) == 0);
        CONTEXT_CHECK(ct_pipeline_wait(p) == 0);
        ct_context_cancel(parent);
        ct_pipeline_cancel(p, -EPIPE);
        CONTEXT_CHECK(ct_pipeline_wait(p) == 0 && s->seen_n == s->n); /* too late */
        ct_pipeline_free(p);
        ct_store_u32_relaxed(&s->next, 0);
        CONTEXT_CHECK(ct_pipeline_run(s->spawn, parent, st, 3) == -ECANCELED);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->next) == 0); /* no function was called */
        ct_context_release(parent);
}

static void a_cancel_before_the_start_or_after_the_end(void **state)
{
        struct scene s = {.spawn = spawn_of(state), .width = 2, .capacity = 1, .n = 50};

        run_contexts(state, 1, run_early_and_late, &s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(a_cancel_drains_every_stage),
                BOTH_WAYS(free_alone_cancels),
                BOTH_WAYS(the_parents_end_is_its_end),
                BOTH_WAYS(a_cancel_before_the_start_or_after_the_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
