/*
 * What is ct_concurrent_cache's own: the forms of its entries, its table, its memory, and readers
 * beside each of them. What it shares with the other caches, the contract's tests look at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cache/concurrent.h"
#include "sync/reclaim.h"

#include "both.h"

enum { SEED = 20260101, LARGEST = 1000 };

static struct ct_concurrent_cache cache;

static void make(struct ct_cache_options o)
{
        o.seed = SEED;
        assert_int_equal(ct_concurrent_cache_init(&cache, &o), 0);
}

/* ---- values that tell whose they are and whether they are whole ---- */

static void fill(unsigned char *value, size_t size, uint64_t key, unsigned stamp)
{
        for (size_t i = 0; i < size; i++)
                value[i] = (unsigned char)(key * 31 + stamp);
}

static int set_key(const void *key, size_t key_size, uint64_t id, size_t size, unsigned stamp)
{
        unsigned char value[LARGEST];

        fill(value, size, id, stamp);
        return ct_concurrent_cache_set(&cache, key, key_size, value, size);
}

/* The value's stamp; -1: not there; -2: torn. Its size must be one of the two. */
static int get_key(const void *key, size_t key_size, uint64_t id, size_t one, size_t other)
{
        unsigned char value[LARGEST];
        size_t size;

        if (ct_concurrent_cache_get(&cache, key, key_size, value, sizeof value, &size))
                return -1;
        if (size != one && size != other)
                return -2;
        for (size_t i = 1; i < size; i++)
                if (value[i] != value[0])
                        return -2;
        return size ? (unsigned char)(value[0] - id * 31) : 0;
}

static int set_n(uint64_t key, size_t size, unsigned stamp)
{
        return set_key(&key, sizeof key, key, size, stamp);
}

static int get_n(uint64_t key, size_t size)
{
        return get_key(&key, sizeof key, key, size, size);
}

static struct ct_cache_stats stats(void)
{
        struct ct_cache_stats s;

        ct_concurrent_cache_stats(&cache, &s);
        return s;
}

/* ---- alone ---- */

/* Word, two rooms, whole; keys that are compared in each of the ways there are. */
static void every_size_of_key_and_value(void **state)
{
        static const size_t values[] = {0, 1, 7, 8, 9, 16, 63, 64, 65, 255, 256, 257, LARGEST};
        enum { VALUES = sizeof values / sizeof *values, KEYS = 40 };
        unsigned char key[KEYS];

        (void)state;
        make((struct ct_cache_options){0});
        for (size_t n = 0; n < KEYS; n++)
                key[n] = (unsigned char)(n * 7 + 1);
        for (unsigned v = 0; v < 2 * VALUES; v++) { /* from each size to the next and back */
                size_t size = values[v < VALUES ? v : 2 * VALUES - 1 - v];

                for (size_t n = 0; n < KEYS; n++) {
                        assert_int_equal(set_key(key, n, n, size, v), 0);
                        assert_int_equal(set_key(key, n, n, size, v + 1), 0); /* the same size */
                        assert_int_equal(get_key(key, n, n, size, size), size ? (int)v + 1 : 0);
                }
        }
        assert_int_equal(stats().entries, KEYS);
        for (size_t n = 0; n < KEYS; n++) {
                assert_true(ct_concurrent_cache_delete(&cache, key, n));
                assert_int_equal(get_key(key, n, n, 0, 0), -1);
        }
        assert_int_equal(stats().entries + stats().bytes, 0);
        ct_concurrent_cache_destroy(&cache);
}

/* Keys that differ in one byte only, wherever it is. */
static void keys_that_are_nearly_the_same(void **state)
{
        char key[33];

        (void)state;
        make((struct ct_cache_options){.shards = 1});
        for (size_t size = 1; size <= 33; size++)
                for (size_t at = 0; at < size; at++) {
                        memset(key, 'x', sizeof key);
                        key[at] = 'y';
                        assert_int_equal(set_key(key, size, size * 40 + at, 8, 1), 0);
                }
        for (size_t size = 1; size <= 33; size++)
                for (size_t at = 0; at < size; at++) {
                        memset(key, 'x', sizeof key);
                        key[at] = 'y';
                        assert_int_equal(get_key(key, size, size * 40 + at, 8, 8), 1);
                        key[at] = 'z';
                        assert_int_equal(get_key(key, size, 0, 8, 8), -1);
                }
        ct_concurrent_cache_destroy(&cache);
}

