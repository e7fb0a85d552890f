/* What cache.h promises one caller about time, by a clock that the test moves, and about pins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "cache_case.h"

static void an_entry_is_there_until_its_time_and_not_from_then_on(void **state)
{
        ON_KINDS(k->ttl, timed(100), {
                set("a", "1");
                case_now += 99;
                assert_string_equal(get("a"), "1");
                case_now += 1;
                assert_null(get("a"));
                case_now += 1000;
                assert_null(get("a"));
                assert_int_equal(stats().hits, 1);
                assert_int_equal(stats().misses, 2);
        });
}

static void an_entry_may_have_a_ttl_of_its_own(void **state)
{
        ON_KINDS(k->ttl, timed(100), {
                set_for("short", "1", 10);
                set_for("ever", "2", 0);
                set("usual", "3");
                case_now += 10;
                assert_null(get("short"));
                assert_string_equal(get("usual"), "3");
                case_now += 90;
                assert_null(get("usual"));
                case_now = INT64_MAX;
                assert_string_equal(get("ever"), "2");
        });
}

static void a_cache_without_ttl_takes_entries_with_one(void **state)
{
        ON_KINDS(k->ttl, timed(0), {
                set_for("a", "1", 10);
                set("b", "2");
                case_now += 10;
                assert_null(get("a"));
                assert_string_equal(get("b"), "2");
        });
}

static void without_a_ttl_nobody_asks_for_the_time(void **state)
{
        ON_KINDS(k->ttl, timed(0), {
                set("a", "1");
                get("a");
                get("b");
                set("a", "2");
                set("a", "longer");
                delete ("a");
                assert_int_equal(case_asked, 0);
        });
}

static void a_ttl_beyond_the_end_of_time_is_for_ever(void **state)
{
        ON_KINDS(k->ttl, timed(0), {
                set_for("a", "1", INT64_MAX);
                case_now = INT64_MAX;
                assert_string_equal(get("a"), "1");
        });
}

static void a_negative_ttl_is_refused(void **state)
{
        ON_KINDS(k->ttl, timed(0), {
                set("a", "1");
                assert_int_equal(set_for("a", "2", -1), -EINVAL);
                assert_int_equal(set_for("b", "2", INT64_MIN), -EINVAL);
                assert_string_equal(get("a"), "1");
                assert_int_equal(stats().entries, 1);
        });
}

/* In place, and with another size. */
static void a_set_begins_the_time_anew(void **state)
{
        ON_KINDS(k->ttl, timed(100), {
                set("a", "1");
                set("b", "1");
                case_now += 60;
                set("a", "2");
                set("b", "a longer one");
                case_now += 99;
                assert_string_equal(get("a"), "2");
                assert_string_equal(get("b"), "a longer one");
                case_now += 1;
                assert_null(get("a"));
                assert_null(get("b"));
                set("a", "3");
                assert_string_equal(get("a"), "3");
                set_for("a", "4", 0);
                case_now = INT64_MAX;
                assert_string_equal(get("a"), "4");
        });
}

static void an_expired_entry_cannot_be_deleted_but_goes(void **state)
{
        ON_KINDS(k->ttl, timed(100), {
                set("a", "1");
                set("b", "2");
                case_now += 100;
                assert_false(delete ("a"));
                assert_false(delete ("a"));
                assert_int_equal(stats().entries, 1);
                assert_int_equal(stats().expired, 1);
        });
}

static void a_snapshot_has_no_expired_entries(void **state)
{
        ON_KINDS(k->ttl, timed(0), {
                struct ct_snapshot_entry e = {0};
                struct ct_snapshot s;

                set_for("a", "1", 10);
                set_for("b", "2", 11);
                set("c", "3");
                case_now += 10;
                assert_int_equal(k->snapshot(&cache, &s), 0);
                assert_int_equal(s.entries, 2);
                while (ct_snapshot_next(&s, &e))
                        assert_int_not_equal(*(const char *)e.key, 'a');
                ct_snapshot_free(&s);
        });
}

