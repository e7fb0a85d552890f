#include <stdio.h>
#include <stdlib.h>

#include "harness/sysfile.h"
#include "main.h"
#include "peers/task_peers.h"
#include "task/contestants.h"
#include "task/tasks.h"

#define X(id) extern const struct contestant task_##id;
TASK_CONTESTANTS(X)
TASK_PEERS(X)
#undef X

static const struct contestant *const contestants[] = {
#define X(id) &task_##id,
        TASK_CONTESTANTS(X) TASK_PEERS(X)
#undef X
                NULL,
};

static struct point point(unsigned workload, enum thread_set threads)
{
        struct point p = {.workload = workload, .threads = threads, .tasks = true};

        for (int i = 0; i < MAX_PARAMS; i++)
                p.params.value[i] = PARAM_UNSET;
        return p;
}

/* Above this many, only tasks: the threads' stacks and the kernel's share would fill a machine. */
enum { MOST_PARKED_THREADS = 10000, MOST_ARMED_THREADS = 1000, QUICK_PARKED = 100000 };

/* More than any task takes, so that a run on a small machine leaves points out instead of failing.
 */
static bool has_memory_for(int64_t tasks)
{
        char text[4096], field[64];
        long long kb;

        return ct_sysfile_read(text, sizeof text, "", "/proc/meminfo") > 0 &&
               ct_sysfile_field(text, "MemAvailable", field, sizeof field) &&
               sscanf(field, "%lld", &kb) == 1 && kb / 10 > tasks;
}

static void add_parked(bool full, struct point_list *list)
{
        for (int64_t tasks = 1000; tasks <= (full ? 1000000 : QUICK_PARKED); tasks *= 10) {
                struct point p = point(PARKED, THREADS_ONE);

                if (!has_memory_for(tasks)) {
                        fprintf(stderr,
                                "contend: parked: %lld tasks want more memory than is "
                                "free; left out\n",
                                (long long)tasks);
                        continue;
                }
                p.params.value[P_TASKS] = tasks;
                p.needs = tasks > MOST_PARKED_THREADS ? CAP_TASKS_ONLY : 0;
                point_list_add(list, &p);
        }
}

static void add_timers(bool full, struct point_list *list)
{
        static const unsigned workloads[] = {TIMER_CANCEL, SLEEP};

        for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
                for (int64_t timers = 10; timers <= 100000; timers *= full ? 10 : 100) {
                        struct point p = point(workloads[i], THREADS_ONE);

                        p.params.value[P_TIMERS] = timers;
                        p.needs = timers > MOST_ARMED_THREADS ? CAP_TASKS_ONLY : 0;
                        point_list_add(list, &p);
                }
}

static void points(const struct topology *t, bool full, struct point_list *list)
{
        static const unsigned spread[] = {SPAWN_JOIN, GO_DETACHED, YIELD};
        static const int64_t idle_us[] = {0, 100, 1000};
        struct point p;

        for (size_t i = 0; i < sizeof spread / sizeof *spread; i++) {
                p = point(spread[i], THREADS_KEY);
                point_list_add(list, &p);
        }
        p = point(SPAWN_BATCH, THREADS_KEY);
        p.params.value[P_SPAWNED] = 1000;
        point_list_add(list, &p);
        p = point(SWITCH, THREADS_ONE);
        point_list_add(list, &p);
        p = point(PING_PONG, THREADS_KEY);
        p.params.value[P_ACROSS] = 0;
        point_list_add(list, &p);
        if (topology_pus(t) > 1) {
                p.threads = THREADS_ONE;
                p.params.value[P_ACROSS] = 1;
                p.threads_only = true;
                point_list_add(list, &p);
        }
        for (size_t i = 0; topology_pus(t) > 1 && i < sizeof idle_us / sizeof *idle_us; i++) {
                p = point(STEAL, THREADS_ONE);
                p.params.value[P_CARRIER_IDLE_US] = idle_us[i];
                point_list_add(list, &p);
        }
        add_parked(full, list);
        add_timers(full, list);
}

static const struct family family = {
        .name = "task",
        .summary = "what a task costs, beside an OS thread: start, switch, wake, memory, timers",
        .contestants = contestants,
        .workloads = {[SPAWN_JOIN] = "spawn_join",
                      [SPAWN_BATCH] = "spawn_batch",
                      [GO_DETACHED] = "go_detached",
                      [YIELD] = "yield",
                      [SWITCH] = "switch",
                      [PING_PONG] = "ping_pong",
                      [TIMER_CANCEL] = "timer_cancel",
                      [STEAL] = "steal",
                      [PARKED] = "parked",
                      [SLEEP] = "sleep"},
        .params = {[P_SPAWNED] = "p_spawned",
                   [P_ACROSS] = "p_across",
                   [P_CARRIER_IDLE_US] = "p_carrier_idle_us",
                   [P_TASKS] = "p_tasks",
                   [P_TIMERS] = "p_timers"},
        .metrics = {[M_BYTES_PER_TASK] = "bytes_per_task",
                    [M_SPAWN_NS_PER_TASK] = "spawn_ns_per_task",
                    [M_WAKE_NS_PER_TASK] = "wake_ns_per_task",
                    [M_STOLEN_PCT] = "stolen_pct"},
        .points = points,
};

int main(int argc, char **argv)
{
        return bench_main(&family, argc, argv);
}
