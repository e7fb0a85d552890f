/* Contexts: Go's documented behaviours, one each, for threads and tasks; trees; misuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chan/context.h"
#include "chan/select.h"

#include "both.h"
#include "panics.h"

#include <errno.h>

static struct ct_context *child_of(struct ct_context *parent)
{
        struct ct_context *ctx;

        if (ct_context_with_cancel(&ctx, parent))
                abort();
        return ctx;
}

static struct ct_context *with_deadline(struct ct_context *parent, struct ct_timers *s, int64_t at)
{
        struct ct_context *ctx;

        if (ct_context_with_deadline_on(&ctx, parent, s, at))
                abort();
        return ctx;
}

static struct ct_context *with_value(struct ct_context *parent, const void *key, void *value)
{
        struct ct_context *ctx;

        if (ct_context_with_value(&ctx, parent, key, value))
                abort();
        return ctx;
}

static bool is_done(struct ct_context *ctx)
{
        bool open = true;

        return ct_chan_try_recv(ct_context_done(ctx), NULL, &open) && !open;
}

/* ---- one context ---- */

static void the_background_is_never_cancelled(void **state)
{
        struct ct_context *bg = ct_context_background();

        (void)state;
        assert_ptr_equal(bg, ct_context_background());
        assert_null(ct_context_done(bg));
        assert_int_equal(ct_context_err(bg), 0);
        assert_int_equal(ct_context_cause(bg), 0);
        assert_int_equal(ct_context_deadline(bg), CT_FOREVER);
        assert_null(ct_context_value(bg, bg));
        assert_ptr_equal(ct_context_retain(bg), bg);
        ct_context_release(bg);
        ct_context_release(bg);
        ct_context_release(bg);
        ct_context_release(NULL);
}

static void a_cancel_closes_done_and_sets_the_error(void **state)
{
        struct ct_context *ctx = child_of(ct_context_background());

        (void)state;
        assert_non_null(ct_context_done(ctx));
        assert_ptr_equal(ct_context_done(ctx), ct_context_done(ctx));
        assert_false(is_done(ctx));
        assert_int_equal(ct_context_err(ctx), 0);
        assert_int_equal(ct_context_cause(ctx), 0);
        assert_int_equal(ct_context_deadline(ctx), CT_FOREVER);
        ct_context_cancel(ctx);
        assert_true(is_done(ctx));
        assert_int_equal(ct_context_err(ctx), -ECANCELED);
        assert_int_equal(ct_context_cause(ctx), -ECANCELED);
        ct_context_cancel(ctx); /* does nothing */
        assert_true(is_done(ctx));
        ct_context_release(ctx);
}

static void the_first_cause_stays_and_is_inherited(void **state)
{
        struct ct_context *ctx = child_of(ct_context_background()), *below = child_of(ctx),
                          *own = child_of(ctx);

        (void)state;
        ct_context_cancel_cause(own, 7);
        ct_context_cancel_cause(ctx, -EIO);
        ct_context_cancel_cause(ctx, -EPERM);
        ct_context_cancel(ctx);
        assert_int_equal(ct_context_err(ctx), -ECANCELED);
        assert_int_equal(ct_context_cause(ctx), -EIO);
        assert_int_equal(ct_context_err(below), -ECANCELED);
        assert_int_equal(ct_context_cause(below), -EIO);
        assert_int_equal(ct_context_cause(own), 7);
        ct_context_release(own), ct_context_release(below), ct_context_release(ctx);
}

static void children_go_with_their_parent_and_not_the_other_way(void **state)
{
        struct ct_context *top = child_of(ct_context_background()), *a = child_of(top),
                          *b = child_of(top), *a1 = child_of(a), *late, *later;

        (void)state;
        ct_context_cancel(a);
        assert_true(is_done(a) && is_done(a1));
        assert_false(is_done(top) || is_done(b));
        ct_context_cancel(top);
        assert_true(is_done(b));
        late = child_of(top); /* of a cancelled parent: cancelled from the start */
        later = child_of(late);
        assert_true(is_done(late) && is_done(later));
        assert_int_equal(ct_context_err(later), -ECANCELED);
        ct_context_release(top), ct_context_release(a), ct_context_release(b);
        ct_context_release(a1), ct_context_release(late), ct_context_release(later);
}

static void a_child_holds_its_parent(void **state)
{
        struct ct_context *top = child_of(ct_context_background()),
                          *mid = with_value(top, &top, "x"), *low = child_of(mid);

        (void)state;
        ct_context_retain(top);
        ct_context_release(top);
        ct_context_release(top); /* lives on through low */
        ct_context_release(mid);
        assert_string_equal(ct_context_value(low, &top), "x");
        assert_false(is_done(low)); /* letting go does not cancel */
        ct_context_cancel(low);
        ct_context_release(low);
}

