/*
 * Contexts for tests: n contexts of one kind that start together, run the same function and are
 * waited for. A context is an OS thread or a task; a primitive must not tell them apart.
 *
 * cmocka's assertions longjmp, so only the main thread of a test may use them: contexts report
 * through what they share. To wait for a condition without sleeping, a context uses CONTEXT_UNTIL:
 * stress.h's UNTIL would keep a task's carrier.
 */
#ifndef CT_TESTS_CONTEXTS_H
#define CT_TESTS_CONTEXTS_H

#include "base/atomic.h"
#include "base/parker.h"
#include "task/task.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum exec { EXEC_THREAD, EXEC_TASK };

static const char *const EXEC_NAMES[] = {"threads", "tasks"};

#define FOR_EACH_EXEC(e) for (enum exec e = EXEC_THREAD; e <= EXEC_TASK; e++)

/* Lets others run until the condition holds; the watchdog bounds it. */
#define CONTEXT_UNTIL(condition)                                                                   \
        do {                                                                                       \
                while (!(condition))                                                               \
                        ct_parker_ops_self()->yield();                                             \
        } while (0)

struct contexts {
        void (*fn)(void *arg, unsigned index);
        void *arg;
        ct_atomic_u32 go;
};

struct context {
        struct contexts *all;
        unsigned index;
        pthread_t thread;
        struct ct_task_handle task;
};

static inline void contexts_failed(const char *what, int error)
{
        fprintf(stderr, "%s: error %d\n", what, error);
        abort();
}

static inline int contexts_body(void *arg)
{
        struct context *me = arg;

        CONTEXT_UNTIL(ct_load_u32_acquire(&me->all->go)); /* pairs with contexts_run */
        me->all->fn(me->all->arg, me->index);
        return 0;
}

static inline void *contexts_thread(void *arg)
{
        contexts_body(arg);
        return NULL;
}

static inline void contexts_start(enum exec exec, struct context *c)
{
        int r = exec == EXEC_TASK ? ct_task_start(&c->task, contexts_body, c)
                                  : pthread_create(&c->thread, NULL, contexts_thread, c);

        if (r)
                contexts_failed(exec == EXEC_TASK ? "ct_task_start" : "pthread_create", r);
}

/* Runs fn(arg, 0) to fn(arg, n - 1), each in a context of its own, and waits for all of them. Tasks
   run in the runtime that runs; in one with a carrier per CPU, where none does. */
static inline void contexts_run(enum exec exec, unsigned n, void (*fn)(void *, unsigned), void *arg)
{
        struct contexts all = {.fn = fn, .arg = arg};
        struct context *c = calloc(n ? n : 1, sizeof *c);
        bool own = exec == EXEC_TASK && !ct_runtime_info().carriers;
        int r = own ? ct_runtime_start(NULL) : 0;

        if (!c || r)
                contexts_failed("contexts_run", r);
        for (unsigned i = 0; i < n; i++) {
                c[i].all = &all;
                c[i].index = i;
                contexts_start(exec, &c[i]);
        }
        ct_store_u32_release(&all.go, 1); /* pairs with contexts_body */
        for (unsigned i = 0; i < n; i++) {
                if (exec == EXEC_TASK)
                        (void)ct_task_join(&c[i].task);
                else
                        pthread_join(c[i].thread, NULL);
        }
        if (own && ct_runtime_stop())
                contexts_failed("contexts_run: tasks left", 0);
        free(c);
}

#endif
