/* The limiters' laws on a virtual clock, exactly: every interval, integers only, no tolerance; and
   every decision against a model, so that a limiter cannot keep its law by refusing too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "limit/limiter.h"
#include "limit_arrivals.h"
#include "limiter/law.h"
#include "stress.h"

enum { ARRIVALS = ROUNDS(1000000) };

static int64_t granted[ARRIVALS]; /* times of the grants */

/* The double itself, not what it was written as: num / den tokens per ns. */
static struct law_rate exact_rate(double per_s)
{
        int exponent;
        double m = frexp(per_s, &exponent); /* m x 2^exponent, m in [1/2, 1) */
        struct law_rate r = {.num = (law_int)ldexp(m, 53), .den = 1000000000};

        for (exponent -= 53; exponent > 0; exponent--)
                r.num *= 2;
        for (; exponent < 0 && r.num % 2 == 0; exponent++)
                r.num /= 2;
        for (; exponent < 0; exponent++)
                r.den *= 2;
        return r;
}

/* ---- token bucket ---- */

struct model { /* a token bucket in whole numbers */
        law_int level, full;
        struct law_rate rate;
        int64_t last;
};

/* True if the decision was right. A refusal may be wrong by `slack` tokens / rate.den. */
static bool model_agrees(struct model *m, int64_t now, bool ok, law_int slack)
{
        law_int level = m->level + m->rate.num * (now - m->last);

        if (level > m->full)
                level = m->full;
        if (!ok)
                return level < m->rate.den + slack;
        m->level = level - m->rate.den;
        m->last = now;
        return m->level >= 0;
}

static void check_bucket(double rate, int64_t burst, uint64_t seed)
{
        struct law_rate exact = exact_rate(rate);
        struct model model = {.level = burst * exact.den, .full = burst * exact.den, .rate = exact};
        /* Other rates are rounded down, which may cost a millionth of a token, never give one. */
        law_int slack = rate == floor(rate) ? 0 : exact.den / 1000000, worst;
        struct ct_guide_token_bucket l;
        struct arrivals a;
        int64_t interval = rate < 1e9 ? (int64_t)(1e9 / rate) : 1;
        size_t n = 0;

        assert_int_equal(ct_guide_token_bucket_init(&l, rate, burst, 0), 0);
        arrivals_start(&a, seed, interval, interval * burst);
        for (int i = 0; i < ARRIVALS; i++) {
                int64_t now = arrivals_next(&a);
                bool ok = ct_guide_token_bucket_allow(&l, now);

                if (!model_agrees(&model, now, ok, slack))
                        fail_msg("rate %g burst %lld: arrival %d at %lld: %d", rate,
                                 (long long)burst, i, (long long)now, ok);
                if (ok)
                        granted[n++] = now;
        }
        ct_guide_token_bucket_fini(&l);
        worst = law_worst_excess(granted, NULL, n, exact);
        if (worst != burst * exact.den) /* nor less: the burst was there, to the last token */
                fail_msg("rate %g burst %lld: an interval has %.9f tokens more than its law", rate,
                         (long long)burst, (double)(worst - burst * exact.den) / (double)exact.den);
        assert_true(n > 10000 && n < ARRIVALS);
}

static void bucket_admits_burst_plus_rate_times_t_in_every_interval(void **state)
{
        (void)state;
        check_bucket(1000, 1, 1);
        check_bucket(1000, 10, 2);
        check_bucket(3, 5, 3); /* a third of a second is no whole number of ns */
        check_bucket(7, 100, 4);
        check_bucket(999999937, 30, 5);
        check_bucket(1e9, 100, 6);
}

static void bucket_keeps_its_law_at_rates_that_are_no_whole_number(void **state)
{
        (void)state;
        check_bucket(0.1, 10, 7);
        check_bucket(1 / 3.6, 1, 8);
        check_bucket(123.456, 20, 9);
        check_bucket(1e6 / 7, 100, 10);
}

