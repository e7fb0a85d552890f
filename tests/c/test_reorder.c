/* ct_reorder: order, the window, the missing head, skips, the end, cancels, time-outs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/reorder.h"

#include "flow_help.h"

struct scene {
        struct ct_reorder *r;
        size_t window;
        uint32_t n;
        unsigned putters;
        ct_atomic_u32 next, in, answered;
        uint32_t taken;
};

static struct ct_reorder *make(size_t window)
{
        struct ct_reorder *r;

        if (ct_reorder_new(&r, sizeof(uint64_t), window))
                abort();
        return r;
}

static int try_put(struct ct_reorder *r, uint64_t seq)
{
        uint64_t v = seq * 10;

        return ct_reorder_try_put(r, seq, &v);
}

static int try_take(struct ct_reorder *r)
{
        uint64_t v = 0;
        int e = ct_reorder_try_take(r, &v);

        return e ? e : (int)v;
}

static void values_leave_in_the_order_of_their_numbers(void **state)
{
        struct ct_reorder *r = make(4);

        (void)state;
        assert_int_equal(try_take(r), -EAGAIN);
        assert_int_equal(try_put(r, 2), 0);
        assert_int_equal(try_put(r, 1), 0);
        assert_int_equal(try_take(r), -EAGAIN);
        assert_int_equal(try_put(r, 0), 0);
        assert_int_equal(try_take(r), 0);
        assert_int_equal(try_take(r), 10);
        assert_int_equal(ct_reorder_next(r), 2);
        assert_int_equal(try_take(r), 20);
        assert_int_equal(try_take(r), -EAGAIN);
        ct_reorder_free(r);
        ct_reorder_free(NULL);
}

static void the_window_is_exact(void **state)
{
        (void)state;
        for (uint64_t window = 1; window < 6; window++) {
                struct ct_reorder *r = make(window);

                for (uint64_t first = 0; first < 20; first++) {
                        for (uint64_t s = first + window; s < first + window + 3; s++)
                                assert_int_equal(try_put(r, s), -EAGAIN);
                        if (first == 0)
                                for (uint64_t s = window; s-- > 0;)
                                        assert_int_equal(try_put(r, s), 0);
                        assert_int_equal(try_take(r), first * 10);
                        assert_int_equal(try_put(r, first + window), 0);
                }
                ct_reorder_free(r);
        }
}

static void the_end_may_be_told_at_any_time(void **state)
{
        struct ct_reorder *r = make(2);
        uint64_t v;

        (void)state;
        ct_reorder_close(r, 3);
        for (uint64_t s = 0; s < 3; s++) {
                assert_int_equal(try_take(r), -EAGAIN);
                assert_int_equal(try_put(r, s), 0);
                assert_int_equal(try_take(r), s * 10);
        }
        assert_int_equal(try_take(r), -EPIPE);
        assert_int_equal(ct_reorder_take_until(r, &v, 0), -EPIPE);
        assert_false(ct_reorder_take(r, &v));
        ct_reorder_free(r);
}

static void what_is_skipped_does_not_hold_the_others(void **state)
{
        struct ct_reorder *r = make(3);

        (void)state;
        assert_int_equal(ct_reorder_skip(r, 1), 0);
        assert_int_equal(try_put(r, 2), 0);
        assert_int_equal(ct_reorder_skip(r, 0), 0); /* passed over at once, and 1 with it */
        assert_int_equal(ct_reorder_next(r), 2);
        assert_int_equal(try_put(r, 4), 0);
        assert_int_equal(try_take(r), 20);
        assert_int_equal(ct_reorder_skip(r, 3), 0);
        assert_int_equal(try_take(r), 40);
        ct_reorder_close(r, 5);
        assert_int_equal(try_take(r), -EPIPE);
        ct_reorder_free(r);
}

static void a_cancel_gives_back_what_was_not_taken(void **state)
{
        struct ct_reorder *r = make(8);
        uint64_t v;

        (void)state;
        for (uint64_t s = 0; s < 8; s += 2)
                assert_int_equal(try_put(r, s), 0);
        assert_int_equal(try_take(r), 0);
        ct_reorder_cancel(r);
        ct_reorder_cancel(r);
        assert_int_equal(try_take(r), -ECANCELED);
        assert_int_equal(try_put(r, 1), -ECANCELED);
        for (uint64_t s = 2; s < 8; s += 2) {
                assert_true(ct_reorder_drain(r, &v));
                assert_int_equal(v, s * 10);
        }
        assert_false(ct_reorder_drain(r, &v));
        ct_reorder_free(r);
}

static void what_new_refuses(void **state)
{
        struct ct_reorder *r = (void *)1;

        (void)state;
        assert_int_equal(ct_reorder_new(&r, 8, 0), -EINVAL);
        assert_null(r);
        assert_int_equal(ct_reorder_new(&r, 8, SIZE_MAX / 4), -EOVERFLOW);
        assert_null(r);
        assert_int_equal(ct_reorder_new(&r, 0, 2), 0); /* signals */
        assert_int_equal(ct_reorder_put(r, 0, NULL), 0);
        assert_true(ct_reorder_take(r, NULL));
        ct_reorder_free(r);
}

