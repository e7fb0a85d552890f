/* Per-key counters over the concurrent map: what they promise one caller, exact sums by threads and
   by tasks, deletes against adds, the dumper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "cache/key_counters.h"
#include "sync/reclaim.h"

#include "both.h"

static struct ct_key_counters counters;

static int setup(void **state)
{
        if (watchdog_start(state))
                return -1;
        return ct_key_counters_init(&counters, 1);
}

static int teardown(void **state)
{
        ct_key_counters_destroy(&counters);
        ct_retired_drain();
        return watchdog_stop(state);
}

static void add(const char *key, uint64_t n)
{
        assert_int_equal(ct_key_counters_add(&counters, key, strlen(key), n), 0);
}

static uint64_t get(const char *key)
{
        return ct_key_counters_get(&counters, key, strlen(key));
}

/* ---- one caller ---- */

static void an_unknown_key_counts_0_and_stays_unknown(void **state)
{
        (void)state;
        assert_int_equal(get("a"), 0);
        assert_int_equal(ct_key_counters_keys(&counters), 0);
}

static void adds_sum_up_per_key(void **state)
{
        (void)state;
        add("a", 1);
        assert_int_equal(get("a"), 1);
        assert_int_equal(ct_key_counters_keys(&counters), 1);
        add("b", 10);
        add("a", 2);
        assert_int_equal(get("a"), 3);
        assert_int_equal(get("b"), 10);
        assert_int_equal(ct_key_counters_keys(&counters), 2);
}

static void adding_0_creates_too(void **state)
{
        (void)state;
        add("a", 0);
        assert_int_equal(ct_key_counters_keys(&counters), 1);
}

static void counts_wrap(void **state)
{
        (void)state;
        add("a", INT64_MAX);
        assert_int_equal(get("a"), INT64_MAX);
        add("a", 3);
        assert_int_equal(get("a"), 2);
        add("a", UINT64_MAX); /* takes 1 away */
        assert_int_equal(get("a"), 1);
}

static void an_empty_key_is_a_key(void **state)
{
        (void)state;
        add("", 5);
        assert_int_equal(get(""), 5);
}

static void a_key_too_long_is_refused(void **state)
{
        (void)state;
        assert_int_equal(ct_key_counters_add(&counters, "a", (size_t)UINT32_MAX + 1, 1), -E2BIG);
        assert_int_equal(ct_key_counters_keys(&counters), 0);
}

static void delete_gives_the_last_count(void **state)
{
        uint64_t last = 99;

        (void)state;
        assert_false(ct_key_counters_delete(&counters, "a", 1, &last));
        assert_int_equal(last, 99);
        add("a", 7);
        assert_true(ct_key_counters_delete(&counters, "a", 1, &last));
        assert_int_equal(last, 7);
        assert_int_equal(get("a"), 0);
        assert_int_equal(ct_key_counters_keys(&counters), 0);
        assert_false(ct_key_counters_delete(&counters, "a", 1, &last));
        add("a", 1);
        assert_int_equal(get("a"), 1);
        assert_true(ct_key_counters_delete(&counters, "a", 1, NULL));
}

static void counts_survive_growth(void **state)
{
        (void)state;
        for (uint64_t i = 0; i < 5000; i++)
                assert_int_equal(ct_key_counters_add(&counters, &i, sizeof i, i), 0);
        for (uint64_t i = 0; i < 5000; i++)
                assert_int_equal(ct_key_counters_get(&counters, &i, sizeof i), i);
        assert_int_equal(ct_key_counters_keys(&counters), 5000);
}

static void a_snapshot_has_all_keys(void **state)
{
        struct ct_snapshot_entry e = {0};
        struct ct_snapshot s;
        uint64_t sum = 0, keys = 0;

        (void)state;
        for (uint64_t i = 0; i < 100; i++)
                assert_int_equal(ct_key_counters_add(&counters, &i, sizeof i, i + 1), 0);
        assert_int_equal(ct_key_counters_snapshot(&counters, &s), 0);
        while (ct_snapshot_next(&s, &e)) {
                assert_int_equal(e.key_size, 8);
                assert_int_equal(e.value_size, 8);
                assert_int_equal(*(const uint64_t *)e.value, *(const uint64_t *)e.key + 1);
                sum += *(const uint64_t *)e.value;
                keys++;
        }
        assert_int_equal(keys, 100);
        assert_int_equal(s.entries, 100);
        assert_int_equal(sum, 5050);
        ct_snapshot_free(&s);
}

/* ---- many ---- */

enum { KEYS = 16, ADDS = ROUNDS(20000), FRESH = ROUNDS(400) };

struct books {
        unsigned n; /* contexts */
        ct_atomic_u64 arrived;
        ct_atomic_u64 added[KEYS], taken[KEYS];
        ct_atomic_u32 ended, snapshots;
};

/* All arrive before anyone goes on, so that all see that the key is missing. */
static void meet_at_fresh_keys(void *shared, unsigned index)
{
        struct books *b = shared;

        (void)index;
        for (uint64_t i = 0; i < FRESH; i++) {
                ct_add_u64_relaxed(&b->arrived, 1);
                CONTEXT_UNTIL(ct_load_u64_relaxed(&b->arrived) >= (i + 1) * b->n);
                CONTEXT_CHECK(!ct_key_counters_add(&counters, &i, sizeof i, 1));
        }
}

