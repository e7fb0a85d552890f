/* The token bucket's contract: x/time/rate's semantics, reservations and their cancelling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>

#include "limit/limiter.h"
#include "limiter/law.h"
#include "stress.h"

enum { MS = 1000000 };

static struct ct_guide_token_bucket l;

static void open_bucket(double rate, int64_t burst)
{
        assert_int_equal(ct_guide_token_bucket_init(&l, rate, burst, 0), 0);
}

static void close_bucket(void)
{
        ct_guide_token_bucket_fini(&l);
}

static struct ct_guide_reservation reserve(int64_t now, int64_t n)
{
        return ct_guide_token_bucket_reserve(&l, now, n, CT_FOREVER);
}

/* ---- x/time/rate's corners ---- */

static void starts_full_and_refills_at_the_rate(void **state)
{
        (void)state;
        open_bucket(1000, 3);
        for (int i = 0; i < 3; i++)
                assert_true(ct_guide_token_bucket_allow(&l, 0));
        assert_false(ct_guide_token_bucket_allow(&l, 0));
        assert_false(ct_guide_token_bucket_allow(&l, MS - 1)); /* not a ns early */
        assert_true(ct_guide_token_bucket_allow(&l, MS));
        assert_false(ct_guide_token_bucket_allow(&l, MS));
        assert_true(ct_guide_token_bucket_tokens(&l, 100 * MS) == 3); /* and not beyond the burst */
        close_bucket();
}

static void n_at_once_or_none(void **state)
{
        (void)state;
        open_bucket(1000, 10);
        assert_true(ct_guide_token_bucket_allow_n(&l, 0, 7));
        assert_false(ct_guide_token_bucket_allow_n(&l, 0, 4)); /* takes nothing: */
        assert_true(ct_guide_token_bucket_allow_n(&l, 0, 3));
        assert_false(ct_guide_token_bucket_allow_n(&l, 1000 * MS, 11)); /* above the burst: never */
        assert_true(ct_guide_token_bucket_allow_n(&l, 1000 * MS, 0));
        assert_true(ct_guide_token_bucket_allow_n(&l, 1000 * MS, 10));
        close_bucket();
}

static void infinite_rate_admits_everything(void **state)
{
        struct ct_guide_reservation r;

        (void)state;
        open_bucket(INFINITY, 0);
        for (int i = 0; i < 1000; i++)
                assert_true(ct_guide_token_bucket_allow_n(&l, 0, 1000000));
        r = reserve(5, 1 << 20);
        assert_true(r.ok && ct_guide_reservation_delay(&r, 5) == 0);
        ct_guide_reservation_cancel(&r, 5);
        assert_int_equal(ct_guide_token_bucket_wait_until(&l, 1 << 20, CT_FOREVER), 0);
        assert_int_equal(ct_guide_token_bucket_set_rate(&l, 5, 1), 0);
        assert_false(ct_guide_token_bucket_allow(&l, 5)); /* burst 0 */
        close_bucket();
}

static void burst_0_admits_nothing(void **state)
{
        (void)state;
        open_bucket(1000, 0);
        assert_false(ct_guide_token_bucket_allow(&l, 0));
        assert_false(ct_guide_token_bucket_allow(&l, CT_NS_PER_S));
        assert_true(ct_guide_token_bucket_allow_n(&l, CT_NS_PER_S, 0));
        assert_false(reserve(CT_NS_PER_S, 1).ok);
        assert_int_equal(ct_guide_token_bucket_wait_until(&l, 1, CT_FOREVER), -EINVAL);
        close_bucket();
}

static void rate_0_admits_the_burst_and_then_nothing(void **state)
{
        struct ct_guide_reservation r;

        (void)state;
        open_bucket(0, 2);
        assert_true(ct_guide_token_bucket_allow(&l, 0));
        assert_true(ct_guide_token_bucket_allow(&l, 0));
        assert_false(ct_guide_token_bucket_allow(&l, INT64_C(1) << 60));
        r = reserve(0, 1);
        assert_false(r.ok);
        assert_true(ct_guide_reservation_delay(&r, 0) == CT_FOREVER);
        assert_int_equal(ct_guide_token_bucket_wait_until(&l, 1, CT_FOREVER), -EINVAL);
        assert_int_equal(ct_guide_token_bucket_wait_until(&l, 1, ct_deadline_after(CT_NS_PER_S)),
                         -ETIMEDOUT); /* at once */
        close_bucket();
}

