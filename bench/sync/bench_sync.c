#include "main.h"
#include "peers/sync_peers.h"
#include "sync/contestants.h"
#include "sync/sync.h"

#define X(id) extern const struct contestant sync_##id;
SYNC_CONTESTANTS(X)
SYNC_PEERS(X)
#undef X

static const struct contestant *const contestants[] = {
#define X(id) &sync_##id,
        SYNC_CONTESTANTS(X) SYNC_PEERS(X)
#undef X
                NULL,
};

static struct point point(unsigned workload, enum thread_set threads)
{
        struct point p = {.workload = workload, .threads = threads};

        for (int i = 0; i < MAX_PARAMS; i++)
                p.params.value[i] = PARAM_UNSET;
        return p;
}

static struct point point_with(unsigned workload, enum thread_set threads, int param, int64_t value)
{
        struct point p = point(workload, threads);

        p.params.value[param] = value;
        return p;
}

static void add_tasks_too(struct point_list *list, struct point p)
{
        p.tasks = true;
        point_list_add(list, &p);
}

/* One call for sixteen jobs, and one each. */
static void add_waitgroup(struct point_list *list)
{
        static const int64_t calls[] = {1, 16};

        for (size_t i = 0; i < 2; i++) {
                struct point p = point_with(SYNC_WAITGROUP, THREADS_KEY, P_BATCH, 16);

                p.params.value[P_CALLS] = calls[i];
                point_list_add(list, &p);
        }
}

static void add_once(bool full, struct point_list *list)
{
        static const int64_t holds[] = {100, 10000};
        struct point p = point(SYNC_ONCE, THREADS_KEY);

        point_list_add(list, &p);
        for (size_t i = 0; i < (full ? 2 : 1); i++) {
                p = point_with(SYNC_ONCE_STAMPEDE, THREADS_CONTENDED, P_HOLD_NS, holds[i]);
                point_list_add(list, &p);
        }
}

static void add_semaphore(bool full, struct point_list *list)
{
        static const int64_t permits[] = {1, 2};
        struct point p;

        for (size_t i = 0; i < (full ? 2 : 1); i++) {
                p = point_with(SYNC_SEMAPHORE, THREADS_KEY, P_PERMITS, permits[i]);
                p.params.value[P_HOLD_NS] = 0;
                add_tasks_too(list, p);
        }
        p = point_with(SYNC_SEMAPHORE_WEIGHTED, THREADS_CONTENDED, P_PERMITS, 4);
        p.params.value[P_HOLD_NS] = 1000;
        point_list_add(list, &p);
}

/* One object at a time, which malloc's own cache per thread serves; and more than that holds. */
static void add_objpool(bool full, struct point_list *list)
{
        static const int64_t batch[] = {1, 64}, bytes[] = {256, 4096};

        for (size_t i = 0; i < 2; i++)
                for (size_t k = 0; k < (full ? 2 : 1); k++) {
                        struct point p = point_with(SYNC_OBJPOOL, THREADS_KEY, P_BATCH, batch[i]);

                        p.params.value[P_BYTES] = bytes[k];
                        point_list_add(list, &p);
                }
}

static void add_reads(unsigned workload, const int64_t *reads, size_t n, bool full, int64_t keys,
                      struct point_list *list)
{
        for (size_t i = 0; i < n; i++) {
                struct point p = point_with(workload, full ? THREADS_SWEEP : THREADS_KEY,
                                            P_READ_PCT, reads[i]);

                p.params.value[P_KEYS] = keys;
                p.tasks = i == 0;
                point_list_add(list, &p);
        }
}

static void points(const struct topology *topology, bool full, struct point_list *list)
{
        static const int64_t map_reads[] = {90, 99, 50, 100}, value_reads[] = {99, 100, 90};

        (void)topology;
        add_waitgroup(list);
        add_tasks_too(list, point(SYNC_ROUND, THREADS_CONTENDED));
        add_once(full, list);
        add_tasks_too(list, point(SYNC_COND_SIGNAL, THREADS_CONTENDED));
        add_tasks_too(list, point(SYNC_COND_BROADCAST, THREADS_CONTENDED));
        add_semaphore(full, list);
        add_objpool(full, list);
        add_reads(SYNC_MAP, map_reads, full ? 4 : 1, full, 1024, list);
        add_reads(SYNC_VALUE, value_reads, full ? 3 : 1, full, PARAM_UNSET, list);
}

/* 1: write, 0: read; for a semaphore the number of permits. */
static void draw(uint8_t *draws, const struct params *p, struct ct_rng *rng)
{
        int64_t read_pct = p->value[P_READ_PCT];

        for (int i = 0; i < DRAWS; i++)
                draws[i] = read_pct == PARAM_UNSET ? (uint8_t)(1 + ct_rng_below(rng, HEAVIEST))
                                                   : (int64_t)ct_rng_below(rng, 100) >= read_pct;
}

static const struct family family = {
        .name = "sync",
        .summary = "the rest of Go's sync package: wait groups, once, conditions, semaphores, "
                   "barriers, pools, maps, values",
        .contestants = contestants,
        .workloads = {[SYNC_WAITGROUP] = "waitgroup",
                      [SYNC_ROUND] = "round",
                      [SYNC_ONCE] = "once",
                      [SYNC_ONCE_STAMPEDE] = "once_stampede",
                      [SYNC_COND_SIGNAL] = "cond_signal",
                      [SYNC_COND_BROADCAST] = "cond_broadcast",
                      [SYNC_SEMAPHORE] = "semaphore",
                      [SYNC_SEMAPHORE_WEIGHTED] = "semaphore_weighted",
                      [SYNC_OBJPOOL] = "objpool",
                      [SYNC_MAP] = "map",
                      [SYNC_VALUE] = "value"},
        .params = {[P_READ_PCT] = "p_read_pct",
                   [P_HOLD_NS] = "p_hold_ns",
                   [P_SAMPLE_EVERY] = "p_sample_every",
                   [P_BATCH] = "p_batch",
                   [P_CALLS] = "p_calls",
                   [P_PERMITS] = "p_permits",
                   [P_BYTES] = "p_bytes",
                   [P_KEYS] = "p_keys"},
        .sample_param = "p_sample_every",
        .hold_param = "p_hold_ns",
        .points = points,
        .draw = draw,
};

int main(int argc, char **argv)
{
        return bench_main(&family, argc, argv);
}
