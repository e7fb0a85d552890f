/* Per-key counters: what they promise one caller, exact sums under contention, the dumper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "cache/counters.h"
#include "stress.h"
#include "watchdog.h"

static struct ct_guide_counters counters;

static int setup(void **state)
{
        if (watchdog_start(state))
                return -1;
        return ct_guide_counters_init(&counters, &(struct ct_counters_options){.seed = 1});
}

static int teardown(void **state)
{
        ct_guide_counters_destroy(&counters);
        return watchdog_stop(state);
}

static void add(const char *key, uint64_t n)
{
        assert_int_equal(ct_guide_counters_add(&counters, key, strlen(key), n), 0);
}

static uint64_t get(const char *key)
{
        return ct_guide_counters_get(&counters, key, strlen(key));
}

/* ---- one caller ---- */

static void an_unknown_key_counts_0_and_stays_unknown(void **state)
{
        (void)state;
        assert_int_equal(get("a"), 0);
        assert_int_equal(ct_guide_counters_keys(&counters), 0);
}

static void the_first_add_creates(void **state)
{
        (void)state;
        add("a", 1);
        assert_int_equal(get("a"), 1);
        assert_int_equal(ct_guide_counters_keys(&counters), 1);
}

static void adds_sum_up_per_key(void **state)
{
        (void)state;
        add("a", 1);
        add("b", 10);
        add("a", 2);
        assert_int_equal(get("a"), 3);
        assert_int_equal(get("b"), 10);
}

static void adding_0_creates_too(void **state)
{
        (void)state;
        add("a", 0);
        assert_int_equal(ct_guide_counters_keys(&counters), 1);
}

static void counts_wrap(void **state)
{
        (void)state;
        add("a", UINT64_MAX);
        add("a", 3);
        assert_int_equal(get("a"), 2);
}

static void an_empty_key_is_a_key(void **state)
{
        (void)state;
        add("", 5);
        assert_int_equal(get(""), 5);
}

static void delete_gives_the_last_count(void **state)
{
        uint64_t last = 99;

        (void)state;
        assert_false(ct_guide_counters_delete(&counters, "a", 1, &last));
        assert_int_equal(last, 99);
        add("a", 7);
        assert_true(ct_guide_counters_delete(&counters, "a", 1, &last));
        assert_int_equal(last, 7);
        assert_int_equal(get("a"), 0);
        add("a", 1);
        assert_true(ct_guide_counters_delete(&counters, "a", 1, NULL));
}

static void counts_survive_growth(void **state)
{
        (void)state;
        for (uint64_t i = 0; i < 5000; i++)
                assert_int_equal(ct_guide_counters_add(&counters, &i, sizeof i, i), 0);
        for (uint64_t i = 0; i < 5000; i++)
                assert_int_equal(ct_guide_counters_get(&counters, &i, sizeof i), i);
}

static void a_snapshot_has_all_keys(void **state)
{
        struct ct_snapshot_entry e = {0};
        struct ct_snapshot s;
        uint64_t sum = 0, keys = 0;

        (void)state;
        for (uint64_t i = 0; i < 100; i++)
                assert_int_equal(ct_guide_counters_add(&counters, &i, sizeof i, i + 1), 0);
        assert_int_equal(ct_guide_counters_snapshot(&counters, &s), 0);
        while (ct_snapshot_next(&s, &e)) {
                assert_int_equal(e.key_size, 8);
                assert_int_equal(e.value_size, 8);
                assert_int_equal(*(const uint64_t *)e.value, *(const uint64_t *)e.key + 1);
                sum += *(const uint64_t *)e.value;
                keys++;
        }
        assert_int_equal(keys, 100);
        assert_int_equal(sum, 5050);
        ct_snapshot_free(&s);
}

/* ---- many ---- */

static uint64_t total(void)
{
        struct ct_snapshot_entry e = {0};
        struct ct_snapshot s;
        uint64_t sum = 0;

        assert_int_equal(ct_guide_counters_snapshot(&counters, &s), 0);
        while (ct_snapshot_next(&s, &e))
                sum += *(const uint64_t *)e.value;
        ct_snapshot_free(&s);
        return sum;
}

enum { FRESH = ROUNDS(3000) };

struct race {
        ct_atomic_u32 failed;
        ct_atomic_u64 arrived; /* at all the keys so far */
        unsigned threads;
};

