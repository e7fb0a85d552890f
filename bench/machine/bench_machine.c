#include <stdio.h>
#include <stdlib.h>

#include "machine/contestants.h"
#include "machine/machine.h"
#include "main.h"

#define X(id) extern const struct contestant machine_##id;
MACHINE_CONTESTANTS(X)
#undef X

static const struct contestant *const contestants[] = {
#define X(id) &machine_##id,
        MACHINE_CONTESTANTS(X)
#undef X
                NULL,
};

/* Pairs grow with the square: above this many CPUs a quick run takes an even sample of them. */
enum { QUICK_CPUS = 48 };

static struct point point(unsigned workload, enum thread_set threads)
{
        struct point p = {.workload = workload, .threads = threads};

        for (int i = 0; i < MAX_PARAMS; i++)
                p.params.value[i] = PARAM_UNSET;
        return p;
}

static int by_number(const void *a, const void *b)
{
        return *(const int *)a - *(const int *)b;
}

/* The usable CPUs by the kernel's numbers; returns how many. */
static size_t usable_cpus(const struct topology *t, int **cpus)
{
        size_t n = 0;

        *cpus = calloc(t->n_pus, sizeof **cpus);
        for (size_t i = 0; *cpus && i < t->n_pus; i++)
                if (t->pus[i].allowed)
                        (*cpus)[n++] = t->pus[i].os_index;
        if (*cpus)
                qsort(*cpus, n, sizeof **cpus, by_number);
        return n;
}

static void add_pairs(const int *cpus, size_t n, bool full, struct point_list *list)
{
        size_t taken = !full && n > QUICK_CPUS ? QUICK_CPUS : n;

        if (taken < n)
                fprintf(stderr,
                        "contend: core-to-core: an even sample of %zu of %zu CPUs; --full has "
                        "all\n",
                        taken, n);
        for (size_t a = 0; a < taken; a++)
                for (size_t b = a + 1; b < taken; b++) {
                        struct point p = point(CORE_TO_CORE, THREADS_TWO);

                        p.params.value[P_CPU_A] = cpus[a * n / taken];
                        p.params.value[P_CPU_B] = cpus[b * n / taken];
                        point_list_add(list, &p);
                }
}

static void add_wakes(const int *cpus, size_t n, struct point_list *list)
{
        static const int64_t idle_us[] = {0, 100, 1000};

        for (size_t i = 0; i < sizeof idle_us / sizeof *idle_us; i++)
                for (int other = 0; other <= (n > 1); other++) {
                        struct point p = point(other ? OTHER_CORE : SAME_CORE, THREADS_TWO);

                        p.params.value[P_CPU_A] = cpus[0];
                        p.params.value[P_CPU_B] = cpus[other];
                        p.params.value[P_IDLE_US] = idle_us[i];
                        point_list_add(list, &p);
                }
}

static void points(const struct topology *t, bool full, struct point_list *list)
{
        static const int64_t sleep_us[] = {20, 100, 1000};
        static const unsigned ones[] = {UNCONTENDED, JOIN, MEASURED};
        int *cpus;
        size_t n = usable_cpus(t, &cpus);
        struct point p;

        for (size_t i = 0; i < sizeof ones / sizeof *ones; i++) {
                p = point(ones[i], THREADS_ONE);
                point_list_add(list, &p);
        }
        for (size_t i = 0; i < sizeof sleep_us / sizeof *sleep_us; i++) {
                p = point(OVERSHOOT, THREADS_ONE);
                p.params.value[P_SLEEP_US] = sleep_us[i];
                point_list_add(list, &p);
        }
        if (n) {
                add_wakes(cpus, n, list);
                add_pairs(cpus, n, full, list);
        }
        free(cpus);
}

static const struct family family = {
        .name = "machine",
        .summary = "this CPU's own limits: atomics, cache-line hops, wake-ups, threads, clocks",
        .caps = CAP_THREADS_ONLY,
        .contestants = contestants,
        .workloads = {[UNCONTENDED] = "uncontended",
                      [CORE_TO_CORE] = "core_to_core",
                      [SAME_CORE] = "same_core",
                      [OTHER_CORE] = "other_core",
                      [JOIN] = "join",
                      [OVERSHOOT] = "overshoot",
                      [MEASURED] = "measured"},
        .params = {[P_CPU_A] = "p_cpu_a",
                   [P_CPU_B] = "p_cpu_b",
                   [P_IDLE_US] = "p_idle_us",
                   [P_SLEEP_US] = "p_sleep_us"},
        .points = points,
};

int main(int argc, char **argv)
{
        return bench_main(&family, argc, argv);
}
