/*
 * Memory runs out at every single allocation in turn: the call says -ENOMEM and nothing has
 * changed, or it does without; and in the end nothing is lost. The linker sends the library's
 * allocations here (--wrap).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"
#include "cache/counters.h"
#include "cache_kinds.h"
#include "refuse.h"
#include "stress.h"
#include "sync/reclaim.h"

struct balance {
        long live, pages;
};

static struct balance balance(void)
{
        ct_retired_drain();
        return (struct balance){live, pages};
}

static void assert_balance(struct balance before)
{
        struct balance now = balance();

        assert_int_equal(now.live, before.live);
        assert_int_equal(now.pages, before.pages);
}

struct picture {
        uint64_t entries, bytes, content;
};

/* All that the cache holds, whatever its order. */
static struct picture picture(struct any_cache *c)
{
        struct ct_snapshot_entry e = {0};
        struct ct_cache_stats stats;
        struct picture p = {0};
        struct ct_snapshot s;

        assert_int_equal(c->kind->snapshot(c, &s), 0);
        while (ct_snapshot_next(&s, &e))
                p.content += ct_hash_u64(ct_hash(e.key, e.key_size, 1),
                                         ct_hash(e.value, e.value_size, 2));
        c->kind->stats(c, &stats);
        p.entries = stats.entries;
        p.bytes = stats.bytes;
        assert_int_equal(s.entries, p.entries);
        ct_snapshot_free(&s);
        return p;
}

static bool same(struct picture a, struct picture b)
{
        return a.entries == b.entries && a.bytes == b.bytes && a.content == b.content;
}

/* ---- the options ---- */

enum { SHARE = 4000, STEPS = ROUNDS(800) }; /* bytes of a shard, where these are the bound */

/* Without a bound, then with one by entries and one by bytes for each policy: false after the
   last. */
static bool options_of(const struct cache_kind *k, unsigned i, struct ct_cache_options *o)
{
        unsigned shards = k->shards ? k->shards : 2;

        *o = (struct ct_cache_options){.shards = k->shards};
        if (i == 0)
                return true;
        o->policy = (enum ct_cache_policy)((i + 1) / 2);
        o->shards = shards;
        if (i % 2)
                o->max_entries = 20 * (size_t)shards;
        else
                o->max_bytes = SHARE * (size_t)shards;
        return o->policy < CT_CACHE_POLICIES;
}

#define ON_EACH_KIND_AND_OPTIONS(...)                                                              \
        do {                                                                                       \
                (void)state;                                                                       \
                FOR_EACH_KIND(k)                                                                   \
                {                                                                                  \
                        struct ct_cache_options o;                                                 \
                                                                                                   \
                        for (unsigned i = 0; options_of(k, i, &o); i++) {                          \
                                struct balance before = balance();                                 \
                                struct any_cache c;                                                \
                                                                                                   \
                                if (i && !(k->policies >> o.policy & 1))                           \
                                        continue;                                                  \
                                __VA_ARGS__;                                                       \
                                assert_balance(before);                                            \
                        }                                                                          \
                }                                                                                  \
        } while (0)

static void init_gives_everything_back(void **state)
{
        ON_EACH_KIND_AND_OPTIONS({
                int rc;
                int n = 1;

                o.expected = 100;
                for (; REFUSING(n, rc = any_init_with(&c, k, o)); n++) {
                        if (rc == 0) /* it does without */
                                k->destroy(&c);
                        else
                                assert_int_equal(rc, -ENOMEM);
                        assert_balance(before);
                }
                assert_int_equal(rc, 0);
                assert_true(n > 1);
                k->destroy(&c);
        });
}

/* ---- operations ---- */

struct act {
        struct any_cache *c;
        char key[16];
        size_t key_size, size; /* of the value */
        unsigned loads;
        char value[600];
};

static int load(void *context, const void *key, size_t key_size, const void **value, size_t *size,
                int64_t *ttl_ns)
{
        struct act *a = context;

        (void)key;
        (void)key_size;
        (void)ttl_ns;
        a->loads++;
        *value = a->value;
        *size = a->size;
        return 0;
}

