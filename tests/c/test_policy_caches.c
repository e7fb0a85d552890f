/* Whole caches of one part against the slow reference of their policy: every get, set and delete
   has the outcome that it foretells, and what is in the cache at the end of each round is the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/rng.h"
#include "cache_kinds.h"
#include "policy_reference.h"

enum { MOST_KEYS = 600, MOST_BYTES = 300 };

struct match {
        struct any_cache cache;
        struct ref *ref;
        size_t value_size[MOST_KEYS]; /* that was set last */
        uint64_t victims, hits, misses;
        struct ct_rng rng;
};

/* What is done, of 100 accesses; the others get, and set what is not there. */
struct mix {
        unsigned sets, deletes;
        size_t most_bytes; /* of a value */
        int keys;
};

static size_t key_text(int key, char text[16])
{
        return (size_t)snprintf(text, 16, "user:%d", key);
}

static size_t charge(int key, size_t value_size)
{
        char text[16];

        return key_text(key, text) + value_size + CT_CACHE_ENTRY_BYTES;
}

static void fill_value(unsigned char *value, int key, size_t size)
{
        memset(value, key % 251, size);
}

static void get_both(struct match *m, int key, bool *there)
{
        unsigned char value[MOST_BYTES], expected[MOST_BYTES];
        char text[16];
        size_t n = key_text(key, text), size = 0;
        int rc = m->cache.kind->get(&m->cache, text, n, value, sizeof value, &size);

        *there = ref_find(m->ref, key) != NULL;
        assert_int_equal(rc, *there ? 0 : -ENOENT);
        if (!*there) {
                m->misses++;
                return;
        }
        m->hits++;
        ref_touch(m->ref, key);
        fill_value(expected, key, m->value_size[key]);
        assert_int_equal(size, m->value_size[key]);
        if (size)
                assert_memory_equal(value, expected, size);
}

static void set_both(struct match *m, int key, size_t size)
{
        unsigned char value[MOST_BYTES];
        char text[16];
        size_t n = key_text(key, text), bytes = charge(key, size);
        bool there = ref_find(m->ref, key) != NULL;

        fill_value(value, key, size);
        assert_int_equal(m->cache.kind->set(&m->cache, text, n, value, size), 0);
        while ((there ? ref_victim_for(m->ref, key, bytes) : ref_victim(m->ref, bytes)) != REF_NONE)
                m->victims++;
        if (there)
                ref_replace(m->ref, key, bytes);
        else
                ref_insert(m->ref, key, bytes);
        m->value_size[key] = size;
}

static void delete_both(struct match *m, int key)
{
        char text[16];
        size_t n = key_text(key, text);
        bool there = ref_find(m->ref, key) != NULL;

        assert_int_equal(m->cache.kind->delete (&m->cache, text, n), there);
        if (there)
                ref_remove(m->ref, key);
}

static void same_contents(struct match *m)
{
        struct ct_snapshot_entry e = {0};
        struct ct_cache_stats stats;
        struct ct_snapshot s;
        size_t n = 0;

        m->cache.kind->stats(&m->cache, &stats);
        assert_int_equal(stats.entries, ref_entries(m->ref));
        assert_int_equal(stats.bytes, ref_bytes(m->ref));
        assert_int_equal(stats.evicted, m->victims);
        assert_int_equal(stats.hits, m->hits);
        assert_int_equal(stats.misses, m->misses);
        assert_int_equal(m->cache.kind->snapshot(&m->cache, &s), 0);
        while (ct_snapshot_next(&s, &e)) {
                char text[16] = {0};

                memcpy(text, e.key, e.key_size);
                assert_non_null(ref_find(m->ref, atoi(text + 5)));
                n++;
        }
        assert_int_equal(n, ref_entries(m->ref));
        ct_snapshot_free(&s);
}

static void step(struct match *m, const struct mix *x)
{
        double popular = ct_rng_unit(&m->rng);
        int key = (int)(popular * popular * popular * x->keys);
        unsigned what = (unsigned)ct_rng_below(&m->rng, 100);
        size_t size = ct_rng_below(&m->rng, 3) ? 8 : ct_rng_below(&m->rng, x->most_bytes + 1);
        bool there;

        if (size > x->most_bytes)
                size = x->most_bytes;
        if (what < x->sets) {
                set_both(m, key, size);
        } else if (what < x->sets + x->deletes) {
                delete_both(m, key);
        } else {
                get_both(m, key, &there);
                if (!there)
                        set_both(m, key, size);
        }
}

static void play(const struct cache_kind *k, struct ct_cache_options o, const struct mix *x,
                 int accesses)
{
        struct match m = {.ref = ref_new(o.policy, o.max_entries, o.max_bytes)};

        o.shards = 1;
        ct_rng_seed(&m.rng, 3 + o.max_entries * 7 + o.max_bytes);
        assert_int_equal(any_init_with(&m.cache, k, o), 0);
        for (int i = 0; i < accesses; i++) {
                step(&m, x);
                if (i % 256 == 255)
                        same_contents(&m);
        }
        assert_true(m.victims > 0);
        k->clear(&m.cache);
        ref_clear(m.ref);
        for (int i = 0; i < accesses / 4; i++)
                step(&m, x);
        same_contents(&m);
        k->destroy(&m.cache);
        ref_free(m.ref);
}

/* Kinds that take the policy and can be of one part. */
#define FOR_EACH_BOUNDED(k, policy)                                                                \
        FOR_EACH_KIND(k)                                                                           \
        for (int policy = CT_CACHE_FIFO; policy < CT_CACHE_POLICIES; policy++)                     \
                if (k->shards <= 1 && k->policies & 1u << policy)

static void bound_by_entries(void **state)
{
        static const size_t capacities[] = {1, 2, 3, 10, 50, 120};

        (void)state;
        FOR_EACH_BOUNDED(k, policy)
        for (size_t c = 0; c < sizeof capacities / sizeof *capacities; c++) {
                struct mix gets = {.most_bytes = 8, .keys = (int)capacities[c] * 5};
                struct mix all = {.sets = 15,
                                  .deletes = 5,
                                  .most_bytes = 200,
                                  .keys = (int)capacities[c] * 5};
                struct ct_cache_options o = {.policy = (enum ct_cache_policy)policy,
                                             .max_entries = capacities[c]};

                play(k, o, &gets, 2000);
                play(k, o, &all, 2000);
        }
}

static void bound_by_bytes(void **state)
{
        static const size_t capacities[] = {400, 1000, 10000};

        (void)state;
        FOR_EACH_BOUNDED(k, policy)
        for (size_t c = 0; c < sizeof capacities / sizeof *capacities; c++) {
                struct mix all = {.sets = 15, .deletes = 5, .most_bytes = 300, .keys = 600};
                struct ct_cache_options o = {.policy = (enum ct_cache_policy)policy,
                                             .max_bytes = capacities[c]};

                play(k, o, &all, 2000);
                o.max_entries = capacities[c] / 100; /* now one, now the other */
                play(k, o, &all, 2000);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bound_by_entries),
                cmocka_unit_test(bound_by_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