/* All arrive before anyone goes on, so that all see that the key is missing. */
static void meet_at_fresh_keys(void *shared, struct crew_member *me)
{
        struct race *r = shared;

        (void)me;
        for (uint64_t i = 0; i < FRESH; i++) {
                ct_add_u64_relaxed(&r->arrived, 1);
                UNTIL(ct_load_u64_relaxed(&r->arrived) >= (i + 1) * r->threads);
                if (ct_guide_counters_add(&counters, &i, sizeof i, 1))
                        ct_add_u32_relaxed(&r->failed, 1);
        }
}

static void first_adds_at_once_are_all_counted(void **state)
{
        static const unsigned threads[] = {1, 2, 8};

        for (size_t t = 0; t < 3; t++) {
                struct race r = {.threads = threads[t]};

                if (t) {
                        ct_guide_counters_destroy(&counters);
                        ct_guide_counters_init(&counters, &(struct ct_counters_options){.seed = 1});
                }
                crew_run(threads[t], usable_cpus(), meet_at_fresh_keys, &r);
                assert_int_equal(ct_load_u32_relaxed(&r.failed), 0);
                for (uint64_t i = 0; i < FRESH; i++)
                        assert_int_equal(ct_guide_counters_get(&counters, &i, sizeof i),
                                         threads[t]);
        }
        (void)state;
}

enum { KEYS = 64, ADDS = ROUNDS(200000) };

struct books {
        ct_atomic_u64 added[KEYS];
        ct_atomic_u64 taken; /* by deletes */
        ct_atomic_u32 failed, done;
};

static void add_at_random(void *shared, struct crew_member *me)
{
        struct books *b = shared;

        for (int i = 0; i < ADDS; i++) {
                uint64_t key = ct_rng_below(&me->rng, KEYS), n = ct_rng_below(&me->rng, 5);

                if (ct_guide_counters_add(&counters, &key, sizeof key, n))
                        ct_add_u32_relaxed(&b->failed, 1);
                ct_add_u64_relaxed(&b->added[key], n);
        }
        ct_add_u32_release(&b->done, 1); /* pairs with watch_snapshots */
}

static void sums_are_exact_per_key(void **state)
{
        FOR_EACH_PLACEMENT(p)
        {
                struct books b = {.failed = 0};

                ct_guide_counters_destroy(&counters);
                ct_guide_counters_init(&counters, &(struct ct_counters_options){.seed = 1});
                crew_run(p->threads > 8 ? 8 : p->threads, p->cpus, add_at_random, &b);
                assert_int_equal(ct_load_u32_relaxed(&b.failed), 0);
                for (uint64_t key = 0; key < KEYS; key++)
                        assert_int_equal(ct_guide_counters_get(&counters, &key, sizeof key),
                                         ct_load_u64_relaxed(&b.added[key]));
        }
        (void)state;
}

static void delete_at_random(void *shared, struct crew_member *me)
{
        struct books *b = shared;

        for (int i = 0; i < ADDS / 20; i++) {
                uint64_t key = ct_rng_below(&me->rng, KEYS), last = 0;

                if (ct_guide_counters_delete(&counters, &key, sizeof key, &last))
                        ct_add_u64_relaxed(&b->taken, last);
        }
}

static void add_or_delete(void *shared, struct crew_member *me)
{
        if (me->index % 4 == 3)
                delete_at_random(shared, me);
        else
                add_at_random(shared, me);
}

/* What is left plus what was taken out is what was put in. */
static void deletes_take_whole_counts(void **state)
{
        struct books b = {.failed = 0};
        uint64_t added = 0;

        (void)state;
        crew_run(8, 0, add_or_delete, &b);
        for (int key = 0; key < KEYS; key++)
                added += ct_load_u64_relaxed(&b.added[key]);
        assert_int_equal(total() + ct_load_u64_relaxed(&b.taken), added);
}

/* Counts only grow here, so each key's must grow from snapshot to snapshot too. */
static void snapshots_while_adding_never_go_back(void **state)
{
        uint64_t last[KEYS] = {0}, taken = 0;
        struct books b = {.failed = 0};
        struct crew c;

        (void)state;
        crew_start(&c, 4, 0, add_at_random, &b);
        while (ct_load_u32_acquire(&b.done) < 4) { /* pairs with add_at_random */
                struct ct_snapshot_entry e = {0};
                struct ct_snapshot s;

                assert_int_equal(ct_guide_counters_snapshot(&counters, &s), 0);
                while (ct_snapshot_next(&s, &e)) {
                        uint64_t key = *(const uint64_t *)e.key;
                        uint64_t n = *(const uint64_t *)e.value;

                        assert_true(key < KEYS && n >= last[key]);
                        last[key] = n;
                }
                ct_snapshot_free(&s);
                taken++;
        }
        crew_join(&c);
        assert_true(taken > 0);
        for (uint64_t key = 0; key < KEYS; key++)
                assert_true(last[key] <= ct_load_u64_relaxed(&b.added[key]));
}

