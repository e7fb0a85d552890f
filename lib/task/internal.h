/*
 * What the files of lib/task share. Not for users.
 *
 * Words: a carrier is what runs tasks one at a time: its queue, its timers, its stacks at hand. A
 * driver is the OS thread behind a carrier. A task that blocks in the kernel keeps its driver, and
 * the carrier goes to another; there are as many carriers as were asked for, and as many drivers as
 * that needs.
 *
 * Who may touch what: a carrier's plain fields belong to its driver. A driver's belong to itself,
 * except `carrier`, which the runtime's guard protects while the driver sleeps. Everything under
 * "guard" in struct ct_runtime_ is protected by it.
 */
#ifndef CT_TASK_INTERNAL_H
#define CT_TASK_INTERNAL_H

#include "base/asymmetric.h"
#include "base/cacheline.h"
#include "base/guard.h"
#include "base/rng.h"
#include "task/ring.h"
#include "task/switch.h"
#include "task/task.h"
#include "task/timer.h"

#include <pthread.h>

enum ct_task_state_ { CT_TASK_FREE_, CT_TASK_ALIVE_ };

/* At the top of its own stack, so that a task that waits keeps one page busy and no more. */
struct ct_task_ {
        void *context;         /* where to resume; the task's own until its switch is over */
        struct ct_task_ *next; /* in a global queue, a list of free ones, or of ready ones */
        char *low;             /* the lowest byte that may be used */
        void *frame;           /* of the function that waits, for the report */
        int (*fn)(void *arg);  /* with a handle */
        void (*go)(void *arg); /* without */
        void *arg;
        struct ct_task_handle *handle;
        uint64_t serial;   /* never given twice */
        uint32_t state;    /* enum ct_task_state_; read when nothing runs */
        uint32_t blocking; /* depth of ct_blocking_begin */
        bool canary;       /* no guard page: look at the last bytes */
#if defined(CT_TASK_TSAN_) || defined(CT_TASK_ASAN_)
        void *fiber; /* ThreadSanitizer's, or AddressSanitizer's fake stack */
        const void *bottom;
        size_t size;
#endif
};

/* Why a context was left; what has to be done once it is no longer running. */
enum ct_left_ {
        CT_LEFT_SCHEDULER_, /* nothing */
        CT_LEFT_YIELD_,     /* it goes to the end of the carrier's queue */
        CT_LEFT_PARK_,      /* its waiter's word becomes PARKED, unless somebody was faster */
        CT_LEFT_GLOBAL_,    /* it goes to the global queue: no carrier was free */
        CT_LEFT_END_        /* its stack is free */
};

struct ct_driver_ {
        struct ct_carrier_ *carrier; /* NULL: spare, or its task is in a blocking section */
        struct ct_task_ *current;    /* the running task; NULL: the scheduler itself */
        struct ct_task_ *left;       /* where the last switch came from, and why */
        struct ct_waiter *left_on;
        enum ct_left_ why;
        int pinned;            /* CPU, -1: none */
        int *errno_at;         /* this thread's errno: asked once, since __errno_location() may
                                  be taken for constant across a switch */
        ct_atomic_u32 *wanted; /* this thread's ct_checkpoint_wanted_; NULL: not started yet */
        pid_t tid;
        struct ct_task_ scheduler;   /* the context of the thread's own stack */
        struct ct_waiter waiter;     /* the thread sleeps here, idle or spare */
        struct ct_carrier_ *blocked; /* the carrier that was given away */
        struct ct_driver_ *next;     /* guard: all drivers */
        struct ct_driver_ *next_spare;
        bool spare;                  /* guard: in the list of spares */
        struct ct_carrier_ *suspect; /* seen with a run_next... */
        uint64_t suspect_switches;
        struct ct_carrier_ *prey; /* ...and later with the same one */
        bool looking;             /* it was woken for work and has not reported yet */
        void *signal_stack;
        ct_atomic_u32 gone; /* the thread has ended, but for its return */
        pthread_t thread;
};

/* A list of tasks through ->next. */
struct ct_tasks_ {
        struct ct_task_ *head, *tail;
        uint32_t n;
};

