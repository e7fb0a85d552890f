/* The histogram against exact sorted data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>

#include "harness/histogram.h"

enum { SAMPLES = 20000 };

static const double quantiles[] = {0.0001, 0.01, 0.1,   0.25,   0.5, 0.75,
                                   0.9,    0.99, 0.999, 0.9999, 1.0};

static uint64_t next_random(uint64_t *state)
{
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return *state >> 11;
}

static int compare(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

static uint64_t exact_quantile(const uint64_t *sorted, size_t n, double q)
{
        double rank = ceil(q * (double)n);

        return sorted[rank < 1 ? 0 : (size_t)rank - 1];
}

/* Never below the true value, never more than 1/64 above it. */
static void assert_close(uint64_t got, uint64_t exact)
{
        assert_true(got >= exact);
        assert_true((got - exact) * 64 <= exact);
}

/* Records data (sorting it) in two halves, merged, and compares every quantile. */
static void check_against_sorted(uint64_t *data, size_t n)
{
        static struct ct_histogram h, other;
        double sum = 0;

        ct_histogram_reset(&h);
        ct_histogram_reset(&other);
        for (size_t i = 0; i < n; i++) {
                ct_histogram_record(i % 3 ? &h : &other, data[i]);
                sum += (double)data[i];
        }
        ct_histogram_merge(&h, &other);
        qsort(data, n, sizeof *data, compare);
        assert_int_equal(ct_histogram_count(&h), n);
        assert_int_equal(ct_histogram_max(&h), data[n - 1]);
        assert_true(fabs(ct_histogram_mean(&h) - sum / (double)n) <= sum / (double)n * 1e-12);
        for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
                assert_close(ct_histogram_quantile(&h, quantiles[i]),
                             exact_quantile(data, n, quantiles[i]));
        assert_int_equal(ct_histogram_quantile(&h, 1.0), data[n - 1]);
}

static void quantiles_are_within_one_in_64(void **state)
{
        static uint64_t data[SAMPLES];
        uint64_t seed = 1;

        (void)state;
        for (unsigned bits = 1; bits <= 40; bits++) { /* uniform up to 2^bits */
                for (size_t i = 0; i < SAMPLES; i++)
                        data[i] = next_random(&seed) & ((UINT64_C(1) << bits) - 1);
                check_against_sorted(data, SAMPLES);
        }
        for (size_t i = 0; i < SAMPLES; i++) /* every magnitude alike, as latencies are */
                data[i] = next_random(&seed) >> (13 + next_random(&seed) % 40);
        check_against_sorted(data, SAMPLES);
        for (size_t i = 0; i < SAMPLES; i++)
                data[i] = 4242;
        check_against_sorted(data, SAMPLES);
}

/* One value at a time: bucket edges are where off-by-one lives. The larger second value keeps the
   exact maximum from hiding the bucket's end. */
static void assert_bucket_holds(uint64_t v)
{
        static struct ct_histogram h;

        ct_histogram_reset(&h);
        ct_histogram_record(&h, v);
        ct_histogram_record(&h, CT_HISTOGRAM_TOP);
        assert_close(ct_histogram_quantile(&h, 0.5), v);
        if (v < 128)
                assert_int_equal(ct_histogram_quantile(&h, 0.5), v);
}

static void bucket_edges_are_right(void **state)
{
        size_t last = 0;

        (void)state;
        for (uint64_t v = 0; v < 5000; v++)
                assert_bucket_holds(v);
        for (unsigned bits = 7; bits < CT_HISTOGRAM_TOP_BITS; bits++)
                for (uint64_t sub = 0; sub < 64; sub++) {
                        uint64_t edge = (64 + sub) << (bits - 6);

                        assert_bucket_holds(edge - 1);
                        assert_bucket_holds(edge);
                        assert_bucket_holds(edge + 1);
                        assert_int_equal(ct_histogram_index(edge), last ? last + 1 : 128);
                        last = ct_histogram_index(edge);
                }
        assert_int_equal(ct_histogram_index(CT_HISTOGRAM_TOP), CT_HISTOGRAM_BUCKETS - 1);
        assert_int_equal(last, CT_HISTOGRAM_BUCKETS - 2);
}

static void empty_is_zero(void **state)
{
        static struct ct_histogram h; /* zero bytes are a valid one */

        (void)state;
        assert_int_equal(ct_histogram_count(&h), 0);
        assert_int_equal(ct_histogram_max(&h), 0);
        assert_int_equal(ct_histogram_quantile(&h, 0.5), 0);
        assert_true(ct_histogram_mean(&h) == 0);
        ct_histogram_record(&h, 0);
        assert_int_equal(ct_histogram_count(&h), 1);
        assert_int_equal(ct_histogram_quantile(&h, 1.0), 0);
}

static void large_values_are_clamped_and_counted(void **state)
{
        static struct ct_histogram h, into;

        (void)state;
        ct_histogram_reset(&h);
        ct_histogram_reset(&into);
        ct_histogram_record(&h, CT_HISTOGRAM_TOP - 1);
        ct_histogram_record(&h, CT_HISTOGRAM_TOP);
        assert_int_equal(h.clamped, 0);
        ct_histogram_record(&h, CT_HISTOGRAM_TOP + 1);
        ct_histogram_record(&h, UINT64_MAX);
        assert_int_equal(h.clamped, 2);
        assert_int_equal(ct_histogram_count(&h), 4);
        assert_true(ct_histogram_max(&h) == UINT64_MAX);
        assert_int_equal(ct_histogram_quantile(&h, 1.0), CT_HISTOGRAM_TOP);
        assert_int_equal(ct_histogram_quantile(&h, 0.25), CT_HISTOGRAM_TOP - 1);
        ct_histogram_merge(&into, &h);
        ct_histogram_merge(&into, &h);
        assert_int_equal(into.clamped, 4);
        assert_int_equal(ct_histogram_count(&into), 8);
        assert_true(ct_histogram_max(&into) == UINT64_MAX);
        assert_int_equal(ct_histogram_count(&h), 4);
        ct_histogram_reset(&h);
        assert_int_equal(ct_histogram_count(&h) + h.clamped + ct_histogram_max(&h), 0);
}

static void odd_quantiles_stay_inside(void **state)
{
        static struct ct_histogram h;

        (void)state;
        ct_histogram_record(&h, 10);
        ct_histogram_record(&h, 20);
        assert_int_equal(ct_histogram_quantile(&h, 0), 10);
        assert_int_equal(ct_histogram_quantile(&h, -1), 10);
        assert_int_equal(ct_histogram_quantile(&h, 2), 20);
        assert_int_equal(ct_histogram_quantile(&h, (double)NAN), 10);
        assert_int_equal(ct_histogram_quantile(&h, 0.5), 10);
        assert_int_equal(ct_histogram_quantile(&h, 0.51), 20);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(quantiles_are_within_one_in_64),
                cmocka_unit_test(bucket_edges_are_right),
                cmocka_unit_test(empty_is_zero),
                cmocka_unit_test(large_values_are_clamped_and_counted),
                cmocka_unit_test(odd_quantiles_stay_inside),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
