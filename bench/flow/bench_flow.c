#include <stdlib.h>

#include "flow/contestants.h"
#include "flow/guard.h"
#include "harness/topology.h"
#include "main.h"
#include "peers/flow_peers.h"

#define X(id) extern const struct contestant flow_##id;
FLOW_CONTESTANTS(X)
FLOW_PEERS(X)
#undef X

static const struct contestant *const contestants[] = {
#define X(id) &flow_##id,
        FLOW_CONTESTANTS(X) FLOW_PEERS(X)
#undef X
                NULL,
};

enum { ROOM = 64 }; /* before each stage, where it is not the question */

static struct point point(unsigned workload, enum thread_set threads)
{
        struct point p = {.workload = workload, .threads = threads, .tasks = true};

        for (int i = 0; i < MAX_PARAMS; i++)
                p.params.value[i] = PARAM_UNSET;
        return p;
}

static bool has_width(const int64_t *widths, size_t n, int64_t width)
{
        for (size_t i = 0; i < n; i++)
                if (widths[i] == width)
                        return true;
        return false;
}

/* 1, cores and twice as many; `far`: eight times as many, too; `all`: the powers of two to there,
   and cores + 1. */
static size_t widths_of(unsigned cores, bool all, bool far, int64_t *widths)
{
        const int64_t wanted[] = {1, cores, 2 * (int64_t)cores, 8 * (int64_t)cores, cores + 1};
        size_t n = 0;

        for (int i = 0; i < 3 + (far || all) + all; i++)
                if (!has_width(widths, n, wanted[i]))
                        widths[n++] = wanted[i];
        for (int64_t w = 2; all && w < 8 * (int64_t)cores; w *= 2)
                if (!has_width(widths, n, w))
                        widths[n++] = w;
        return n;
}

/* All in one block: the widths are to be compared with each other and with the sequential run,
   which stands beside the first of them only. */
static void add_widths(const struct point *base, unsigned cores, bool all, bool far,
                       struct point_list *list)
{
        int64_t widths[32];
        size_t n = widths_of(cores, all, far, widths);

        for (size_t i = 0; i < n; i++) {
                struct point p = *base;

                p.params.value[P_WIDTH] = widths[i];
                p.joins = i > 0;
                p.without = i > 0 ? CAP_FLOOR : 0;
                point_list_add(list, &p);
        }
}

static void add_fan_out(unsigned cores, bool full, struct point_list *list)
{
        static const int64_t compute_us[] = {100, 10, 1};

        for (size_t i = 0; i < 3; i++) {
                struct point p = point(FAN_OUT, THREADS_ONE);

                p.params.value[P_COMPUTE_US] = compute_us[i];
                p.params.value[P_CAPACITY] = ROOM;
                add_widths(&p, cores, full, i == 0, list);
        }
}

/* All of a depth in one block. A quick sweep has each depth with a full hand-over and with some
   room, and the other capacities, and a width, at one depth. */
static void add_pipeline(unsigned cores, bool full, struct point_list *list)
{
        static const int64_t depths[] = {1, 2, 4, 8}, rooms[] = {0, 1, 16, 128};
        enum { SHOWN = 4, USUAL = 16 };

        for (size_t d = 0; d < 4; d++)
                for (size_t k = 0, n = 0; k < 2 * 4; k++) {
                        struct point p = point(PIPELINE, THREADS_ONE);
                        int64_t room = rooms[k % 4], width = k < 4 ? 1 : cores;
                        bool usual = k < 4 && (room == 0 || room == USUAL);
                        bool shown =
                                depths[d] == SHOWN && (room == USUAL || (k < 4 && room > USUAL));

                        if ((!full && !usual && !shown) || (k >= 4 && cores == 1))
                                continue;
                        p.params.value[P_DEPTH] = depths[d];
                        p.params.value[P_CAPACITY] = room;
                        p.params.value[P_WIDTH] = width;
                        p.params.value[P_COMPUTE_US] = 2;
                        p.joins = n++ > 0;
                        p.without = (p.joins ? CAP_FLOOR : 0) | (room ? 0 : CAP_BASELINE);
                        point_list_add(list, &p);
                }
}

