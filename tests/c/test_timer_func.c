/* Timers that call a function, on a clock of its own; misuse in sub-processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "chan/timer.h"

#include "panics.h"

#include <stdlib.h>

static struct ct_timers *service(int64_t now)
{
        struct ct_timers *s;

        assert_int_equal(ct_timers_new(&s, now), 0);
        return s;
}

static struct ct_timer *timer(struct ct_timers *s, int64_t deadline)
{
        struct ct_timer *t;

        assert_int_equal(ct_timer_new(&t, s, deadline), 0);
        return t;
}

static struct ct_timer *ticker(struct ct_timers *s, int64_t period)
{
        struct ct_timer *t;

        assert_int_equal(ct_ticker_new(&t, s, period), 0);
        return t;
}

/* ---- functions ---- */

struct chain {
        struct ct_timers *s;
        struct ct_timer *t, *other;
        int calls;
};

static void goes_on(void *arg)
{
        struct chain *c = arg;

        if (++c->calls < 5)
                assert_false(ct_timer_reset(c->t, ct_timers_now(c->s) + c->calls / 4));
}

static void a_function_may_start_its_timer_again(void **state)
{
        struct chain c = {.s = service(0)};

        (void)state;
        assert_int_equal(ct_timer_new_func(&c.t, c.s, 10, goes_on, &c), 0);
        /* Three of its own at once, since they are due; the fourth comes later. */
        assert_int_equal(ct_timers_advance(c.s, 10), 4);
        assert_int_equal(ct_timers_advance(c.s, 11), 1);
        assert_int_equal(c.calls, 5);
        ct_timer_free(c.t);
        ct_timers_free(c.s);
}

static void frees_both(void *arg)
{
        struct chain *c = arg;

        c->calls++;
        ct_timer_free(c->other);
        ct_timer_free(c->t);
}

static void a_function_may_free_its_timer(void **state)
{
        struct chain c = {.s = service(0)};

        (void)state;
        assert_int_equal(ct_timer_new_func(&c.t, c.s, 10, frees_both, &c), 0);
        c.other = timer(c.s, 10);
        assert_int_equal(ct_timers_advance(c.s, 10), 1); /* the other was gone before its turn */
        assert_int_equal(c.calls, 1);
        ct_timers_free(c.s);
}

/* ---- misuse ---- */

static void free_service_in_use(void)
{
        struct ct_timers *s = service(0);

        (void)timer(s, 1);
        ct_timers_free(s);
}

static void set_back(void)
{
        ct_timers_advance(service(10), 9);
}

static void advance_inside(void *s)
{
        ct_timers_advance(s, 5);
}

static void advance_twice(void)
{
        struct ct_timers *s = service(0);
        struct ct_timer *t;

        assert_int_equal(ct_timer_new_func(&t, s, 1, advance_inside, s), 0);
        ct_timers_advance(s, 1);
}

static void advance_the_real_clock(void)
{
        ct_timers_advance(ct_timers_default(), INT64_MAX);
}

static void free_the_default(void)
{
        ct_timers_free(ct_timers_default());
}

static void timer_as_ticker(void)
{
        ct_ticker_reset(timer(service(0), 1), 1);
}

static void ticker_as_timer(void)
{
        ct_timer_reset(ticker(service(0), 1), 1);
}

static void ticker_without_period(void)
{
        ct_ticker_reset(ticker(service(0), 1), 0);
}

static void misuse_dies(void **state)
{
        (void)state;
        assert_panics(free_service_in_use, "freed with 1 timers left");
        assert_panics(set_back, "set back from 10 to 9");
        assert_panics(advance_twice, "advanced while it is being advanced");
        assert_panics(advance_the_real_clock, "has the real clock");
        assert_panics(free_the_default, "the process's own service is freed");
        assert_panics(timer_as_ticker, "panic: ct_timer 0x");
        assert_panics(timer_as_ticker, "ct_ticker_reset of a timer that is none");
        assert_panics(ticker_as_timer, "ct_timer_reset of a ticker");
        assert_panics(ticker_without_period, "ticker reset with a period of 0");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(misuse_dies), /* first: no thread runs beside its forks */
                cmocka_unit_test(a_function_may_start_its_timer_again),
                cmocka_unit_test(a_function_may_free_its_timer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
