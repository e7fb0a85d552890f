/* ct_batcher: by size, by age (exact on a clock of its own), flush, close, the bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "batcher_scene.h"

static void add(struct scene *s, uint32_t first, uint32_t n)
{
        for (uint32_t v = first; v < first + n; v++) {
                fates_make(&s->fates, v);
                assert_true(ct_batcher_try_add(s->b, &v));
        }
}

/* The next batch is these n items, sealed for that reason. */
static void expect(struct scene *s, uint32_t first, size_t n, enum ct_batch_why why)
{
        struct ct_batch batch;

        assert_int_equal(ct_batcher_take_until(s->b, &batch, 0), 0);
        assert_int_equal(batch.n, n);
        assert_int_equal(batch.why, why);
        for (size_t i = 0; i < n; i++) {
                assert_int_equal(((uint32_t *)batch.items)[i], first + i);
                fates_use(&s->fates, first + (uint32_t)i);
        }
        ct_batcher_release(s->b, &batch);
}

static void expect_none(struct scene *s, int why)
{
        struct ct_batch batch;

        assert_int_equal(ct_batcher_take_until(s->b, &batch, 0), why);
}

static void a_batch_leaves_by_size(void **state)
{
        struct scene s = {0};

        (void)state;
        make(&s, 3, CT_FOREVER, 2);
        add(&s, 0, 2);
        expect_none(&s, -ETIMEDOUT);
        add(&s, 2, 2);
        expect(&s, 0, 3, CT_BATCH_SIZE);
        expect_none(&s, -ETIMEDOUT);
        assert_int_equal(ct_timers_next(s.clock), CT_FOREVER);
        ct_batcher_close(s.b);
        expect(&s, 3, 1, CT_BATCH_CLOSE);
        expect_none(&s, -EPIPE);
        drop(&s);
}

static void a_batch_leaves_at_its_age_to_the_ns(void **state)
{
        struct scene s = {0};

        (void)state;
        make(&s, 100, 50, 2);
        ct_timers_advance(s.clock, 1200);
        expect_none(&s, -ETIMEDOUT); /* an empty one does not age */
        add(&s, 0, 1);
        ct_timers_advance(s.clock, 1230);
        add(&s, 1, 2); /* the first one's age is what counts */
        ct_timers_advance(s.clock, 1249);
        expect_none(&s, -ETIMEDOUT);
        ct_timers_advance(s.clock, 1250);
        add(&s, 3, 1);
        expect(&s, 0, 3, CT_BATCH_AGE);
        ct_timers_advance(s.clock, 1299);
        expect_none(&s, -ETIMEDOUT);
        ct_timers_advance(s.clock, 5000);
        expect(&s, 3, 1, CT_BATCH_AGE);
        expect_none(&s, -ETIMEDOUT);
        drop(&s);
}

static void size_and_flush_start_the_age_anew(void **state)
{
        struct scene s = {0};

        (void)state;
        make(&s, 2, 50, 4);
        add(&s, 0, 2); /* at 1000 */
        ct_timers_advance(s.clock, 1020);
        add(&s, 2, 1);
        ct_timers_advance(s.clock, 1050); /* the age of the one that has left */
        expect(&s, 0, 2, CT_BATCH_SIZE);
        expect_none(&s, -ETIMEDOUT);
        ct_timers_advance(s.clock, 1069);
        expect_none(&s, -ETIMEDOUT);
        ct_batcher_flush(s.b);
        ct_batcher_flush(s.b); /* there is nothing to flush: no empty batch */
        expect(&s, 2, 1, CT_BATCH_FLUSH);
        add(&s, 3, 1); /* at 1069 */
        ct_timers_advance(s.clock, 1118);
        expect_none(&s, -ETIMEDOUT);
        ct_timers_advance(s.clock, 1119);
        expect(&s, 3, 1, CT_BATCH_AGE);
        drop(&s);
}

