/* Many keys: growth, deletion, snapshots, and how keys spread over shards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache_case.h"

static void many_keys_survive_growth(void **state)
{
        enum { MANY = 20000 };
        char text[32];

        ON_EACH_KIND({
                for (int i = 0; i < MANY; i++) {
                        number(text, i);
                        assert_int_equal(set(text, text), 0);
                        number(text, i / 2); /* an older one, whatever the size now */
                        assert_string_equal(get(text), text);
                }
                assert_int_equal(stats().entries, MANY);
                for (int i = 0; i < MANY; i++) {
                        number(text, i);
                        assert_string_equal(get(text), text);
                }
        });
}

static void deleting_every_other_key_leaves_the_rest(void **state)
{
        enum { MANY = 5000 };
        char text[32];

        ON_EACH_KIND({
                for (int i = 0; i < MANY; i++) {
                        number(text, i);
                        set(text, text);
                }
                for (int i = 0; i < MANY; i += 2) {
                        number(text, i);
                        assert_true(delete (text));
                }
                assert_int_equal(stats().entries, MANY / 2);
                for (int i = 0; i < MANY; i++) {
                        number(text, i);
                        if (i % 2)
                                assert_string_equal(get(text), text);
                        else
                                assert_null(get(text));
                }
        });
}

static void room_made_at_once_changes_nothing_else(void **state)
{
        static const size_t expected[] = {0, 1, 7, 8, 9, 1000};

        (void)state;
        FOR_EACH_KIND(k)
        {
                for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
                        char text[32];

                        assert_int_equal(any_init(&cache, k, expected[i]), 0);
                        for (int n = 0; n < 300; n++) {
                                number(text, n);
                                set(text, text);
                        }
                        number(text, 299);
                        assert_string_equal(get(text), text);
                        assert_int_equal(stats().entries, 300);
                        k->destroy(&cache);
                }
        }
}

static void a_snapshot_of_nothing_is_empty(void **state)
{
        struct ct_snapshot_entry e = {0};
        struct ct_snapshot s;

        ON_EACH_KIND({
                assert_int_equal(cache.kind->snapshot(&cache, &s), 0);
                assert_int_equal(s.entries, 0);
                assert_false(ct_snapshot_next(&s, &e));
                ct_snapshot_free(&s);
        });
}

static void a_snapshot_has_each_entry_once(void **state)
{
        enum { MANY = 1000 };
        unsigned char seen[MANY];
        struct ct_snapshot s;
        char text[32];

        ON_EACH_KIND({
                struct ct_snapshot_entry e = {0};

                memset(seen, 0, sizeof seen);
                for (int i = 0; i < MANY; i++) {
                        number(text, i);
                        cache.kind->set(&cache, text, strlen(text), text, (size_t)i % 6);
                }
                assert_int_equal(cache.kind->snapshot(&cache, &s), 0);
                assert_int_equal(s.entries, MANY);
                while (ct_snapshot_next(&s, &e)) {
                        long i;

                        snprintf(text, sizeof text, "%.*s", (int)e.key_size, (const char *)e.key);
                        i = strtol(text + 4, NULL, 10);
                        assert_true(i >= 0 && i < MANY && !seen[i]);
                        seen[i] = 1;
                        assert_int_equal(e.value_size, i % 6);
                        assert_memory_equal(e.value, text, e.value_size);
                }
                assert_null(memchr(seen, 0, MANY));
                ct_snapshot_free(&s);
        });
}

static void a_snapshot_does_not_change_with_the_cache(void **state)
{
        struct ct_snapshot s;

        ON_EACH_KIND({
                struct ct_snapshot_entry e = {0};

                set("a", "1");
                assert_int_equal(cache.kind->snapshot(&cache, &s), 0);
                set("a", "2");
                delete ("a");
                assert_true(ct_snapshot_next(&s, &e));
                assert_int_equal(*(const char *)e.value, '1');
                assert_false(ct_snapshot_next(&s, &e));
                ct_snapshot_free(&s);
        });
}

static void shards_are_a_power_of_two_up_to_256(void **state)
{
        static const unsigned bad[] = {3, 12, 257, 512, 1u << 31};
        struct ct_guide_sharded_cache c;

        (void)state;
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                assert_int_equal(ct_guide_sharded_cache_init(
                                         &c, &(struct ct_cache_options){.shards = bad[i]}),
                                 -EINVAL);
        for (unsigned n = 1; n <= 256; n *= 2) {
                assert_int_equal(
                        ct_guide_sharded_cache_init(&c, &(struct ct_cache_options){.shards = n}),
                        0);
                ct_guide_sharded_cache_destroy(&c);
        }
}

static void shards_do_not_share_a_pair_of_lines(void **state)
{
        struct ct_guide_sharded_cache c;

        (void)state;
        assert_int_equal(ct_guide_sharded_cache_init(&c, &(struct ct_cache_options){.shards = 4}),
                         0);
        assert_int_equal((uintptr_t)c.shard % 128, 0);
        assert_int_equal(sizeof *c.shard % 128, 0);
        ct_guide_sharded_cache_destroy(&c);
}

/* Sum of (observed - expected)^2 / expected. */
static double chi_square(const unsigned *count, unsigned cells, unsigned total)
{
        double expected = (double)total / cells, sum = 0;

        for (unsigned i = 0; i < cells; i++)
                sum += (count[i] - expected) * (count[i] - expected) / expected;
        return sum;
}