/* The table grows from nothing; full buckets pass entries on, and removals count them back. */
static void grows_and_empties(void **state)
{
        enum { N = 3000 };

        (void)state;
        for (unsigned shards = 1; shards <= 16; shards *= 16)
                for (size_t expected = 0; expected <= N; expected += N) {
                        make((struct ct_cache_options){.shards = shards, .expected = expected});
                        for (uint64_t k = 0; k < N; k++)
                                assert_int_equal(set_n(k, 8, 1), 0);
                        for (uint64_t k = 0; k < N; k += 2)
                                assert_true(ct_concurrent_cache_delete(&cache, &k, sizeof k));
                        for (uint64_t k = 0; k < 2 * N; k++)
                                assert_int_equal(get_n(k, 8), k < N && k % 2 ? 1 : -1);
                        for (uint64_t k = 0; k < N; k += 2)
                                assert_int_equal(set_n(k, 8, 2), 0);
                        for (uint64_t k = 0; k < N; k++)
                                assert_int_equal(get_n(k, 8), k % 2 ? 1 : 2);
                        assert_int_equal(stats().entries, N);
                        ct_concurrent_cache_clear(&cache);
                        for (uint64_t k = 0; k < N; k++)
                                assert_int_equal(get_n(k, 8), -1);
                        assert_int_equal(stats().entries + stats().bytes, 0);
                        ct_concurrent_cache_destroy(&cache);
                }
}

/* Keys that come and go, and values that change their size, use the same memory again. */
static void memory_goes_round(void **state)
{
        size_t after = 0;

        (void)state;
        make((struct ct_cache_options){.shards = 1});
        for (unsigned round = 0; round < 40; round++) {
                for (uint64_t k = 0; k < 1000; k++)
                        assert_int_equal(set_n(round * 1000 + k, round % 2 ? 8 : 20, 0), 0);
                for (uint64_t k = round * 1000; k < round * 1000 + 1000; k++)
                        assert_true(ct_concurrent_cache_delete(&cache, &k, sizeof k));
                ct_retired_drain();
                if (round == 3)
                        after = ct_concurrent_cache_memory(&cache);
        }
        assert_true(ct_concurrent_cache_memory(&cache) <= after + after / 4);
        ct_concurrent_cache_destroy(&cache);
}

static int64_t now;

static int64_t clock_now(void *clock)
{
        (void)clock;
        return now;
}

/* Without a bound, and with nobody who asks for what has expired or calls expire(). */
static void what_expires_does_not_pile_up(void **state)
{
        uint64_t most = 0;

        (void)state;
        now = 1;
        make((struct ct_cache_options){.shards = 1, .ttl_ns = 100, .now_ns = clock_now});
        for (uint64_t k = 0; k < 20000; k++, now++) {
                assert_int_equal(set_n(k, 8, 0), 0);
                most = stats().entries > most ? stats().entries : most;
        }
        assert_true(most < 1500); /* 100 live at a time */
        assert_int_equal(stats().expired + stats().entries, 20000);
        ct_concurrent_cache_destroy(&cache);
}

static bool sets_key_1;

/* As if another thread set the key, and time went on, between a get's look at the value and its
   look at the clock. (A set in place needs no lock, so it may come from in here.) */
static int64_t clock_that_sets(void *clock)
{
        (void)clock;
        if (sets_key_1) {
                sets_key_1 = false;
                assert_int_equal(set_n(1, 8, 2), 0);
                now += 50;
        }
        return now;
}

