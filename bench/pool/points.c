/* The sweep of the family. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "harness/sysfile.h"
#include "pool/points.h"
#include "pool/pool.h"
#include "pool/quota.h"

enum {
        QUEUE_OF_GUIDES = 100,
        COMPUTE = 100,         /* us, of a sweep that varies something else */
        MOST_PER_CORE = 64,    /* workers in the sizing sweep... */
        MOST_THAT_WAIT = 1024, /* ...and where jobs wait for most of their time */
        IO_PER_CORE = 10,      /* the guides' start for jobs that wait */
        SPARE_THREADS = 500,   /* left to everybody else */
        MAPS_PER_THREAD = 2,   /* a stack and its guard page */
        KB_PER_TASK = 12,      /* two pages of its stack, and what the runtime keeps */
        MAX_SIZES = 64,
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct point point(unsigned workload)
{
        struct point p = {.workload = workload, .threads = THREADS_ONE, .tasks = true};

        for (int i = 0; i < MAX_PARAMS; i++)
                p.params.value[i] = PARAM_UNSET;
        return p;
}

/* ---- overhead ---- */

static void add_flood(struct point_list *list, unsigned workers, int64_t queue, int64_t submitters,
                      int64_t batch)
{
        struct point p = point(OVERHEAD);

        p.params.value[P_WORKERS] = workers;
        p.params.value[P_QUEUE] = queue;
        p.params.value[P_SUBMITTERS] = submitters;
        p.params.value[P_BATCH] = batch;
        p.needs = batch > 1 ? CAP_BATCHES : 0;
        /* Where jobs are taken without an end, one size of the queue stands for all. */
        p.without = (queue ? 0 : CAP_BUFFERED) | (submitters > 1 ? CAP_PAIR : 0) |
                    (queue == QUEUE_OF_GUIDES ? 0 : CAP_UNBOUNDED);
        point_list_add(list, &p);
}

static void add_overhead(unsigned cores, bool full, struct point_list *list)
{
        static const int64_t queues[] = {0, 1, 10, 1000};
        static const int64_t batches[] = {16, 256};
        int64_t many = 2 * cores;

        for (unsigned w = 1; w <= 4 * cores; w *= 2)
                add_flood(list, w, QUEUE_OF_GUIDES, 1, 1);
        for (size_t q = 0; full && q < COUNT(queues); q++)
                for (unsigned w = 1; w <= 4 * cores; w *= 2)
                        add_flood(list, w, queues[q], 1, 1);
        for (unsigned w = full ? 1 : cores; w <= (full ? 4 * cores : cores); w *= 2) {
                add_flood(list, w, QUEUE_OF_GUIDES, many, 1);
                for (size_t b = 0; b < COUNT(batches); b++) {
                        add_flood(list, w, QUEUE_OF_GUIDES, 1, batches[b]);
                        if (full)
                                add_flood(list, w, QUEUE_OF_GUIDES, many, batches[b]);
                }
        }
}

/* ---- sizing ---- */

struct sizes {
        unsigned at[MAX_SIZES];
        size_t n;
};

static void add_size(struct sizes *s, double size)
{
        unsigned w = size < 1 ? 1 : (unsigned)lround(size);

        for (size_t i = 0; i < s->n; i++)
                if (s->at[i] == w)
                        return;
        if (s->n < MAX_SIZES)
                s->at[s->n++] = w;
}

static int by_number(const void *a, const void *b)
{
        unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

        return (x > y) - (x < y);
}

/* Powers of two up to 64 a core, cores and cores + 1, and the prediction with a quarter on either
   side (a half and the double too in a full sweep). A quick sweep has every other power of two
   where the curve is long: beyond 8 a core, or of jobs that mostly wait. */
static void find_sizes(unsigned cores, int64_t wait_pct, bool full, struct sizes *s)
{
        static const double quick[] = {0.75, 1, 1.25}, around[] = {0.5, 0.75, 1, 1.25, 2};
        double prediction = pool_prediction(cores, wait_pct);

        s->n = 0;
        for (unsigned w = 1; w <= MOST_PER_CORE * cores;
             w *= full || (w < 8 * cores && wait_pct < 90) ? 2 : 4)
                add_size(s, w);
        add_size(s, MOST_PER_CORE * cores);
        for (unsigned more = 0; more < 2 && (full || wait_pct < 90); more++)
                add_size(s, cores + more);
        if (full && wait_pct >= 90)
                add_size(s, MOST_THAT_WAIT);
        for (size_t i = 0; i < (full ? COUNT(around) : COUNT(quick)); i++)
                if (wait_pct || full)
                        add_size(s, prediction * (full ? around[i] : quick[i]));
        qsort(s->at, s->n, sizeof *s->at, by_number);
}

/* The points of a curve are measured interleaved: it is they that are compared. */
static void add_curve(struct point_list *list, const struct point *of, const struct sizes *s)
{
        for (size_t i = 0; i < s->n; i++) {
                struct point p = *of;

                p.params.value[P_WORKERS] = s->at[i];
                p.joins = i > 0;
                point_list_add(list, &p);
        }
}

static void add_sizing(unsigned cores, unsigned workload, int64_t compute_us, int64_t wait_pct,
                       int64_t limit, bool full, struct point_list *list)
{
        struct point p = point(workload);
        struct sizes sizes;

        p.params.value[P_WAIT_PCT] = wait_pct;
        p.params.value[P_COMPUTE_US] = compute_us;
        p.params.value[P_LIMIT] = limit;
        p.threads_only = workload == SIZING_SOCKET;
        /* The curve is the jobs' more than the kind's: two of them will do for most of it. */
        p.needs = full && workload == SIZING && compute_us == COMPUTE && limit < 0 ? 0 : CAP_FIFO;
        find_sizes(cores, wait_pct, full, &sizes);
        add_curve(list, &p, &sizes);
}