static void times_going_back_are_not_credited_twice(void **state)
{
        int admitted = 0;

        (void)state;
        open_bucket(1000, 10);
        assert_true(ct_guide_token_bucket_allow_n(&l, 100 * MS, 10));
        for (int i = 0; i < 1000; i++) /* 10 ms to and fro: worth 10 tokens once */
                admitted += ct_guide_token_bucket_allow(&l, i % 2 ? 100 * MS : 110 * MS);
        assert_int_equal(admitted, 10);
        close_bucket();
}

static void centuries_do_not_overflow(void **state)
{
        (void)state;
        open_bucket(1e9, 5);
        assert_true(ct_guide_token_bucket_allow_n(&l, 0, 5));
        assert_true(ct_guide_token_bucket_allow_n(&l, INT64_C(1) << 61, 5));
        assert_false(ct_guide_token_bucket_allow(&l, INT64_C(1) << 61));
        close_bucket();
}

/* ---- reservations ---- */

static void reservations_go_into_debt_one_after_the_other(void **state)
{
        struct ct_guide_reservation r;

        (void)state;
        open_bucket(1000, 2);
        for (int i = 0; i < 2; i++) {
                r = reserve(0, 1);
                assert_true(r.ok && ct_guide_reservation_delay(&r, 0) == 0);
        }
        for (int64_t i = 1; i <= 1000; i++) {
                r = reserve(0, 1);
                assert_true(r.ok);
                assert_int_equal(r.act_ns, i * MS);
                assert_int_equal(ct_guide_reservation_delay(&r, 0), i * MS);
        }
        assert_true(ct_guide_token_bucket_tokens(&l, 0) == -1000);
        assert_false(ct_guide_token_bucket_allow(&l, 1000 * MS));
        assert_true(ct_guide_token_bucket_allow(&l, 1001 * MS));
        assert_int_equal(ct_guide_reservation_delay(&r, 2000 * MS), 0);
        close_bucket();
}

static void a_wait_longer_than_allowed_takes_nothing(void **state)
{
        struct ct_guide_reservation r;

        (void)state;
        open_bucket(1000, 1);
        assert_true(ct_guide_token_bucket_allow(&l, 0));
        assert_false(ct_guide_token_bucket_reserve(&l, 0, 1, MS - 1).ok);
        r = ct_guide_token_bucket_reserve(&l, 0, 1, MS);
        assert_true(r.ok);
        assert_int_equal(r.act_ns, MS);
        close_bucket();
}

static void a_third_of_a_second_is_rounded_up(void **state)
{
        (void)state;
        open_bucket(3, 1);
        assert_int_equal(reserve(0, 1).act_ns, 0);
        assert_int_equal(reserve(0, 1).act_ns, 333333334);
        assert_int_equal(reserve(0, 1).act_ns, 666666667);
        assert_int_equal(reserve(0, 1).act_ns, 1000000000); /* rounding does not add up */
        close_bucket();
}

static void cancelling_the_latest_gives_all_of_it_back(void **state)
{
        struct ct_guide_reservation r;

        (void)state;
        open_bucket(1000, 5);
        assert_true(ct_guide_token_bucket_allow_n(&l, 0, 5));
        r = reserve(0, 3);
        assert_int_equal(r.act_ns, 3 * MS);
        ct_guide_reservation_cancel(&r, 0);
        assert_true(ct_guide_token_bucket_tokens(&l, 0) == 0);
        ct_guide_reservation_cancel(&r, 0); /* twice gives back once */
        assert_true(ct_guide_token_bucket_tokens(&l, 0) == 0);
        assert_int_equal(reserve(0, 1).act_ns, 1 * MS);
        close_bucket();
}