static int do_set(struct act *a)
{
        return a->c->kind->set(a->c, a->key, a->key_size, a->value, a->size);
}

static int do_get(struct act *a)
{
        char v[sizeof a->value];
        size_t size;
        int rc = a->c->kind->get(a->c, a->key, a->key_size, v, sizeof v, &size);

        return rc == -ENOENT ? 0 : rc;
}

static int do_delete(struct act *a)
{
        char v[sizeof a->value];
        size_t size;
        bool there = !a->c->kind->get(a->c, a->key, a->key_size, v, sizeof v, &size);

        assert_int_equal(a->c->kind->delete (a->c, a->key, a->key_size), there);
        assert_int_equal(a->c->kind->get(a->c, a->key, a->key_size, v, sizeof v, &size), -ENOENT);
        return 0;
}

static int do_pin(struct act *a)
{
        struct ct_cache_pin pin;
        int rc = a->c->kind->pin(a->c, a->key, a->key_size, &pin);

        if (!rc)
                a->c->kind->unpin(a->c, &pin);
        return rc == -ENOENT ? 0 : rc;
}

/* The loader's value is given to the caller also where there is no memory to keep it. */
static int do_load(struct act *a)
{
        struct ct_cache_loader loader = {.load = load, .context = a};
        char v[sizeof a->value];
        size_t size;
        int rc;

        a->loads = 0;
        rc = a->c->kind->get_or_load(a->c, a->key, a->key_size, &loader, CT_FOREVER, v, sizeof v,
                                     &size);
        if (!a->loads)
                return rc;
        assert_int_equal(a->loads, 1);
        assert_int_equal(rc, 0);
        assert_int_equal(size, a->size);
        assert_memory_equal(v, a->value, size);
        return 0;
}

static int do_clear(struct act *a)
{
        a->c->kind->clear(a->c);
        return 0;
}

static int do_expire(struct act *a)
{
        return (int)a->c->kind->expire(a->c);
}

typedef int (*operation)(struct act *);

static operation some_operation(const struct cache_kind *k, struct ct_rng *r)
{
        unsigned x = (unsigned)ct_rng_below(r, 200);

        if (x == 0)
                return do_clear;
        if (x < 40)
                return do_delete;
        if (x < 60)
                return do_get;
        if (k->pin && x < 80)
                return do_pin;
        if (k->get_or_load && x < 100)
                return do_load;
        return k->expire && x < 104 ? do_expire : do_set;
}

static void draw(struct act *a, struct ct_rng *r)
{
        static const size_t sizes[] = {0, 5, 8, 8, 8, 40, 64, 65, 500};
        uint64_t key = ct_rng_below(r, 120);

        a->key_size = 8 + key % 9;
        memset(a->key, 'k', sizeof a->key);
        memcpy(a->key, &key, sizeof key);
        a->size = sizes[ct_rng_below(r, sizeof sizes / sizeof *sizes)];
        memset(a->value, (int)ct_rng_below(r, 256), sizeof a->value);
}

/* What a set of this size gives with all the memory there is. */
static void assert_set(struct act *a, int rc)
{
        char v[sizeof a->value];
        size_t size;

        assert_int_equal(rc, 0);
        assert_int_equal(a->c->kind->get(a->c, a->key, a->key_size, v, sizeof v, &size), 0);
        assert_int_equal(size, a->size);
        assert_memory_equal(v, a->value, size);
}