static void add_all_sizing(unsigned cores, bool full, struct point_list *list)
{
        static const int64_t wait_pct[] = {0, 50, 90, 99}, compute_us[] = {1, 10, 1000};

        for (size_t i = 0; i < COUNT(wait_pct); i++)
                add_sizing(cores, SIZING, COMPUTE, wait_pct[i], PARAM_UNSET, full, list);
        add_sizing(cores, SIZING_SOCKET, COMPUTE, 90, PARAM_UNSET, full, list);
        if (!full)
                return;
        add_sizing(cores, SIZING_SOCKET, COMPUTE, 50, PARAM_UNSET, full, list);
        add_sizing(cores, SIZING_SOCKET, COMPUTE, 99, PARAM_UNSET, full, list);
        for (size_t c = 0; c < COUNT(compute_us); c++)
                for (size_t i = 0; i < COUNT(wait_pct); i++)
                        add_sizing(cores, SIZING, compute_us[c], wait_pct[i], PARAM_UNSET, full,
                                   list);
        for (int64_t per_core = 1; per_core <= 16; per_core *= 4) {
                add_sizing(cores, SIZING, COMPUTE, 90, per_core * cores, full, list);
                add_sizing(cores, SIZING_SOCKET, COMPUTE, 90, per_core * cores, full, list);
        }
}

static void add_quota(unsigned cores, struct point_list *list)
{
        static const int64_t wait_pct[] = {0, 90};

        if (!quota_possible()) {
                fputs("contend: pool: quota left out: this process may not make a control group of "
                      "the cpu controller here\n",
                      stderr);
                return;
        }
        for (size_t i = 0; i < COUNT(wait_pct); i++)
                add_sizing(cores, QUOTA, COMPUTE, wait_pct[i], PARAM_UNSET, false, list);
}

/* ---- arrivals from outside ---- */

static void add_open_loop(unsigned cores, bool full, struct point_list *list)
{
        static const unsigned workloads[] = {QUEUE, OVERLOAD_120, OVERLOAD_200};
        static const int64_t quick[] = {1, 16, 256}, all[] = {1, 4, 16, 64, 256, 1024};

        for (size_t w = 0; w < COUNT(workloads); w++)
                for (size_t q = full || workloads[w] == QUEUE ? 0 : 1;
                     q < (full ? COUNT(all) : COUNT(quick)); q++)
                        for (unsigned k = 1; k <= (full ? 4 : 1); k *= 4) {
                                struct point p = point(workloads[w]);

                                p.params.value[P_WORKERS] = k * cores;
                                p.params.value[P_QUEUE] = full ? all[q] : quick[q];
                                p.params.value[P_COMPUTE_US] = COMPUTE;
                                p.needs = full ? 0 : CAP_FIFO;
                                point_list_add(list, &p);
                        }
}

static void add_balance(unsigned cores, bool full, struct point_list *list)
{
        static const unsigned workloads[] = {BALANCE_EQUAL, BALANCE_PARETO, BALANCE_ELEPHANT};

        for (size_t i = 0; i < COUNT(workloads); i++)
                for (unsigned k = 1; k <= (full ? 4 : 1); k *= 4) {
                        struct point p = point(workloads[i]);

                        /* One worker has nobody to be balanced with. */
                        p.params.value[P_WORKERS] = k * (cores > 1 ? cores : 2);
                        p.params.value[P_COMPUTE_US] = COMPUTE;
                        point_list_add(list, &p);
                }
}

/* ---- memory ---- */

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

static double tasks_allowed(void)
{
        char text[4096], field[64];
        double kb;

        if (ct_sysfile_read(text, sizeof text, "", "/proc/meminfo") <= 0 ||
            !ct_sysfile_field(text, "MemAvailable", field, sizeof field) ||
            sscanf(field, "%lf", &kb) != 1)
                return 0;
        return kb / KB_PER_TASK;
}

static void add_waiting(unsigned cores, bool tasks, int64_t jobs, struct point_list *list)
{
        double allowed = tasks ? tasks_allowed() : threads_allowed();
        struct point p = point(MEMORY);

        if ((double)jobs > allowed) {
                fprintf(stderr,
                        "contend: pool: %lld waiting jobs left out: about %.0f %s are %s here\n",
                        (long long)jobs, fmax(allowed, 0), tasks ? "tasks" : "threads",
                        tasks ? "in memory" : "allowed");
                return;
        }
        p.params.value[P_WORKERS] = IO_PER_CORE * cores;
        p.params.value[P_QUEUE] = jobs;
        p.params.value[P_JOBS] = jobs;
        p.threads_only = !tasks;
        p.tasks_only = tasks;
        point_list_add(list, &p);
}

static void add_memory(unsigned cores, bool full, struct point_list *list)
{
        static const int64_t threads[] = {1000, 5000, 20000};
        static const int64_t tasks[] = {1000, 5000, 20000, 100000, 1000000};

        for (size_t i = 0; i < (full ? COUNT(threads) : 2); i++)
                add_waiting(cores, false, threads[i], list);
        for (size_t i = 0; i < (full ? COUNT(tasks) : 2); i++)
                add_waiting(cores, true, tasks[i], list);
}

void pool_points(const struct topology *t, bool full, struct point_list *list)
{
        unsigned cores = topology_cores(t);

        add_overhead(cores, full, list);
        add_all_sizing(cores, full, list);
        add_open_loop(cores, full, list);
        add_balance(cores, full, list);
        add_memory(cores, full, list);
        if (full)
                add_quota(cores, list);
}
