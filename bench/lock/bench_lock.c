#include "lock/contestants.h"
#include "lock/lock.h"
#include "main.h"
#include "peers/lock_peers.h"

#define X(id) extern const struct contestant lock_##id;
LOCK_CONTESTANTS(X)
LOCK_PEERS(X)
#undef X

static const struct contestant *const contestants[] = {
#define X(id) &lock_##id,
        LOCK_CONTESTANTS(X) LOCK_PEERS(X)
#undef X
                NULL,
};

enum { SAMPLE_EVERY = 64 };

static struct point point(unsigned workload, int64_t hold_ns, int64_t think_ns,
                          enum thread_set threads)
{
        struct point p = {.workload = workload, .threads = threads};

        for (int i = 0; i < MAX_PARAMS; i++)
                p.params.value[i] = PARAM_UNSET;
        p.params.value[P_HOLD_NS] = hold_ns;
        p.params.value[P_THINK_NS] = think_ns;
        p.params.value[P_SAMPLE_EVERY] = 0;
        return p;
}

/* Hold and think lengths in ns: back to back, which no program does and every table shows; a short
   section with work outside it; and, in a long sweep, what lies around these two. */
static void add_mutex(bool full, struct point_list *list)
{
        static const int64_t lengths[][2] = {{0, 0},    {100, 400}, {0, 100},    {100, 0},
                                             {0, 1000}, {1000, 0},  {1000, 1000}};

        for (size_t i = 0; i < (full ? sizeof lengths / sizeof *lengths : 2); i++) {
                struct point p = point(LOCK_MUTEX, lengths[i][0], lengths[i][1],
                                       i == 0 ? THREADS_SWEEP : THREADS_CONTENDED);

                p.tasks = i == 0;
                point_list_add(list, &p);
        }
        if (full) {
                struct point p = point(LOCK_MUTEX, 100, 400, THREADS_KEY);

                p.params.value[P_SAMPLE_EVERY] = SAMPLE_EVERY;
                point_list_add(list, &p);
        }
}

/* Queues of spinners are no answer to the question that this workload asks, whether a
   readers-writer lock pays: oversubscribed they stand still. The map over share of reads and length
   of a section is drawn on all cores; the usual case, short and nearly all reads, by threads. */
static void add_rwmutex(bool full, struct point_list *list)
{
        static const int64_t holds[] = {0, 100, 1000, 10000};
        static const int64_t reads[] = {100, 99, 90, 50, 0};
        size_t n_holds = full ? 4 : 3, n_reads = full ? 5 : 4;

        for (size_t h = 0; h < n_holds; h++) {
                for (size_t r = 0; r < n_reads; r++) {
                        bool usual = holds[h] == 0 && reads[r] == 99;
                        struct point p = point(LOCK_RWMUTEX, holds[h], 0, THREADS_CORES);

                        if (full && holds[h] == 0)
                                p.threads = THREADS_SWEEP;
                        else if (usual)
                                p.threads = THREADS_KEY;
                        p.params.value[P_READ_PCT] = reads[r];
                        p.without = CAP_FIFO;
                        p.tasks = usual;
                        point_list_add(list, &p);
                }
        }
}

/* The section is long enough that somebody waits at every unlock. */
static void add_handover(bool full, struct point_list *list)
{
        static const int64_t holds[] = {1000, 100, 10000};

        for (size_t i = 0; i < (full ? sizeof holds / sizeof *holds : 1); i++) {
                struct point p = point(LOCK_HANDOVER, holds[i], 0, THREADS_CONTENDED);

                p.params.value[P_SAMPLE_EVERY] = PARAM_UNSET;
                p.tasks = i == 0;
                point_list_add(list, &p);
        }
}

static void points(const struct topology *topology, bool full, struct point_list *list)
{
        (void)topology;
        add_mutex(full, list);
        add_rwmutex(full, list);
        add_handover(full, list);
}

static void draw(uint8_t *draws, const struct params *p, struct ct_rng *rng)
{
        int64_t read_pct = p->value[P_READ_PCT];

        for (int i = 0; i < DRAWS; i++)
                draws[i] = (int64_t)ct_rng_below(rng, 100) >= read_pct; /* 1: write */
}

static const struct family family = {
        .name = "lock",
        .summary = "n threads take one lock: mutexes, readers-writer locks, and who gets it next",
        .contestants = contestants,
        .workloads =
                {[LOCK_MUTEX] = "mutex", [LOCK_RWMUTEX] = "rwmutex", [LOCK_HANDOVER] = "handover"},
        .params = {[P_READ_PCT] = "p_read_pct",
                   [P_HOLD_NS] = "p_hold_ns",
                   [P_THINK_NS] = "p_think_ns",
                   [P_SAMPLE_EVERY] = "p_sample_every"},
        .metrics = {[M_HANDOVER_PCT] = "handover_pct",
                    [M_HANDOVER_P50_NS] = "handover_p50_ns",
                    [M_HANDOVER_P99_NS] = "handover_p99_ns",
                    [M_HANDOVER_P999_NS] = "handover_p999_ns",
                    [M_HANDOVER_MAX_NS] = "handover_max_ns",
                    [M_HANDOVER_CLOCK_NS] = "handover_clock_ns"},
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
