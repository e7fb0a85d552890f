/*
 * The task family: what a task costs, beside the OS thread that it stands in for.
 *
 * Workloads (op = what ns_per_op is of):
 *      spawn_join    start one empty task and wait for its end
 *      spawn_batch   start p_spawned empty tasks, wait until a counter says that all have run
 *      go_detached   start an empty task that nobody joins; at most GO_BACKLOG are not done yet
 *      yield         give way once
 *      switch        one jump from stack to stack, no scheduler
 *      ping_pong     wake the other and wait for its answer, on bare waiters; p_across: the other
 *                    thread stands on another CPU. Tasks find their own carriers
 *      timer_cancel  a ping_pong in which the wait has a deadline that never comes, while p_timers
 *                    other tasks wait with one
 *      steal         from waking a task to its first instruction on another carrier, the waker's
 *                    being busy; the others have been idle for p_carrier_idle_us
 *      parked        start a task, let it wait, wake it, join it: p_tasks waiting at once
 *      sleep         how late a sleep of 1 ms returns, while p_timers others wait with a deadline
 */
#ifndef CT_BENCH_TASKS_H
#define CT_BENCH_TASKS_H

#include <errno.h>

#include "base/atomic.h"
#include "base/cacheline.h"
#include "harness/contestant.h"
#include "harness/record.h"
#include "harness/topology.h"

enum {
        SPAWN_JOIN,
        SPAWN_BATCH,
        GO_DETACHED,
        YIELD,
        SWITCH,
        PING_PONG,
        TIMER_CANCEL,
        STEAL,
        PARKED,
        SLEEP,
};
enum { P_SPAWNED, P_ACROSS, P_CARRIER_IDLE_US, P_TASKS, P_TIMERS };
enum { M_BYTES_PER_TASK, M_SPAWN_NS_PER_TASK, M_WAKE_NS_PER_TASK, M_STOLEN_PCT };
enum { GO_BACKLOG = 256 };

/* What one worker's detached tasks have done. */
struct flock {
        CT_ALIGN_PAIR ct_atomic_u64 done;
        uint64_t started;
};

/* The oracle where every operation has one effect. */
static inline int task_check_effects(const void *self, const struct totals *t, double *metrics)
{
        (void)self;
        (void)metrics;
        return t->effects == t->ops ? 0 : -EBADMSG;
}

/* Bytes of the process that are in memory, by walking its page tables. 0 or -errno. */
int task_resident_bytes(double *bytes);

/* Tasks that wait with a deadline an hour away, from a task; 0 or -errno. Ended by _stop, from
   anywhere, which returns how many were woken by it. */
struct armed;
int armed_start(struct armed **, uint64_t n);
uint64_t armed_stop(struct armed *);

/* Runs fn(arg) as a task of a runtime started for it, on `carriers` (0: as many as PUs). What fn
   returned or -errno; -EBADMSG if a task was left behind. */
int task_in_runtime(const struct topology *, unsigned carriers, int (*fn)(void *), void *arg);

uint64_t task_run_timer_cancel(void *self, struct worker *, uint64_t n);
measure_fn task_measure_steal, task_measure_parked, task_measure_sleep;
measure_fn ref_measure_parked, ref_measure_sleep;

/* Fills the latency columns and ns_per_op, the mean. */
struct ct_histogram;
void task_latencies(const struct ct_histogram *, struct measurement *);

#endif