static void cancel_gives_back_n_minus_what_was_reserved_after(void **state)
{
        struct ct_guide_reservation first, second, third;

        (void)state;
        open_bucket(1000, 10);
        assert_true(ct_guide_token_bucket_allow_n(&l, 0, 10));
        first = reserve(0, 5);  /* acts at 5 ms */
        second = reserve(0, 2); /* at 7 ms */
        third = reserve(0, 1);  /* at 8 ms */
        assert_true(ct_guide_token_bucket_tokens(&l, 0) == -8);
        ct_guide_reservation_cancel(&first, 0); /* 5 - 3 */
        assert_true(ct_guide_token_bucket_tokens(&l, 0) == -6);
        ct_guide_reservation_cancel(&second, 0); /* 2 - 1 */
        assert_true(ct_guide_token_bucket_tokens(&l, 0) == -5);
        ct_guide_reservation_cancel(&third, 0); /* the latest: all of it */
        assert_true(ct_guide_token_bucket_tokens(&l, 0) == -4);
        close_bucket();
}

static void cancelling_what_was_overtaken_entirely_gives_nothing(void **state)
{
        struct ct_guide_reservation r;

        (void)state;
        open_bucket(1000, 10);
        assert_true(ct_guide_token_bucket_allow_n(&l, 0, 10));
        r = reserve(0, 2);
        reserve(0, 6);
        ct_guide_reservation_cancel(&r, 0);
        assert_true(ct_guide_token_bucket_tokens(&l, 0) == -8);
        close_bucket();
}

static void once_it_may_act_there_is_nothing_to_give_back(void **state)
{
        struct ct_guide_reservation r;

        (void)state;
        open_bucket(1000, 10);
        assert_true(ct_guide_token_bucket_allow_n(&l, 0, 10));
        r = reserve(0, 5);
        ct_guide_reservation_cancel(&r, 5 * MS + 1);
        assert_true(ct_guide_token_bucket_tokens(&l, 6 * MS) == 1);
        close_bucket();
        open_bucket(1000, 10);
        r = reserve(0, 5);
        assert_int_equal(r.act_ns, 0);
        ct_guide_reservation_cancel(&r, 0); /* at its very moment it can still be taken back */
        assert_true(ct_guide_token_bucket_tokens(&l, 0) == 10);
        close_bucket();
}

/* Here the latest event lies before the act time of what is cancelled; x/time/rate then takes the
   negative number of tokens "reserved after it" off n, and gives back more than was taken. */
static void a_cancel_after_a_cancel_out_of_order_gives_back_no_more_than_n(void **state)
{
        struct ct_guide_reservation first, second, third;

        (void)state;
        open_bucket(1000, 10);
        assert_true(ct_guide_token_bucket_allow_n(&l, 0, 10));
        first = reserve(0, 5);                  /* acts at 5 ms */
        second = reserve(0, 2);                 /* at 7 ms */
        ct_guide_reservation_cancel(&first, 0); /* 5 - 2: -4 are left */
        third = reserve(0, 3);                  /* at 7 ms as well */
        assert_int_equal(third.act_ns, second.act_ns);
        ct_guide_reservation_cancel(&second, 0);
        assert_true(ct_guide_token_bucket_tokens(&l, 0) == -5);
        ct_guide_reservation_cancel(&third, 0);
        assert_true(ct_guide_token_bucket_tokens(&l, 0) == -2); /* and not 0 */
        close_bucket();
}

static void cancel_never_fills_beyond_the_burst(void **state)
{
        struct ct_guide_reservation r;

        (void)state;
        open_bucket(1000, 10);
        assert_true(ct_guide_token_bucket_allow_n(&l, 0, 4));
        r = reserve(0, 10);
        assert_int_equal(r.act_ns, 4 * MS);
        assert_int_equal(ct_guide_token_bucket_set_burst(&l, MS, 5), 0);
        ct_guide_reservation_cancel(&r, 3 * MS);
        assert_true(ct_guide_token_bucket_tokens(&l, 3 * MS) == 5);
        close_bucket();
}

