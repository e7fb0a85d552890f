/* ct_map: its contract, one behaviour each; misuse in sub-processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/map.h"
#include "sync/map_table.h"

#include "both.h"

#include <errno.h>

static void open_map(struct ct_map *m, enum ct_map_kind kind)
{
        assert_int_equal(ct_map_init(m, kind, 0), 0);
}

static uint64_t value_of(const struct ct_map *m, uint64_t key)
{
        uint64_t v;

        return ct_map_load(m, key, &v) ? v : UINT64_MAX;
}

static void a_stored_key_is_found(void **state)
{
        static struct ct_map m;
        uint64_t v = 5;

        (void)state;
        open_map(&m, CT_MAP_U64);
        assert_false(ct_map_load(&m, 1, &v));
        assert_int_equal(v, 5);
        assert_int_equal(ct_map_store(&m, 1, 10, &v), 0); /* new */
        assert_int_equal(v, 5);
        assert_true(ct_map_load(&m, 1, &v));
        assert_int_equal(v, 10);
        assert_int_equal(ct_map_store(&m, 1, 11, &v), 1);
        assert_int_equal(v, 10); /* from before */
        assert_int_equal(ct_map_store(&m, 1, 12, NULL), 1);
        assert_int_equal(value_of(&m, 1), 12);
        assert_int_equal(ct_map_len(&m), 1);
        ct_map_fini(&m);
}

static void odd_numbers_are_keys(void **state)
{
        static const uint64_t keys[] = {0, 1, UINT64_MAX, UINT64_C(1) << 63, UINT32_MAX};
        static struct ct_map m;

        (void)state;
        open_map(&m, CT_MAP_U64);
        for (uint64_t i = 0; i < 5; i++)
                assert_int_equal(ct_map_store(&m, keys[i], i, NULL), 0);
        for (uint64_t i = 0; i < 5; i++)
                assert_int_equal(value_of(&m, keys[i]), i);
        ct_map_fini(&m);
}

static void load_or_store_keeps_the_first(void **state)
{
        static struct ct_map m;
        uint64_t v;

        (void)state;
        open_map(&m, CT_MAP_U64);
        assert_int_equal(ct_map_load_or_store(&m, 1, 10, &v), 0);
        assert_int_equal(v, 10);
        assert_int_equal(ct_map_load_or_store(&m, 1, 11, &v), 1);
        assert_int_equal(v, 10);
        assert_int_equal(ct_map_len(&m), 1);
        ct_map_fini(&m);
}

static void a_deleted_key_is_gone(void **state)
{
        static struct ct_map m;
        uint64_t v = 5;

        (void)state;
        open_map(&m, CT_MAP_U64);
        assert_false(ct_map_delete(&m, 1, &v));
        assert_int_equal(v, 5);
        ct_map_store(&m, 1, 10, NULL);
        ct_map_store(&m, 2, 20, NULL);
        assert_true(ct_map_delete(&m, 1, &v));
        assert_int_equal(v, 10);
        assert_false(ct_map_load(&m, 1, &v));
        assert_false(ct_map_delete(&m, 1, NULL));
        assert_int_equal(value_of(&m, 2), 20);
        assert_int_equal(ct_map_len(&m), 1);
        assert_int_equal(ct_map_store(&m, 1, 11, NULL), 0); /* new again */
        assert_int_equal(value_of(&m, 1), 11);
        ct_map_fini(&m);
}

static void comparisons_need_the_value(void **state)
{
        static struct ct_map m;

        (void)state;
        open_map(&m, CT_MAP_U64);
        assert_false(ct_map_compare_and_swap(&m, 1, 0, 1));
        assert_false(ct_map_compare_and_delete(&m, 1, 0));
        ct_map_store(&m, 1, 10, NULL);
        assert_false(ct_map_compare_and_swap(&m, 1, 11, 12));
        assert_true(ct_map_compare_and_swap(&m, 1, 10, 12));
        assert_int_equal(value_of(&m, 1), 12);
        assert_false(ct_map_compare_and_delete(&m, 1, 10));
        assert_true(ct_map_compare_and_delete(&m, 1, 12));
        assert_int_equal(ct_map_len(&m), 0);
        ct_map_fini(&m);
}