/* How fast by size; then, by rate, what a batch's size and age do to the time that an item waits.
 */
static void add_batcher(bool full, struct point_list *list)
{
        static const int64_t rates[] = {PARAM_UNSET, 10000, 40000, 320000, 80000, 160000};
        static const struct {
                int64_t batch, age_us;
        } laws[] = {{1, 1000}, {16, 1000}, {256, 1000},  {256, 100},  {16, 100},
                    {4, 1000}, {64, 1000}, {256, 10000}, {1024, 1000}};

        for (size_t r = 0; r < (full ? 6 : 4); r++)
                for (size_t k = 0, n = 0; k < (full ? 9 : 4); k++) {
                        struct point p = point(BATCHER, THREADS_ONE);

                        if (rates[r] == PARAM_UNSET && laws[k].age_us != 1000)
                                continue;
                        p.params.value[P_BATCH] = laws[k].batch;
                        p.params.value[P_AGE_US] = laws[k].age_us;
                        p.params.value[P_RATE_PER_S] = rates[r];
                        p.params.value[P_COMPUTE_US] = 20;
                        p.joins = n++ > 0;
                        p.without =
                                (r || p.joins ? CAP_FLOOR : 0) | (r && !full ? CAP_BASELINE : 0);
                        point_list_add(list, &p);
                }
}

static void add_guards(bool full, struct point_list *list)
{
        static const struct {
                unsigned workload;
                int64_t fail_pct;
        } lines[] = {{RETRY, 0}, {RETRY, 20}, {BREAKER, 0}, {BREAKER, 20}, {BREAKER, 100}};

        for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
                bool alone = lines[i].workload == RETRY || (!full && lines[i].fail_pct);
                struct point p = point(lines[i].workload, alone ? THREADS_ONE : THREADS_KEY);

                p.params.value[P_FAIL_PCT] = lines[i].fail_pct;
                p.without = lines[i].fail_pct >= 100 ? CAP_FLOOR : 0;
                p.joins = i == 1;
                point_list_add(list, &p);
        }
}

static void points(const struct topology *t, bool full, struct point_list *list)
{
        static const unsigned real[] = {IMAGE, LOG, ETL};
        unsigned cores = topology_cores(t);
        struct point p;

        add_fan_out(cores, full, list);
        add_pipeline(cores, full, list);
        p = point(ORDERED, THREADS_ONE);
        p.params.value[P_COMPUTE_US] = 20;
        p.params.value[P_CAPACITY] = ROOM;
        add_widths(&p, cores, full, false, list);
        for (size_t i = 0; i < 3; i++) {
                p = point(real[i], THREADS_ONE);
                p.params.value[P_CAPACITY] = ROOM;
                add_widths(&p, cores, full, false, list);
        }
        add_batcher(full, list);
        add_guards(full, list);
}

static const struct family family = {
        .name = "flow",
        .summary = "items through stages: fan-out, pipelines, order, batches; retry and breaker",
        .contestants = contestants,
        .workloads = {[FAN_OUT] = "fan_out",
                      [PIPELINE] = "pipeline",
                      [ORDERED] = "ordered",
                      [BATCHER] = "batcher",
                      [RETRY] = "retry",
                      [BREAKER] = "breaker",
                      [IMAGE] = "image",
                      [LOG] = "log",
                      [ETL] = "etl"},
        .params = {[P_WIDTH] = "p_width",
                   [P_DEPTH] = "p_depth",
                   [P_CAPACITY] = "p_capacity",
                   [P_BATCH] = "p_batch",
                   [P_AGE_US] = "p_age_us",
                   [P_RATE_PER_S] = "p_rate_per_s",
                   [P_COMPUTE_US] = "p_compute_us",
                   [P_FAIL_PCT] = "p_fail_pct"},
        .metrics = {[M_REORDERED_PCT] = "reordered_pct",
                    [M_BATCH_MEAN_ITEMS] = "batch_mean_items",
                    [M_AGED_PCT] = "aged_pct"},
        .draw = guard_draw,
        .points = points,
};

int main(int argc, char **argv)
{
        return bench_main(&family, argc, argv);
}
