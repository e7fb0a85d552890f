/* What the caches promise one caller about single keys: each test on every cache of cache_kinds.h.
   test_cache_bounds.c, _ttl.c, _load.c, _load_many.c and _misuse.c have the rest of cache.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache_case.h"

static void an_empty_cache_has_nothing(void **state)
{
        ON_EACH_KIND({
                assert_null(get("a"));
                assert_int_equal(stats().entries, 0);
        });
}

static void what_was_set_is_got(void **state)
{
        ON_EACH_KIND({
                assert_int_equal(set("a", "1"), 0);
                assert_string_equal(get("a"), "1");
        });
}

static void keys_do_not_mix(void **state)
{
        ON_EACH_KIND({
                set("a", "1");
                set("b", "2");
                assert_string_equal(get("a"), "1");
                assert_string_equal(get("b"), "2");
                assert_null(get("ab"));
        });
}

static void a_second_set_replaces(void **state)
{
        ON_EACH_KIND({
                set("a", "1");
                set("a", "2");
                assert_string_equal(get("a"), "2");
                assert_int_equal(stats().entries, 1);
        });
}

static void a_value_may_grow(void **state)
{
        ON_EACH_KIND({
                set("a", "short");
                set("a", "much longer than the room that its predecessor had");
                assert_string_equal(get("a"), "much longer than the room that its predecessor had");
                assert_int_equal(stats().entries, 1);
        });
}

static void a_value_may_shrink(void **state)
{
        ON_EACH_KIND({
                set("a", "a long value to begin with");
                set("a", "x");
                assert_string_equal(get("a"), "x");
        });
}

static void an_empty_key_is_a_key(void **state)
{
        ON_EACH_KIND({
                assert_null(get(""));
                assert_int_equal(cache.kind->set(&cache, NULL, 0, "1", 1), 0);
                assert_string_equal(get(""), "1");
                assert_true(delete (""));
                assert_null(get(""));
        });
}

static void an_empty_value_is_a_value(void **state)
{
        size_t size = 99;

        ON_EACH_KIND({
                size = 99;
                assert_int_equal(cache.kind->set(&cache, "a", 1, NULL, 0), 0);
                assert_int_equal(cache.kind->get(&cache, "a", 1, NULL, 0, &size), 0);
                assert_int_equal(size, 0);
                assert_int_equal(stats().hits, 1);
        });
}

static void keys_are_bytes_not_strings(void **state)
{
        char value[4];
        size_t size;

        ON_EACH_KIND({
                cache.kind->set(&cache, "a\0b", 3, "1", 1);
                cache.kind->set(&cache, "a\0c", 3, "2", 1);
                cache.kind->set(&cache, "a", 1, "3", 1);
                assert_int_equal(stats().entries, 3);
                assert_int_equal(cache.kind->get(&cache, "a\0c", 3, value, 4, &size), 0);
                assert_int_equal(value[0], '2');
        });
}

static void a_key_and_its_zero_filled_twin_differ(void **state)
{
        ON_EACH_KIND({
                for (size_t n = 0; n <= 24; n++) {
                        static const char zeros[24];
                        char value = (char)n;

                        cache.kind->set(&cache, zeros, n, &value, 1);
                }
                assert_int_equal(stats().entries, 25);
        });
}

static void long_keys_differ_in_their_last_byte(void **state)
{
        enum { LONG = 70000 };
        char *key = malloc(LONG), value[4];
        size_t size;

        assert_non_null(key);
        memset(key, 'k', LONG);
        ON_EACH_KIND({
                key[LONG - 1] = 'a';
                assert_int_equal(cache.kind->set(&cache, key, LONG, "1", 1), 0);
                key[LONG - 1] = 'b';
                assert_int_equal(cache.kind->get(&cache, key, LONG, value, 4, &size), -ENOENT);
                key[LONG - 1] = 'a';
                assert_int_equal(cache.kind->get(&cache, key, LONG, value, 4, &size), 0);
                assert_int_equal(value[0], '1');
        });
        free(key);
}

static void large_values_come_back_whole(void **state)
{
        enum { LARGE = 1 << 20 };
        unsigned char *in = malloc(LARGE), *out = malloc(LARGE);
        size_t size;

        assert_true(in && out);
        for (size_t i = 0; i < LARGE; i++)
                in[i] = (unsigned char)(i * 7 + i / 251);
        ON_EACH_KIND({
                assert_int_equal(cache.kind->set(&cache, "a", 1, in, LARGE), 0);
                assert_int_equal(cache.kind->get(&cache, "a", 1, out, LARGE, &size), 0);
                assert_int_equal(size, LARGE);
                assert_memory_equal(in, out, LARGE);
        });
        free(in);
        free(out);
}

/* Sizes are checked before anything is read, so no such key needs to exist. */
static void four_gigabytes_are_refused(void **state)
{
        if (sizeof(size_t) == 4)
                skip();
        ON_EACH_KIND({
                assert_int_equal(cache.kind->set(&cache, "a", 1, "v", (size_t)UINT32_MAX + 1),
                                 -E2BIG);
                assert_int_equal(stats().entries, 0);
        });
}

