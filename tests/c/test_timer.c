/* Timers on a clock of their own: what fires when, in which order, with which value; stop and
   reset; tickers; order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/rng.h"
#include "chan/timer.h"

#include <errno.h>
#include <stdlib.h>

#define NOTHING INT64_MIN

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

static int64_t take(struct ct_timer *t)
{
        int64_t when = NOTHING;

        if (ct_chan_try_recv(ct_timer_chan(t), &when, NULL))
                assert_int_not_equal(when, NOTHING);
        return when;
}

/* ---- timers ---- */

static void a_timer_fires_at_its_deadline_and_once(void **state)
{
        struct ct_timers *s = service(0);
        struct ct_timer *t = timer(s, 100);

        (void)state;
        assert_int_equal(ct_timers_next(s), 100);
        assert_int_equal(ct_timers_advance(s, 99), 0);
        assert_int_equal(take(t), NOTHING);
        assert_int_equal(ct_timers_advance(s, 150), 1);
        assert_int_equal(ct_timers_now(s), 150);
        assert_int_equal(take(t), 100); /* when it was due */
        assert_int_equal(ct_timers_next(s), CT_FOREVER);
        assert_int_equal(ct_timers_advance(s, 1000), 0);
        assert_int_equal(take(t), NOTHING);
        ct_timer_free(t);
        ct_timers_free(s);
}

static void a_deadline_in_the_past_fires_at_once(void **state)
{
        struct ct_timers *s = service(1000);
        struct ct_timer *t = timer(s, -5);

        (void)state;
        assert_int_equal(take(t), NOTHING); /* not before the next advance */
        assert_int_equal(ct_timers_advance(s, 1000), 1);
        assert_int_equal(take(t), -5);
        ct_timer_free(t);
        ct_timers_free(s);
}

static void the_ends_of_time_do_not_overflow(void **state)
{
        struct ct_timers *s = service(INT64_MIN);
        struct ct_timer *first = timer(s, INT64_MIN), *last = timer(s, INT64_MAX - 1),
                        *never = timer(s, CT_FOREVER), *slow = ticker(s, INT64_MAX);

        (void)state;
        assert_int_equal(ct_timers_advance(s, INT64_MIN), 1);
        assert_true(ct_timer_stop(first)); /* fired, but nobody had received it */
        assert_int_equal(ct_timers_advance(s, INT64_MAX), 2);
        assert_int_equal(take(last), INT64_MAX - 1);
        assert_int_equal(take(slow), INT64_MAX - 1); /* INT64_MIN + 2 x INT64_MAX + 1 - 1 */
        assert_int_equal(ct_timers_next(s), CT_FOREVER);
        assert_int_equal(ct_timers_advance(s, INT64_MAX), 0);
        assert_true(ct_ticker_reset(slow, 5)); /* it runs, though its next tick never comes */
        assert_int_equal(ct_timers_next(s), CT_FOREVER);
        assert_true(ct_timer_stop(never));
        assert_false(ct_timer_stop(never));
        ct_timer_free(first), ct_timer_free(last), ct_timer_free(never), ct_timer_free(slow);
        ct_timers_free(s);
}

static void stop_says_whether_it_kept_it_from_firing(void **state)
{
        struct ct_timers *s = service(0);
        struct ct_timer *t = timer(s, 10);

        (void)state;
        assert_true(ct_timer_stop(t));
        assert_false(ct_timer_stop(t));
        assert_int_equal(ct_timers_advance(s, 20), 0);
        assert_int_equal(take(t), NOTHING);

        assert_false(ct_timer_reset(t, 30));
        ct_timers_advance(s, 30);
        assert_int_equal(take(t), 30);
        assert_false(ct_timer_stop(t)); /* fired and received */

        assert_false(ct_timer_reset(t, 40));
        ct_timers_advance(s, 40);
        assert_true(ct_timer_stop(t)); /* fired, and nobody saw it */
        assert_int_equal(take(t), NOTHING);
        assert_false(ct_timer_stop(t));
        ct_timer_free(t);
        ct_timers_free(s);
}

static void no_time_from_before_a_reset_is_received(void **state)
{
        struct ct_timers *s = service(0);
        struct ct_timer *t = timer(s, 10), *k = ticker(s, 7);

        (void)state;
        ct_timers_advance(s, 10);
        assert_true(ct_timer_reset(t, 20));
        assert_int_equal(take(t), NOTHING);
        assert_true(ct_timer_reset(t, 30)); /* it had not fired at all */
        ct_timers_advance(s, 25);
        assert_int_equal(take(t), NOTHING);
        ct_timers_advance(s, 30);
        assert_int_equal(take(t), 30);

        assert_true(ct_ticker_reset(k, 100));
        assert_int_equal(take(k), NOTHING);
        ct_timers_advance(s, 130);
        assert_true(ct_timer_stop(k));
        assert_int_equal(take(k), NOTHING);
        assert_false(ct_timer_stop(k));
        assert_false(ct_ticker_reset(k, 50));
        ct_timers_advance(s, 180);
        assert_int_equal(take(k), 180);
        ct_timer_free(t), ct_timer_free(k);
        ct_timers_free(s);
}

/* ---- tickers ---- */

#define PERIODS 1000000