static void bucket_n_at_once_keeps_the_law(void **state)
{
        static int64_t count[ARRIVALS];
        struct law_rate rate = exact_rate(1000);
        struct ct_guide_token_bucket l;
        struct arrivals a;
        size_t n = 0;

        (void)state;
        assert_int_equal(ct_guide_token_bucket_init(&l, 1000, 50, 0), 0);
        arrivals_start(&a, 11, 1000000, 50000000);
        for (int i = 0; i < ARRIVALS; i++) {
                int64_t now = arrivals_next(&a), k = (int64_t)ct_rng_below(&a.rng, 60);

                if (ct_guide_token_bucket_allow_n(&l, now, k)) {
                        assert_true(k <= 50);
                        granted[n] = now;
                        count[n++] = k;
                }
        }
        ct_guide_token_bucket_fini(&l);
        assert_true(law_worst_excess(granted, count, n, rate) == 50 * rate.den);
}

/* ---- windows ---- */

enum { LIMIT = 100, WINDOW = 1000000 };

static void fixed_window_lets_exactly_twice_its_limit_through_at_the_boundary(void **state)
{
        struct ct_guide_fixed_window l;
        size_t n = 0;

        (void)state;
        assert_int_equal(ct_guide_fixed_window_init(&l, LIMIT, WINDOW, 0), 0);
        for (int64_t k = 1; k <= 1000; k++) /* 500 just before each boundary, 500 at it */
                for (int64_t i = 0; i < 1000; i++) {
                        int64_t now = k * WINDOW - (i < 500);

                        if (ct_guide_fixed_window_allow(&l, now))
                                granted[n++] = now;
                }
        ct_guide_fixed_window_fini(&l);
        /* The first 100 come in the first window, just before its end; from then on each window
           is used up by the 100 that come as it opens. */
        assert_int_equal(n, 1001 * LIMIT);
        assert_int_equal(law_worst_window(granted, n, WINDOW), 2 * LIMIT);
        assert_int_equal(law_worst_window(granted, n, 2), 2 * LIMIT); /* within 2 ns */
}

static void fixed_window_decides_as_its_model(void **state)
{
        int64_t begin = 0, count = 0;
        struct ct_guide_fixed_window l;
        struct arrivals a;
        size_t n = 0;

        (void)state;
        assert_int_equal(ct_guide_fixed_window_init(&l, LIMIT, WINDOW, 0), 0);
        arrivals_start(&a, 12, WINDOW / LIMIT, WINDOW);
        for (int i = 0; i < ARRIVALS; i++) {
                int64_t now = arrivals_next(&a);
                bool ok = ct_guide_fixed_window_allow(&l, now);

                if (now - begin >= WINDOW) {
                        begin = now;
                        count = 0;
                }
                assert_int_equal(ok, count < LIMIT);
                count += ok;
                if (ok)
                        granted[n++] = now;
        }
        ct_guide_fixed_window_fini(&l);
        assert_in_range(law_worst_window(granted, n, WINDOW), LIMIT, 2 * LIMIT);
}

static void sliding_log_never_has_more_than_its_limit_in_any_window(void **state)
{
        struct ct_guide_sliding_log l;
        struct arrivals a;
        size_t n = 0, first = 0;

        (void)state;
        assert_int_equal(ct_guide_sliding_log_init(&l, LIMIT, WINDOW, 0), 0);
        assert_int_equal(ct_guide_sliding_log_memory(&l), sizeof l + LIMIT * 8);
        arrivals_start(&a, 13, WINDOW / LIMIT, WINDOW);
        for (int i = 0; i < ARRIVALS; i++) {
                int64_t now = arrivals_next(&a);
                bool ok = ct_guide_sliding_log_allow(&l, now);

                while (first < n && now - granted[first] > WINDOW)
                        first++;
                assert_int_equal(ok, n - first < LIMIT); /* the model: count them */
                if (ok)
                        granted[n++] = now;
        }
        ct_guide_sliding_log_fini(&l);
        assert_int_equal(law_worst_window(granted, n, WINDOW), LIMIT);     /* half open */
        assert_int_equal(law_worst_window(granted, n, WINDOW + 1), LIMIT); /* closed */
        assert_true(law_worst_window(granted, n, WINDOW + 2) >= LIMIT);
}

