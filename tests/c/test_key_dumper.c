/* The dumper of per-key counters, as a thread and as a task: its schedule, what stopping waits for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "cache/key_counters.h"

#include "both.h"

enum { KEYS = 16, ADDS = ROUNDS(32000) };

static struct ct_key_counters counters;

struct dumps {
        struct ct_key_dumper dumper;
        enum ct_spawn spawn;
        ct_atomic_u32 n, empty, stopping, wrong;
        ct_atomic_u64 last_total;
        bool slow, ended;
        int64_t tick, end; /* of the dump before */
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
        ct_add_u32_release(&d->n, 1); /* pairs with whoever waits for it */
}

static void start(struct dumps *d, int64_t interval_ns,
                  void (*dump)(void *, const struct ct_snapshot *))
{
        CONTEXT_CHECK(!ct_key_dumper_start(&d->dumper, d->spawn, &counters, interval_ns, dump, d));
}

/* Runs the body in one context of the test's kind, with a dumper of that kind and of the other. */
static void with_dumpers(void **state, void (*body)(void *, unsigned))
{
        for (unsigned spawn = 0; spawn < 2; spawn++) {
                struct dumps d = {.spawn = spawn ? CT_SPAWN_THREAD : CT_SPAWN_TASK};

                if (both_exec(state) == EXEC_THREAD && !spawn)
                        continue; /* no runtime there */
                assert_int_equal(ct_key_counters_init(&counters, 1), 0);
                run_contexts(state, 1, body, &d);
                ct_key_counters_destroy(&counters);
        }
}

static void dump_until_stopped(void *shared, unsigned index)
{
        struct dumps *d = shared;
        uint32_t n;

        (void)index;
        CONTEXT_CHECK(!ct_key_counters_add(&counters, "a", 1, 40));
        CONTEXT_CHECK(!ct_key_counters_add(&counters, "b", 1, 2));
        start(d, CT_NS_PER_MS, note_dump);
        CONTEXT_UNTIL(ct_load_u32_acquire(&d->n) >= 2);
        CONTEXT_CHECK(!ct_key_counters_add(&counters, "a", 1, 8));
        n = ct_load_u32_acquire(&d->n);
        CONTEXT_UNTIL(ct_load_u32_acquire(&d->n) >= n + 2); /* the second began after the add */
        ct_key_dumper_stop(&d->dumper);
        CONTEXT_CHECK(ct_load_u64_relaxed(&d->last_total) == 50);
        CONTEXT_CHECK(!ct_load_u32_relaxed(&d->empty));
}

static void the_dumper_dumps_until_stopped(void **state)
{
        with_dumpers(state, dump_until_stopped);
}

static void stop_at_once(void *shared, unsigned index)
{
        struct dumps *d = shared;

        (void)index;
        start(d, 3600 * CT_NS_PER_S, note_dump);
        CONTEXT_UNTIL(ct_cond_waiters(&d->dumper.cancel)); /* for its tick, in an hour */
        ct_key_dumper_stop(&d->dumper);                    /* the watchdog would bite */
        CONTEXT_CHECK(!ct_load_u32_relaxed(&d->n));
        start(d, INT64_MAX, note_dump);
        ct_key_dumper_stop(&d->dumper);
        CONTEXT_CHECK(!ct_load_u32_relaxed(&d->n));
}

static void stopping_does_not_wait_for_the_tick(void **state)
{
        with_dumpers(state, stop_at_once);
}

static bool is_cancelled(struct ct_key_dumper *d)
{
        bool cancelled;

        ct_mutex_lock(&d->lock);
        cancelled = d->cancelled;
        ct_mutex_unlock(&d->lock);
        return cancelled;
}

/* Does not return before it has been told to stop. */
static void dump_beyond_the_stop(void *ctx, const struct ct_snapshot *s)
{
        struct dumps *d = ctx;

        (void)s;
        ct_add_u32_release(&d->n, 1); /* pairs with stop_during_a_dump */
        CONTEXT_UNTIL(is_cancelled(&d->dumper));
        for (int i = 0; i < 100; i++)
                ct_parker_ops_self()->yield();
        d->ended = true;
}