/* With a fixed seed this is one fixed number. For 255 degrees of freedom 330.5 is exceeded by
   chance once in a thousand seeds. */
static void keys_spread_evenly_over_shards(void **state)
{
        enum { MANY = 100000 };
        unsigned count[256] = {0};
        struct ct_guide_sharded_cache c;
        char text[32];

        (void)state;
        assert_int_equal(ct_guide_sharded_cache_init(
                                 &c, &(struct ct_cache_options){.seed = CACHE_SEED, .shards = 256}),
                         0);
        for (int i = 0; i < MANY; i++) {
                number(text, i);
                count[ct_guide_sharded_cache_index(&c, ct_hash(text, strlen(text), CACHE_SEED))]++;
        }
        assert_true(chi_square(count, 256, MANY) < 330.5);
        ct_guide_sharded_cache_destroy(&c);
}

/* Shard and bucket come from different bits: otherwise the keys of a shard crowd in few buckets. */
static void keys_of_a_shard_spread_over_its_buckets(void **state)
{
        enum { MANY = 65536, SHARDS = 64 };
        struct ct_guide_sharded_cache c;
        char text[32];

        (void)state;
        assert_int_equal(
                ct_guide_sharded_cache_init(
                        &c, &(struct ct_cache_options){.seed = CACHE_SEED, .shards = SHARDS}),
                0);
        for (int i = 0; i < MANY; i++) {
                number(text, i);
                assert_int_equal(ct_guide_sharded_cache_set(&c, text, strlen(text), "", 0), 0);
        }
        for (int s = 0; s < SHARDS; s++) {
                const struct ct_hashmap *m = &c.shard[s].cache.map;
                size_t used = 0;

                for (size_t b = 0; b <= m->mask; b++)
                        used += m->bucket[b] != NULL;
                /* n keys thrown into as many buckets or more fill at least 1 - 1/e of n. */
                assert_true((double)used > 0.58 * (double)m->n);
        }
        ct_guide_sharded_cache_destroy(&c);
}

static void the_seed_decides_the_shard(void **state)
{
        struct ct_guide_sharded_cache c;
        unsigned same = 0;
        char text[32];

        (void)state;
        assert_int_equal(ct_guide_sharded_cache_init(&c, &(struct ct_cache_options){.shards = 256}),
                         0);
        for (int i = 0; i < 1000; i++) {
                number(text, i);
                same += ct_guide_sharded_cache_index(&c, ct_hash(text, strlen(text), 1)) ==
                        ct_guide_sharded_cache_index(&c, ct_hash(text, strlen(text), 2));
        }
        assert_true(same < 20); /* 4 by chance */
        ct_guide_sharded_cache_destroy(&c);
}

/* Our own shards: keys in all of them, and as few as leave each some room where the cache decides.
 */
static void sharded_keys_are_in_their_shards(void **state)
{
        enum { SHARDS = 16, KEYS = 16000 };
        struct ct_sharded_cache c;
        unsigned in[SHARDS] = {0};
        uint64_t locks, contended;
        char key[32];

        (void)state;
        assert_int_equal(ct_sharded_cache_init(&c, &(struct ct_cache_options){.seed = CACHE_SEED,
                                                                              .shards = SHARDS}),
                         0);
        for (int i = 0; i < KEYS; i++) {
                number(key, i);
                assert_int_equal(ct_sharded_cache_set(&c, key, strlen(key), "v", 1), 0);
                in[ct_sharded_cache_shard_of(&c, key, strlen(key))]++;
        }
        for (unsigned i = 0; i < SHARDS; i++)
                assert_in_range(in[i], KEYS / SHARDS * 8 / 10, KEYS / SHARDS * 12 / 10);
        ct_sharded_cache_contention(&c, &locks, &contended);
        assert_int_equal(locks, 2 * KEYS); /* a new key's set takes it twice */
        assert_int_equal(contended, 0);
        ct_sharded_cache_destroy(&c);
}

static void a_small_cache_gets_few_shards(void **state)
{
        static const struct {
                size_t entries;
                unsigned shards;
        } expected[] = {{1, 1}, {127, 1}, {128, 2}, {1000, 8}, {1 << 20, 256}};

        (void)state;
        for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
                struct ct_sharded_cache c;

                assert_int_equal(
                        ct_sharded_cache_init(
                                &c, &(struct ct_cache_options){.policy = CT_CACHE_LRU,
                                                               .max_entries = expected[i].entries}),
                        0);
                assert_int_equal(c.shards, expected[i].shards);
                ct_sharded_cache_destroy(&c);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(many_keys_survive_growth),
                cmocka_unit_test(deleting_every_other_key_leaves_the_rest),
                cmocka_unit_test(room_made_at_once_changes_nothing_else),
                cmocka_unit_test(a_snapshot_of_nothing_is_empty),
                cmocka_unit_test(a_snapshot_has_each_entry_once),
                cmocka_unit_test(a_snapshot_does_not_change_with_the_cache),
                cmocka_unit_test(shards_are_a_power_of_two_up_to_256),
                cmocka_unit_test(shards_do_not_share_a_pair_of_lines),
                cmocka_unit_test(keys_spread_evenly_over_shards),
                cmocka_unit_test(sharded_keys_are_in_their_shards),
                cmocka_unit_test(a_small_cache_gets_few_shards),
                cmocka_unit_test(keys_of_a_shard_spread_over_its_buckets),
                cmocka_unit_test(the_seed_decides_the_shard),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