/* ---- the dumper ---- */

struct dumps {
        ct_atomic_u32 n;
        ct_atomic_u64 last_total;
        ct_atomic_u32 empty;
};

static void note_dump(void *ctx, const struct ct_snapshot *s)
{
        struct ct_snapshot_entry e = {0};
        struct dumps *d = ctx;
        uint64_t sum = 0;

        while (s && ct_snapshot_next(s, &e))
                sum += *(const uint64_t *)e.value;
        if (!s)
                ct_add_u32_relaxed(&d->empty, 1);
        ct_store_u64_relaxed(&d->last_total, sum);
        ct_add_u32_release(&d->n, 1);
}

static void the_dumper_dumps_until_stopped(void **state)
{
        struct ct_guide_dumper dumper;
        struct dumps d = {.n = 0};
        uint32_t n;

        (void)state;
        add("a", 40);
        add("b", 2);
        assert_int_equal(ct_guide_dumper_start(&dumper, &counters, CT_NS_PER_MS, note_dump, &d), 0);
        UNTIL(ct_load_u32_acquire(&d.n) >= 3);
        add("a", 8);
        n = ct_load_u32_acquire(&d.n);
        UNTIL(ct_load_u32_acquire(&d.n) >= n + 2); /* the second began after the add */
        ct_guide_dumper_stop(&dumper);
        n = ct_load_u32_acquire(&d.n);
        assert_int_equal(ct_load_u64_relaxed(&d.last_total), 50);
        assert_int_equal(ct_load_u32_relaxed(&d.empty), 0);
        ct_sleep_until(ct_deadline_after(3 * CT_NS_PER_MS)); /* would be three dumps */
        assert_int_equal(ct_load_u32_acquire(&d.n), n);
}

static void stopping_does_not_wait_for_the_tick(void **state)
{
        struct ct_guide_dumper dumper;
        struct dumps d = {.n = 0};

        (void)state;
        assert_int_equal(
                ct_guide_dumper_start(&dumper, &counters, 3600 * CT_NS_PER_S, note_dump, &d), 0);
        ct_guide_dumper_stop(&dumper); /* the watchdog would bite */
        assert_int_equal(ct_load_u32_relaxed(&d.n), 0);
}

static void a_dumper_can_start_anew(void **state)
{
        struct ct_guide_dumper dumper;
        struct dumps d = {.n = 0};

        (void)state;
        for (uint32_t i = 1; i <= 3; i++) {
                assert_int_equal(
                        ct_guide_dumper_start(&dumper, &counters, CT_NS_PER_US, note_dump, &d), 0);
                UNTIL(ct_load_u32_acquire(&d.n) >= i);
                ct_guide_dumper_stop(&dumper);
        }
}

static void no_interval_is_refused(void **state)
{
        struct ct_guide_dumper dumper;

        (void)state;
        assert_int_equal(ct_guide_dumper_start(&dumper, &counters, 0, note_dump, NULL), -EINVAL);
        assert_int_equal(ct_guide_dumper_start(&dumper, &counters, -1, note_dump, NULL), -EINVAL);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(an_unknown_key_counts_0_and_stays_unknown),
                CASE(the_first_add_creates),
                CASE(adds_sum_up_per_key),
                CASE(adding_0_creates_too),
                CASE(counts_wrap),
                CASE(an_empty_key_is_a_key),
                CASE(delete_gives_the_last_count),
                CASE(counts_survive_growth),
                CASE(a_snapshot_has_all_keys),
                CASE(first_adds_at_once_are_all_counted),
                CASE(sums_are_exact_per_key),
                CASE(deletes_take_whole_counts),
                CASE(snapshots_while_adding_never_go_back),
                CASE(the_dumper_dumps_until_stopped),
                CASE(stopping_does_not_wait_for_the_tick),
                CASE(a_dumper_can_start_anew),
                CASE(no_interval_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