static void sliding_log_has_no_burst_at_the_boundary(void **state)
{
        struct ct_guide_sliding_log l;
        size_t n = 0;

        (void)state;
        assert_int_equal(ct_guide_sliding_log_init(&l, LIMIT, WINDOW, 0), 0);
        for (int64_t k = 1; k <= 1000; k++)
                for (int64_t i = 0; i < 1000; i++) {
                        int64_t now = k * WINDOW - (i < 500);

                        if (ct_guide_sliding_log_allow(&l, now))
                                granted[n++] = now;
                }
        ct_guide_sliding_log_fini(&l);
        assert_int_equal(law_worst_window(granted, n, WINDOW), LIMIT);
        /* What is a window old to the ns still counts: granted at W - 1, 2W, 4W - 1, 5W ... */
        assert_int_equal(n, 667 * LIMIT);
}

/* ---- ticks ---- */

static void ticker_admits_capacity_plus_ticks_in_every_interval(void **state)
{
        static int64_t ticks[ARRIVALS];
        const int64_t interval = 1000000000 / 3000, capacity = 20;
        struct law_rate per_tick = {1, 1};
        struct ct_guide_ticker l;
        int64_t tokens = 0, seen = 0, dropped = 0;
        struct arrivals a;
        size_t n = 0;

        (void)state;
        assert_int_equal(ct_guide_ticker_init(&l, 3000, capacity, 0), 0);
        assert_false(ct_guide_ticker_allow(&l, interval - 1)); /* starts empty */
        arrivals_start(&a, 14, interval, interval * capacity);
        for (int i = 0; i < ARRIVALS; i++) {
                int64_t now = arrivals_next(&a), tick = now / interval;
                bool ok = ct_guide_ticker_allow(&l, now);

                tokens += tick - seen;
                seen = tick;
                if (tokens > capacity) {
                        dropped += tokens - capacity;
                        tokens = capacity;
                }
                assert_int_equal(ok, tokens > 0);
                tokens -= ok;
                if (ok)
                        ticks[n++] = tick; /* the law's time is the tick count */
        }
        assert_int_equal(ct_guide_ticker_dropped(&l), dropped);
        ct_guide_ticker_fini(&l);
        assert_true(law_worst_excess(ticks, NULL, n, per_tick) == capacity);
}

static void leaky_drains_one_per_tick_on_the_grid(void **state)
{
        const int64_t interval = 1000000000 / 3000, capacity = 20;
        struct ct_guide_leaky l;
        struct arrivals a;
        size_t n = 0, gone = 0, refused = 0, back_to_back = 0;

        (void)state;
        assert_int_equal(ct_guide_leaky_init(&l, 3000, capacity, 0), 0);
        arrivals_start(&a, 15, interval, interval * capacity);
        for (int i = 0; i < ARRIVALS; i++) {
                int64_t now = arrivals_next(&a), departs;
                bool ok;

                while (gone < n && granted[gone] <= now)
                        gone++;
                ok = ct_guide_leaky_submit(&l, now, &departs);
                assert_int_equal(ct_guide_leaky_drained(&l), gone);
                assert_int_equal(ok, (int64_t)(n - gone) < capacity);
                refused += !ok;
                if (!ok)
                        continue;
                assert_true(departs > now && departs <= now + capacity * interval);
                assert_int_equal(departs % interval, 0);
                if (n) {
                        assert_true(departs - granted[n - 1] >= interval);
                        back_to_back += departs - granted[n - 1] == interval;
                }
                granted[n++] = departs;
        }
        ct_guide_leaky_fini(&l);
        assert_true(refused && back_to_back > n / 2);
        assert_int_equal(law_worst_window(granted, n, interval), 1);
        assert_int_equal(law_worst_window(granted, n, 50 * interval), 50);
}

static void arguments_that_mean_nothing_are_refused(void **state)
{
        struct ct_guide_ticker t;
        struct ct_guide_leaky k;
        struct ct_guide_fixed_window f;
        struct ct_guide_sliding_log s;
        struct ct_guide_token_bucket b;

        (void)state;
        assert_int_equal(ct_guide_ticker_init(&t, 0, 1, 0), -EINVAL);
        assert_int_equal(ct_guide_ticker_init(&t, 1000000001, 1, 0), -EINVAL);
        assert_int_equal(ct_guide_ticker_init(&t, 1, -1, 0), -EINVAL);
        assert_int_equal(ct_guide_leaky_init(&k, 0, 1, 0), -EINVAL);
        assert_int_equal(ct_guide_leaky_init(&k, 1, 0, 0), -EINVAL);
        assert_int_equal(ct_guide_fixed_window_init(&f, -1, 1, 0), -EINVAL);
        assert_int_equal(ct_guide_fixed_window_init(&f, 1, 0, 0), -EINVAL);
        assert_int_equal(ct_guide_sliding_log_init(&s, -1, 1, 0), -EINVAL);
        assert_int_equal(ct_guide_sliding_log_init(&s, 1, 0, 0), -EINVAL);
        assert_int_equal(ct_guide_token_bucket_init(&b, -1, 1, 0), -EINVAL);
        assert_int_equal(ct_guide_token_bucket_init(&b, NAN, 1, 0), -EINVAL);
        assert_int_equal(ct_guide_token_bucket_init(&b, 1, -1, 0), -EINVAL);
}