static void keys_are_copied_in(void **state)
{
        char key[2] = "a";

        ON_EACH_KIND({
                key[0] = 'a';
                set(key, "1");
                key[0] = 'b';
                assert_string_equal(get("a"), "1");
                assert_null(get("b"));
        });
}

static void values_are_copied_in_and_out(void **state)
{
        char value[2] = "1", out[2];
        size_t size;

        ON_EACH_KIND({
                value[0] = '1';
                set("a", value);
                value[0] = '2';
                assert_int_equal(cache.kind->get(&cache, "a", 1, out, 2, &size), 0);
                assert_int_equal(out[0], '1');
                out[0] = '3';
                assert_string_equal(get("a"), "1");
        });
}

static void a_small_buffer_is_told_the_size_and_left_alone(void **state)
{
        char out[4] = "xyz";
        size_t size;

        ON_EACH_KIND({
                set("a", "123456");
                assert_int_equal(cache.kind->get(&cache, "a", 1, out, 3, &size), -ENOBUFS);
                assert_int_equal(size, 6);
                assert_string_equal(out, "xyz");
        });
}

static void an_exact_buffer_is_enough(void **state)
{
        char out[3];
        size_t size;

        ON_EACH_KIND({
                set("a", "123");
                assert_int_equal(cache.kind->get(&cache, "a", 1, out, 3, &size), 0);
                assert_memory_equal(out, "123", 3);
        });
}

static void a_miss_touches_nothing(void **state)
{
        char out[4] = "xyz";
        size_t size = 77;

        ON_EACH_KIND({
                assert_int_equal(cache.kind->get(&cache, "a", 1, out, 4, &size), -ENOENT);
                assert_string_equal(out, "xyz");
                assert_int_equal(size, 77);
        });
}

static void hits_and_misses_are_counted_once(void **state)
{
        ON_EACH_KIND({
                set("a", "1");
                get("a");
                get("a");
                get("b");
                assert_int_equal(stats().hits, 2);
                assert_int_equal(stats().misses, 1);
        });
}

static void a_value_too_large_for_the_buffer_is_one_hit(void **state)
{
        size_t size;

        ON_EACH_KIND({
                set("a", "123");
                cache.kind->get(&cache, "a", 1, NULL, 0, &size);
                assert_int_equal(stats().hits, 1);
                assert_int_equal(stats().misses, 0);
        });
}

static void set_and_delete_count_no_hits(void **state)
{
        ON_EACH_KIND({
                set("a", "1");
                set("a", "2");
                delete ("a");
                delete ("a");
                assert_int_equal(stats().hits + stats().misses, 0);
        });
}

static void delete_says_whether_it_did(void **state)
{
        ON_EACH_KIND({
                set("a", "1");
                assert_true(delete ("a"));
                assert_false(delete ("a"));
                assert_null(get("a"));
                assert_int_equal(stats().entries, 0);
        });
}

static void a_deleted_key_can_come_back(void **state)
{
        ON_EACH_KIND({
                set("a", "1");
                delete ("a");
                set("a", "2");
                assert_string_equal(get("a"), "2");
        });
}

static void clear_empties_but_keeps_counting(void **state)
{
        ON_EACH_KIND({
                set("a", "1");
                get("a");
                cache.kind->clear(&cache);
                assert_null(get("a"));
                assert_int_equal(stats().entries, 0);
                assert_int_equal(stats().hits, 1);
                assert_int_equal(stats().misses, 1);
                set("a", "2");
                assert_string_equal(get("a"), "2");
        });
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_empty_cache_has_nothing),
                cmocka_unit_test(what_was_set_is_got),
                cmocka_unit_test(keys_do_not_mix),
                cmocka_unit_test(a_second_set_replaces),
                cmocka_unit_test(a_value_may_grow),
                cmocka_unit_test(a_value_may_shrink),
                cmocka_unit_test(an_empty_key_is_a_key),
                cmocka_unit_test(an_empty_value_is_a_value),
                cmocka_unit_test(keys_are_bytes_not_strings),
                cmocka_unit_test(a_key_and_its_zero_filled_twin_differ),
                cmocka_unit_test(long_keys_differ_in_their_last_byte),
                cmocka_unit_test(large_values_come_back_whole),
                cmocka_unit_test(four_gigabytes_are_refused),
                cmocka_unit_test(keys_are_copied_in),
                cmocka_unit_test(values_are_copied_in_and_out),
                cmocka_unit_test(a_small_buffer_is_told_the_size_and_left_alone),
                cmocka_unit_test(an_exact_buffer_is_enough),
                cmocka_unit_test(a_miss_touches_nothing),
                cmocka_unit_test(hits_and_misses_are_counted_once),
                cmocka_unit_test(a_value_too_large_for_the_buffer_is_one_hit),
                cmocka_unit_test(set_and_delete_count_no_hits),
                cmocka_unit_test(delete_says_whether_it_did),
                cmocka_unit_test(a_deleted_key_can_come_back),
                cmocka_unit_test(clear_empties_but_keeps_counting),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