static void a_value_that_was_replaced_in_time_has_not_expired(void **state)
{
        struct ct_cache_pin pin;
        uint64_t key = 1;

        (void)state;
        now = 0;
        sets_key_1 = false;
        make((struct ct_cache_options){.ttl_ns = 100, .now_ns = clock_that_sets});
        assert_int_equal(set_n(key, 8, 1), 0);
        now = 99;
        sets_key_1 = true;
        assert_int_equal(get_n(key, 8), 2);
        assert_int_equal(now, 149);
        now = 198;
        sets_key_1 = true;
        assert_int_equal(ct_concurrent_cache_pin(&cache, &key, sizeof key, &pin), 0);
        assert_int_equal(now, 248);
        ct_concurrent_cache_unpin(&cache, &pin);
        now = 298;
        assert_int_equal(get_n(key, 8), -1);
        ct_concurrent_cache_destroy(&cache);
}

static void pins_hold_each_form(void **state)
{
        static const size_t sizes[] = {8, 20, 64, 65, LARGEST};
        struct ct_cache_pin pin[5], again;
        unsigned char value[LARGEST];

        (void)state;
        make((struct ct_cache_options){0});
        for (uint64_t k = 0; k < 5; k++) {
                assert_int_equal(set_n(k, sizes[k], 1), 0);
                assert_int_equal(ct_concurrent_cache_pin(&cache, &k, sizeof k, &pin[k]), 0);
                assert_int_equal(set_n(k, sizes[k], 2), 0);
                assert_int_equal(set_n(k, sizes[k], 3), 0);
                assert_int_equal(ct_concurrent_cache_pin(&cache, &k, sizeof k, &again), 0);
                ct_concurrent_cache_unpin(&cache, &again);
                assert_int_equal(set_n(k, sizes[k], 4), 0);
        }
        ct_concurrent_cache_clear(&cache);
        ct_retired_drain();
        for (uint64_t k = 0; k < 5; k++) {
                fill(value, sizes[k], k, 1);
                assert_int_equal(pin[k].size, sizes[k]);
                assert_memory_equal(pin[k].value, value, sizes[k]);
                ct_concurrent_cache_unpin(&cache, &pin[k]);
        }
        ct_concurrent_cache_destroy(&cache);
}

/* ---- beside others ---- */

enum { READERS = 2, STAY = 64 };

struct scene {
        ct_atomic_u32 writers; /* that still run */
        unsigned rounds;
};

static void writer_done(struct scene *s)
{
        ct_sub_u32_release(&s->writers, 1); /* pairs with others_write */
}

/* Lets others run: the writers may be tasks that wait for this one's carrier. */
static bool others_write(struct scene *s)
{
        ct_parker_ops_self()->yield();
        return ct_load_u32_acquire(&s->writers); /* pairs with writer_done */
}

static unsigned rounds(unsigned n)
{
#ifdef WATCHDOG_SANITIZED
        return n / 24;
#else
        return n;
#endif
}

/* Keys that stay are found at every moment, while others make the table grow and shrink. */
static void grow_beside_readers(void *shared, unsigned i)
{
        struct scene *s = shared;

        if (i < READERS) {
                do
                        for (uint64_t k = 0; k < STAY; k++)
                                CONTEXT_CHECK(get_n(k, 8) == 0);
                while (others_write(s));
                return;
        }
        for (uint64_t k = STAY * i; k < STAY * i + s->rounds; k++)
                CONTEXT_CHECK(!set_n(k * 1000003, 8, 1));
        for (uint64_t k = STAY * i; k < STAY * i + s->rounds; k += 2) {
                uint64_t key = k * 1000003;

                (void)ct_concurrent_cache_delete(&cache, &key, sizeof key);
        }
        writer_done(s);
}

static void readers_find_what_stays_while_the_table_grows(void **state)
{
        struct scene s = {.rounds = rounds(8000)};

        make((struct ct_cache_options){.shards = 1});
        for (uint64_t k = 0; k < STAY; k++)
                assert_int_equal(set_n(k, 8, 0), 0);
        ct_store_u32_relaxed(&s.writers, 2);
        run_contexts(state, READERS + 2, grow_beside_readers, &s);
        ct_concurrent_cache_destroy(&cache);
}

/* One key: two set it, each its own size, one pins it, the others read it. Which sizes makes which
   of the forms' paths. */
static size_t sizes[2];

