/*
 * Tests that run both ways, with contexts that are threads and with contexts that are tasks, and
 * stress in every placement: one CPU, two CPUs, and two CPUs with 8 times as many contexts.
 *
 *      static void a_behaviour(void **state) { run_contexts(state, n, body, &scene); ... }
 *      ... = { BOTH_WAYS(a_behaviour) }
 *
 * Contexts check with CONTEXT_CHECK, which run_contexts turns into a failure of the test.
 */
#ifndef CT_TESTS_BOTH_H
#define CT_TESTS_BOTH_H

#include "base/rng.h"

#include "contexts.h"
#include "stress.h"
#include "watchdog.h"

static enum exec both_execs[] = {EXEC_THREAD, EXEC_TASK};
static ct_atomic_u32 both_failures;
static cpu_set_t both_cpus; /* what the process may use, before any placement */

#define CONTEXT_CHECK(condition)                                                                   \
        do {                                                                                       \
                if (!(condition) && ct_add_u32_relaxed(&both_failures, 1) < 5)                     \
                        fprintf(stderr, "%s:%d: in a context: %s\n", __FILE__, __LINE__,           \
                                #condition);                                                       \
        } while (0)

static inline enum exec both_exec(void **state)
{
        return *(enum exec *)*state;
}

/* Runs body(shared, 0) to body(shared, n - 1) in contexts of the test's kind, all at once. */
static inline void run_contexts(void **state, unsigned n, void (*body)(void *, unsigned),
                                void *shared)
{
        contexts_run(both_exec(state), n, body, shared);
        assert_int_equal(ct_exchange_u32_relaxed(&both_failures, 0), 0);
}

/* Confines the process, and what it starts from now on, to the first n usable CPUs. */
static inline void both_confine(unsigned n)
{
        cpu_set_t set;

        CPU_ZERO(&set);
        for (int cpu = 0; cpu < CPU_SETSIZE && (unsigned)CPU_COUNT(&set) < n; cpu++)
                if (CPU_ISSET(cpu, &both_cpus))
                        CPU_SET(cpu, &set);
        if (sched_setaffinity(0, sizeof set, &set))
                abort();
        ct_parker_set_cpus((unsigned)CPU_COUNT(&set));
}

/* Undoes what a failed test has left. */
static inline int both_start(void **state)
{
        if (!CPU_COUNT(&both_cpus) && sched_getaffinity(0, sizeof both_cpus, &both_cpus))
                return -1;
        both_confine((unsigned)CPU_COUNT(&both_cpus));
        ct_store_u32_relaxed(&both_failures, 0);
        return watchdog_start(state);
}

/* Runs the scene in each placement that this machine has. */
static inline void everywhere(void **state,
                              void (*scene)(void **state, const struct stress_placement *p))
{
        FOR_EACH_PLACEMENT(p)
        {
                both_confine(p->cpus);
                scene(state, p);
                both_confine((unsigned)CPU_COUNT(&both_cpus));
        }
}

#define BOTH_WAYS(test)                                                                            \
        {#test " (threads)", test, both_start, watchdog_stop, &both_execs[0]},                     \
        {                                                                                          \
#test " (tasks)", test, both_start, watchdog_stop, &both_execs[1]                  \
        }

/* Misuse: no watchdog thread may run beside a fork. */
#define BOTH_DIE(test)                                                                             \
        {#test " (threads)", test, NULL, NULL, &both_execs[0]},                                    \
        {                                                                                          \
#test " (tasks)", test, NULL, NULL, &both_execs[1]                                 \
        }

static enum exec both_misuse_exec;
static unsigned both_misuse_n;
static void (*both_misuse_body)(void *, unsigned);
static void *both_misuse_shared;

static inline void both_misuse(void)
{
        /* A misuse that hangs is not the death that was meant. */
        alarm((unsigned)(watchdog_limit_ns() / CT_NS_PER_S));
        contexts_run(both_misuse_exec, both_misuse_n, both_misuse_body, both_misuse_shared);
}

/* True if n contexts that run body die with the message, in a sub-process. */
static inline bool contexts_die(void **state, unsigned n, void (*body)(void *, unsigned),
                                void *shared, const char *message)
{
        both_misuse_exec = both_exec(state);
        both_misuse_n = n;
        both_misuse_body = body;
        both_misuse_shared = shared;
        return dies_saying(both_misuse, message);
}

#endif