/* ---- bytes ---- */

static void every_length_is_a_key_of_its_own(void **state)
{
        static struct ct_map m;
        char key[64] = "", other[64] = "";
        uint64_t v;

        (void)state;
        open_map(&m, CT_MAP_BYTES);
        for (uint64_t len = 0; len < sizeof key; len++) /* all of them zero bytes */
                assert_int_equal(ct_map_store_bytes(&m, len ? key : NULL, len, len, NULL), 0);
        for (uint64_t len = 0; len < sizeof key; len++) {
                assert_true(ct_map_load_bytes(&m, other, len, &v));
                assert_int_equal(v, len);
                for (uint64_t i = 0; i < len; i++) { /* each byte counts */
                        other[i] = 1;
                        assert_false(ct_map_load_bytes(&m, other, len, &v));
                        other[i] = 0;
                }
        }
        memset(key, 7, sizeof key); /* the map has its own copies */
        assert_true(ct_map_load_bytes(&m, other, 20, &v));
        assert_int_equal(v, 20);
        ct_map_fini(&m);
}

static void verbs_take_bytes_too(void **state)
{
        static struct ct_map m;
        uint64_t v;

        (void)state;
        open_map(&m, CT_MAP_BYTES);
        assert_int_equal(ct_map_load_or_store_bytes(&m, "ab", 2, 1, &v), 0);
        assert_int_equal(ct_map_load_or_store_bytes(&m, "ab", 2, 2, &v), 1);
        assert_int_equal(v, 1);
        assert_int_equal(ct_map_store_bytes(&m, "ab", 2, 3, &v), 1);
        assert_int_equal(v, 1);
        assert_true(ct_map_compare_and_swap_bytes(&m, "ab", 2, 3, 4));
        assert_false(ct_map_compare_and_delete_bytes(&m, "ab", 2, 3));
        assert_true(ct_map_compare_and_delete_bytes(&m, "ab", 2, 4));
        assert_false(ct_map_delete_bytes(&m, "ab", 2, NULL));
        ct_map_fini(&m);
}

/* ---- growing ---- */

enum { MANY = 100000 };

static void it_grows_and_keeps_everything(void **state)
{
        static struct ct_map m;
        struct ct_map_shape s;

        (void)state;
        open_map(&m, CT_MAP_U64);
        for (uint64_t i = 0; i < MANY; i++) {
                assert_int_equal(ct_map_store(&m, i * i, i, NULL), 0);
                assert_int_equal(value_of(&m, (i / 2) * (i / 2)), i / 2);
        }
        for (uint64_t i = 0; i < MANY; i++)
                assert_int_equal(value_of(&m, i * i), i);
        s = ct_map_shape(&m);
        assert_int_equal(s.entries, MANY);
        assert_int_equal(ct_map_len(&m), MANY);
        assert_true(s.buckets > MANY / 2);
        assert_true(s.longest_chain < 16);
        for (uint64_t i = 0; i < MANY; i++)
                assert_true(ct_map_delete(&m, i * i, NULL));
        assert_int_equal(ct_map_len(&m), 0);
        ct_map_fini(&m);
}

/* Keys that all collide in a map with seed 1: same shard, same bucket of a large table. */
static unsigned make_colliding(uint64_t *key, unsigned n)
{
        unsigned found = 0;

        for (uint64_t k = 0; found < n; k++) {
                uint64_t h = ct_hash_u64(k, 1);

                if (ct_map_shard_of_(h) == 0 && h % 1024 == 0)
                        key[found++] = k;
        }
        return found;
}

/* Of all these seeds none lets 200 such keys meet in a long chain: chance allows that once in 10^7
   maps, a hash in which the seed does not reach every bit once in a thousand. */
