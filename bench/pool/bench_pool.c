#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "harness/sysfile.h"
#include "main.h"
#include "pool/contestants.h"
#include "pool/pool.h"

#define X(id) extern const struct contestant pool_##id;
POOL_CONTESTANTS(X)
#undef X

static const struct contestant *const contestants[] = {
#define X(id) &pool_##id,
        POOL_CONTESTANTS(X)
#undef X
                NULL,
};

enum {
        QUEUE = 100,         /* the guides' own */
        MOST_PER_CORE = 64,  /* workers in the sizing sweep */
        IO_PER_CORE = 10,    /* the guides' start for jobs that wait */
        SPARE_THREADS = 500, /* left to everybody else */
        MAPS_PER_THREAD = 2, /* a stack and its guard page */
        MAX_SIZES = 64,
};

static struct point point(unsigned workload)
{
        struct point p = {.workload = workload, .threads = THREADS_ONE};

        for (int i = 0; i < MAX_PARAMS; i++)
                p.params.value[i] = PARAM_UNSET;
        return p;
}

static void add_overhead(unsigned cores, bool full, struct point_list *list)
{
        static const int64_t queues[] = {QUEUE, 0, 1, 10, 1000};

        for (size_t q = 0; q < (full ? 5 : 1); q++)
                for (unsigned w = 1; w <= 4 * cores; w *= 2) {
                        struct point p = point(OVERHEAD);

                        p.params.value[P_WORKERS] = w;
                        p.params.value[P_QUEUE] = queues[q];
                        point_list_add(list, &p);
                }
}

static void add_size(unsigned *sizes, size_t *n, double size)
{
        unsigned w = size < 1 ? 1 : (unsigned)lround(size);

        for (size_t i = 0; i < *n; i++)
                if (sizes[i] == w)
                        return;
        if (*n < MAX_SIZES)
                sizes[(*n)++] = w;
}

static int by_number(const void *a, const void *b)
{
        unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

        return (x > y) - (x < y);
}

/* Powers of two up to 64 a core, cores and cores + 1, and the prediction with a quarter on either
   side (a half and the double too in a full sweep). */
static void add_sizing(unsigned cores, int64_t wait_pct, bool full, struct point_list *list)
{
        unsigned sizes[MAX_SIZES];
        double prediction = pool_prediction(cores, wait_pct);
        size_t n = 0;

        for (unsigned w = 1; w <= MOST_PER_CORE * cores; w *= 2)
                add_size(sizes, &n, w);
        add_size(sizes, &n, MOST_PER_CORE * cores);
        add_size(sizes, &n, cores);
        add_size(sizes, &n, cores + 1);
        add_size(sizes, &n, prediction);
        if (wait_pct || full) {
                add_size(sizes, &n, prediction * 0.75);
                add_size(sizes, &n, prediction * 1.25);
        }
        if (full) {
                add_size(sizes, &n, prediction * 0.5);
                add_size(sizes, &n, prediction * 2);
        }
        qsort(sizes, n, sizeof *sizes, by_number);
        for (size_t i = 0; i < n; i++) {
                struct point p = point(SIZING);

                p.params.value[P_WORKERS] = sizes[i];
                p.params.value[P_WAIT_PCT] = wait_pct;
                point_list_add(list, &p);
        }
}

/* How many threads this process may expect to be allowed, as far as the kernel says. */
static double threads_allowed(void)
{
        double most = INFINITY, v;
        struct rlimit limit;

        if (!getrlimit(RLIMIT_NPROC, &limit) && limit.rlim_cur != RLIM_INFINITY)
                most = (double)limit.rlim_cur;
        if (ct_sysfile_number(&v, "", "/proc/sys/kernel/threads-max"))
                most = fmin(most, v);
        if (ct_sysfile_number(&v, "", "/proc/sys/vm/max_map_count"))
                most = fmin(most, v / MAPS_PER_THREAD);
        if (ct_sysfile_number(&v, "", "/sys/fs/cgroup/pids.max") ||
            ct_sysfile_number(&v, "", "/sys/fs/cgroup/pids/pids.max"))
                most = fmin(most, v);
        return most - SPARE_THREADS;
}

static void add_memory(unsigned cores, bool full, struct point_list *list)
{
        static const int64_t jobs[] = {1000, 5000, 20000};
        double allowed = threads_allowed();

        for (size_t i = 0; i < (full ? 3 : 2); i++) {
                struct point p = point(MEMORY);

                if ((double)jobs[i] > allowed) {
                        fprintf(stderr,
                                "contend: pool: %lld waiting jobs left out: about %.0f threads are "
                                "allowed here\n",
                                (long long)jobs[i], fmax(allowed, 0));
                        continue;
                }
                p.params.value[P_WORKERS] = IO_PER_CORE * cores;
                p.params.value[P_QUEUE] = jobs[i];
                p.params.value[P_JOBS] = jobs[i];
                point_list_add(list, &p);
        }
}

static void points(const struct topology *t, bool full, struct point_list *list)
{
        static const int64_t wait_pct[] = {0, 50, 90, 99};
        unsigned cores = topology_cores(t);

        add_overhead(cores, full, list);
        for (size_t i = 0; i < sizeof wait_pct / sizeof *wait_pct; i++)
                add_sizing(cores, wait_pct[i], full, list);
        add_memory(cores, full, list);
}

static const struct family family = {
        .name = "pool",
        .summary = "many jobs on threads: cost per job, how many workers, and memory",
        .caps = CAP_THREADS_ONLY,
        .contestants = contestants,
        .workloads = {[OVERHEAD] = "overhead", [SIZING] = "sizing", [MEMORY] = "memory"},
        .params = {[P_WORKERS] = "p_workers",
                   [P_QUEUE] = "p_queue",
                   [P_WAIT_PCT] = "p_wait_pct",
                   [P_JOBS] = "p_jobs"},
        .metrics = {[M_PREDICTED_WORKERS] = "predicted_workers",
                    [M_PEAK_RSS_MB] = "peak_rss_mb",
                    [M_RSS_GROWTH_MB] = "rss_growth_mb"},
        .points = points,
};

int main(int argc, char **argv)
{
        return bench_main(&family, argc, argv);
}
