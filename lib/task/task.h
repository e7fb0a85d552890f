/*
 * Tasks: goroutines in C. M tasks run on N carriers, each an OS thread with a run queue; a task
 * that waits in any primitive of lib/ frees its carrier for the next one.
 *
 *      ct_runtime_start(NULL);                 // one carrier per usable CPU
 *      struct ct_task_handle h;
 *      ct_task_start(&h, work, &job);          // or ct_go(fire_and_forget, &job)
 *      int r = ct_task_join(&h);               // what work returned
 *      ct_runtime_stop();
 *
 * Scheduling: cooperative. A task runs until it parks (parker.h: everything in lib/ that blocks),
 * yields, ends, or passes a ct_checkpoint() with its time slice over. A woken or started task runs
 * next on the carrier of whoever woke it; a carrier that has run dry takes half of another's queue.
 * No task that is ready waits for ever while others pass checkpoints: a slice is 0.5 to 1 ms, and
 * the queue that OS threads start and wake tasks into is looked at every 61 turns.
 * Blocks on: ct_task_join parks; the rest never blocks, ct_runtime_stop excepted.
 * Wakes: the end of a task wakes its joiner.
 * Order: what the starter did before the start, the task sees; what the task did, its joiner sees.
 * Who may call: any task and any OS thread, unless it says otherwise. Not from signal handlers.
 * Ownership: a handle is the caller's and must stay until its join has returned. Tasks and their
 *      stacks are the runtime's.
 * Failure: starting returns -ENOMEM; a stack that overflows into its guard panics, naming the task.
 * Units: deadlines are absolute ct_now_ns() times; sizes are bytes.
 *
 * What belongs to the task: its stack, errno, and what this library keeps per context. What belongs
 * to the carrier: other thread-local variables, the rounding mode, the signal mask. Since a task
 * may come back from a park on another carrier, and compilers take the address of a thread-local
 * variable for fixed within one function, a function that uses one (errno among them) on both sides
 * of a call that may park must do so through functions that are not inlined.
 *
 * Source: Go's scheduler (runtime/proc.go) as an algorithm; own code.
 */
#ifndef CT_TASK_TASK_H
#define CT_TASK_TASK_H

#include "base/atomic.h"
#include "base/parker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How the end of a stack is watched. */
enum ct_stack_guard {
        CT_STACK_GUARD_AUTO,  /* guard pages as far as the kernel's limits go, canaries beyond */
        CT_STACK_GUARD_PAGES, /* the same, but starting a task fails where no guard can be had */
        CT_STACK_GUARD_CANARY /* no guard pages: an overflow is found at the next switch, if at all
                               */
};

/* Zero bytes are the defaults. */
struct ct_runtime_config {
        unsigned carriers;  /* 0: usable CPUs; at most CT_CARRIERS_MAX */
        const int *cpus;    /* the OS's number of each carrier's CPU; NULL: not pinned */
        size_t stack_bytes; /* 0: 16 KiB; rounded up to whole pages, its guard page included */
        enum ct_stack_guard guard;
};

#define CT_CARRIERS_MAX 256

/* Starts the carriers. 0, -EINVAL, -EBUSY when it runs already, or -errno of what failed. Not from
   two threads at once. */
int ct_runtime_start(const struct ct_runtime_config *config);

/*
 * Stops the carriers, each at its running task's next park, yield or checkpoint or at its end, and
 * frees all stacks. Waits for no task to end: those that have not are gone, whatever they held. It
 * returns their number and prints on stderr where they wait. From an OS thread only; no task may be
 * in ct_blocking_begin's section, and other threads must be done with starting and waking tasks.
 */
unsigned ct_runtime_stop(void);

/* What runs at this moment; for reports and tests. */
struct ct_runtime_info {
        unsigned carriers;     /* 0: not running */
        unsigned threads;      /* OS threads behind them, spare ones included */
        size_t stack_bytes;    /* of each stack, guard included */
        uint64_t guarded;      /* stacks with a guard page... */
        uint64_t guardless;    /* ...and with a canary, of those laid out so far */
        const char *guard_how; /* "guard region", "mprotect" or "canary": of the last stacks made */
        uint64_t steals;       /* times that a carrier took tasks of another */
        uint64_t handovers;    /* times that a blocked task's carrier went to another thread */
};

struct ct_runtime_info ct_runtime_info(void);

/* The OS thread behind a carrier at this moment; 0: none. */
pid_t ct_runtime_carrier_tid(unsigned carrier);

/* Writes on the descriptor which tasks live and where each was when it last left its carrier. For a
   process that hangs and is about to be ended: it takes no locks, and a task that runs meanwhile
   may be shown where it is not. */
void ct_runtime_dump(int fd);

/* Starts fn(arg) as a task that nobody joins. 0 or -ENOMEM. Panics when no runtime runs. */
int ct_go(void (*fn)(void *arg), void *arg);

struct ct_task_handle {
        ct_atomic_ptr state; /* private: NULL running, else its joiner's waiter or done */
        int result;
};

/* Starts fn(arg) as a task that is to be joined exactly once. 0 or -ENOMEM. */
int ct_task_start(struct ct_task_handle *h, int (*fn)(void *arg), void *arg);

/* Waits until the task has ended; returns what its fn returned. */
int ct_task_join(struct ct_task_handle *h);

/* Lets the others of this carrier run; a thread yields its CPU. */
void ct_yield(void);

/* Sleeps until the deadline. */
void ct_task_sleep_until(int64_t deadline);

/* Whether the caller is a task. */
bool ct_in_task(void);

/*
 * Around a call that may block in the kernel: the carrier's queue goes on without this task.
 * In between, the task is an OS thread: it parks as one. The pairs may nest. On a thread: no-ops.
 */
void ct_blocking_begin(void);
void ct_blocking_end(void);

/* Set from outside when the running task's slice is over and others wait. */
extern _Thread_local ct_atomic_u32 ct_checkpoint_wanted_;
void ct_checkpoint_slow_(void);

/* Yields if the time slice is over and others wait; else costs one load. For long computations. */
static inline void ct_checkpoint(void)
{
        if (__builtin_expect(ct_load_u32_relaxed(&ct_checkpoint_wanted_), 0))
                ct_checkpoint_slow_();
}

#endif