static void values_are_found_upwards(void **state)
{
        static int a, b, other;
        struct ct_context *va = with_value(ct_context_background(), &a, "a"), *c = child_of(va),
                          *vb = with_value(c, &b, "b"), *va2 = with_value(vb, &a, "A"),
                          *null = with_value(va2, &b, NULL);

        (void)state;
        assert_null(ct_context_done(va)); /* nothing above it can be cancelled */
        assert_int_equal(ct_context_err(va), 0);
        assert_string_equal(ct_context_value(c, &a), "a");
        assert_null(ct_context_value(c, &b));
        assert_string_equal(ct_context_value(vb, &a), "a");
        assert_string_equal(ct_context_value(va2, &a), "A"); /* the nearest */
        assert_string_equal(ct_context_value(va2, &b), "b");
        assert_null(ct_context_value(null, &b));
        assert_null(ct_context_value(null, &other));
        assert_ptr_equal(ct_context_done(null), ct_context_done(c));
        ct_context_cancel_cause(c, 5);
        assert_int_equal(ct_context_err(null), -ECANCELED);
        assert_int_equal(ct_context_cause(null), 5);
        ct_context_release(va), ct_context_release(c), ct_context_release(vb);
        ct_context_release(va2), ct_context_release(null);
}

/* ---- deadlines, on a clock of its own ---- */

static void a_deadline_cancels(void **state)
{
        struct ct_timers *s;
        struct ct_context *ctx, *below;

        (void)state;
        assert_int_equal(ct_timers_new(&s, 0), 0);
        ctx = with_deadline(ct_context_background(), s, 100);
        below = child_of(ctx);
        assert_int_equal(ct_context_deadline(below), 100);
        ct_timers_advance(s, 99);
        assert_int_equal(ct_context_err(ctx), 0);
        assert_int_equal(ct_timers_advance(s, 100), 1);
        assert_true(is_done(ctx) && is_done(below));
        assert_int_equal(ct_context_err(ctx), -ETIMEDOUT);
        assert_int_equal(ct_context_cause(ctx), -ETIMEDOUT);
        assert_int_equal(ct_context_err(below), -ETIMEDOUT);
        ct_context_cancel_cause(ctx, 3); /* too late */
        assert_int_equal(ct_context_err(ctx), -ETIMEDOUT);
        assert_int_equal(ct_context_cause(ctx), -ETIMEDOUT);
        ct_context_release(ctx), ct_context_release(below);

        ctx = with_deadline(ct_context_background(), s, 100); /* has passed */
        assert_int_equal(ct_context_err(ctx), -ETIMEDOUT);
        ct_context_release(ctx);
        ctx = with_deadline(ct_context_background(), s, CT_FOREVER);
        assert_int_equal(ct_context_deadline(ctx), CT_FOREVER);
        assert_int_equal(ct_timers_next(s), CT_FOREVER);
        ct_context_release(ctx);
        ct_timers_free(s); /* which says that no timer is left */
}

static void the_earlier_of_two_deadlines_counts(void **state)
{
        struct ct_timers *s;
        struct ct_context *top, *longer, *shorter;

        (void)state;
        assert_int_equal(ct_timers_new(&s, 0), 0);
        top = with_deadline(ct_context_background(), s, 50);
        longer = with_deadline(top, s, 80);
        shorter = with_deadline(longer, s, 20);
        assert_int_equal(ct_context_deadline(longer), 50);
        assert_int_equal(ct_context_deadline(shorter), 20);
        assert_int_equal(ct_timers_advance(s, 20), 1);
        assert_true(is_done(shorter) && !is_done(longer) && !is_done(top));
        assert_int_equal(ct_timers_advance(s, 60), 1); /* top's; longer needs none */
        assert_int_equal(ct_context_err(longer), -ETIMEDOUT);
        ct_context_release(top), ct_context_release(longer), ct_context_release(shorter);
        ct_timers_free(s);
}

static void a_cancelled_context_leaves_no_timer_running(void **state)
{
        struct ct_timers *s;
        struct ct_context *top, *a, *b;

        (void)state;
        assert_int_equal(ct_timers_new(&s, 0), 0);
        top = child_of(ct_context_background());
        a = with_deadline(top, s, 50);
        b = with_deadline(top, s, 60);
        ct_context_cancel(a);
        assert_int_equal(ct_timers_next(s), 60);
        assert_int_equal(ct_context_err(a), -ECANCELED);
        ct_context_cancel(top);
        assert_int_equal(ct_timers_next(s), CT_FOREVER);
        assert_int_equal(ct_context_err(b), -ECANCELED);
        ct_context_release(a), ct_context_release(b);
        a = with_deadline(top, s, 70); /* of a cancelled parent */
        assert_int_equal(ct_context_err(a), -ECANCELED);
        assert_int_equal(ct_timers_next(s), CT_FOREVER);
        ct_context_release(a);
        a = with_deadline(ct_context_background(), s, 70);
        ct_context_release(a); /* without a cancel */
        assert_int_equal(ct_timers_next(s), CT_FOREVER);
        ct_context_release(top);
        ct_timers_free(s);
}

