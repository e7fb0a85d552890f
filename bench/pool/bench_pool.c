#include "main.h"
#include "peers/pool_peers.h"
#include "pool/contestants.h"
#include "pool/points.h"
#include "pool/pool.h"

#define X(id) extern const struct contestant pool_##id;
POOL_CONTESTANTS(X)
POOL_PEERS(X)
#undef X

static const struct contestant *const contestants[] = {
#define X(id) &pool_##id,
        POOL_CONTESTANTS(X) POOL_PEERS(X)
#undef X
                NULL,
};

static const struct family family = {
        .name = "pool",
        .summary = "many jobs on few workers: cost per job, how many workers, balance, memory",
        .contestants = contestants,
        .workloads = {[OVERHEAD] = "overhead",
                      [SIZING] = "sizing",
                      [MEMORY] = "memory",
                      [SIZING_SOCKET] = "sizing_socket",
                      [QUEUE] = "queue",
                      [OVERLOAD_120] = "overload_120",
                      [OVERLOAD_200] = "overload_200",
                      [BALANCE_EQUAL] = "balance_equal",
                      [BALANCE_PARETO] = "balance_pareto",
                      [BALANCE_ELEPHANT] = "balance_elephant",
                      [QUOTA] = "quota"},
        .params = {[P_WORKERS] = "p_workers",
                   [P_QUEUE] = "p_queue",
                   [P_WAIT_PCT] = "p_wait_pct",
                   [P_JOBS] = "p_jobs",
                   [P_BATCH] = "p_batch",
                   [P_SUBMITTERS] = "p_submitters",
                   [P_COMPUTE_US] = "p_compute_us",
                   [P_LIMIT] = "p_limit"},
        .metrics = {[M_PREDICTED_WORKERS] = "predicted_workers",
                    [M_PEAK_RSS_MB] = "peak_rss_mb",
                    [M_RSS_GROWTH_MB] = "rss_growth_mb",
                    [M_BLOCKED_SUBMIT_PCT] = "blocked_submit_pct",
                    [M_REFUSED_PCT] = "refused_pct",
                    [M_BUSIEST_RATIO] = "busiest_ratio",
                    [M_QUOTA_CPUS] = "quota_cpus"},
        .points = pool_points,
};

int main(int argc, char **argv)
{
        return bench_main(&family, argc, argv);
}