static void first_adds_at_once_are_all_counted(void **state)
{
        static const unsigned n[] = {2, 4};

        for (size_t k = 0; k < 2; k++) {
                struct books b = {.n = n[k]};

                assert_int_equal(ct_key_counters_init(&counters, 1), 0);
                run_contexts(state, b.n, meet_at_fresh_keys, &b);
                for (uint64_t i = 0; i < FRESH; i++)
                        assert_int_equal(ct_key_counters_get(&counters, &i, sizeof i), b.n);
                assert_int_equal(ct_key_counters_keys(&counters), FRESH);
                ct_key_counters_destroy(&counters);
        }
        ct_retired_drain();
}

static void add_at_random(struct books *b, unsigned index)
{
        struct ct_rng rng;

        ct_rng_seed(&rng, 1000 + index);
        for (int i = 0; i < ADDS; i++) {
                uint64_t key = ct_rng_below(&rng, KEYS), n = ct_rng_below(&rng, 5);

                CONTEXT_CHECK(!ct_key_counters_add(&counters, &key, sizeof key, n));
                ct_add_u64_relaxed(&b->added[key], n);
        }
        ct_add_u32_release(&b->ended, 1); /* pairs with take_snapshots */
}

static void delete_at_random(struct books *b, unsigned index)
{
        struct ct_rng rng;

        ct_rng_seed(&rng, 2000 + index);
        for (int i = 0; i < ADDS; i++) {
                uint64_t key = ct_rng_below(&rng, KEYS), last = 0;

                if (ct_key_counters_delete(&counters, &key, sizeof key, &last))
                        ct_add_u64_relaxed(&b->taken[key], last);
                if (i % 16 == 0)
                        ct_parker_ops_self()->yield();
        }
}

static void only_add(void *shared, unsigned index)
{
        add_at_random(shared, index);
}

static void add_or_delete(void *shared, unsigned index)
{
        if (index % 2)
                delete_at_random(shared, index);
        else
                add_at_random(shared, index);
}

static void sums_are_right(void **state, const struct stress_placement *p,
                           void (*body)(void *, unsigned))
{
        struct books b = {.n = p->threads};

        assert_int_equal(ct_key_counters_init(&counters, 1), 0);
        run_contexts(state, b.n, body, &b);
        for (uint64_t key = 0; key < KEYS; key++)
                assert_int_equal(ct_key_counters_get(&counters, &key, sizeof key) +
                                         ct_load_u64_relaxed(&b.taken[key]),
                                 ct_load_u64_relaxed(&b.added[key]));
        ct_key_counters_destroy(&counters);
        ct_retired_drain();
}

static void exact_scene(void **state, const struct stress_placement *p)
{
        sums_are_right(state, p, only_add);
}

static void sums_are_exact_per_key(void **state)
{
        everywhere(state, exact_scene);
}

/* What is left plus what was taken out is what was put in. */
static void delete_scene(void **state, const struct stress_placement *p)
{
        sums_are_right(state, p, add_or_delete);
}

static void deletes_take_whole_counts(void **state)
{
        everywhere(state, delete_scene);
}

/* Counts only grow here, so each key's must grow from snapshot to snapshot too, and a key that was
   there stays there. */
static void look_at_snapshot(const struct ct_snapshot *s, uint64_t *last)
{
        struct ct_snapshot_entry e = {0};
        bool seen[KEYS] = {false};

        while (ct_snapshot_next(s, &e)) {
                uint64_t key = *(const uint64_t *)e.key, n = *(const uint64_t *)e.value;

                CONTEXT_CHECK(key < KEYS && !seen[key] && n >= last[key]);
                if (key >= KEYS)
                        return;
                seen[key] = true;
                last[key] = n;
        }
        for (int key = 0; key < KEYS; key++)
                CONTEXT_CHECK(seen[key] || !last[key]);
}

static void take_snapshots(struct books *b)
{
        uint64_t last[KEYS] = {0};
        bool over;

        do {
                struct ct_snapshot s;

                over = ct_load_u32_acquire(&b->ended) == b->n - 1; /* pairs with add_at_random */
                CONTEXT_CHECK(!ct_key_counters_snapshot(&counters, &s));
                look_at_snapshot(&s, last);
                ct_snapshot_free(&s);
                ct_add_u32_relaxed(&b->snapshots, 1);
                ct_parker_ops_self()->yield();
        } while (!over);
        for (int key = 0; key < KEYS; key++) /* the last one came after all adds */
                CONTEXT_CHECK(last[key] == ct_load_u64_relaxed(&b->added[key]));
}

static void add_or_look(void *shared, unsigned index)
{
        struct books *b = shared;

        if (index == b->n - 1)
                take_snapshots(b);
        else
                add_at_random(b, index);
}

static void snapshot_scene(void **state, const struct stress_placement *p)
{
        struct books b = {.n = p->threads};

        assert_int_equal(ct_key_counters_init(&counters, 1), 0);
        run_contexts(state, b.n, add_or_look, &b);
        assert_true(ct_load_u32_relaxed(&b.snapshots) > 0);
        ct_key_counters_destroy(&counters);
}

static void snapshots_while_adding_never_go_back(void **state)
{
        everywhere(state, snapshot_scene);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(an_unknown_key_counts_0_and_stays_unknown),
                CASE(adds_sum_up_per_key),
                CASE(adding_0_creates_too),
                CASE(counts_wrap),
                CASE(an_empty_key_is_a_key),
                CASE(a_key_too_long_is_refused),
                CASE(delete_gives_the_last_count),
                CASE(counts_survive_growth),
                CASE(a_snapshot_has_all_keys),
                BOTH_WAYS(first_adds_at_once_are_all_counted),
                BOTH_WAYS(sums_are_exact_per_key),
                BOTH_WAYS(deletes_take_whole_counts),
                BOTH_WAYS(snapshots_while_adding_never_go_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
