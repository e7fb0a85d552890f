/*
 * A worker's partner: another context of the worker's own kind that answers each wake with a wake.
 */
#ifndef CT_BENCH_TASK_PARTNER_H
#define CT_BENCH_TASK_PARTNER_H

#include <pthread.h>

#include "base/cacheline.h"
#include "base/parker.h"
#include "task/task.h"

struct partner {
        CT_ALIGN_PAIR struct ct_waiter worker; /* the worker's */
        CT_ALIGN_PAIR struct ct_waiter own;
        uint64_t answers;
        bool quit, is_task;
        pthread_t thread;
        struct ct_task_handle task;
};

/* A thread's partner stands on the worker's CPU, or across on the next one of the process. Returns
   when the partner waits for its first wake. 0 or -errno. */
int partner_start(struct partner **, bool across);
void partner_stop(struct partner *); /* by the worker */

/* A thread of the process on the caller's own CPU, or on the next one it may use. 0 or -errno. */
int partner_thread(pthread_t *, bool across, void *(*fn)(void *), void *arg);

#endif