static void a_full_queue_holds_batches_back_and_loses_none(void **state)
{
        struct scene s = {0};
        struct ct_batch out;
        uint32_t v = 99;

        (void)state;
        make(&s, 3, 50, 1);
        add(&s, 0, 3);
        add(&s, 3, 1);
        ct_timers_advance(s.clock, 1050); /* too old, but there is no room */
        ct_batcher_flush(s.b);
        assert_int_equal(ct_batcher_take_until(s.b, &out, 0), 0);
        assert_int_equal(out.n, 3);
        expect_none(&s, -ETIMEDOUT);
        add(&s, 4, 2);
        assert_false(ct_batcher_try_add(s.b, &v));
        assert_int_equal(ct_batcher_add_until(s.b, &v, 0), -ETIMEDOUT);
        for (uint32_t i = 0; i < 3; i++)
                fates_use(&s.fates, i);
        ct_batcher_release(s.b, &out);
        expect(&s, 3, 3, CT_BATCH_AGE);
        add(&s, 6, 1);
        expect_none(&s, -ETIMEDOUT); /* the old one's age is not this one's */
        ct_timers_advance(s.clock, 1100);
        expect(&s, 6, 1, CT_BATCH_AGE);
        drop(&s);
        fates_check(&s.fates);
        assert_int_equal(ct_exchange_u32_relaxed(&both_failures, 0), 0);
}

static void close_takes_no_more_and_loses_nothing(void **state)
{
        struct scene s = {0};
        struct ct_batcher_stats st;
        uint32_t v = 99;

        (void)state;
        make(&s, 3, 50, 1);
        add(&s, 0, 5);
        ct_batcher_close(s.b);
        assert_int_equal(ct_batcher_add(s.b, &v), -ESHUTDOWN);
        assert_false(ct_batcher_try_add(s.b, &v));
        expect(&s, 0, 3, CT_BATCH_SIZE);
        expect(&s, 3, 2, CT_BATCH_CLOSE);
        expect_none(&s, -EPIPE);
        ct_batcher_stats(s.b, &st);
        assert_true(st.items == 5 && st.taken == 5 && st.open == 0 && st.sealed == 0);
        assert_true(st.batches[CT_BATCH_SIZE] == 1 && st.batches[CT_BATCH_CLOSE] == 1);
        drop(&s);
}

static void free_discards_what_nobody_took(void **state)
{
        struct scene s = {0};

        (void)state;
        make(&s, 3, 50, 3);
        add(&s, 0, 8);
        expect(&s, 0, 3, CT_BATCH_SIZE);
        drop(&s);
        assert_int_equal(fates_check(&s.fates), 5);
        assert_int_equal(ct_exchange_u32_relaxed(&both_failures, 0), 0);
        ct_batcher_free(NULL);
}

static void what_new_refuses(void **state)
{
        struct ct_batcher_config good = {.element_size = 1,
                                         .most = 1,
                                         .age_ns = CT_FOREVER,
                                         .queue = 1},
                                 c;
        struct ct_batcher *b = (void *)1;

        (void)state;
        for (int i = 0; i < 6; i++) {
                c = good;
                if (i == 0)
                        c.element_size = 0;
                else if (i == 1)
                        c.most = 0;
                else if (i == 2)
                        c.age_ns = 0;
                else if (i == 3)
                        c.queue = 0;
                else if (i == 4)
                        c.most = SIZE_MAX;
                else
                        c.queue = SIZE_MAX;
                assert_int_equal(ct_batcher_new(&b, &c), i < 4 ? -EINVAL : -EOVERFLOW);
                assert_null(b);
        }
}

/* On the process's clock: it comes by itself. */
static void by_the_real_clock(void *shared, unsigned index)
{
        struct ct_batcher *b;
        struct ct_batch batch;
        uint32_t v = 5;

        (void)shared, (void)index;
        CONTEXT_CHECK(ct_batcher_new(&b, &(struct ct_batcher_config){.element_size = sizeof v,
                                                                     .most = 10,
                                                                     .age_ns = CT_NS_PER_MS,
                                                                     .queue = 1}) == 0);
        for (int i = 0; i < 3; i++) {
                CONTEXT_CHECK(ct_batcher_add(b, &v) == 0);
                CONTEXT_CHECK(ct_batcher_take(b, &batch) && batch.n == 1 &&
                              batch.why == CT_BATCH_AGE);
                ct_batcher_release(b, &batch);
        }
        ct_batcher_free(b);
}

static void age_works_on_the_real_clock(void **state)
{
        run_contexts(state, 1, by_the_real_clock, NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(a_batch_leaves_by_size),
                WATCHED(a_batch_leaves_at_its_age_to_the_ns),
                WATCHED(size_and_flush_start_the_age_anew),
                WATCHED(a_full_queue_holds_batches_back_and_loses_none),
                WATCHED(close_takes_no_more_and_loses_nothing),
                WATCHED(free_discards_what_nobody_took),
                WATCHED(what_new_refuses),
                BOTH_WAYS(age_works_on_the_real_clock),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