/* ---- changes at run time ---- */

static void set_rate_and_set_burst_begin_now(void **state)
{
        (void)state;
        open_bucket(1000, 10);
        assert_true(ct_guide_token_bucket_allow_n(&l, 0, 10));
        assert_int_equal(ct_guide_token_bucket_set_rate(&l, 5 * MS, 2000), 0);
        assert_true(ct_guide_token_bucket_tokens(&l, 5 * MS) == 5); /* at the old rate */
        assert_true(ct_guide_token_bucket_tokens(&l, 6 * MS) == 7); /* at the new one */
        assert_int_equal(ct_guide_token_bucket_set_burst(&l, 6 * MS, 3), 0);
        assert_true(ct_guide_token_bucket_tokens(&l, 6 * MS) == 3);
        assert_int_equal(ct_guide_token_bucket_set_burst(&l, 6 * MS, 20), 0);
        assert_true(ct_guide_token_bucket_tokens(&l, 6 * MS) == 3);
        assert_true(ct_guide_token_bucket_tokens(&l, 60 * MS) == 20);
        assert_int_equal(ct_guide_token_bucket_set_rate(&l, 60 * MS, INFINITY), 0);
        assert_true(ct_guide_token_bucket_allow_n(&l, 60 * MS, 1000));
        assert_int_equal(ct_guide_token_bucket_set_rate(&l, 60 * MS, -1), -EINVAL);
        assert_int_equal(ct_guide_token_bucket_set_rate(&l, 60 * MS, NAN), -EINVAL);
        assert_int_equal(ct_guide_token_bucket_set_burst(&l, 60 * MS, -1), -EINVAL);
        close_bucket();
}

/* ---- any mix of it keeps the law ---- */

enum { STEPS = 200000, OPEN = 8 };

struct event {
        int64_t time, count;
};

static int by_time(const void *a, const void *b)
{
        int64_t x = ((const struct event *)a)->time, y = ((const struct event *)b)->time;

        return (x > y) - (x < y);
}

/* Random grants, reservations of up to `most` and cancels in any order. Leaves in time[] and
   count[] what was not cancelled, by when it acts; returns how many. */
static int64_t time_of[STEPS], count_of[STEPS];

static size_t mix(double rate, int64_t burst, int64_t most, uint64_t seed)
{
        static struct event event[STEPS];
        struct ct_guide_reservation open[OPEN];
        size_t where[OPEN], n = 0, n_open = 0, cancelled = 0, at_once = 0;
        int64_t now = 0, interval = (int64_t)(1e9 / rate);
        struct ct_rng rng;

        ct_rng_seed(&rng, seed);
        open_bucket(rate, burst);
        for (int i = 0; i < STEPS; i++) {
                int64_t k = 1 + (int64_t)ct_rng_below(&rng, (uint64_t)most);
                uint64_t kind = ct_rng_below(&rng, 6);

                if (ct_rng_below(&rng, 2))
                        now += (int64_t)ct_rng_below(&rng, (uint64_t)(interval * most / 2 + 2));
                if (ct_rng_below(&rng, 50) == 0)
                        now += 4 * burst * interval; /* full again */
                if (kind < 2 && n_open) {
                        size_t which = (size_t)ct_rng_below(&rng, n_open);

                        if (open[which].act_ns > now) { /* else its holder has acted */
                                ct_guide_reservation_cancel(&open[which], now);
                                event[where[which]].count = 0;
                                cancelled++;
                        }
                        open[which] = open[--n_open];
                        where[which] = where[n_open];
                } else if (kind < 5) {
                        struct ct_guide_reservation x =
                                ct_guide_token_bucket_reserve(&l, now, k, 3 * burst * interval);

                        if (!x.ok)
                                continue;
                        event[n] = (struct event){x.act_ns, k};
                        if (n_open < OPEN && x.act_ns > now) {
                                open[n_open] = x;
                                where[n_open++] = n;
                        }
                        n++;
                } else if (ct_guide_token_bucket_allow_n(&l, now, k)) {
                        event[n++] = (struct event){now, k};
                        at_once++;
                }
        }
        close_bucket();
        assert_true(cancelled > 1000 && at_once > 500);
        qsort(event, n, sizeof *event, by_time);
        for (size_t i = 0; i < n; i++) {
                time_of[i] = event[i].time;
                count_of[i] = event[i].count;
        }
        return n;
}

