/* The gate, the counting and the oracle of one window, with workers of both kinds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <string.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/parker.h"
#include "exec_task.h"
#include "harness/topology.h"
#include "harness/window.h"
#include "harness/work.h"
#include "watchdog.h"

static struct topology topology;
static char why[512];

struct cell {
        CT_ALIGN_PAIR ct_atomic_u64 value;
        ct_atomic_u64 calls;
};

static uint64_t add(void *self, struct worker *w, uint64_t n)
{
        struct cell *c = self;

        (void)w;
        ct_add_u64_relaxed(&c->value, n);
        ct_add_u64_relaxed(&c->calls, 1);
        work_spin(n);
        return n;
}

static struct totals seen; /* by the oracle */
static uint64_t seen_value;

static int check(const void *self, const struct totals *t, double *metrics)
{
        seen = *t;
        seen_value = ct_load_u64_relaxed(&((const struct cell *)self)->value);
        metrics[0] = 42;
        return seen_value == t->effects ? 0 : -EBADMSG;
}

static const struct contestant adder = {.name = "adder",
                                        .source = "",
                                        .size = sizeof(struct cell),
                                        .align = 128,
                                        .run = {add},
                                        .check = check};
static const struct contestant *const contestants[] = {&adder, NULL};
static const struct family family = {
        .name = "test", .contestants = contestants, .workloads = {"w"}, .metrics = {"m_first"}};
static const struct params params = {{0}};

static struct window_spec spec(int64_t ms)
{
        return (struct window_spec){.family = &family,
                                    .contestant = &adder,
                                    .params = &params,
                                    .window_ns = ms * CT_NS_PER_MS,
                                    .work_pct = 100,
                                    .stuck_after_ns = 20 * CT_NS_PER_S};
}

static const struct executor_ops *exec = &executor_threads;

struct lab {
        struct executor executor;
        struct window *window;
};

static void open_lab_at(struct lab *lab, const char *placement, unsigned threads)
{
        assert_int_equal(executor_start(&lab->executor, exec, &topology, placement, threads, why,
                                        sizeof why),
                         0);
        assert_int_equal(
                window_alloc(&lab->window, &lab->executor, &family, 1, sizeof(struct cell), 128),
                0);
}

static void open_lab(struct lab *lab, unsigned threads)
{
        open_lab_at(lab, "compact", threads);
}

static void close_lab(struct lab *lab)
{
        window_free(lab->window);
        executor_stop(&lab->executor);
}

static void the_oracle_gets_every_operation(void **state)
{
        (void)state;
        for (unsigned threads = 1; threads <= 8; threads *= 2) {
                struct window_spec s = spec(5);
                struct measurement m;
                struct lab lab;

                open_lab(&lab, threads);
                assert_int_equal(window_run(lab.window, &s, 100, &m), 0);
                assert_true(m.verified);
                assert_int_equal(seen.threads, threads);
                assert_int_equal(seen.ops, seen.effects);
                assert_int_equal(seen.ops, seen_value);
                assert_true(m.ops > 0 && m.ops <= (double)seen.ops); /* the snapshot came first */
                assert_true(m.own[0] == 42);
                close_lab(&lab);
        }
}

static void rates_follow_from_counts_and_time(void **state)
{
        struct window_spec s = spec(10);
        struct measurement m;
        struct lab lab;

        (void)state;
        open_lab(&lab, 2);
        assert_int_equal(window_run(lab.window, &s, 100, &m), 0);
        assert_true(m.window_ns >= 10e6);
        assert_true(fabs(m.ns_per_op * m.ops / m.window_ns - 1) < 1e-9);
        assert_true(fabs(m.ops_per_s * m.ns_per_op / 1e9 - 1) < 1e-9);
        assert_true(m.fairness_jain > 0 && m.fairness_jain <= 1 + 1e-12);
        assert_true(m.fairness_min_max >= 0 && m.fairness_min_max <= 1);
        assert_true(m.overlap_ratio >= 0 && m.overlap_ratio <= 1);
        assert_true(isnan(m.latency_p50_ns)); /* throughput windows read no clock */
        close_lab(&lab);
}

static void latency_windows_have_quantiles_and_no_rate(void **state)
{
        struct window_spec s = spec(5);
        struct measurement m;
        struct lab lab;

        (void)state;
        s.sample_every = 4;
        open_lab(&lab, 1);
        assert_int_equal(window_run(lab.window, &s, 100, &m), 0);
        assert_true(m.verified);
        assert_true(isnan(m.ns_per_op) && isnan(m.ops_per_s));
        assert_int_equal((uint64_t)m.latency_samples, seen.ops / 4);
        assert_true(m.latency_p50_ns <= m.latency_p99_ns && m.latency_p99_ns <= m.latency_p999_ns);
        assert_true(m.latency_p999_ns <= m.latency_max_ns);
        assert_true(m.clock_ns > 0);
        close_lab(&lab);
}

