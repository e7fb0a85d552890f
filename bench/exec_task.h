/*
 * Workers as tasks: the executor that stands on lib/task.
 *
 * One carrier thread on each PU of the placement, however few workers there are, as Go has one for
 * each of GOMAXPROCS; worker i is a task that lives as long as the executor and parks between jobs.
 * One such executor at a time: the runtime is one per process.
 */
#ifndef CT_BENCH_EXEC_TASK_H
#define CT_BENCH_EXEC_TASK_H

#include "harness/executor.h"

extern const struct executor_ops executor_tasks;

/* For contestants that measure by themselves: the runtime alone, `carriers` of them (0: one for
   each PU) on the first PUs of the compact placement. 0 or -errno. Ended by ct_runtime_stop(). */
int exec_task_runtime(const struct topology *, unsigned carriers);

#endif