/* extra_ns: 0 where the rate divides 10^9, else 1: act times are whole ns. */
static void check_single(double rate, int64_t burst, int64_t extra_ns, uint64_t seed)
{
        struct law_rate r = {(law_int)rate, CT_NS_PER_S};
        size_t n = mix(rate, burst, 1, seed);

        assert_true(law_worst_excess(time_of, count_of, n, r) <= burst * r.den + r.num * extra_ns);
}

static void single_reservations_keep_the_law_whatever_is_cancelled(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= ROUNDS(10); seed++) {
                check_single(1000, 1, 0, seed);
                check_single(1000, 10, 0, seed);
                check_single(3, 10, 1, seed);
                check_single(7777, 7, 1, seed);
        }
}

static void check_many(double rate, int64_t burst, int64_t extra_ns, uint64_t seed)
{
        struct law_rate r = {(law_int)rate, CT_NS_PER_S};
        size_t n = mix(rate, burst, burst, seed);
        law_int acted = 0;

        for (size_t i = 0; i < n; i++) { /* since init */
                acted += count_of[i];
                assert_true(acted * r.den <= burst * r.den + r.num * (time_of[i] + extra_ns));
        }
        assert_true(law_worst_excess(time_of, count_of, n, r) < 2 * burst * r.den);
}

static void reservations_of_many_keep_it_from_the_start_on(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= ROUNDS(10); seed++) {
                check_many(1000, 10, 0, seed);
                check_many(1000000, 100, 0, seed);
                check_many(3, 10, 1, seed);
                check_many(7777, 7, 1, seed);
        }
}

static void ask_for_less_than_nothing(void)
{
        open_bucket(1, 1);
        ct_guide_token_bucket_allow_n(&l, 0, -1);
}

static void a_negative_number_of_tokens_is_a_loud_error(void **state)
{
        (void)state;
        assert_true(dies_saying(ask_for_less_than_nothing, "ct_guide_token_bucket"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(starts_full_and_refills_at_the_rate),
                cmocka_unit_test(n_at_once_or_none),
                cmocka_unit_test(infinite_rate_admits_everything),
                cmocka_unit_test(burst_0_admits_nothing),
                cmocka_unit_test(rate_0_admits_the_burst_and_then_nothing),
                cmocka_unit_test(times_going_back_are_not_credited_twice),
                cmocka_unit_test(centuries_do_not_overflow),
                cmocka_unit_test(reservations_go_into_debt_one_after_the_other),
                cmocka_unit_test(a_wait_longer_than_allowed_takes_nothing),
                cmocka_unit_test(a_third_of_a_second_is_rounded_up),
                cmocka_unit_test(cancelling_the_latest_gives_all_of_it_back),
                cmocka_unit_test(cancel_gives_back_n_minus_what_was_reserved_after),
                cmocka_unit_test(cancelling_what_was_overtaken_entirely_gives_nothing),
                cmocka_unit_test(once_it_may_act_there_is_nothing_to_give_back),
                cmocka_unit_test(cancel_never_fills_beyond_the_burst),
                cmocka_unit_test(set_rate_and_set_burst_begin_now),
                cmocka_unit_test(single_reservations_keep_the_law_whatever_is_cancelled),
                cmocka_unit_test(reservations_of_many_keep_it_from_the_start_on),
                cmocka_unit_test(a_cancel_after_a_cancel_out_of_order_gives_back_no_more_than_n),
                cmocka_unit_test(a_negative_number_of_tokens_is_a_loud_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
