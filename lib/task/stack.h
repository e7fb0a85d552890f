/*
 * Stacks, with the task at the top of each.
 *
 * They come from slabs: stretches of address space whose pages exist once they are touched. A slab
 * is given back at ct_runtime_stop only; a task that has ended leaves its stack to the next one,
 * most recently used first. Each carrier keeps some at hand; the rest are in one list.
 *
 * The end of a stack is watched in one of three ways. "guard region": MADV_GUARD_INSTALL (Linux
 * 6.13), which splits no mapping. "mprotect": a page without access, two mappings per stack, so
 * only up to a quarter of vm.max_map_count. "canary": the last 64 bytes, zero as the kernel made
 * them and therefore without a page of their own until somebody writes there; looked at whenever
 * the task is switched away from.
 *
 * Where the tasks stand in their pages is staggered by cache lines: at one distance from a page's
 * end, all of them would compete for one set of the L1 cache.
 */
#ifndef CT_TASK_STACK_H
#define CT_TASK_STACK_H

#include "task/task.h"

struct ct_task_;
struct ct_carrier_;

enum ct_stack_kind_ { CT_STACK_REGION_, CT_STACK_MPROTECT_, CT_STACK_CANARY_ };

struct ct_slab_ {
        struct ct_slab_ *next;
        char *base;
        uint32_t stacks;
        uint32_t used; /* guard: how many were ever given out */
        enum ct_stack_kind_ kind;
};

int ct_stack_setup_(size_t stack_bytes, enum ct_stack_guard guard);
void ct_stack_teardown_(void);

/* A task on a stack, alive. c: the caller's own carrier, or NULL. NULL: no memory. */
struct ct_task_ *ct_stack_get_(struct ct_carrier_ *c);
void ct_stack_put_(struct ct_carrier_ *c, struct ct_task_ *t);

/* Panics if the task has run over the end of its stack. */
void ct_stack_check_slow_(struct ct_task_ *t);

/* The task whose guard page an address is in; NULL for any other address. For a signal handler. */
struct ct_task_ *ct_stack_guards_(const void *address);

/* Calls fn for each task that is alive. Only while no driver runs. */
void ct_stack_each_(void (*fn)(struct ct_task_ *t, void *arg), void *arg);

void ct_stack_info_(struct ct_runtime_info *info);

#endif