/* Each operation fails at each of its allocations first, and changes nothing then. */
static void a_refused_operation_leaves_no_trace(void **state)
{
        ON_EACH_KIND_AND_OPTIONS({
                unsigned failed = 0;
                struct ct_rng r;

                ct_rng_seed(&r, i);
                assert_int_equal(any_init_with(&c, k, o), 0);
                for (unsigned step = 0; step < STEPS; step++) {
                        operation op = some_operation(k, &r);
                        struct act a = {.c = &c};
                        bool more = true;
                        int rc;

                        draw(&a, &r);
                        for (int n = 1; more; n++) {
                                struct picture was = picture(&c);

                                more = REFUSING(n, rc = op(&a));
                                if (rc == -ENOMEM) {
                                        assert_true(more && same(was, picture(&c)));
                                        failed++;
                                } else if (op == do_set) {
                                        assert_set(&a, rc);
                                        if (more) { /* it did without; the same again may not */
                                                assert_int_equal(k->delete (&c, a.key, a.key_size),
                                                                 true);
                                        }
                                } else {
                                        assert_int_equal(rc, 0);
                                }
                        }
                }
                assert_true(failed > STEPS / 40);
                k->destroy(&c);
        });
}

/* A table that cannot grow fills up, or says so; nothing that was there is lost. */
static void growth_without_memory_loses_nothing(void **state)
{
        ON_EACH_KIND_AND_OPTIONS({
                uint64_t kept = 0;
                int rc = 0;

                if (i)
                        continue;
                assert_int_equal(any_init_with(&c, k, o), 0);
                for (uint64_t key = 0; key < 3000; key++) {
                        int n = 1;

                        while (REFUSING(n, rc = k->set(&c, &key, sizeof key, &key, sizeof key)) &&
                               rc == -ENOMEM)
                                n++;
                        assert_int_equal(rc, 0);
                        kept++;
                }
                for (uint64_t key = 0; key < kept; key++) {
                        uint64_t value;
                        size_t size;

                        assert_int_equal(k->get(&c, &key, sizeof key, &value, sizeof value, &size),
                                         0);
                        assert_int_equal(value, key);
                }
                k->destroy(&c);
        });
}

static void a_refused_snapshot_is_empty(void **state)
{
        ON_EACH_KIND_AND_OPTIONS({
                struct ct_snapshot s;
                int n = 1;
                int rc;

                assert_int_equal(any_init_with(&c, k, o), 0);
                for (uint64_t key = 0; key < 500; key++)
                        assert_int_equal(k->set(&c, &key, sizeof key, "value", 5), 0);
                for (; REFUSING(n, rc = k->snapshot(&c, &s)); n++) {
                        assert_int_equal(rc, -ENOMEM);
                        assert_int_equal(s.entries, 0);
                        assert_null(s.bytes);
                }
                assert_true(n > 1);
                assert_int_equal(rc, 0);
                assert_true(i || s.entries == 500);
                ct_snapshot_free(&s);
                k->destroy(&c);
        });
}

static void counters_refuse_as_a_whole(void **state)
{
        struct ct_guide_counters c;
        struct ct_snapshot s;
        long before = live;
        int rc;

        (void)state;
        assert_true(REFUSING(1, rc = ct_guide_counters_init(&c, &(struct ct_counters_options){0})));
        assert_int_equal(rc, -ENOMEM);
        assert_int_equal(live, before);
        assert_int_equal(ct_guide_counters_init(&c, &(struct ct_counters_options){0}), 0);
        for (uint64_t i = 0; i < 100; i++) {
                for (int n = 1; REFUSING(n, rc = ct_guide_counters_add(&c, &i, sizeof i, 3)); n++) {
                        assert_int_equal(rc, -ENOMEM);
                        assert_int_equal(ct_guide_counters_keys(&c), i);
                        assert_int_equal(ct_guide_counters_get(&c, &i, sizeof i), 0);
                }
                assert_int_equal(rc, 0);
                assert_int_equal(ct_guide_counters_get(&c, &i, sizeof i), 3);
        }
        assert_true(REFUSING(1, rc = ct_guide_counters_snapshot(&c, &s)));
        assert_int_equal(rc, -ENOMEM);
        assert_int_equal(s.entries, 0);
        ct_guide_counters_destroy(&c);
        assert_int_equal(live, before);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(init_gives_everything_back),
                cmocka_unit_test(a_refused_operation_leaves_no_trace),
                cmocka_unit_test(growth_without_memory_loses_nothing),
                cmocka_unit_test(a_refused_snapshot_is_empty),
                cmocka_unit_test(counters_refuse_as_a_whole),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