static void stop_during_a_dump(void *shared, unsigned index)
{
        struct dumps *d = shared;

        (void)index;
        start(d, CT_NS_PER_US, dump_beyond_the_stop);
        CONTEXT_UNTIL(ct_load_u32_acquire(&d->n)); /* pairs with dump_beyond_the_stop */
        ct_key_dumper_stop(&d->dumper);
        CONTEXT_CHECK(d->ended);
        CONTEXT_CHECK(ct_load_u32_relaxed(&d->n) == 1);
}

static void stopping_waits_for_the_dump_that_runs(void **state)
{
        with_dumpers(state, stop_during_a_dump);
}

/* Each dump lasts beyond the next tick: that one must be dropped, and the one that follows must be
   on the schedule of the start. */
static void dump_too_long(void *ctx, const struct ct_snapshot *s)
{
        struct dumps *d = ctx;
        int64_t tick = d->dumper.tick_ns;

        (void)s;
        if (d->tick && (tick <= d->end || (tick - d->tick) % d->dumper.interval_ns))
                ct_add_u32_relaxed(&d->wrong, 1);
        CONTEXT_UNTIL(ct_now_ns() > tick + 2 * d->dumper.interval_ns);
        d->tick = tick;
        d->end = ct_now_ns();
        ct_add_u32_release(&d->n, 1); /* pairs with watch_ticks */
}

static void watch_ticks(void *shared, unsigned index)
{
        struct dumps *d = shared;

        (void)index;
        start(d, CT_NS_PER_MS / 4, dump_too_long);
        CONTEXT_UNTIL(ct_load_u32_acquire(&d->n) >= 4); /* pairs with dump_too_long */
        ct_key_dumper_stop(&d->dumper);
        CONTEXT_CHECK(!ct_load_u32_relaxed(&d->wrong));
}

static void ticks_that_pass_during_a_dump_are_dropped(void **state)
{
        with_dumpers(state, watch_ticks);
}

static void start_three_times(void *shared, unsigned index)
{
        struct dumps *d = shared;

        (void)index;
        for (uint32_t i = 1; i <= 3; i++) {
                uint32_t n = ct_load_u32_acquire(&d->n);

                start(d, CT_NS_PER_US, note_dump);
                CONTEXT_UNTIL(ct_load_u32_acquire(&d->n) > n);
                ct_key_dumper_stop(&d->dumper);
        }
}

static void a_dumper_can_start_anew(void **state)
{
        with_dumpers(state, start_three_times);
}

/* Counts while it dumps all the time. */
static void add_under_a_dumper(void *shared, unsigned index)
{
        struct dumps *d = shared;

        (void)index;
        start(d, CT_NS_PER_US, note_dump);
        for (uint64_t i = 0; i < ADDS; i++) {
                uint64_t key = i % KEYS;

                CONTEXT_CHECK(!ct_key_counters_add(&counters, &key, sizeof key, 1));
        }
        ct_key_dumper_stop(&d->dumper);
        for (uint64_t key = 0; key < KEYS; key++)
                CONTEXT_CHECK(ct_key_counters_get(&counters, &key, sizeof key) == ADDS / KEYS);
        CONTEXT_CHECK(ct_load_u64_relaxed(&d->last_total) <= ADDS);
}

static void a_dumper_disturbs_no_count(void **state)
{
        with_dumpers(state, add_under_a_dumper);
}

static void no_interval_is_refused(void **state)
{
        struct ct_key_dumper d;

        (void)state;
        for (int64_t interval = -1; interval <= 0; interval++)
                assert_int_equal(ct_key_dumper_start(&d, CT_SPAWN_THREAD, &counters, interval,
                                                     note_dump, NULL),
                                 -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(no_interval_is_refused),
                BOTH_WAYS(the_dumper_dumps_until_stopped),
                BOTH_WAYS(stopping_does_not_wait_for_the_tick),
                BOTH_WAYS(stopping_waits_for_the_dump_that_runs),
                BOTH_WAYS(ticks_that_pass_during_a_dump_are_dropped),
                BOTH_WAYS(a_dumper_can_start_anew),
                BOTH_WAYS(a_dumper_disturbs_no_count),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
