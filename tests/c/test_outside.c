/* Windows that another process runs: what becomes of its answers, the oracle included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "harness/options.h"
#include "harness/outside.h"
#include "harness/topology.h"
#include "watchdog.h"

static struct topology topology;
static struct outside_answer next; /* what the program says; its workers are below */
static struct outside_worker workers[8];
static int returned;
static unsigned calls;
static struct outside_spec asked;

static int program(const struct outside_spec *spec, struct outside_answer *answer)
{
        struct outside_worker *mine = answer->worker;

        asked = *spec;
        calls++;
        if (returned)
                return returned;
        *answer = next;
        answer->worker = mine;
        memcpy(mine, workers, spec->threads * sizeof *mine);
        return 0;
}

static const struct contestant peer = {
        .name = "other:thing", .source = "", .outside = {program}, .caps = CAP_THREADS};
static const struct contestant *const contestants[] = {&peer, NULL};
static const struct family family = {
        .name = "test", .contestants = contestants, .workloads = {"w"}, .metrics = {"m_first"}};
static const struct params params = {{0}};

static void answer_with(double window_ns, const uint64_t *ops, unsigned n)
{
        next = (struct outside_answer){.has_workers = true,
                                       .window_ns = window_ns,
                                       .ns_per_op = NAN,
                                       .clock_ns = NAN,
                                       .latency_p50_ns = NAN,
                                       .latency_samples = NAN,
                                       .involuntary_switches = 1,
                                       .voluntary_switches = 2};
        for (unsigned i = 0; i < n; i++) {
                workers[i] = (struct outside_worker){.ops = ops[i]};
                next.total_ops += (double)ops[i];
        }
        next.effects = next.value = next.total_ops;
        next.own[0] = 42;
        returned = 0;
        calls = 0;
}

static int measure(unsigned threads, struct measurement *m)
{
        struct outside_spec spec = {.topology = &topology,
                                    .placement = "compact",
                                    .family = &family,
                                    .contestant = &peer,
                                    .params = &params,
                                    .threads = threads,
                                    .work_pct = 100,
                                    .window_ns = CT_NS_PER_MS,
                                    .warmup_ns = CT_NS_PER_MS,
                                    .stuck_after_ns = CT_NS_PER_S};
        struct executor e = {0};
        double hop = 0;
        char why[WHY_SIZE];
        int rc;

        assert_int_equal(executor_start(&e, &executor_threads, &topology, "compact", threads, why,
                                        sizeof why),
                         0);
        rc = outside_measure(&e, &spec, 1, &hop, m);
        executor_stop(&e);
        return rc;
}

static void counts_become_a_rate_and_fairness(void **state)
{
        struct measurement m;

        (void)state;
        answer_with(1e6, (uint64_t[]){600, 200}, 2);
        workers[1].start_ns = 100000;
        assert_int_equal(measure(2, &m), 0);
        assert_true(m.verified);
        assert_int_equal(m.flags & ROW_FAILED, 0);
        assert_true(m.ops == 800 && m.window_ns == 1e6 && m.ns_per_op == 1250);
        assert_true(m.ops_per_s == 8e5);
        assert_true(fabs(m.fairness_min_max - 1.0 / 3) < 1e-12);
        assert_true(fabs(m.fairness_jain - 0.8) < 1e-12);
        assert_true(fabs(m.overlap_ratio - 0.9) < 1e-12 && m.start_skew_ns == 100000);
        assert_true(m.voluntary_switches == 2 && m.involuntary_switches == 1);
        assert_true(m.own[0] == 42 && m.attempts == 1);
        assert_true(isnan(m.latency_p50_ns) && isnan(m.clock_ns));
        assert_true(m.freq_mhz > 0);
}

static void it_is_told_the_placement(void **state)
{
        struct measurement m;

        (void)state;
        answer_with(1e6, (uint64_t[]){1, 1, 1, 1, 1, 1, 1, 1}, 8);
        assert_int_equal(measure(8, &m), 0);
        assert_int_equal(calls, 1);
        assert_non_null(asked.cpus);
        assert_true(asked.pus >= 1 && asked.pus <= 8 && asked.pus <= topology_pus(&topology));
        assert_int_equal((m.flags & ROW_OVERSUBSCRIBED) != 0, asked.pus < 8);
}

static void a_wrong_value_is_no_number(void **state)
{
        struct measurement m;

        (void)state;
        answer_with(1e6, (uint64_t[]){600, 200}, 2);
        next.value -= 1; /* a lost increment */
        assert_int_equal(measure(2, &m), 0);
        assert_false(m.verified);
        assert_int_equal(m.flags & (ROW_FAILED | ROW_WRONG), ROW_FAILED | ROW_WRONG);
        answer_with(1e6, (uint64_t[]){600, 200}, 2);
        next.torn = 1;
        assert_int_equal(measure(2, &m), 0);
        assert_false(m.verified);
        assert_int_equal(m.flags & (ROW_FAILED | ROW_WRONG), ROW_FAILED | ROW_WRONG);
}

static void what_it_returns_is_passed_on(void **state)
{
        struct measurement m;

        (void)state;
        answer_with(1e6, (uint64_t[]){1}, 1);
        returned = -ETIMEDOUT;
        assert_int_equal(measure(1, &m), -ETIMEDOUT);
        returned = -EPROTO;
        assert_int_equal(measure(1, &m), -EPROTO);
}

/* Neither a rate out of nothing nor a fairness of nobody. */
static void nothing_counted_is_not_measured(void **state)
{
        struct measurement m;

        (void)state;
        answer_with(1e6, (uint64_t[]){0, 0}, 2);
        assert_int_equal(measure(2, &m), 0);
        assert_true(isnan(m.ops) && isnan(m.ns_per_op) && isnan(m.fairness_min_max));
        answer_with(1e6, (uint64_t[]){0}, 1);
        next.has_workers = false;
        next.total_ops = next.effects = next.value = 10;
        next.ns_per_op = 7;
        assert_int_equal(measure(1, &m), 0);
        assert_true(m.verified && m.ops == 10 && m.ns_per_op == 7);
        assert_true(isnan(m.fairness_min_max) && isnan(m.overlap_ratio) && isnan(m.ops_per_s));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(counts_become_a_rate_and_fairness), WATCHED(it_is_told_the_placement),
                WATCHED(a_wrong_value_is_no_number),        WATCHED(what_it_returns_is_passed_on),
                WATCHED(nothing_counted_is_not_measured),
        };
        char why[WHY_SIZE];
        int failed;

        if (topology_load(&topology, why, sizeof why))
                return 1;
        failed = cmocka_run_group_tests(tests, NULL, NULL);
        topology_free(&topology);
        return failed;
}