/* ---- waiting ---- */

#define WAITERS 8

struct scene {
        struct ct_context *ctx;
        ct_atomic_u32 ready;
        int data; /* plain: the cancel orders it */
};

static void wait_or_cancel(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index < WAITERS) {
                ct_add_u32_relaxed(&s->ready, 1);
                CONTEXT_CHECK(!ct_chan_recv(ct_context_done(s->ctx), NULL));
                CONTEXT_CHECK(s->data == 1);
                CONTEXT_CHECK(ct_context_err(s->ctx) == -ECANCELED);
                return;
        }
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->ready) == WAITERS);
        s->data = 1;
        ct_context_cancel(s->ctx);
}

static void a_cancel_wakes_all_who_wait(void **state)
{
        struct scene s = {.ctx = child_of(ct_context_background())};

        run_contexts(state, WAITERS + 1, wait_or_cancel, &s);
        ct_context_release(s.ctx);
}

static void select_with_timeout(void *shared, unsigned index)
{
        struct ct_context *ctx, *below;
        int64_t start = ct_now_ns();
        struct ct_select_case cases[] = {
                {.op = CT_SELECT_RECV, .chan = shared},
                {.op = CT_SELECT_RECV},
        };

        if (ct_context_with_timeout(&ctx, ct_context_background(),
                                    (int64_t)index * 300 * CT_NS_PER_US))
                abort();
        below = child_of(ctx);
        cases[1].chan = ct_context_done(below);
        CONTEXT_CHECK(ct_select(cases, 2) == 1);
        CONTEXT_CHECK(ct_context_err(below) == -ETIMEDOUT);
        CONTEXT_CHECK(ct_now_ns() >= start + (int64_t)index * 300 * CT_NS_PER_US);
        CONTEXT_CHECK(ct_now_ns() >= ct_context_deadline(ctx));
        ct_context_release(below);
        ct_context_cancel(ctx);
        ct_context_release(ctx);
}

static void a_timeout_ends_a_select(void **state)
{
        struct ct_chan *silent;

        assert_int_equal(ct_chan_new(&silent, 0, 0), 0);
        run_contexts(state, WAITERS, select_with_timeout, silent);
        ct_chan_free(silent);
}

/* ---- misuse ---- */

static void cancel_the_background(void)
{
        ct_context_cancel(ct_context_background());
}

static void cancel_a_value(void)
{
        static int key;

        ct_context_cancel(with_value(ct_context_background(), &key, NULL));
}

static void child_of_null(void)
{
        child_of(NULL);
}

static void deadline_of_null(void)
{
        with_deadline(NULL, ct_timers_default(), CT_FOREVER);
}

static void value_of_null(void)
{
        static int key;

        with_value(NULL, &key, NULL);
}

static void null_key(void)
{
        with_value(ct_context_background(), NULL, NULL);
}

static void misuse_dies(void **state)
{
        (void)state;
        assert_panics(cancel_the_background, "cancelled, but not made to be cancelled");
        assert_panics(cancel_a_value, "cancelled, but not made to be cancelled");
        assert_panics(child_of_null, "child of NULL");
        assert_panics(deadline_of_null, "child of NULL");
        assert_panics(value_of_null, "child of NULL");
        assert_panics(null_key, "value under the key NULL");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(misuse_dies), /* first: no thread runs beside its forks */
                cmocka_unit_test(the_background_is_never_cancelled),
                cmocka_unit_test(a_cancel_closes_done_and_sets_the_error),
                cmocka_unit_test(the_first_cause_stays_and_is_inherited),
                cmocka_unit_test(children_go_with_their_parent_and_not_the_other_way),
                cmocka_unit_test(a_child_holds_its_parent),
                cmocka_unit_test(values_are_found_upwards),
                cmocka_unit_test(a_deadline_cancels),
                cmocka_unit_test(the_earlier_of_two_deadlines_counts),
                cmocka_unit_test(a_cancelled_context_leaves_no_timer_running),
                BOTH_WAYS(a_cancel_wakes_all_who_wait),
                BOTH_WAYS(a_timeout_ends_a_select),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
