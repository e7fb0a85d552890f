#include <stdlib.h>

#include "context/contestants.h"
#include "context/contexts.h"
#include "main.h"
#include "peers/context_peers.h"

#define X(id) extern const struct contestant context_##id;
CONTEXT_CONTESTANTS(X)
CONTEXT_PEERS(X)
#undef X

static const struct contestant *const contestants[] = {
#define X(id) &context_##id,
        CONTEXT_CONTESTANTS(X) CONTEXT_PEERS(X)
#undef X
                NULL,
};

/* Above this many, a file descriptor each is more than a process is given. */
enum { MOST_DESCRIPTORS = 1000 };

static struct point point(unsigned workload, enum thread_set threads)
{
        struct point p = {.workload = workload, .threads = threads, .tasks = true};

        for (int i = 0; i < MAX_PARAMS; i++)
                p.params.value[i] = PARAM_UNSET;
        return p;
}

static void add_cancel(bool full, struct point_list *list)
{
        static const struct {
                int64_t width, depth;
                bool full; /* only there */
        } trees[] = {
                {1, 1, false},    {10, 1, false}, {100, 1, false},  {1000, 1, false},
                {10000, 1, true}, {1, 10, true},  {1, 100, false},  {1, 1000, true},
                {1, 10000, true}, {10, 10, true}, {100, 100, true},
        };

        for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
                struct point p = point(CANCEL, THREADS_ONE);

                if (trees[i].full && !full)
                        continue;
                p.params.value[P_WIDTH] = trees[i].width;
                p.params.value[P_DEPTH] = trees[i].depth;
                point_list_add(list, &p);
        }
}

static void add_timers(bool full, struct point_list *list)
{
        static const unsigned workloads[] = {TIMERS, LATENESS};

        for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
                for (int64_t timers = 10; timers <= 100000; timers *= full ? 10 : 100) {
                        struct point p =
                                point(workloads[i],
                                      workloads[i] == TIMERS && full ? THREADS_KEY : THREADS_ONE);

                        p.params.value[P_TIMERS] = timers;
                        p.without = timers > MOST_DESCRIPTORS ? CAP_BASELINE : 0;
                        point_list_add(list, &p);
                }
}

static void points(const struct topology *t, bool full, struct point_list *list)
{
        (void)t;
        add_cancel(full, list);
        add_timers(full, list);
}

static const struct family family = {
        .name = "context",
        .summary = "contexts and timers: how fast a cancel reaches all, what a timer costs",
        .contestants = contestants,
        .workloads = {[CANCEL] = "cancel", [TIMERS] = "timers", [LATENESS] = "lateness"},
        .params = {[P_WIDTH] = "p_width", [P_DEPTH] = "p_depth", [P_TIMERS] = "p_timers"},
        .metrics = {[M_CANCEL_CALL_NS] = "cancel_call_ns",
                    [M_CANCEL_NS_PER_CONTEXT] = "cancel_ns_per_context"},
        .points = points,
};

int main(int argc, char **argv)
{
        return bench_main(&family, argc, argv);
}