static void a_planted_slow_down_does_more_than_it_counts(void **state)
{
        struct window_spec s = spec(5);
        struct measurement m;
        struct lab lab;

        (void)state;
        s.work_pct = 110;
        open_lab(&lab, 1);
        assert_int_equal(window_run(lab.window, &s, 100, &m), 0);
        assert_true(m.verified); /* the oracle knows the real number */
        assert_int_equal(seen.ops % 110, 0);
        assert_int_equal((uint64_t)m.ops % 100, 0);
        close_lab(&lab);
}

static void every_window_starts_from_zero(void **state)
{
        struct window_spec s = spec(2);
        struct measurement m;
        struct lab lab;

        (void)state;
        open_lab(&lab, 2);
        for (int i = 0; i < 5; i++) {
                assert_int_equal(window_run(lab.window, &s, 100, &m), 0);
                assert_true(m.verified);
        }
        close_lab(&lab);
}

static void warming_up_finds_a_decade(void **state)
{
        struct window_spec s = spec(5);
        uint64_t batch = 0;
        struct lab lab;

        (void)state;
        open_lab(&lab, 1);
        assert_int_equal(window_warm(lab.window, &s, 3 * CT_NS_PER_MS, &batch), 0);
        assert_in_range(batch, 1, 65536);
        while (batch > 1) {
                assert_int_equal(batch % 10, 0);
                batch /= 10;
        }
        close_lab(&lab);
}

/* ---- what a worker does before and after its window ---- */

static struct ledger {
        uint64_t born[8]; /* which context */
        ct_atomic_u32 begun, ended, strangers, finished;
        unsigned refuse; /* the worker that cannot begin, + 1 */
        bool ended_before_check;
} ledger;

static int begin(void *self, struct worker *w)
{
        (void)self;
        if (w->index + 1 == ledger.refuse)
                return -ENOSPC;
        ledger.born[w->index] = ct_parker_ops_self()->self();
        w->local = &ledger.born[w->index];
        ct_add_u32_relaxed(&ledger.begun, 1);
        return 0;
}

static uint64_t add_as_oneself(void *self, struct worker *w, uint64_t n)
{
        const uint64_t *born = w->local;

        if (born != &ledger.born[w->index] || *born != ct_parker_ops_self()->self())
                ct_add_u32_relaxed(&ledger.strangers, 1);
        return add(self, w, n);
}

static void end(void *self, struct worker *w)
{
        (void)self;
        if (w->local != &ledger.born[w->index] ||
            *(uint64_t *)w->local != ct_parker_ops_self()->self())
                ct_add_u32_relaxed(&ledger.strangers, 1);
        ct_add_u32_relaxed(&ledger.ended, 1);
}

static int check_after_the_end(const void *self, const struct totals *t, double *metrics)
{
        ledger.ended_before_check = ct_load_u32_relaxed(&ledger.ended) == t->threads;
        return check(self, t, metrics);
}

static void count_finished(void *self)
{
        (void)self;
        ct_add_u32_relaxed(&ledger.finished, 1);
}

static const struct contestant prepared = {.name = "prepared",
                                           .source = "",
                                           .size = sizeof(struct cell),
                                           .align = 128,
                                           .run = {add_as_oneself},
                                           .check = check_after_the_end,
                                           .fini = count_finished,
                                           .worker_init = begin,
                                           .worker_fini = end};

static void workers_begin_and_end_as_themselves(void **state)
{
        struct window_spec s = spec(2);
        struct measurement m;
        struct lab lab;

        (void)state;
        s.contestant = &prepared;
        open_lab(&lab, 3);
        for (uint32_t windows = 1; windows <= 3; windows++) {
                memset(&ledger, 0, sizeof ledger);
                assert_int_equal(window_run(lab.window, &s, 10, &m), 0);
                assert_true(m.verified);
                assert_int_equal(ct_load_u32_relaxed(&ledger.begun), 3);
                assert_int_equal(ct_load_u32_relaxed(&ledger.ended), 3);
                assert_int_equal(ct_load_u32_relaxed(&ledger.strangers), 0);
                assert_true(ledger.ended_before_check);
                assert_int_equal(ct_load_u32_relaxed(&ledger.finished), 1);
        }
        close_lab(&lab);
}