static void other_seeds_spread(const uint64_t *key)
{
        for (uint64_t seed = 2; seed < 2000; seed++) {
                static struct ct_map m;

                assert_int_equal(ct_map_init(&m, CT_MAP_U64, seed), 0);
                for (unsigned i = 0; i < 200; i++)
                        ct_map_store(&m, key[i], i, NULL);
                assert_true(ct_map_shape(&m).longest_chain < 10);
                ct_map_fini(&m);
        }
}

static void collisions_need_the_seed(void **state)
{
        static struct ct_map known, drawn;
        uint64_t key[200];

        (void)state;
        make_colliding(key, 200);
        assert_int_equal(ct_map_init(&known, CT_MAP_U64, 1), 0);
        open_map(&drawn, CT_MAP_U64);
        for (unsigned i = 0; i < 200; i++) {
                ct_map_store(&known, key[i], i, NULL);
                ct_map_store(&drawn, key[i], i, NULL);
        }
        assert_int_equal(ct_map_shape(&known).longest_chain, 200);
        assert_true(ct_map_shape(&drawn).longest_chain < 30); /* its seed is the machine's */
        other_seeds_spread(key);
        for (unsigned i = 0; i < 200; i++)
                assert_int_equal(value_of(&known, key[i]), i); /* slow, but right */
        for (unsigned i = 0; i < 200; i += 2)
                assert_true(ct_map_delete(&known, key[i], NULL));
        for (unsigned i = 0; i < 200; i++)
                assert_int_equal(value_of(&known, key[i]), i % 2 ? i : UINT64_MAX);
        ct_map_fini(&known);
        ct_map_fini(&drawn);
}

static void writers_inside_sections_do_not_wait(void **state)
{
        static struct ct_map m;
        struct ct_reading r;

        (void)state;
        open_map(&m, CT_MAP_U64);
        r = ct_read_begin();
        for (uint64_t i = 0; i < 20000; i++) /* cannot grow: growing waits for this section */
                ct_map_store(&m, i, i, NULL);
        ct_read_end(r);
        for (uint64_t i = 0; i < 2000; i++)
                ct_map_store(&m, 100000 + i, i, NULL);
        for (uint64_t i = 0; i < 20000; i++)
                assert_int_equal(value_of(&m, i), i);
        assert_true(ct_map_shape(&m).buckets > 1024); /* made up for, now */
        ct_map_fini(&m);
}

/* ---- misuse ---- */

static void number_in_bytes(void *shared, unsigned index)
{
        static struct ct_map m;

        (void)shared;
        (void)index;
        ct_map_init(&m, CT_MAP_BYTES, 0);
        ct_map_store(&m, 1, 1, NULL);
}

static void bytes_in_numbers(void *shared, unsigned index)
{
        static struct ct_map m;

        (void)shared;
        (void)index;
        ct_map_init(&m, CT_MAP_U64, 0);
        ct_map_delete_bytes(&m, "x", 1, NULL);
}

static void before_init(void *shared, unsigned index)
{
        static struct ct_map m;
        uint64_t v;

        (void)shared;
        (void)index;
        ct_map_load(&m, 1, &v);
}

static void misuse_panics(void **state)
{
        assert_true(contexts_die(state, 1, number_in_bytes, NULL, "numeric key in a map of bytes"));
        assert_true(
                contexts_die(state, 1, bytes_in_numbers, NULL, "key of bytes in a map of numbers"));
        assert_true(contexts_die(state, 1, before_init, NULL, "used before init"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_DIE(misuse_panics),
                WATCHED(a_stored_key_is_found),
                WATCHED(odd_numbers_are_keys),
                WATCHED(load_or_store_keeps_the_first),
                WATCHED(a_deleted_key_is_gone),
                WATCHED(comparisons_need_the_value),
                WATCHED(every_length_is_a_key_of_its_own),
                WATCHED(verbs_take_bytes_too),
                WATCHED(it_grows_and_keeps_everything),
                WATCHED(collisions_need_the_seed),
                WATCHED(writers_inside_sections_do_not_wait),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