static void a_ticker_does_not_drift(void **state)
{
        const int64_t period = 997, begin = 12345;
        struct ct_timers *s = service(begin);
        struct ct_timer *t = ticker(s, period);
        struct ct_rng rng;
        int64_t now = begin, k = 0, next = begin + period;

        (void)state;
        ct_rng_seed(&rng, 6);
        while (k < PERIODS) {
                int64_t due;

                /* Each look is late by up to two periods; every 1000th by up to 50. */
                now = next +
                      (int64_t)(ct_rng_next(&rng) % (uint64_t)(period * (k % 1000 ? 2 : 50)));
                k = (now - begin) / period;
                assert_int_equal(ct_timers_advance(s, now), 1); /* missed ticks do not pile up */
                due = take(t);
                assert_int_equal(due, begin + k * period); /* the newest, exactly */
                next = begin + (k + 1) * period;
                assert_int_equal(ct_timers_next(s), next);
        }
        assert_int_equal((now - begin) / period * period + begin, begin + k * period);
        ct_timer_free(t);
        ct_timers_free(s);
}

static void a_slow_reader_loses_ticks_and_nothing_else(void **state)
{
        struct ct_timers *s = service(0);
        struct ct_timer *t = ticker(s, 10);

        (void)state;
        for (int64_t now = 10; now <= 100; now += 10)
                assert_int_equal(ct_timers_advance(s, now), 1);
        assert_int_equal(take(t), 10); /* the one for which there was room */
        assert_int_equal(take(t), NOTHING);
        ct_timers_advance(s, 110);
        assert_int_equal(take(t), 110);
        ct_timer_free(t);
        ct_timers_free(s);
}

static void a_ticker_needs_a_period(void **state)
{
        struct ct_timers *s = service(0);
        struct ct_timer *t = NULL;

        (void)state;
        assert_int_equal(ct_ticker_new(&t, s, 0), -EINVAL);
        assert_int_equal(ct_ticker_new(&t, s, -1), -EINVAL);
        assert_null(t);
        assert_int_equal(ct_timer_new(&t, NULL, 0), -EAGAIN);
        assert_null(t);
        ct_timers_free(s);
}

/* ---- order ---- */

#define MANY 3000

static struct {
        struct ct_timer *timer;
        int64_t when; /* NOTHING: not running */
        uint64_t order;
} model[MANY];

static int64_t last_when;
static uint64_t last_order;
static unsigned fired_wrong, fired;

/* A function's timer: it must be the model's first. */
static void fires_in_order(void *arg)
{
        size_t i = (size_t)(uintptr_t)arg;

        fired++;
        fired_wrong += model[i].when == NOTHING;
        fired_wrong += model[i].when < last_when ||
                       (model[i].when == last_when && model[i].order < last_order);
        last_when = model[i].when;
        last_order = model[i].order;
        model[i].when = NOTHING;
}

static unsigned running_until(int64_t now)
{
        unsigned n = 0;

        for (size_t i = 0; i < MANY; i++)
                n += model[i].when != NOTHING && model[i].when <= now;
        return n;
}

static void many_timers_fire_in_order(void **state)
{
        struct ct_timers *s = service(0);
        struct ct_rng rng;
        uint64_t order = 0;
        int64_t now = 0;

        (void)state;
        ct_rng_seed(&rng, 7);
        fired_wrong = 0;
        for (size_t i = 0; i < MANY; i++) {
                model[i].when = (int64_t)(ct_rng_next(&rng) % 500); /* many are equal */
                model[i].order = order++;
                assert_int_equal(ct_timer_new_func(&model[i].timer, s, model[i].when,
                                                   fires_in_order, (void *)(uintptr_t)i),
                                 0);
                assert_null(ct_timer_chan(model[i].timer));
        }
        for (int round = 0; round < 60; round++) {
                for (int n = 0; n < MANY / 4; n++) {
                        size_t i = ct_rng_next(&rng) % MANY;
                        bool running = model[i].when != NOTHING;

                        if (ct_rng_next(&rng) % 2) {
                                model[i].when = NOTHING;
                                assert_int_equal(ct_timer_stop(model[i].timer), running);
                        } else {
                                model[i].when = now + (int64_t)(ct_rng_next(&rng) % 500);
                                model[i].order = order++;
                                assert_int_equal(ct_timer_reset(model[i].timer, model[i].when),
                                                 running);
                        }
                }
                now += (int64_t)(ct_rng_next(&rng) % 40);
                last_when = NOTHING;
                fired = 0;
                {
                        unsigned due = running_until(now);

                        assert_int_equal(ct_timers_advance(s, now), due);
                        assert_int_equal(fired, due);
                        assert_int_equal(running_until(now), 0);
                }
        }
        assert_int_equal(fired_wrong, 0);
        for (size_t i = 0; i < MANY; i++)
                ct_timer_free(model[i].timer);
        ct_timers_free(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_timer_fires_at_its_deadline_and_once),
                cmocka_unit_test(a_deadline_in_the_past_fires_at_once),
                cmocka_unit_test(the_ends_of_time_do_not_overflow),
                cmocka_unit_test(stop_says_whether_it_kept_it_from_firing),
                cmocka_unit_test(no_time_from_before_a_reset_is_received),
                cmocka_unit_test(a_ticker_does_not_drift),
                cmocka_unit_test(a_slow_reader_loses_ticks_and_nothing_else),
                cmocka_unit_test(a_ticker_needs_a_period),
                cmocka_unit_test(many_timers_fire_in_order),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
