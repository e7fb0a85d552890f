/* What the cache family's windows stand on: values that show what happened to them, keys and draws
   by the law that is asked for, and caches that are kept as far as memory goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "cache/workload.h"

static const size_t sizes[] = {8, 64, MAX_VALUE_BYTES};
enum { SIZES = sizeof sizes / sizeof *sizes, WORDS = MAX_VALUE_BYTES / 8, KEY = 3999999 };

/* ---- values ---- */

static void a_value_is_right_for_its_key_only(void **state)
{
        uint64_t value[WORDS];

        (void)state;
        for (size_t s = 0; s < SIZES; s++)
                for (uint64_t stamp = 0; stamp < 5000; stamp += 7) {
                        cache_value_fill(value, sizes[s], KEY, stamp);
                        assert_true(cache_value_right(value, sizes[s], KEY));
                        assert_int_equal(cache_value_stamp(value[0]), stamp);
                        assert_false(cache_value_right(value, sizes[s], KEY - 1));
                        assert_false(cache_value_right(value, sizes[s], 0));
                }
}

static void any_changed_bit_is_seen(void **state)
{
        uint64_t value[WORDS];

        (void)state;
        for (size_t s = 0; s < SIZES; s++)
                for (size_t bit = 0; bit < sizes[s] * 8; bit++) {
                        cache_value_fill(value, sizes[s], KEY, 12345);
                        value[bit / 64] ^= UINT64_C(1) << bit % 64;
                        assert_false(cache_value_right(value, sizes[s], KEY));
                }
}

/* The first `cut` bytes of one value of the key, the rest of another: how many of `tries` pass for
   right though they are neither. */
static unsigned unseen(size_t bytes, size_t cut, unsigned tries)
{
        uint64_t one[WORDS], other[WORDS], torn[WORDS];
        unsigned passed = 0;

        for (unsigned i = 0; i < tries; i++) {
                cache_value_fill(one, bytes, KEY, i);
                cache_value_fill(other, bytes, KEY, i + (UINT64_C(1) << 20) + 1);
                memcpy(torn, other, bytes);
                memcpy(torn, one, cut);
                if (memcmp(torn, one, bytes) && memcmp(torn, other, bytes))
                        passed += cache_value_right(torn, bytes, KEY);
        }
        return passed;
}

static void a_torn_value_is_seen(void **state)
{
        (void)state;
        for (size_t cut = 1; cut < 8; cut++)
                assert_in_range(unseen(8, cut, 10000), 0, 5); /* 0.15 are to be expected */
        for (size_t cut = 8; cut < 64; cut += 8)
                assert_int_equal(unseen(64, cut, 1000), 0);
        for (size_t cut = 8; cut < MAX_VALUE_BYTES; cut += 8)
                assert_int_equal(unseen(MAX_VALUE_BYTES, cut, 100), 0);
}

/* ---- keys and draws ---- */

static struct params params_of(int64_t keys, int64_t skew, int64_t read_pct)
{
        struct params p;

        for (int i = 0; i < MAX_PARAMS; i++)
                p.value[i] = PARAM_UNSET;
        p.value[P_KEYS] = keys;
        p.value[P_SKEW] = skew;
        p.value[P_READ_PCT] = read_pct;
        p.value[P_VALUE_BYTES] = USUAL_BYTES;
        return p;
}

static void keys_have_the_length_that_they_need(void **state)
{
        struct params p = params_of(MANY_KEYS, 0, 90);
        const struct cache_keys *keys;
        uint32_t absent = 0;

        (void)state;
        assert_int_equal(cache_keys_prepare(&p, 1, &keys), 0);
        for (uint32_t i = 0; i < MANY_KEYS; i += 999) {
                char text[32];
                int size = snprintf(text, sizeof text, "user:%u", i);

                assert_int_equal(keys->key[i].size, size);
                assert_memory_equal(keys->key[i].text, text, (size_t)size);
        }
        for (uint32_t i = 0; i < MANY_KEYS; i++)
                absent += keys->absent[i];
        assert_int_equal(absent, MANY_KEYS / ABSENT_EVERY);
}

static void nonsense_is_refused(void **state)
{
        static const struct {
                int param;
                int64_t value;
        } bad[] = {{P_KEYS, 9},        {P_KEYS, MAX_KEYS + 1},
                   {P_SKEW, -1},       {P_SKEW, 1001},
                   {P_READ_PCT, 101},  {P_VALUE_BYTES, 0},
                   {P_VALUE_BYTES, 7}, {P_VALUE_BYTES, MAX_VALUE_BYTES + 8}};
        const struct cache_keys *keys;

        (void)state;
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                struct params p = params_of(1000, 0, 90);

                p.value[bad[i].param] = bad[i].value;
                assert_int_equal(cache_keys_prepare(&p, 1, &keys), -EINVAL);
        }
}