static void a_worker_that_cannot_begin_costs_the_window(void **state)
{
        struct window_spec s = spec(2);
        struct measurement m;
        struct lab lab;

        (void)state;
        s.contestant = &prepared;
        open_lab(&lab, 3);
        memset(&ledger, 0, sizeof ledger);
        ledger.refuse = 2;
        assert_int_equal(window_run(lab.window, &s, 10, &m), -ENOSPC);
        assert_int_equal(ct_load_u32_relaxed(&ledger.begun), 2);
        assert_int_equal(ct_load_u32_relaxed(&ledger.ended), 2); /* those that had begun */
        assert_int_equal(ct_load_u32_relaxed(&ledger.finished), 1);
        close_lab(&lab);
}

/* ---- leaving ---- */

static ct_atomic_u32 left_alone;

static void leave(void *self, struct worker *w)
{
        (void)self;
        (void)w;
        ct_add_u32_relaxed(&left_alone, 1);
}

static const struct contestant leaver = {.name = "leaver",
                                         .source = "",
                                         .size = sizeof(struct cell),
                                         .align = 128,
                                         .run = {add},
                                         .check = check,
                                         .worker_leave = leave};

static void every_worker_leaves_once(void **state)
{
        struct window_spec s = spec(2);
        struct measurement m;
        struct lab lab;

        (void)state;
        s.contestant = &leaver;
        ct_store_u32_relaxed(&left_alone, 0);
        open_lab(&lab, 3);
        assert_int_equal(window_run(lab.window, &s, 10, &m), 0);
        assert_int_equal(ct_load_u32_relaxed(&left_alone), 3);
        close_lab(&lab);
}

/* ---- more workers than PUs ---- */

static void all_of_a_crowd_get_a_turn(void **state)
{
        struct window_spec s = spec(100);
        struct measurement m;
        struct lab lab;

        (void)state;
        s.stuck_after_ns = 5 * CT_NS_PER_S;
        open_lab_at(&lab, "one", 4);
        assert_true(executor_oversubscribed(&lab.executor));
        assert_int_equal(window_run(lab.window, &s, 10, &m), 0);
        assert_true(m.flags & ROW_OVERSUBSCRIBED);
        assert_true(m.verified);
        assert_true(m.fairness_min_max > 0); /* nobody was left out */
        assert_int_equal(m.noise & (CT_NOISE_SKEW | CT_NOISE_OVERLAP | CT_NOISE_INVOLUNTARY), 0);
        close_lab(&lab);
}

/* An idle carrier goes to sleep sooner or later, which its counts must show: were they not read,
   this would wait for the watchdog. */
static void until_counted_asleep(struct executor *e, unsigned i)
{
        struct ct_thread_usage u;

        do {
                sched_yield();
                executor_tasks.usage(e, i, &u);
        } while (!u.voluntary_switches);
}

static void what_carriers_did_is_counted(void **state)
{
        struct window_spec s = spec(20);
        struct measurement m;
        struct lab lab;

        (void)state;
        open_lab(&lab, 1);
        for (unsigned i = 0; i < lab.executor.pus; i++)
                until_counted_asleep(&lab.executor, i);
        assert_int_equal(window_run(lab.window, &s, 100, &m), 0);
        assert_false(isnan(m.voluntary_switches) || isnan(m.involuntary_switches));
        close_lab(&lab);
}

static int use_threads(void **state)
{
        exec = &executor_threads;
        return watchdog_start(state);
}

static int use_tasks(void **state)
{
        exec = &executor_tasks;
        return watchdog_start(state);
}

#define BOTH(test)                                                                                 \
        {#test " (threads)", test, use_threads, watchdog_stop, NULL},                              \
        {                                                                                          \
#test " (tasks)", test, use_tasks, watchdog_stop, NULL                             \
        }

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH(the_oracle_gets_every_operation),
                BOTH(rates_follow_from_counts_and_time),
                BOTH(latency_windows_have_quantiles_and_no_rate),
                BOTH(a_planted_slow_down_does_more_than_it_counts),
                BOTH(every_window_starts_from_zero),
                BOTH(warming_up_finds_a_decade),
                BOTH(workers_begin_and_end_as_themselves),
                BOTH(a_worker_that_cannot_begin_costs_the_window),
                BOTH(every_worker_leaves_once),
                BOTH(all_of_a_crowd_get_a_turn),
                {"what_carriers_did_is_counted", what_carriers_did_is_counted, use_tasks,
                 watchdog_stop, NULL},
        };
        int rc;

        if (topology_load(&topology, why, sizeof why)) {
                fprintf(stderr, "%s\n", why);
                return 1;
        }
        rc = cmocka_run_group_tests(tests, NULL, NULL);
        topology_free(&topology);
        return rc;
}
