#include "counter/contestants.h"
#include "counter/counter.h"
#include "main.h"
#include "peers/counter_peers.h"

#define X(id) extern const struct contestant counter_##id;
COUNTER_CONTESTANTS(X)
COUNTER_PEERS(X)
#undef X

static const struct contestant *const contestants[] = {
#define X(id) &counter_##id,
        COUNTER_CONTESTANTS(X) COUNTER_PEERS(X)
#undef X
                NULL,
};

enum { SAMPLE_EVERY = 64 };

static struct point point(unsigned workload, int64_t read_pct, int64_t hold_ns, int64_t think_ns)
{
        struct point p = {.workload = workload, .threads = THREADS_KEY};

        for (int i = 0; i < MAX_PARAMS; i++)
                p.params.value[i] = PARAM_UNSET;
        p.params.value[P_READ_PCT] = read_pct;
        p.params.value[P_HOLD_NS] = hold_ns;
        p.params.value[P_THINK_NS] = think_ns;
        p.params.value[P_SAMPLE_EVERY] = 0;
        return p;
}

static void points(const struct topology *topology, bool full, struct point_list *list)
{
        static const int64_t reads[] = {0, 50, 90, 99, 100};
        /* hold and think lengths in ns: short section with and without work outside it, long
         * section */
        static const int64_t lengths[][2] = {{100, 0}, {100, 400}, {1000, 1000}};
        struct point p = point(COUNTER_INC, PARAM_UNSET, 0, 0);

        (void)topology;
        p.threads = THREADS_SWEEP;
        p.tasks = true;
        point_list_add(list, &p);
        p.tasks = false;
        p.threads = THREADS_KEY;
        p.params.value[P_SAMPLE_EVERY] = SAMPLE_EVERY;
        point_list_add(list, &p);
        for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
                p = point(COUNTER_MIXED, reads[i], 0, 0);
                p.tasks = reads[i] == 90;
                point_list_add(list, &p);
        }
        for (size_t i = 0; i < (full ? 3 : 1); i++) {
                for (size_t r = 0; r < (full ? 5 : 1); r++) {
                        p = point(COUNTER_MIXED, reads[r], lengths[full ? i : 1][0],
                                  lengths[full ? i : 1][1]);
                        p.needs = CAP_SECTION;
                        point_list_add(list, &p);
                }
        }
}

static void draw(uint8_t *draws, const struct params *p, struct ct_rng *rng)
{
        int64_t read_pct = p->value[P_READ_PCT];

        for (int i = 0; i < DRAWS; i++)
                draws[i] = (int64_t)ct_rng_below(rng, 100) >= read_pct; /* 1: increment */
}

static const struct family family = {
        .name = "counter",
        .summary = "n threads add to one counter: atomics, locks, shards, and what each costs",
        .contestants = contestants,
        .workloads = {[COUNTER_INC] = "inc", [COUNTER_MIXED] = "mixed"},
        .params = {[P_READ_PCT] = "p_read_pct",
                   [P_HOLD_NS] = "p_hold_ns",
                   [P_THINK_NS] = "p_think_ns",
                   [P_SAMPLE_EVERY] = "p_sample_every"},
        .metrics = {[M_LOST_PCT] = "lost_pct"},
        .sample_param = "p_sample_every",
        .hold_param = "p_hold_ns",
        .think_param = "p_think_ns",
        .points = points,
        .draw = draw,
};

int main(int argc, char **argv)
{
        return bench_main(&family, argc, argv);
}
