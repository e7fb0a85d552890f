/* ct_pipeline: flow, order, width, errors, ownership; for threads and tasks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/guarded.h"

#include "pipeline_scene.h"

/* ---- flow ---- */

static void run_through(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_pipeline_stage st[3];

        (void)index;
        three(s, st, pass);
        CONTEXT_CHECK(ct_pipeline_run(s->spawn, NULL, st, 3) == 0);
        CONTEXT_CHECK(fates_check(&s->fates) == 0);
        CONTEXT_CHECK(fates_used(&s->fates) == s->n && s->seen_n == s->n);
}

static void every_value_goes_through_once(void **state)
{
        static const struct {
                unsigned width;
                size_t capacity;
                uint32_t n;
        } cases[] = {{1, 0, 300}, {1, 7, 300}, {4, 0, 300}, {4, 7, 300}, {3, 1, 0}, {5, 2, 1}};

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct scene s = {.spawn = spawn_of(state),
                                  .width = cases[i].width,
                                  .capacity = cases[i].capacity,
                                  .n = cases[i].n};

                run_contexts(state, 1, run_through, &s);
        }
}

static bool in_order(const struct scene *s)
{
        for (uint32_t i = 0; i < s->seen_n; i++)
                if (s->seen[i] != i)
                        return false;
        return true;
}

static void width_one_keeps_the_order(void **state)
{
        struct scene s = {.spawn = spawn_of(state), .width = 1, .capacity = 3, .n = 300};

        run_contexts(state, 1, run_through, &s);
        assert_true(in_order(&s));
}

static void an_ordered_stage_keeps_the_order(void **state)
{
        for (unsigned width = 1; width <= 5; width += 2) {
                struct scene s = {.spawn = spawn_of(state),
                                  .width = width,
                                  .ordered = true,
                                  .capacity = width,
                                  .n = 600};

                run_contexts(state, 1, run_through, &s);
                assert_true(in_order(&s));
        }
}

/* v becomes v % 3 values. */
static int some(struct ct_pipeline_io *io, void *arg, void *in)
{
        struct scene *s = arg;
        uint32_t v = *(uint32_t *)in;

        fates_use(&s->fates, v);
        dawdle(v);
        for (uint32_t i = 0; i < v % 3; i++) {
                uint32_t w = FATES / 2 + 2 * v + i;

                fates_make(&s->fates, w);
                if (ct_pipeline_emit(io, &w))
                        return -ECANCELED;
        }
        return 0;
}

static void run_some(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_pipeline_stage st[3];
        uint32_t at = 0;

        (void)index;
        three(s, st, some);
        CONTEXT_CHECK(ct_pipeline_run(s->spawn, NULL, st, 3) == 0);
        CONTEXT_CHECK(fates_check(&s->fates) == 0);
        CONTEXT_CHECK(s->seen_n == s->n); /* 0 + 1 + 2 of every three */
        for (uint32_t v = 0; s->ordered && v < s->n; v++)
                for (uint32_t i = 0; i < v % 3; i++)
                        CONTEXT_CHECK(s->seen[at++] == FATES / 2 + 2 * v + i);
}

static void a_stage_may_emit_none_or_many(void **state)
{
        for (int ordered = 0; ordered < 2; ordered++) {
                struct scene s = {.spawn = spawn_of(state),
                                  .width = 4,
                                  .ordered = ordered,
                                  .capacity = 2,
                                  .n = 300};

                run_contexts(state, 1, run_some, &s);
        }
}

/* Every context of a stage runs at the same time, under an index of its own. */
static int meet(struct ct_pipeline_io *io, void *arg, void *in)
{
        struct scene *s = arg;
        unsigned i = ct_pipeline_index(io);

        CONTEXT_CHECK(i < s->width && ct_add_u32_relaxed(&s->inside[i], 1) == 0);
        ct_add_u32_relaxed(&s->held, 1);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->held) == s->width);
        return ct_pipeline_emit(io, in);
}

static void run_wide(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_pipeline_stage st[3];

        (void)index;
        three(s, st, meet);
        CONTEXT_CHECK(ct_pipeline_run(s->spawn, NULL, st, 3) == 0);
        CONTEXT_CHECK(s->seen_n == s->width);
}

static void a_stage_is_as_wide_as_it_says(void **state)
{
        struct scene s = {.spawn = spawn_of(state), .width = 5, .n = 5, .capacity = 1};

        run_contexts(state, 1, run_wide, &s);
}

/* ---- errors ---- */

static void run_error(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_pipeline_stage st[3];

        (void)index;
        three(s, st, pass);
        CONTEXT_CHECK(ct_pipeline_run(s->spawn, NULL, st, 3) == s->error);
        CONTEXT_CHECK(fates_check(&s->fates) > 0); /* 4,000 are not in channels */
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->refused) == 1);
}

