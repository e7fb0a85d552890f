#include "selftest.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "harness/hop.h"
#include "harness/options.h"
#include "harness/window.h"

/* The floor: a loop without an operation. */
static uint64_t run_nothing(void *self, struct worker *w, uint64_t n)
{
        (void)self;
        (void)w;
        for (uint64_t i = 0; i < n; i++)
                __asm__ __volatile__("" ::: "memory");
        return n;
}

static const struct contestant nothing = {
        .name = "null", .source = "", .size = 1, .align = 1, .run = {run_nothing}};
static const struct contestant *const contestants[] = {&nothing, NULL};
static const struct family family = {
        .name = "self-test", .contestants = contestants, .workloads = {"nothing"}};

enum { WINDOWS = 200 };
static const int64_t window_ns = 5 * CT_NS_PER_MS;

struct figures {
        unsigned threads, windows, overlapped;
        double skew_p50, skew_p95, skew_p99, ns_per_op, hop;
};

static double quantile(const double *sorted, unsigned n, double q)
{
        unsigned i = (unsigned)(q * n + 0.999999);

        return sorted[i ? i - 1 : 0];
}

static int run_windows(const struct topology *topology, unsigned threads, unsigned windows,
                       struct figures *f)
{
        struct params params = {{0}};
        struct window_spec spec = {
                .family = &family,
                .contestant = &nothing,
                .params = &params,
                .window_ns = window_ns,
                .work_pct = 100,
                .stuck_after_ns = 10 * CT_NS_PER_S,
        };
        double *skew = calloc(windows, sizeof *skew), *cost = calloc(windows, sizeof *cost);
        struct window *window = NULL;
        struct executor executor = {0};
        char why[WHY_SIZE] = "out of memory";
        uint64_t batch = 1;
        int rc = skew && cost ? executor_start(&executor, &executor_threads, topology, "compact",
                                               threads, why, sizeof why)
                              : -1;

        if (!rc)
                rc = window_alloc(&window, &executor, &family, 1, 1, 1);
        if (!rc)
                rc = window_warm(window, &spec, window_ns, &batch);
        *f = (struct figures){.threads = threads, .windows = windows};
        for (unsigned i = 0; i < windows && !rc; i++) {
                struct measurement m;

                rc = window_run(window, &spec, batch, &m);
                skew[i] = m.start_skew_ns;
                cost[i] = m.ns_per_op;
                f->overlapped += m.overlap_ratio >= 0.99;
        }
        if (rc) {
                fprintf(stderr, "contend: self-test at %u threads: %s\n", threads, why);
        } else {
                f->ns_per_op = median_of(cost, windows);
                median_of(skew, windows); /* sorts */
                f->skew_p50 = quantile(skew, windows, 0.50);
                f->skew_p95 = quantile(skew, windows, 0.95);
                f->skew_p99 = quantile(skew, windows, 0.99);
                f->hop = team_hop(executor.team);
        }
        window_free(window);
        executor_stop(&executor);
        free(skew);
        free(cost);
        return rc ? EXIT_ENVIRONMENT : EXIT_OK;
}

static void print_text(const struct figures *f)
{
        printf("T=%u: start skew p50 %.0f ns, p95 %.0f ns, p99 %.0f ns; overlap >= 0.99 in %u of "
               "%u windows; "
               "empty loop %.3f ns/op; ",
               f->threads, f->skew_p50, f->skew_p95, f->skew_p99, f->overlapped, f->windows,
               f->ns_per_op);
        if (f->hop > 0)
                printf("hop %.1f ns\n", f->hop);
        else
                puts("no second CPU to measure a hop to");
}

static cJSON *to_json(const struct figures *f)
{
        cJSON *o = cJSON_CreateObject();

        cJSON_AddNumberToObject(o, "threads", f->threads);
        cJSON_AddNumberToObject(o, "windows", f->windows);
        cJSON_AddNumberToObject(o, "overlapped", f->overlapped);
        cJSON_AddNumberToObject(o, "start_skew_p50_ns", f->skew_p50);
        cJSON_AddNumberToObject(o, "start_skew_p95_ns", f->skew_p95);
        cJSON_AddNumberToObject(o, "start_skew_p99_ns", f->skew_p99);
        cJSON_AddNumberToObject(o, "null_ns_per_op", f->ns_per_op);
        if (f->hop > 0)
                cJSON_AddNumberToObject(o, "hop_ns", f->hop);
        else
                cJSON_AddNullToObject(o, "hop_ns");
        return o;
}

static int self_test(const struct topology *topology, bool json, unsigned windows)
{
        unsigned counts[] = {1, topology_cores(topology) < 2 ? 0 : 2, topology_cores(topology)};
        cJSON *all = cJSON_CreateArray();
        char *text;
        int code = EXIT_OK;

        for (size_t i = 0; i < 3 && !code; i++) {
                struct figures f;

                if (!counts[i] || (i && counts[i] == counts[i - 1]))
                        continue;
                code = run_windows(topology, counts[i], windows, &f);
                if (!code && !json)
                        print_text(&f);
                if (!code)
                        cJSON_AddItemToArray(all, to_json(&f));
        }
        text = json && !code ? cJSON_Print(all) : NULL;
        if (text)
                puts(text);
        free(text);
        cJSON_Delete(all);
        return code;
}

int selftest_main(int argc, char **argv)
{
        struct topology topology;
        char why[WHY_SIZE];
        bool json = false;
        long windows = WINDOWS;
        int code;

        for (int i = 1; i < argc; i++) {
                char *end = "";

                if (!strcmp(argv[i], "--help")) {
                        puts("usage: contend_host self-test [--json] [--windows N]");
                        return EXIT_OK;
                }
                if (!strcmp(argv[i], "--json"))
                        json = true;
                else if (!strcmp(argv[i], "--windows") && i + 1 < argc)
                        windows = strtol(argv[++i], &end, 10);
                else
                        windows = 0;
                if (windows < 1 || windows > 1000000 || *end) {
                        fputs("contend: self-test takes --json and --windows N (1 to 1000000)\n",
                              stderr);
                        return EXIT_USAGE;
                }
        }
        if (topology_load(&topology, why, sizeof why)) {
                fprintf(stderr, "contend: %s\n", why);
                return EXIT_ENVIRONMENT;
        }
        code = self_test(&topology, json, (unsigned)windows);
        topology_free(&topology);
        return code;
}