struct ct_carrier_ {
        struct ct_ring_ ring;
        CT_ALIGN_PAIR ct_atomic_ptr run_next; /* runs before the ring, in the waker's time slice */
        ct_atomic_u64 switches;               /* tasks begun or resumed, so that the monitor sees */
        ct_atomic_u64 ticks;                  /* of them, those with a time slice of their own */
        uint32_t slices;                      /* that were ended by the monitor */
        ct_atomic_u32 long_run;               /* the monitor: has been with one task for a while */
        ct_atomic_ptr driver;                 /* guard for writing */
        unsigned number;
        int cpu;
        struct ct_tasks_ free;  /* stacks at hand... */
        struct ct_slab_ *fresh; /* ...and a stretch of a slab that nobody used yet */
        uint32_t fresh_from, fresh_to;
        uint64_t serial, serial_end;
        struct ct_rng rng; /* where to steal first */
        CT_ALIGN_PAIR struct ct_timers_ timers;
        struct ct_carrier_ *idle_next, *idle_prev; /* guard */
        bool idle;                                 /* guard: in the idle list */
        bool woken;                                /* guard: a waker sent it to look round */
        ct_atomic_u64 steals;
        uint64_t seen_switches, seen_ticks; /* the monitor's */
};

struct ct_runtime_ {
        /* Read by many, written when carriers fall asleep or wake. */
        CT_ALIGN_PAIR ct_atomic_u32 idle; /* carriers in the idle list */
        ct_atomic_u32 waking;             /* one has been woken and has not looked round yet */
        ct_atomic_u32 global_n;           /* tasks in the global queue */
        ct_atomic_u32 stopping;
        ct_atomic_u32 looks; /* of idle carriers at the others */
        ct_atomic_u32 running;
        unsigned carriers;
        struct ct_carrier_ *carrier;
        ct_atomic_u64 serial; /* the last task's */

        CT_ALIGN_PAIR struct ct_guard guard;
        struct ct_tasks_ global;        /* guard, as all below */
        struct ct_carrier_ *idle_first; /* the last to fall idle comes first */
        struct ct_driver_ *spare_first;
        struct ct_driver_ *drivers;
        unsigned threads;
        uint64_t handovers;
        struct ct_driver_ *lookout; /* of the idle ones, the one that looks round at times */
        bool monitor_asleep;
        struct ct_waiter monitor_waiter;
        pthread_t monitor;
};

extern struct ct_runtime_ ct_runtime_;
extern _Thread_local struct ct_driver_ *ct_driver_self_;
extern const struct ct_parker_ops ct_parker_task_ops;

static inline void ct_tasks_push_(struct ct_tasks_ *l, struct ct_task_ *t)
{
        t->next = NULL;
        if (l->tail)
                l->tail->next = t;
        else
                l->head = t;
        l->tail = t;
        l->n++;
}

static inline struct ct_task_ *ct_tasks_pop_(struct ct_tasks_ *l)
{
        struct ct_task_ *t = l->head;

        if (!t)
                return NULL;
        l->head = t->next;
        if (!l->head)
                l->tail = NULL;
        l->n--;
        return t;
}

/* sched.c */
void ct_sched_requeue_all_(struct ct_tasks_ *l); /* from any thread, to the end of the queue */
void ct_sched_yield_(struct ct_driver_ *d, void *frame);
void ct_sched_leave_carrier_(struct ct_driver_ *d, void *frame);
void ct_sched_drive_(struct ct_driver_ *d);

/* idle.c */
bool ct_idle_(struct ct_driver_ *d);             /* false: the runtime stops */
bool ct_idle_get_carrier_(struct ct_driver_ *d); /* false: the runtime stops */
void ct_idle_wake_slow_(void);
void ct_idle_add_locked_(struct ct_carrier_ *c);
void ct_idle_remove_locked_(struct ct_carrier_ *c);
void ct_idle_woken_locked_(struct ct_driver_ *d);
void ct_idle_join_locked_(struct ct_driver_ *d, struct ct_carrier_ *c);
bool ct_idle_staff_(struct ct_carrier_ *c); /* a carrier outside of the list gets a driver */
void ct_idle_settle_(struct ct_driver_ *d); /* on the driver, after it got a carrier */
void ct_global_push_all_(struct ct_tasks_ *l);
struct ct_task_ *ct_global_pop_(struct ct_carrier_ *c, uint32_t most);

/* runtime.c */
int ct_runtime_hire_(struct ct_carrier_ *c); /* a new driver for it: 0 or -errno */

/* blocking.c */
int ct_blocking_park_(struct ct_waiter *w, int64_t deadline);

/* monitor.c */
void *ct_monitor_(void *arg);

/* overflow.c */
int ct_overflow_watch_(void);
void ct_overflow_unwatch_(void);
void *ct_overflow_stack_(void);
void ct_overflow_stack_gone_(void *stack);

/* report.c */
unsigned ct_report_left_(void);
void ct_report_waiting_(int fd);

/* After work was put where idle carriers look: wakes one, unless one is on its way. */
static inline void ct_idle_wake_(void)
{
        /* Relaxed and without a fence: see idle.c on what happens when this misses one. */
        if (ct_load_u32_relaxed(&ct_runtime_.idle) && !ct_load_u32_relaxed(&ct_runtime_.waking))
                ct_idle_wake_slow_();
}

#endif
