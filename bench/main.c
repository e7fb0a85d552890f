#include "main.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec_task.h"
#include "harness/environment.h"
#include "harness/suite.h"
#include "list.h"
#include "shim/gbench.h"

struct entry {
        struct sweep *sweep;
        struct item *item;
        unsigned calls; /* of Google Benchmark: one per repetition */
};

static bool reporting;

/* What stands beside the time in Google Benchmark's output; the CSV has everything. */
static const struct {
        const char *name;
        size_t offset;
} counters[] = {
#define COUNTER(name)                                                                              \
        {                                                                                          \
#name, offsetof(struct measurement, name)                                          \
        }
        COUNTER(ops_per_s),      COUNTER(fairness_min_max), COUNTER(overlap_ratio),
        COUNTER(latency_p50_ns), COUNTER(latency_p99_ns),   COUNTER(latency_max_ns),
        COUNTER(hop_ns),
#undef COUNTER
};

static void report_result(struct gbench_state *state, const struct item *item, unsigned rep)
{
        const struct measurement *m = &item->result[rep];

        if (!item->done[rep] || (m->flags & ROW_FAILED)) {
                gbench_error(state, item->done[rep]  ? "failed: see the CSV's flags"
                                    : item->given_up ? "not tried again after a failure"
                                                     : "not measured");
                return;
        }
        /* A latency window has no rate: its time is the median latency. */
        gbench_time(state, !isnan(m->ns_per_op)        ? m->ns_per_op
                           : !isnan(m->latency_p50_ns) ? m->latency_p50_ns
                                                       : 0);
        for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
                double v = *(const double *)((const char *)m + counters[i].offset);

                if (!isnan(v))
                        gbench_counter(state, counters[i].name, v);
        }
}

static void on_call(struct gbench_state *state, void *user)
{
        struct entry *e = user;

        if (reporting) {
                report_result(state, e->item, e->calls++ % e->sweep->reps);
                return;
        }
        e->item->selected = true;
        e->calls++;
        gbench_time(state, 1);
}

static void add_context(const struct options *o)
{
        struct ct_env_pair pairs[32];
        size_t n = ct_environment_context(pairs, 32);
        char seed[32];

        for (size_t i = 0; i < n; i++)
                gbench_context(pairs[i].key, pairs[i].value);
        snprintf(seed, sizeof seed, "%llu", (unsigned long long)o->seed);
        gbench_context("seed", seed);
        gbench_context("run_id", o->run_id);
}

static struct entry *register_all(struct sweep *s)
{
        struct entry *entries = calloc(s->n_items, sizeof *entries);
        char name[512];

        for (size_t i = 0; entries && i < s->n_items; i++) {
                entries[i] = (struct entry){.sweep = s, .item = &s->item[i]};
                sweep_name(s, &s->item[i], name, sizeof name);
                gbench_register(name, on_call, &entries[i]);
        }
        return entries;
}

static int measure(struct sweep *s, struct entry *entries)
{
        unsigned reps = 0;
        int code;

        if (!gbench_select())
                return EXIT_USAGE; /* it has said that its filter matches nothing */
        for (size_t i = 0; i < s->n_items; i++) {
                reps = entries[i].calls > reps ? entries[i].calls : reps;
                entries[i].calls = 0;
        }
        code = sweep_settle(s, reps);
        if (code)
                return code;
        gbench_repetitions(s->reps, true); /* the budget may have cut them */
        code = suite_run(s);
        if (code == EXIT_OK || code == EXIT_BENCHMARK) {
                reporting = true;
                gbench_report(!s->options->no_table);
        }
        return code;
}

static int run(const struct family *f, const struct options *o, bool list_tests)
{
        struct topology topology;
        struct sweep sweep;
        struct entry *entries;
        char why[WHY_SIZE];
        int code;

        if (topology_load(&topology, why, sizeof why)) {
                fprintf(stderr, "contend: %s\n", why);
                return EXIT_ENVIRONMENT;
        }
        if (o->trace && f->trace(o->trace, why)) {
                fprintf(stderr, "contend: %s\n", why);
                topology_free(&topology);
                return EXIT_INPUT;
        }
        code = sweep_build(&sweep, f, o, &topology);
        if (!code && o->action == ACT_PLAN) {
                code = list_plan(&sweep);
        } else if (!code) {
                add_context(o);
                entries = register_all(&sweep);
                if (!entries)
                        code = EXIT_ENVIRONMENT;
                else if (list_tests)
                        gbench_report(true);
                else
                        code = measure(&sweep, entries);
                free(entries);
        }
        sweep_free(&sweep);
        topology_free(&topology);
        return code;
}

int bench_main(const struct family *f, int argc, char **argv)
{
        struct options options;
        bool list_tests = gbench_init(&argc, argv);
        int code = options_parse(&options, f, argc, argv);

        options.task_executor = &executor_tasks;
        if (!code && options.action == ACT_HELP) {
                options_help(f);
        } else if (!code && options.action == ACT_LIST) {
                code = list_contestants(f, &options);
        } else if (!code) {
                gbench_repetitions(options.reps, false);
                code = run(f, &options, list_tests);
        }
        options_free(&options);
        if (fflush(stdout) && !code)
                code = EXIT_OUTPUT;
        return code;
}