struct drawn {
        uint64_t n, sets, top, absent_gets;
};

/* What the worker draws for these parameters, by the key of the first rank. */
static struct drawn draws_of(int64_t n, int64_t skew, int64_t read_pct)
{
        struct params p = params_of(n, skew, read_pct);
        struct worker w = {.params = &p};
        const struct cache_keys *keys;
        const cache_draw *draws;
        struct drawn d = {0};

        ct_rng_seed(&w.rng, 7);
        assert_int_equal(cache_keys_prepare(&p, 1, &keys), 0);
        draws = cache_keys_draws(keys, &w);
        assert_non_null(draws);
        assert_ptr_equal(draws, cache_keys_draws(keys, &w)); /* kept */
        for (d.n = 0; d.n < keys->draws; d.n++) {
                uint32_t key = draws[d.n] & DRAW_KEY;

                assert_true(key < n);
                assert_int_equal(!!(draws[d.n] & DRAW_PRESENT), !keys->absent[key]);
                d.sets += !!(draws[d.n] & DRAW_SET);
                d.top += key == keys->of_rank[0];
                d.absent_gets += keys->absent[key];
                if (draws[d.n] & DRAW_SET)
                        assert_false(keys->absent[key]);
        }
        return d;
}

/* Within 6 standard deviations of a share of n independent draws; the seed is always the same. */
static void assert_share(uint64_t part, uint64_t n, double share)
{
        double deviation = sqrt(share * (1 - share) / (double)n);

        assert_true(fabs((double)part / (double)n - share) <= 6 * deviation + 1e-12);
}

static void draws_follow_the_law(void **state)
{
        static const int64_t laws[] = {0, 80, 99, 120}, reads[] = {0, 50, 100, PARAM_UNSET};

        (void)state;
        for (size_t l = 0; l < 4; l++) {
                double sum = 0, absent = 0;
                struct drawn d;

                for (int r = 1; r <= 1000; r++) {
                        double weight = pow(r, -(double)laws[l] / 100);

                        sum += weight;
                        absent += r % ABSENT_EVERY ? 0 : weight;
                }
                d = draws_of(1000, laws[l], 100);
                assert_int_equal(d.sets, 0);
                assert_share(d.top, d.n, 1 / sum);
                assert_share(d.absent_gets, d.n, absent / sum);
        }
        for (size_t r = 0; r < 4; r++) {
                struct drawn d = draws_of(1000, 99, reads[r]);

                assert_share(d.sets, d.n, reads[r] < 0 ? 0 : 1 - (double)reads[r] / 100);
        }
}

static void many_workers_share_a_bounded_room(void **state)
{
        struct params p = params_of(1000, 0, 90);
        const struct cache_keys *keys;

        (void)state;
        for (unsigned threads = 1; threads <= 4096; threads *= 2) {
                assert_int_equal(cache_keys_prepare(&p, threads, &keys), 0);
                assert_true(keys->draws * threads <= 64 * (uint64_t)CACHE_DRAWS);
                assert_true(threads > 64 || keys->draws == CACHE_DRAWS);
        }
}

/* ---- what is kept ---- */

static char emptied[8];

static void empty_first(struct cache_keep *k)
{
        (void)k;
        strcat(emptied, "1");
}

static void empty_second(struct cache_keep *k)
{
        (void)k;
        strcat(emptied, "2");
}

static void the_budget_takes_what_was_used_longest_ago(void **state)
{
        const uint64_t all = UINT64_C(1) << 60; /* more than any machine has */
        struct cache_keep first = {.empty = empty_first}, second = {.empty = empty_second};

        (void)state;
        cache_keep_add(&first);
        cache_keep_add(&second);
        cache_keep_add(&first);
        cache_keep_room(1);
        assert_string_equal(emptied, "");
        first.bytes = all;
        cache_keep_room(1);
        assert_string_equal(emptied, "21"); /* the first was still too large by itself */
        cache_keep_room(1);
        assert_string_equal(emptied, "21");
        cache_keep_add(&second);
        cache_keep_remove(&second);
        cache_keep_room(all);
        assert_string_equal(emptied, "21");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_value_is_right_for_its_key_only),
                cmocka_unit_test(any_changed_bit_is_seen),
                cmocka_unit_test(a_torn_value_is_seen),
                cmocka_unit_test(keys_have_the_length_that_they_need),
                cmocka_unit_test(nonsense_is_refused),
                cmocka_unit_test(draws_follow_the_law),
                cmocka_unit_test(many_workers_share_a_bounded_room),
                cmocka_unit_test(the_budget_takes_what_was_used_longest_ago),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
