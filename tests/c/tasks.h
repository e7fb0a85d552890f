/*
 * Helpers for the tests of lib/task: the runtimes under which a test must hold, and waiting.
 *
 * Only the main thread asserts; tasks report through what they share.
 */
#ifndef CT_TESTS_TASKS_H
#define CT_TESTS_TASKS_H

#include "task/task.h"

#include "contexts.h"
#include "stress.h"
#include "watchdog.h"

struct runtime_case {
        const char *name;
        unsigned cpus, carriers;
};

static const struct runtime_case RUNTIME_CASES[] = {
        {"one carrier on one CPU", 1, 1},
        {"two carriers on one CPU", 1, 2},
        {"two carriers on two CPUs", 2, 2},
        {"16 carriers on two CPUs", 2, 16},
};

static inline void runtime_up(unsigned carriers, unsigned cpus)
{
        int cpu[CT_CARRIERS_MAX];

        for (unsigned i = 0; i < carriers; i++)
                cpu[i] = crew_cpu(i, cpus);
        assert_int_equal(
                ct_runtime_start(&(struct ct_runtime_config){.carriers = carriers, .cpus = cpu}),
                0);
}

static inline void runtime_down(void)
{
        assert_int_equal(ct_runtime_stop(), 0);
}

/* Runs body in each of the runtimes that this machine can have. */
static inline void in_each_runtime(void (*body)(const struct runtime_case *))
{
        for (size_t i = 0; i < sizeof RUNTIME_CASES / sizeof *RUNTIME_CASES; i++) {
                const struct runtime_case *c = &RUNTIME_CASES[i];

                if (usable_cpus() < c->cpus) {
                        print_message("SKIPPED: %s: only %u usable\n", c->name, usable_cpus());
                        continue;
                }
                runtime_up(c->carriers, c->cpus);
                body(c);
                runtime_down();
        }
}

/* How many tasks may live at once: ThreadSanitizer counts each as a thread, and has 8,128. */
#if defined(__SANITIZE_THREAD__)
#define ALIVE(n) ((n) < 2000 ? (n) : 2000)
#elif defined(__SANITIZE_ADDRESS__)
#define ALIVE(n) ((n) < 10000 ? (n) : 10000)
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define ALIVE(n) ((n) < 2000 ? (n) : 2000)
#endif
#endif
#ifndef ALIVE
#define ALIVE(n) (n)
#endif

/* Starts and joins from the main thread; what fn returned. */
static inline int run_task(int (*fn)(void *), void *arg)
{
        struct ct_task_handle h;

        assert_int_equal(ct_task_start(&h, fn, arg), 0);
        return ct_task_join(&h);
}

/* From inside a task, where an assertion cannot stand. */
static inline void start_or_die(struct ct_task_handle *h, int (*fn)(void *), void *arg)
{
        if (ct_task_start(h, fn, arg))
                contexts_failed("ct_task_start", ENOMEM);
}

/* Lets others run until a waiter's context is parked. */
static inline void until_parked(struct ct_waiter *w)
{
        CONTEXT_UNTIL(ct_load_u32_relaxed(&w->word) == CT_WAITER_PARKED_);
}

#endif
