#include "cache/contestants.h"
#include "cache/workload.h"
#include "main.h"

#define X(id) extern const struct contestant cache_##id;
CACHE_CONTESTANTS(X)
#undef X

static const struct contestant *const contestants[] = {
#define X(id) &cache_##id,
        CACHE_CONTESTANTS(X)
#undef X
                NULL,
};

enum { MOST_SHARDS = 256, SOME_SHARDS = 16 };

/* One block: what has one lock or none, and beside it the sharded cache with from..to shards. */
static void add_block(struct point_list *list, int64_t read_pct, int64_t skew, int64_t from,
                      int64_t to, enum thread_set threads)
{
        struct point p = {.workload = CACHE_GET_SET, .threads = threads, .without = CAP_SHARDED};

        for (int i = 0; i < MAX_PARAMS; i++)
                p.params.value[i] = PARAM_UNSET;
        p.params.value[P_READ_PCT] = read_pct;
        p.params.value[P_SKEW] = skew;
        p.params.value[P_KEYS] = KEYS;
        point_list_add(list, &p);
        p.joins = true;
        p.without = 0;
        p.needs = CAP_SHARDED;
        for (int64_t shards = from; shards <= to; shards *= 2) {
                p.params.value[P_SHARDS] = shards;
                point_list_add(list, &p);
        }
}

/* Quick: the curve over shards at 90 % reads, and the map over read shares at 16 shards. Full: the
   whole product. */
static void points(const struct topology *topology, bool full, struct point_list *list)
{
        static const int64_t reads[] = {90, 0, 50, 99, 100}, skews[] = {0, 99};

        (void)topology;
        for (size_t r = 0; r < sizeof reads / sizeof *reads; r++) {
                for (size_t s = 0; s < sizeof skews / sizeof *skews; s++) {
                        bool curve = full || reads[r] == 90;

                        add_block(list, reads[r], skews[s], curve ? 1 : SOME_SHARDS,
                                  curve ? MOST_SHARDS : SOME_SHARDS,
                                  full ? THREADS_SWEEP : THREADS_KEY);
                }
        }
}

static const struct family family = {
        .name = "cache",
        .summary =
                "n threads get and set 100,000 string keys: one lock, readers-writer lock, shards",
        .caps = CAP_THREADS_ONLY,
        .contestants = contestants,
        .workloads = {[CACHE_GET_SET] = "get_set"},
        .params = {[P_READ_PCT] = "p_read_pct",
                   [P_SKEW] = "p_skew",
                   [P_SHARDS] = "p_shards",
                   [P_KEYS] = "p_keys"},
        .metrics = {[M_HIT_RATIO] = "hit_ratio"},
        .points = points,
};

int main(int argc, char **argv)
{
        return bench_main(&family, argc, argv);
}