/* ---- waiting ---- */

/* All but the head's context wait ahead of the window; then the head comes. */
static void ahead(void *shared, unsigned index)
{
        struct scene *s = shared;
        uint64_t v = index, got;

        if (index == 0) {
                CONTEXT_UNTIL(ct_load_u32_relaxed(&s->in) == s->putters);
                for (uint64_t i = 0; i < 50; i++)
                        ct_parker_ops_self()->yield();
                CONTEXT_CHECK(ct_load_u32_relaxed(&s->answered) <= s->window - 1);
                CONTEXT_CHECK(ct_reorder_put(s->r, 0, &v) == 0);
                for (uint64_t i = 0; i <= s->putters; i++)
                        CONTEXT_CHECK(ct_reorder_take(s->r, &got) && got == i);
                return;
        }
        ct_add_u32_relaxed(&s->in, 1);
        CONTEXT_CHECK(ct_reorder_put(s->r, index, &v) == 0);
        ct_add_u32_relaxed(&s->answered, 1);
}

static void a_missing_head_always_gets_in(void **state)
{
        for (size_t window = 1; window <= 4; window++) {
                struct scene s = {.r = make(window), .window = window, .putters = 9};

                run_contexts(state, 10, ahead, &s);
                ct_reorder_free(s.r);
        }
}

static void wait_and_cancel(void *shared, unsigned index)
{
        struct scene *s = shared;
        uint64_t v = 0;

        if (index == 0) {
                CONTEXT_UNTIL(ct_load_u32_relaxed(&s->in) == 4);
                ct_reorder_cancel(s->r);
        } else if (index < 3) {
                ct_add_u32_relaxed(&s->in, 1);
                CONTEXT_CHECK(ct_reorder_put(s->r, 100 + index, &v) == -ECANCELED);
        } else {
                ct_add_u32_relaxed(&s->in, 1);
                CONTEXT_CHECK(ct_reorder_take_until(s->r, &v, CT_FOREVER) == -ECANCELED);
        }
}

static void a_cancel_ends_all_waits(void **state)
{
        struct scene s = {.r = make(2)};

        run_contexts(state, 5, wait_and_cancel, &s);
        ct_reorder_free(s.r);
}

static void give_up(void *shared, unsigned index)
{
        struct scene *s = shared;
        uint64_t v = 7;

        (void)index;
        CONTEXT_CHECK(ct_reorder_take_until(s->r, &v, ct_deadline_after(1000)) == -ETIMEDOUT);
        CONTEXT_CHECK(ct_reorder_put_until(s->r, 3, &v, ct_deadline_after(1000)) == -ETIMEDOUT);
        CONTEXT_CHECK(ct_reorder_put_until(s->r, 3, &v, 0) == -ETIMEDOUT);
        for (uint64_t seq = 0; seq < 4; seq++) { /* nothing was left behind */
                v = seq;
                CONTEXT_CHECK(ct_reorder_put(s->r, seq, &v) == 0);
                CONTEXT_CHECK(ct_reorder_take(s->r, &v) && v == seq);
        }
}

static void a_wait_that_times_out_leaves_nothing(void **state)
{
        struct scene s = {.r = make(1)};

        run_contexts(state, 1, give_up, &s);
        ct_reorder_free(s.r);
}

/* ---- stress ---- */

static void storm(void *shared, unsigned index)
{
        struct scene *s = shared;
        uint32_t seq;
        uint64_t v;

        if (index == 0) {
                while (ct_reorder_take(s->r, &v)) {
                        while (s->taken % 7 == 3)
                                s->taken++; /* skipped */
                        CONTEXT_CHECK(v == s->taken);
                        s->taken++;
                }
                return;
        }
        while ((seq = ct_add_u32_relaxed(&s->next, 1)) < s->n) {
                v = seq;
                dawdle(seq);
                CONTEXT_CHECK((seq % 7 == 3 ? ct_reorder_skip(s->r, seq)
                                            : ct_reorder_put(s->r, seq, &v)) == 0);
        }
}

static void storms(void **state, const struct stress_placement *p)
{
        for (size_t window = 1; window <= 16; window *= 4) {
                struct scene s = {.r = make(window), .n = ROUNDS(4000)};

                ct_reorder_close(s.r, s.n);
                run_contexts(state, p->threads + 1, storm, &s);
                assert_true(s.taken >= s.n - 1);
                ct_reorder_free(s.r);
        }
}

static void order_holds_in_a_storm(void **state)
{
        everywhere(state, storms);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(values_leave_in_the_order_of_their_numbers),
                WATCHED(the_window_is_exact),
                WATCHED(the_end_may_be_told_at_any_time),
                WATCHED(what_is_skipped_does_not_hold_the_others),
                WATCHED(a_cancel_gives_back_what_was_not_taken),
                WATCHED(what_new_refuses),
                BOTH_WAYS(a_missing_head_always_gets_in),
                BOTH_WAYS(a_cancel_ends_all_waits),
                BOTH_WAYS(a_wait_that_times_out_leaves_nothing),
                BOTH_WAYS(order_holds_in_a_storm),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