static void set_beside_readers(void *shared, unsigned i)
{
        struct scene *s = shared;
        struct ct_cache_pin pin;
        uint64_t key = 1;

        if (i < 2) {
                for (unsigned n = 0; n < s->rounds; n++)
                        CONTEXT_CHECK(!set_n(key, sizes[i], n));
                writer_done(s);
                return;
        }
        do {
                CONTEXT_CHECK(get_key(&key, sizeof key, key, sizes[0], sizes[1]) >= 0);
                if (i > 2)
                        continue; /* to the condition */
                CONTEXT_CHECK(!ct_concurrent_cache_pin(&cache, &key, sizeof key, &pin));
                for (size_t at = 1; at < pin.size; at++)
                        CONTEXT_CHECK(((const char *)pin.value)[at] ==
                                      ((const char *)pin.value)[0]);
                ct_concurrent_cache_unpin(&cache, &pin);
        } while (others_write(s));
}

static void values_are_whole_in_every_form(void **state)
{
        static const size_t pairs[][2] = {{8, 8}, {24, 24}, {64, 64}, {3, 5}, {8, 64}, {24, 200}};

        for (unsigned p = 0; p < sizeof pairs / sizeof *pairs; p++) {
                struct scene s = {.rounds = rounds(4000)};

                memcpy(sizes, pairs[p], sizeof sizes);
                make((struct ct_cache_options){.shards = 1});
                assert_int_equal(set_n(1, sizes[0], 0), 0);
                ct_store_u32_relaxed(&s.writers, 2);
                run_contexts(state, 4, set_beside_readers, &s);
                assert_int_equal(stats().entries, 1);
                ct_concurrent_cache_destroy(&cache);
        }
}

/* ---- more threads than slots ---- */

enum { CROWD = CT_SLOTS + 44 };

static struct {
        ct_atomic_u32 here;
} crowd;

static void *one_of_many(void *number)
{
        uint64_t key = (uintptr_t)number;
        bool right = get_n(key, 8) == -1; /* takes a slot, if there is one */

        ct_add_u32_relaxed(&crowd.here, 1);
        UNTIL(ct_load_u32_relaxed(&crowd.here) == CROWD);
        right &= !set_n(key, 8, 1) && get_n(key, 8) == 1 && !set_n(key, 8, 2) &&
                 get_n(key, 8) == 2 && !set_n(key, 30, 3) && get_n(key, 30) == 3 &&
                 ct_concurrent_cache_delete(&cache, &key, sizeof key) && get_n(key, 8) == -1;
        return right ? &crowd : NULL;
}

static void more_threads_than_slots(void **state)
{
        static pthread_t thread[CROWD];
        pthread_attr_t small;
        void *right;

        (void)state;
        make((struct ct_cache_options){0});
        assert_int_equal(pthread_attr_init(&small), 0);
        assert_int_equal(pthread_attr_setstacksize(&small, 256 << 10), 0);
        ct_store_u32_relaxed(&crowd.here, 0);
        for (uintptr_t i = 0; i < CROWD; i++)
                assert_int_equal(pthread_create(&thread[i], &small, one_of_many, (void *)i), 0);
        for (unsigned i = 0; i < CROWD; i++) {
                assert_int_equal(pthread_join(thread[i], &right), 0);
                assert_non_null(right);
        }
        pthread_attr_destroy(&small);
        assert_int_equal(stats().hits, 3 * CROWD);
        assert_int_equal(stats().misses, 2 * CROWD);
        assert_int_equal(stats().entries, 0);
        ct_concurrent_cache_destroy(&cache);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_size_of_key_and_value),
                cmocka_unit_test(keys_that_are_nearly_the_same),
                cmocka_unit_test(grows_and_empties),
                cmocka_unit_test(memory_goes_round),
                cmocka_unit_test(what_expires_does_not_pile_up),
                cmocka_unit_test(a_value_that_was_replaced_in_time_has_not_expired),
                cmocka_unit_test(pins_hold_each_form),
                BOTH_WAYS(readers_find_what_stays_while_the_table_grows),
                BOTH_WAYS(values_are_whole_in_every_form),
                cmocka_unit_test_setup_teardown(more_threads_than_slots, watchdog_start,
                                                watchdog_stop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
