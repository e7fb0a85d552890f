/*
 * Deadlines of parked tasks: a heap per carrier.
 *
 * A pairing heap of nodes that stand in the waiting tasks' own frames, so that waiting with a
 * deadline neither allocates nor fails. Insertion O(1), removal and expiry O(log n) amortised.
 * Order: by deadline; equal ones in the order of insertion.
 * Exclusion: every operation takes the heap's guard. A node is out of the heap, and nobody touches
 * it any more, once ct_timer_cancel_ has returned.
 *
 * Source: Fredman, Sedgewick, Sleator, Tarjan, "The Pairing Heap" (1986); own code.
 */
#ifndef CT_TASK_TIMER_H
#define CT_TASK_TIMER_H

#include "base/atomic.h"
#include "base/guard.h"

#include <stdbool.h>
#include <stdint.h>

struct ct_task_;
struct ct_tasks_;
struct ct_timers_;
struct ct_waiter;

/* A value of the waiter's word, beside those of parker.h: see parker_task.c. */
#define CT_WAITER_TIMED_ 3u

struct ct_timer_ {
        int64_t deadline;
        uint64_t order;
        struct ct_timer_ *child, *sibling, *before; /* before: left sibling, or the parent */
        struct ct_timers_ *heap;
        struct ct_waiter *waiter;
        struct ct_task_ *task;
        bool queued; /* guard */
};

struct ct_timers_ {
        ct_atomic_u64 first; /* earliest deadline, CT_FOREVER: none; written under the guard */
        struct ct_guard guard;
        struct ct_timer_ *root;
        uint64_t order;
};

void ct_timers_init_(struct ct_timers_ *h);
void ct_timer_start_(struct ct_timers_ *h, struct ct_timer_ *t);
void ct_timer_cancel_(struct ct_timer_ *t);

/* Ends the waits whose deadline has come; appends the tasks that became ready by it. */
void ct_timers_expire_(struct ct_timers_ *h, int64_t now, struct ct_tasks_ *ready);

#endif
