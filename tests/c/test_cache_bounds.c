/* What cache.h promises one caller about room: entries and bytes at every moment, what is refused,
   what counts as evicted. Each on every kind that evicts, with every policy that it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/rng.h"

#include "cache_case.h"
#include "stress.h"

/* Entries and bytes as a snapshot shows them. */
static struct ct_cache_stats counted(void)
{
        struct ct_cache_stats sum = {0};
        struct ct_snapshot_entry e = {0};
        struct ct_snapshot s;

        assert_int_equal(cache.kind->snapshot(&cache, &s), 0);
        while (ct_snapshot_next(&s, &e)) {
                sum.entries++;
                sum.bytes += e.key_size + e.value_size + CT_CACHE_ENTRY_BYTES;
        }
        ct_snapshot_free(&s);
        return sum;
}

enum { KEYS = 300, STEPS = ROUNDS(1200), MOST = 64, MOST_BYTES = 16 * 1024 };

/* Sets, gets and deletes at random; looks after each step. */
static void churn(size_t most_entries, size_t most_bytes)
{
        struct ct_rng rng;
        char key[32], value[200] = "";

        ct_rng_seed(&rng, 7);
        for (int i = 0; i < STEPS; i++) {
                uint64_t draw = ct_rng_below(&rng, 10);
                struct ct_cache_stats s;

                number(key, (int)ct_rng_below(&rng, KEYS));
                if (draw < 7) {
                        size_t size = ct_rng_below(&rng, sizeof value), got;

                        assert_int_equal(cache.kind->set(&cache, key, strlen(key), value, size), 0);
                        /* however full it is, what was just set is there */
                        assert_int_equal(cache.kind->get(&cache, key, strlen(key), value,
                                                         sizeof value, &got),
                                         0);
                        assert_int_equal(got, size);
                } else if (draw < 9) {
                        get(key);
                } else {
                        delete (key);
                }
                s = stats();
                assert_true(s.entries <= most_entries && s.bytes <= most_bytes);
        }
        assert_int_equal(stats().entries, counted().entries);
        assert_int_equal(stats().bytes, counted().bytes);
}

static void entries_are_bounded_at_every_moment(void **state)
{
        ON_EACH_POLICY((struct ct_cache_options){.max_entries = MOST}, {
                churn(MOST, SIZE_MAX);
                assert_true(stats().evicted > 0);
                assert_true(stats().entries > MOST / 2);
        });
}

static void bytes_are_bounded_at_every_moment(void **state)
{
        ON_EACH_POLICY((struct ct_cache_options){.max_bytes = MOST_BYTES}, {
                churn(SIZE_MAX, MOST_BYTES);
                assert_true(stats().evicted > 0);
                assert_true(stats().bytes > MOST_BYTES / 2);
        });
}

static void both_bounds_hold_together(void **state)
{
        struct ct_cache_options o = {.max_entries = MOST, .max_bytes = MOST_BYTES / 2};

        ON_EACH_POLICY(o, churn(MOST, MOST_BYTES / 2));
}

/* In one part, so that all of the room is there for each entry. */
static void one_entry_is_enough_room_for_one(void **state)
{
        struct ct_cache_options o = {.max_entries = 1, .shards = 1};

        ON_EACH_POLICY(o, {
                assert_int_equal(set("a", "1"), 0);
                assert_string_equal(get("a"), "1");
                assert_int_equal(set("a", "22"), 0); /* in its own place */
                assert_string_equal(get("a"), "22");
                assert_int_equal(stats().evicted, 0);
                assert_int_equal(set("b", "3"), 0);
                assert_null(get("a"));
                assert_string_equal(get("b"), "3");
                assert_int_equal(stats().evicted, 1);
                assert_int_equal(stats().entries, 1);
        });
}

static void what_fits_exactly_fits_and_a_byte_more_does_not(void **state)
{
        struct ct_cache_options o = {.max_bytes = CT_CACHE_ENTRY_BYTES + 1 + 100, .shards = 1};
        char value[101] = "";

        ON_EACH_POLICY(o, {
                assert_int_equal(cache.kind->set(&cache, "a", 1, value, 100), 0);
                assert_int_equal(stats().bytes, CT_CACHE_ENTRY_BYTES + 101);
                assert_int_equal(cache.kind->set(&cache, "a", 1, value, 101), -EFBIG);
                assert_int_equal(cache.kind->set(&cache, "b", 1, value, 101), -EFBIG);
        });
}