static void expire_removes_what_has_expired_and_nothing_else(void **state)
{
        ON_KINDS(k->ttl, timed(0), {
                char key[32];

                for (int i = 0; i < 300; i++) {
                        number(key, i);
                        set_for(key, "v", i % 3 * 10); /* for ever, 10, 20 */
                }
                assert_int_equal(k->expire(&cache), 0);
                case_now += 10;
                assert_int_equal(k->expire(&cache), 100);
                assert_int_equal(stats().entries, 200);
                assert_int_equal(stats().expired, 100);
                assert_int_equal(k->expire(&cache), 0);
                for (int i = 0; i < 300; i++) {
                        number(key, i);
                        assert_int_equal(get(key) != NULL, i % 3 != 1);
                }
                case_now += 10;
                assert_int_equal(k->expire(&cache), 100);
                assert_int_equal(stats().entries, 100);
                assert_int_equal(stats().expired, 200);
                assert_int_equal(stats().evicted, 0);
        });
}

/* However it goes. */
static void an_expired_entry_is_counted_as_expired_once(void **state)
{
        ON_KINDS(k->ttl, timed(100), {
                set("set", "1");
                set("longer", "1");
                set("deleted", "1");
                set("expire", "1");
                case_now += 100;
                set("set", "2");
                set("longer", "another size");
                delete ("deleted");
                k->expire(&cache);
                assert_int_equal(stats().expired, 4);
                assert_int_equal(stats().entries, 2);
                assert_int_equal(stats().evicted, 0);
        });
}

static void making_room_takes_an_expired_one_without_calling_it_evicted(void **state)
{
        struct ct_cache_options o = timed(0);

        o.max_entries = 2;
        o.shards = 1;
        ON_EACH_POLICY(o, {
                set_for("a", "1", 10);
                set_for("b", "2", 10);
                case_now += 10;
                set("c", "3");
                set("d", "4");
                assert_string_equal(get("c"), "3");
                assert_string_equal(get("d"), "4");
                assert_int_equal(stats().expired, 2);
                assert_int_equal(stats().evicted, 0);
        });
}

/* ---- pins ---- */

static int pin(const char *key, struct ct_cache_pin *p)
{
        return cache.kind->pin(&cache, key, strlen(key), p);
}

static bool pin_is(const struct ct_cache_pin *p, const char *value)
{
        return p->size == strlen(value) && !memcmp(p->value, value, p->size);
}

static void a_pinned_value_stays_whatever_becomes_of_its_key(void **state)
{
        ON_KINDS(k->pin, timed(100), {
                struct ct_cache_pin one, two, three;

                set("a", "12345678");
                assert_int_equal(pin("a", &one), 0);
                assert_true(pin_is(&one, "12345678"));
                set("a", "abcdefgh"); /* the same size */
                assert_string_equal(get("a"), "abcdefgh");
                assert_int_equal(pin("a", &two), 0);
                set("a", "another size");
                assert_int_equal(pin("a", &three), 0);
                delete ("a");
                assert_null(get("a"));
                k->clear(&cache);
                case_now += 100;
                k->expire(&cache);
                assert_true(pin_is(&one, "12345678"));
                assert_true(pin_is(&two, "abcdefgh"));
                assert_true(pin_is(&three, "another size"));
                k->unpin(&cache, &one);
                k->unpin(&cache, &two);
                k->unpin(&cache, &three);
                assert_int_equal(stats().entries, 0);
        });
}

static void a_pinned_value_stays_when_it_is_cleared_or_expires(void **state)
{
        ON_KINDS(k->pin, timed(100), {
                struct ct_cache_pin one, two;

                set("a", "1");
                assert_int_equal(pin("a", &one), 0);
                k->clear(&cache);
                assert_true(pin_is(&one, "1"));
                set("b", "2");
                assert_int_equal(pin("b", &two), 0);
                case_now += 100;
                assert_int_equal(k->expire(&cache), 1);
                assert_true(pin_is(&two, "2"));
                k->unpin(&cache, &one);
                k->unpin(&cache, &two);
        });
}

