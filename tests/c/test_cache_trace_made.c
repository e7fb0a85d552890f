/* Made-up traces are what they are called, and the same every time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cache/trace_synthetic.h"

enum { KEYS = 1000 };

/* FNV-1a over the numbers. */
static uint64_t fingerprint(const struct trace *t)
{
        uint64_t h = UINT64_C(0xcbf29ce484222325);

        for (size_t i = 0; i < t->n; i++)
                h = (h ^ t->key[i]) * UINT64_C(0x100000001b3);
        return h;
}

static void the_same_seed_makes_the_same_trace(void **state)
{
        static const uint64_t expected[TRACE_KINDS] = {
                UINT64_C(0x36cddd851d542fc0), UINT64_C(0x6c0a26b9417e0c99),
                UINT64_C(0x7bcaaad274e53716), UINT64_C(0xc78d2d4427a108c8),
                UINT64_C(0x7b45f6e8330502ca),
        };
        struct trace a, b, c;

        (void)state;
        for (int kind = 0; kind < TRACE_KINDS; kind++) {
                assert_int_equal(trace_make(&a, (enum trace_kind)kind, KEYS, 1), 0);
                assert_int_equal(trace_make(&b, (enum trace_kind)kind, KEYS, 1), 0);
                assert_int_equal(trace_make(&c, (enum trace_kind)kind, KEYS, 2), 0);
                assert_int_equal(a.n, 20 * KEYS);
                assert_memory_equal(a.key, b.key, a.n * sizeof *a.key);
                assert_memory_not_equal(a.key, c.key, a.n * sizeof *a.key);
                assert_int_equal(fingerprint(&a), expected[kind]);
                for (size_t i = 0; i < a.n; i++)
                        assert_in_range(a.key[i], 0, a.keys - 1);
                trace_free(&a);
                trace_free(&b);
                trace_free(&c);
        }
}

/* How often each key comes between two places. */
static void count(const struct trace *t, size_t from, size_t to, unsigned *counts)
{
        memset(counts, 0, t->keys * sizeof *counts);
        for (size_t i = from; i < to; i++)
                counts[t->key[i]]++;
}

static void zipf_has_its_ratios(void **state)
{
        unsigned counts[KEYS];
        struct trace t;

        (void)state;
        assert_int_equal(trace_make(&t, TRACE_ZIPF, KEYS, 1), 0);
        count(&t, 0, t.n, counts);
        assert_in_range(counts[0], 2450, 2850); /* 20,000 / 7.73 = 2587 */
        assert_in_range(counts[1], 1180, 1430); /* / 2^0.99 */
        assert_in_range(counts[9], 220, 310);   /* / 10^0.99 */
        assert_in_range(counts[99] + counts[100], 30, 80);
        trace_free(&t);
}

static void a_scan_asks_once(void **state)
{
        struct trace t;
        unsigned *counts;

        (void)state;
        assert_int_equal(trace_make(&t, TRACE_SCAN, KEYS, 1), 0);
        counts = calloc(t.keys, sizeof *counts);
        count(&t, 0, t.n, counts);
        assert_in_range(t.keys, KEYS + 6000, KEYS + 7000); /* a third of the requests */
        for (uint32_t key = KEYS; key < t.keys; key++)
                assert_int_equal(counts[key], 1);
        free(counts);
        trace_free(&t);
}

static void a_loop_goes_on_with_the_next_key(void **state)
{
        struct trace t;
        size_t jumps = 0;

        (void)state;
        assert_int_equal(trace_make(&t, TRACE_LOOP, KEYS, 1), 0);
        for (size_t i = 1; i < t.n; i++)
                jumps += (t.key[i - 1] + KEYS - t.key[i]) % KEYS != 1 &&
                         (t.key[i] + KEYS - t.key[i - 1]) % KEYS != 1;
        assert_in_range(jumps, 20, t.n / 10);
        trace_free(&t);
}

static void the_popular_ones_move(void **state)
{
        unsigned counts[KEYS], top[5];
        struct trace t;

        (void)state;
        assert_int_equal(trace_make(&t, TRACE_SHIFT, KEYS, 1), 0);
        for (size_t set = 0; set < 5; set++) {
                count(&t, t.n / 5 * set, t.n / 5 * (set + 1), counts);
                top[set] = 0;
                for (unsigned key = 1; key < KEYS; key++)
                        if (counts[key] > counts[top[set]])
                                top[set] = key;
                assert_in_range(counts[top[set]], 420, 620);
                for (size_t before = 0; before < set; before++)
                        assert_int_not_equal(top[set], top[before]);
        }
        trace_free(&t);
}

/* The number of others since the same key, for the second half: its mean is KEYS / 100. */
static void recency_is_geometric(void **state)
{
        unsigned last[KEYS] = {0};
        uint64_t sum = 0, others, n = 0;
        struct trace t;

        (void)state;
        assert_int_equal(trace_make(&t, TRACE_RECENCY, KEYS, 1), 0);
        for (size_t i = 0; i < t.n; i++) {
                if (i >= t.n / 2 && last[t.key[i]]) {
                        others = 0;
                        for (unsigned key = 0; key < KEYS; key++)
                                others += last[key] > last[t.key[i]];
                        sum += others;
                        n++;
                }
                last[t.key[i]] = (unsigned)i + 1;
        }
        assert_in_range(sum * 10 / n, 90, 110);
        trace_free(&t);
}

static void too_few_or_too_many_keys(void **state)
{
        struct trace t;

        (void)state;
        assert_int_equal(trace_make(&t, TRACE_ZIPF, 99, 1), -EINVAL);
        assert_int_equal(trace_make(&t, TRACE_ZIPF, 0, 1), -EINVAL);
        assert_int_equal(trace_make(&t, TRACE_ZIPF, UINT32_MAX, 1), -EINVAL);
        assert_null(t.key);
        for (int kind = 0; kind < TRACE_KINDS; kind++) {
                assert_int_equal(trace_make(&t, (enum trace_kind)kind, 100, 1), 0);
                trace_free(&t);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_same_seed_makes_the_same_trace),
                cmocka_unit_test(zipf_has_its_ratios),
                cmocka_unit_test(a_scan_asks_once),
                cmocka_unit_test(a_loop_goes_on_with_the_next_key),
                cmocka_unit_test(the_popular_ones_move),
                cmocka_unit_test(recency_is_geometric),
                cmocka_unit_test(too_few_or_too_many_keys),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
