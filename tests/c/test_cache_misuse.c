/* What cache.h refuses: options that mean nothing, what a cache does not have, absurd sizes. And
   what ends the process: NULL, loaders that break their word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cache_case.h"
#include "panics.h"

/* Sizes that no machine has: the sanitizers are to say so as malloc does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
        return "allocator_may_return_null=1";
}

static int init_with(const struct cache_kind *k, struct ct_cache_options o)
{
        int rc = any_init_with(&cache, k, o);

        if (!rc)
                k->destroy(&cache);
        return rc;
}

static void options_that_mean_nothing_are_refused(void **state)
{
        static const struct ct_cache_options bad[] = {
                {.policy = CT_CACHE_FIFO}, /* no capacity, as zero is none */
                {.policy = CT_CACHE_SIEVE},
                {.max_entries = 10},
                {.max_bytes = 10000},
                {.policy = CT_CACHE_POLICIES, .max_entries = 100},
                {.policy = (enum ct_cache_policy)77, .max_entries = 100},
                {.ttl_ns = -1},
                {.ttl_ns = INT64_MIN},
                {.shards = 3},
                {.shards = 512},
                {.shards = 1u << 31},
        };

        (void)state;
        FOR_EACH_KIND(k)
        {
                for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                        assert_int_equal(init_with(k, bad[i]), -EINVAL);
        }
}

static void capacity_for_less_than_an_entry_a_shard_is_refused(void **state)
{
        (void)state;
        FOR_EACH_KIND(k)
        {
                struct ct_cache_options o = {.policy = CT_CACHE_SIEVE, .shards = 16};

                if (!kind_takes(k, o.policy))
                        continue;
                o.max_entries = 15;
                assert_int_equal(init_with(k, o), -EINVAL);
                o.max_entries = 16;
                assert_int_equal(init_with(k, o), 0);
                o.max_entries = 0;
                o.max_bytes = 16 * CT_CACHE_ENTRY_BYTES - 1;
                assert_int_equal(init_with(k, o), -EINVAL);
                o.max_bytes++;
                assert_int_equal(init_with(k, o), 0);
        }
}

static void what_a_cache_does_not_have_is_said_so(void **state)
{
        (void)state;
        FOR_EACH_KIND(k)
        {
                for (enum ct_cache_policy p = CT_CACHE_FIFO; p < CT_CACHE_POLICIES; p++) {
                        struct ct_cache_options o = {.policy = p, .max_entries = 1000};

                        assert_int_equal(init_with(k, o), kind_takes(k, p) ? 0 : -ENOTSUP);
                }
                assert_int_equal(init_with(k, timed(1)), k->ttl ? 0 : -ENOTSUP);
        }
}

static void absurd_sizes_are_no_memory_or_no_bound(void **state)
{
        static const size_t absurd[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 64, SIZE_MAX >> 12};

        (void)state;
        FOR_EACH_KIND(k)
        {
                for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
                        struct ct_cache_options o = {.expected = absurd[i]};
                        int rc = init_with(k, o);

                        if (rc) /* 0: one that makes no room */
                                assert_int_equal(rc, -ENOMEM);
                        if (!kind_takes(k, CT_CACHE_SIEVE))
                                continue;
                        o = (struct ct_cache_options){.policy = CT_CACHE_SIEVE,
                                                      .max_entries = absurd[i],
                                                      .max_bytes = absurd[i]};
                        assert_int_equal(any_init_with(&cache, k, o), 0);
                        assert_int_equal(set("a", "1"), 0);
                        assert_string_equal(get("a"), "1");
                        k->destroy(&cache);
                }
        }
}

static int no_load(void *context, const void *key, size_t key_size, const void **value,
                   size_t *size, int64_t *ttl_ns)
{
        (void)context, (void)key, (void)key_size, (void)value, (void)size, (void)ttl_ns;
        return -EIO;
}

/* Sizes are checked before anything is read. */
static void four_gigabytes_are_refused_everywhere(void **state)
{
        const size_t huge = (size_t)UINT32_MAX + 1;
        struct ct_cache_loader loader = {.load = no_load};
        size_t size;

        ON_EACH_KIND({
                assert_int_equal(k->set(&cache, "a", huge, "v", 1), -E2BIG);
                assert_int_equal(k->set(&cache, "a", 1, "v", huge), -E2BIG);
                assert_int_equal(k->set(&cache, "a", SIZE_MAX, "v", SIZE_MAX), -E2BIG);
                if (k->get_or_load) {
                        assert_int_equal(k->set_for(&cache, "a", huge, "v", 1, 0), -E2BIG);
                        assert_int_equal(
                                k->get_or_load(&cache, "a", huge, &loader, 0, NULL, 0, &size),
                                -E2BIG);
                }
                assert_int_equal(stats().entries, 0);
        });
}

/* ---- misuse ---- */

static const struct cache_kind *kind;
static char room[8];
static size_t room_size;
static struct ct_cache_pin a_pin;
static struct ct_snapshot a_snapshot;
static struct ct_cache_stats a_stats;

static void null_init(void)
{
        (void)kind->init(NULL, &(struct ct_cache_options){0});
}

static void null_options(void)
{
        (void)kind->init(&cache, NULL);
}

static void null_get(void)
{
        (void)kind->get(NULL, "a", 1, room, 8, &room_size);
}

static void null_get_key(void)
{
        (void)kind->get(&cache, NULL, 1, room, 8, &room_size);
}

static void null_get_buffer(void)
{
        (void)kind->get(&cache, "a", 1, NULL, 8, &room_size);
}

