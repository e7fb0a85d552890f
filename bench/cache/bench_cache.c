#include "cache/contestants.h"
#include "cache/points.h"
#include "cache/workload.h"
#include "main.h"
#include "peers/cache_peers.h"

#define X(id) extern const struct contestant cache_##id;
CACHE_CONTESTANTS(X)
CACHE_PEERS(X)
#undef X

static const struct contestant *const contestants[] = {
#define X(id) &cache_##id,
        CACHE_CONTESTANTS(X) CACHE_PEERS(X)
#undef X
                NULL,
};

static const struct family family = {
        .name = "cache",
        .summary =
                "n threads or tasks use one cache: locks, shards, lock-free reads; hit ratios by "
                "policy; stampedes",
        .contestants = contestants,
        .workloads = {[CACHE_GET_SET] = "get_set",
                      [CACHE_ASIDE] = "aside",
                      [CACHE_STAMPEDE] = "stampede",
                      [CACHE_SECTION_INSIDE] = "section_inside",
                      [CACHE_SECTION_OUTSIDE] = "section_outside",
                      [CACHE_TRACE_ZIPF] = "trace_zipf",
                      [CACHE_TRACE_SCAN] = "trace_scan",
                      [CACHE_TRACE_LOOP] = "trace_loop",
                      [CACHE_TRACE_SHIFT] = "trace_shift",
                      [CACHE_TRACE_RECENCY] = "trace_recency",
                      [CACHE_TRACE_FILE] = "trace_file"},
        .params = {[P_READ_PCT] = "p_read_pct",
                   [P_SKEW] = "p_skew",
                   [P_SHARDS] = "p_shards",
                   [P_KEYS] = "p_keys",
                   [P_VALUE_BYTES] = "p_value_bytes",
                   [P_CAPACITY] = "p_capacity",
                   [P_HOLD_NS] = "p_hold_ns",
                   [P_SAMPLE_EVERY] = "p_sample_every"},
        .metrics = {[M_HIT_RATIO] = "hit_ratio",
                    [M_BYTES_PER_ENTRY] = "bytes_per_entry",
                    [M_LOADS_PER_EXPIRY] = "loads_per_expiry",
                    [M_CONTENDED_PCT] = "contended_pct",
                    [M_EVICTED_PCT] = "evicted_pct"},
        .word = "hash",
        .sample_param = "p_sample_every",
        .hold_param = "p_hold_ns",
        .trace = cache_trace_take,
        .points = cache_points,
};

int main(int argc, char **argv)
{
        return bench_main(&family, argc, argv);
}