static void what_can_never_fit_changes_nothing(void **state)
{
        enum { LARGE = MOST_BYTES };
        char *large = calloc(1, LARGE);

        assert_non_null(large);
        ON_EACH_POLICY((struct ct_cache_options){.max_bytes = MOST_BYTES}, {
                set("a", "1");
                set("b", "2");
                assert_int_equal(cache.kind->set(&cache, "a", 1, large, LARGE), -EFBIG);
                assert_int_equal(cache.kind->set(&cache, "c", 1, large, LARGE), -EFBIG);
                assert_int_equal(cache.kind->set(&cache, large, LARGE, "1", 1), -EFBIG);
                assert_string_equal(get("a"), "1");
                assert_string_equal(get("b"), "2");
                assert_null(get("c"));
                assert_int_equal(stats().entries, 2);
                assert_int_equal(stats().evicted, 0);
        });
        free(large);
}

static void a_growing_value_makes_room_but_not_of_itself(void **state)
{
        struct ct_cache_options o = {.max_bytes = 4 * (CT_CACHE_ENTRY_BYTES + 101), .shards = 1};
        char value[400] = "";

        ON_EACH_POLICY(o, {
                for (int i = 0; i < 4; i++) {
                        char key[2] = {(char)('a' + i), '\0'};

                        assert_int_equal(cache.kind->set(&cache, key, 1, value, 100), 0);
                }
                assert_int_equal(stats().evicted, 0);
                for (int i = 0; i < 4; i++) {
                        char key[2] = {(char)('a' + i), '\0'};
                        size_t size = 0;

                        assert_int_equal(cache.kind->set(&cache, key, 1, value, 300), 0);
                        assert_int_equal(
                                cache.kind->get(&cache, key, 1, value, sizeof value, &size), 0);
                        assert_int_equal(size, 300);
                        assert_true(stats().bytes <= o.max_bytes);
                }
        });
}

static void everything_that_came_is_there_evicted_or_deleted(void **state)
{
        ON_EACH_POLICY((struct ct_cache_options){.max_entries = MOST}, {
                unsigned deleted = 0;
                char key[32];

                for (int i = 0; i < 5 * MOST; i++) {
                        number(key, i);
                        assert_int_equal(set(key, "v"), 0);
                        if (i % 3 == 0)
                                deleted += delete (key);
                }
                assert_true(deleted > 0);
                assert_int_equal(stats().entries + stats().evicted + deleted, 5 * MOST);
        });
}

static void an_unbounded_cache_evicts_nothing(void **state)
{
        ON_EACH_KIND({
                char key[32];

                for (int i = 0; i < 3000; i++) {
                        number(key, i);
                        assert_int_equal(set(key, key), 0);
                }
                for (int i = 0; i < 3000; i++) {
                        number(key, i);
                        assert_string_equal(get(key), key);
                }
                assert_int_equal(stats().evicted, 0);
                assert_int_equal(stats().entries, 3000);
                assert_int_equal(stats().bytes, counted().bytes);
        });
}

static void clear_makes_room(void **state)
{
        ON_EACH_POLICY((struct ct_cache_options){.max_entries = MOST}, {
                uint64_t evicted;
                char key[32];

                for (int i = 0; i < 3 * MOST; i++) {
                        number(key, i);
                        set(key, "v");
                }
                evicted = stats().evicted;
                cache.kind->clear(&cache);
                assert_int_equal(stats().entries, 0);
                assert_int_equal(stats().bytes, 0);
                assert_int_equal(stats().evicted, evicted);
                set("a", "1");
                assert_string_equal(get("a"), "1");
                assert_int_equal(stats().entries, 1);
        });
}

/* What the policy is for; every one keeps what is used again and again when others pass through. */
static void what_is_used_stays(void **state)
{
        struct ct_cache_options o = {.max_entries = 16, .shards = 1};

        ON_EACH_POLICY(o, {
                char key[32];

                set("hot", "1");
                for (int i = 0; i < 200; i++) {
                        bool there = get("hot");

                        if (p != CT_CACHE_FIFO)
                                assert_true(there);
                        number(key, i);
                        set(key, "v");
                }
        });
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(entries_are_bounded_at_every_moment),
                cmocka_unit_test(bytes_are_bounded_at_every_moment),
                cmocka_unit_test(both_bounds_hold_together),
                cmocka_unit_test(one_entry_is_enough_room_for_one),
                cmocka_unit_test(what_fits_exactly_fits_and_a_byte_more_does_not),
                cmocka_unit_test(what_can_never_fit_changes_nothing),
                cmocka_unit_test(a_growing_value_makes_room_but_not_of_itself),
                cmocka_unit_test(everything_that_came_is_there_evicted_or_deleted),
                cmocka_unit_test(an_unbounded_cache_evicts_nothing),
                cmocka_unit_test(clear_makes_room),
                cmocka_unit_test(what_is_used_stays),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