static void null_get_size(void)
{
        (void)kind->get(&cache, "a", 1, room, 8, NULL);
}

static void null_set(void)
{
        (void)kind->set(NULL, "a", 1, "v", 1);
}

static void null_set_key(void)
{
        (void)kind->set(&cache, NULL, 1, "v", 1);
}

static void null_set_value(void)
{
        (void)kind->set(&cache, "a", 1, NULL, 1);
}

static void null_delete(void)
{
        (void)kind->delete (NULL, "a", 1);
}

static void null_delete_key(void)
{
        (void)kind->delete (&cache, NULL, 1);
}

static void null_snapshot(void)
{
        (void)kind->snapshot(NULL, &a_snapshot);
}

static void null_snapshot_out(void)
{
        (void)kind->snapshot(&cache, NULL);
}

static void null_clear(void)
{
        kind->clear(NULL);
}

static void null_stats(void)
{
        kind->stats(NULL, &a_stats);
}

static void null_stats_out(void)
{
        kind->stats(&cache, NULL);
}

static void null_destroy(void)
{
        kind->destroy(NULL);
}

static void null_pin(void)
{
        (void)kind->pin(NULL, "a", 1, &a_pin);
}

static void null_pin_out(void)
{
        (void)kind->pin(&cache, "a", 1, NULL);
}

static void unpin_twice(void)
{
        (void)kind->set(&cache, "a", 1, "v", 1);
        (void)kind->pin(&cache, "a", 1, &a_pin);
        kind->unpin(&cache, &a_pin);
        kind->unpin(&cache, &a_pin);
}

static void null_expire(void)
{
        (void)kind->expire(NULL);
}

static void load_with(const struct ct_cache_loader *loader)
{
        (void)kind->get_or_load(&cache, "a", 1, loader, CT_FOREVER, room, 8, &room_size);
}

static void null_loader(void)
{
        load_with(NULL);
}

static void null_load(void)
{
        load_with(&(struct ct_cache_loader){0});
}

static int load_itself(void *context, const void *key, size_t key_size, const void **value,
                       size_t *size, int64_t *ttl_ns)
{
        struct ct_cache_loader again = {.load = no_load};

        (void)context, (void)value, (void)size, (void)ttl_ns;
        return kind->get_or_load(&cache, key, key_size, &again, CT_FOREVER, room, 8, &room_size);
}

static void loads_its_own_key(void)
{
        load_with(&(struct ct_cache_loader){.load = load_itself});
}

static int load_positive(void *context, const void *key, size_t key_size, const void **value,
                         size_t *size, int64_t *ttl_ns)
{
        (void)context, (void)key, (void)key_size, (void)value, (void)size, (void)ttl_ns;
        return 17;
}

static void returns_a_positive_number(void)
{
        load_with(&(struct ct_cache_loader){.load = load_positive});
}

static int load_null(void *context, const void *key, size_t key_size, const void **value,
                     size_t *size, int64_t *ttl_ns)
{
        (void)context, (void)key, (void)key_size, (void)ttl_ns;
        *value = NULL;
        *size = 5;
        return 0;
}

static void gives_null(void)
{
        load_with(&(struct ct_cache_loader){.load = load_null});
}

struct misuse {
        void (*fn)(void);
        const char *message;
};

static void all_panic(const struct misuse *m, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                char said[128]; /* with the object named */

                snprintf(said, sizeof said, "panic: %s", kind->object);
                assert_panics(m[i].fn, i % 4 ? m[i].message : said);
        }
}

static void misuse_panics(void **state)
{
        static const struct misuse every[] = {
                {null_init, "cache is NULL"},
                {null_options, "options is NULL"},
                {null_get, "cache is NULL"},
                {null_get_key, "key is NULL"},
                {null_get_buffer, "buffer is NULL"},
                {null_get_size, "value_size is NULL"},
                {null_set, "cache is NULL"},
                {null_set_key, "key is NULL"},
                {null_set_value, "value is NULL"},
                {null_delete, "cache is NULL"},
                {null_delete_key, "key is NULL"},
                {null_snapshot, "cache is NULL"},
                {null_snapshot_out, "snapshot is NULL"},
                {null_clear, "cache is NULL"},
                {null_stats, "cache is NULL"},
                {null_stats_out, "stats is NULL"},
                {null_destroy, "cache is NULL"},
        };
        static const struct misuse more[] = {
                {null_pin, "cache is NULL"},
                {null_pin_out, "pin is NULL"},
                {unpin_twice, "unpinned twice"},
                {null_expire, "cache is NULL"},
                {null_loader, "loader is NULL"},
                {null_load, "loader is NULL"},
                {loads_its_own_key, "a loader loads its own key"},
                {returns_a_positive_number, "a loader returned 17"},
                {gives_null, "value is NULL"},
        };

        /* With more than one shard the code is the same. */
        ON_KINDS(k->shards <= 1, (struct ct_cache_options){0}, {
                kind = k;
                all_panic(every, sizeof every / sizeof *every);
                if (k->pin)
                        all_panic(more, sizeof more / sizeof *more);
        });
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(options_that_mean_nothing_are_refused),
                cmocka_unit_test(capacity_for_less_than_an_entry_a_shard_is_refused),
                cmocka_unit_test(what_a_cache_does_not_have_is_said_so),
                cmocka_unit_test(absurd_sizes_are_no_memory_or_no_bound),
                cmocka_unit_test(four_gigabytes_are_refused_everywhere),
                cmocka_unit_test(misuse_panics),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