static void a_limit_of_zero_admits_nothing(void **state)
{
        struct ct_guide_fixed_window f;
        struct ct_guide_sliding_log s;
        struct ct_guide_ticker t;

        (void)state;
        assert_int_equal(ct_guide_fixed_window_init(&f, 0, 10, 0), 0);
        assert_int_equal(ct_guide_sliding_log_init(&s, 0, 10, 0), 0);
        assert_int_equal(ct_guide_ticker_init(&t, 1000, 0, 0), 0);
        for (int64_t now = 0; now < 100; now++) {
                assert_false(ct_guide_fixed_window_allow(&f, now));
                assert_false(ct_guide_sliding_log_allow(&s, now));
                assert_false(ct_guide_ticker_allow(&t, now * 1000000));
        }
        assert_int_equal(ct_guide_fixed_window_wait_until(&f, CT_FOREVER), -EINVAL);
        assert_int_equal(ct_guide_sliding_log_wait_until(&s, CT_FOREVER), -EINVAL);
        ct_guide_fixed_window_fini(&f);
        ct_guide_sliding_log_fini(&s);
        ct_guide_ticker_fini(&t);
}

/* An earlier time counts as the latest one seen: nothing is credited twice. */
static void times_going_back_give_nothing(void **state)
{
        struct ct_guide_fixed_window f;
        struct ct_guide_sliding_log s;
        struct ct_guide_ticker t;
        int admitted_f = 0, admitted_s = 0, admitted_t = 0;

        (void)state;
        assert_int_equal(ct_guide_fixed_window_init(&f, 10, 1000, 0), 0);
        assert_int_equal(ct_guide_sliding_log_init(&s, 10, 1000, 0), 0);
        assert_int_equal(ct_guide_ticker_init(&t, 1000000, 10, 0), 0);
        for (int i = 0; i < 1000; i++) {
                int64_t now = i % 2 ? 10000 : 5000; /* in one window, with ten ticks at 10,000 */

                admitted_f += ct_guide_fixed_window_allow(&f, now);
                admitted_s += ct_guide_sliding_log_allow(&s, now);
                admitted_t += ct_guide_ticker_allow(&t, now);
        }
        assert_in_range(admitted_f, 10, 11); /* one window was opened at 5000, one at 10,000 */
        assert_in_range(admitted_s, 10, 11);
        assert_int_equal(admitted_t, 10);
        ct_guide_fixed_window_fini(&f);
        ct_guide_sliding_log_fini(&s);
        ct_guide_ticker_fini(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bucket_admits_burst_plus_rate_times_t_in_every_interval),
                cmocka_unit_test(bucket_keeps_its_law_at_rates_that_are_no_whole_number),
                cmocka_unit_test(bucket_n_at_once_keeps_the_law),
                cmocka_unit_test(fixed_window_lets_exactly_twice_its_limit_through_at_the_boundary),
                cmocka_unit_test(fixed_window_decides_as_its_model),
                cmocka_unit_test(sliding_log_never_has_more_than_its_limit_in_any_window),
                cmocka_unit_test(sliding_log_has_no_burst_at_the_boundary),
                cmocka_unit_test(ticker_admits_capacity_plus_ticks_in_every_interval),
                cmocka_unit_test(leaky_drains_one_per_tick_on_the_grid),
                cmocka_unit_test(arguments_that_mean_nothing_are_refused),
                cmocka_unit_test(a_limit_of_zero_admits_nothing),
                cmocka_unit_test(times_going_back_give_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
