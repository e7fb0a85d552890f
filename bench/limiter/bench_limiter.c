#include "limiter/contestants.h"
#include "limiter/limiter.h"
#include "main.h"

#define X(id) extern const struct contestant limiter_##id;
LIMITER_CONTESTANTS(X)
#undef X

static const struct contestant *const contestants[] = {
#define X(id) &limiter_##id,
        LIMITER_CONTESTANTS(X)
#undef X
                NULL,
};

static void add(struct point_list *list, unsigned workload, enum thread_set threads, int64_t rate,
                int64_t burst, int64_t users, int64_t adversary)
{
        struct point p = {.workload = workload, .threads = threads};

        for (int i = 0; i < MAX_PARAMS; i++)
                p.params.value[i] = PARAM_UNSET;
        p.params.value[P_RATE_PER_S] = rate;
        p.params.value[P_BURST] = burst;
        p.params.value[P_USERS] = users;
        p.params.value[P_ADVERSARY] = adversary;
        point_list_add(list, &p);
}

static void points(const struct topology *topology, bool full, struct point_list *list)
{
        static const int64_t rates[] = {100, 1000, 10000, 100000};

        (void)topology;
        add(list, LIMITER_ALLOW, THREADS_SWEEP, NEVER_LIMITED, 4096, 1, PARAM_UNSET);
        add(list, LIMITER_ALLOW, full ? THREADS_SWEEP : THREADS_KEY, 1000, 10, 1, PARAM_UNSET);
        add(list, LIMITER_USERS, full ? THREADS_SWEEP : THREADS_KEY, NEVER_LIMITED, 4096, MAX_USERS,
            PARAM_UNSET);
        for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
                add(list, LIMITER_WAIT, THREADS_ONE, rates[i], 1, PARAM_UNSET, PARAM_UNSET);
        for (int64_t adversary = 0; adversary <= 1; adversary++)
                add(list, LIMITER_LAW, THREADS_ONE, 100, 100, PARAM_UNSET, adversary);
}

static void draw(uint8_t *draws, const struct params *p, struct ct_rng *rng)
{
        uint64_t users = p->value[P_USERS] > 0 ? (uint64_t)p->value[P_USERS] : 1;

        for (int i = 0; i < DRAWS; i++)
                draws[i] = (uint8_t)ct_rng_below(rng, users);
}

static const struct family family = {
        .name = "limiter",
        .summary = "rate limiters: what a decision costs, how a rate is kept, what a burst gets",
        .caps = CAP_THREADS_ONLY,
        .contestants = contestants,
        .workloads = {[LIMITER_ALLOW] = "allow",
                      [LIMITER_USERS] = "users",
                      [LIMITER_WAIT] = "wait",
                      [LIMITER_LAW] = "law"},
        .params = {[P_RATE_PER_S] = "p_rate_per_s",
                   [P_BURST] = "p_burst",
                   [P_USERS] = "p_users",
                   [P_ADVERSARY] = "p_adversary"},
        .metrics = {[M_ADMITTED_PCT] = "admitted_pct",
                    [M_RATE_ERROR_PCT] = "rate_error_pct",
                    [M_GAP_JITTER_P50_NS] = "gap_jitter_p50_ns",
                    [M_GAP_JITTER_P99_NS] = "gap_jitter_p99_ns",
                    [M_GAP_P99_RATIO] = "gap_p99_ratio",
                    [M_BURST_RATIO] = "burst_ratio",
                    [M_MEMORY_BYTES] = "memory_bytes"},
        .points = points,
        .draw = draw,
};

int main(int argc, char **argv)
{
        return bench_main(&family, argc, argv);
}