static void a_pinned_value_stays_when_it_is_evicted(void **state)
{
        struct ct_cache_options o = {.max_entries = 4, .shards = 1};

        ON_EACH_POLICY(o, {
                struct ct_cache_pin held;
                char key[32];

                set("a", "held");
                assert_int_equal(pin("a", &held), 0);
                for (int i = 0; i < 100; i++) {
                        number(key, i);
                        set(key, "v");
                        get(key); /* so that S3-FIFO's main queue, where "a" is, fills too */
                        get(key);
                }
                assert_null(get("a"));
                assert_true(pin_is(&held, "held"));
                assert_true(stats().entries <= 4);
                k->unpin(&cache, &held);
        });
}

static void a_value_may_be_pinned_twice(void **state)
{
        ON_KINDS(k->pin, timed(0), {
                struct ct_cache_pin one, two;

                set("a", "1");
                assert_int_equal(pin("a", &one), 0);
                assert_int_equal(pin("a", &two), 0);
                delete ("a");
                k->unpin(&cache, &one);
                assert_true(pin_is(&two, "1"));
                k->unpin(&cache, &two);
        });
}

static void a_pin_is_a_get(void **state)
{
        ON_KINDS(k->pin, timed(100), {
                struct ct_cache_pin p;

                assert_int_equal(pin("a", &p), -ENOENT);
                set("a", "");
                assert_int_equal(pin("a", &p), 0);
                assert_int_equal(p.size, 0);
                k->unpin(&cache, &p);
                case_now += 100;
                assert_int_equal(pin("a", &p), -ENOENT);
                assert_int_equal(stats().hits, 1);
                assert_int_equal(stats().misses, 2);
        });
}

static void *unpin_it(void *p)
{
        cache.kind->unpin(&cache, p);
        return NULL;
}

static void another_thread_may_unpin(void **state)
{
        ON_KINDS(k->pin, timed(0), {
                struct ct_cache_pin p;
                pthread_t thread;

                set("a", "1");
                assert_int_equal(pin("a", &p), 0);
                delete ("a");
                assert_int_equal(pthread_create(&thread, NULL, unpin_it, &p), 0);
                pthread_join(thread, NULL);
        });
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_entry_is_there_until_its_time_and_not_from_then_on),
                cmocka_unit_test(an_entry_may_have_a_ttl_of_its_own),
                cmocka_unit_test(a_cache_without_ttl_takes_entries_with_one),
                cmocka_unit_test(without_a_ttl_nobody_asks_for_the_time),
                cmocka_unit_test(a_ttl_beyond_the_end_of_time_is_for_ever),
                cmocka_unit_test(a_negative_ttl_is_refused),
                cmocka_unit_test(a_set_begins_the_time_anew),
                cmocka_unit_test(an_expired_entry_cannot_be_deleted_but_goes),
                cmocka_unit_test(a_snapshot_has_no_expired_entries),
                cmocka_unit_test(expire_removes_what_has_expired_and_nothing_else),
                cmocka_unit_test(an_expired_entry_is_counted_as_expired_once),
                cmocka_unit_test(making_room_takes_an_expired_one_without_calling_it_evicted),
                cmocka_unit_test(a_pinned_value_stays_whatever_becomes_of_its_key),
                cmocka_unit_test(a_pinned_value_stays_when_it_is_cleared_or_expires),
                cmocka_unit_test(a_pinned_value_stays_when_it_is_evicted),
                cmocka_unit_test(a_value_may_be_pinned_twice),
                cmocka_unit_test(a_pin_is_a_get),
                cmocka_unit_test(another_thread_may_unpin),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