static void an_error_ends_it_and_is_returned(void **state)
{
        struct scene s = {.spawn = spawn_of(state),
                          .width = 2,
                          .capacity = 20,
                          .n = FATES,
                          .error = -EIO,
                          .error_at = 5};

        run_contexts(state, 1, run_error, &s);
}

static int fail_deep(struct ct_pipeline_io *io, void *arg, void *in)
{
        struct scene *s = arg;

        if (*(uint32_t *)in != s->error_at)
                return ct_pipeline_emit(io, in);
        fates_use(&s->fates, *(uint32_t *)in); /* it is this function's */
        ct_task_fail_code(s->error, "bad value");
}

static void run_fail(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_pipeline_stage st[3];

        (void)index;
        three(s, st, fail_deep);
        CONTEXT_CHECK(ct_pipeline_run(s->spawn, NULL, st, 3) == s->error);
        fates_check(&s->fates);
}

static void a_function_may_fail_by_unwinding(void **state)
{
        struct scene s = {.spawn = spawn_of(state),
                          .width = 3,
                          .capacity = 2,
                          .n = FATES,
                          .error = -EPROTO,
                          .error_at = 77};

        run_contexts(state, 1, run_fail, &s);
}

static int fails_at_once(struct ct_pipeline_io *io, void *arg, void *in)
{
        (void)io, (void)arg, (void)in;
        return -ENOENT;
}

static void run_no_generator(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_pipeline_stage st[3];

        (void)index;
        three(s, st, pass);
        st[0].fn = fails_at_once;
        CONTEXT_CHECK(ct_pipeline_run(s->spawn, NULL, st, 3) == -ENOENT);
        CONTEXT_CHECK(s->seen_n == 0 && ct_load_u32_relaxed(&s->calls) == 0);
}

static void a_generators_error_is_no_end_of_input(void **state)
{
        struct scene s = {.spawn = spawn_of(state), .width = 1};

        run_contexts(state, 1, run_no_generator, &s);
}

/* ---- start ---- */

static void run_invalid(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_pipeline_stage good[3], bad[3];
        struct ct_pipeline *p = (void *)1;

        (void)index;
        three(s, good, pass);
        for (int i = 0; i < 7; i++) {
                memcpy(bad, good, sizeof bad);
                if (i == 0)
                        bad[1].fn = NULL;
                else if (i == 1)
                        bad[2].width = 0;
                else if (i == 2)
                        bad[0].ordered = true;
                else if (i == 3)
                        bad[2].out_size = 1;
                else if (i == 4)
                        bad[2].capacity = 1;
                CONTEXT_CHECK(ct_pipeline_start(&p, s->spawn, NULL, bad,
                                                i == 5   ? 1
                                                : i == 6 ? 0
                                                         : 3) == -EINVAL);
                CONTEXT_CHECK(!p);
        }
        good[0].capacity = SIZE_MAX / 2;
        CONTEXT_CHECK(ct_pipeline_start(&p, s->spawn, NULL, good, 3) == -EOVERFLOW && !p);
}

static void what_start_refuses(void **state)
{
        struct scene s = {.spawn = spawn_of(state), .width = 1};

        run_contexts(state, 1, run_invalid, &s);
}

/* Values of no size are signals. */
static int signal_five(struct ct_pipeline_io *io, void *arg, void *in)
{
        (void)arg, (void)in;
        for (int i = 0; i < 5; i++)
                if (ct_pipeline_emit(io, NULL))
                        return -ECANCELED;
        return 0;
}

static int count_signal(struct ct_pipeline_io *io, void *arg, void *in)
{
        (void)io, (void)in;
        ct_add_u32_relaxed(&((struct scene *)arg)->calls, 1);
        return 0;
}

static void run_signals(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_pipeline_stage st[] = {{.fn = signal_five, .arg = s, .width = 2},
                                         {.fn = count_signal, .arg = s, .width = 3}};

        (void)index;
        CONTEXT_CHECK(ct_pipeline_run(s->spawn, NULL, st, 2) == 0);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->calls) == 10);
}

static void values_without_a_size_are_signals(void **state)
{
        struct scene s = {.spawn = spawn_of(state)};

        run_contexts(state, 1, run_signals, &s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(every_value_goes_through_once),
                BOTH_WAYS(width_one_keeps_the_order),
                BOTH_WAYS(an_ordered_stage_keeps_the_order),
                BOTH_WAYS(a_stage_may_emit_none_or_many),
                BOTH_WAYS(a_stage_is_as_wide_as_it_says),
                BOTH_WAYS(an_error_ends_it_and_is_returned),
                BOTH_WAYS(a_function_may_fail_by_unwinding),
                BOTH_WAYS(a_generators_error_is_no_end_of_input),
                BOTH_WAYS(what_start_refuses),
                BOTH_WAYS(values_without_a_size_are_signals),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
