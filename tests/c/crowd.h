/*
 * Threads for tests: start some, wait for all of them, and check inside of them.
 *
 * cmocka's assertions jump back into the test that runs on the main thread, so other threads use
 * CROWD_CHECK, which crowd_join() turns into a failure. A crowd that does not end is the
 * watchdog's.
 */
#ifndef CT_TESTS_CROWD_H
#define CT_TESTS_CROWD_H

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/atomic.h"
#include "watchdog.h"

#ifdef WATCHDOG_SANITIZED
enum { SCALE = 5 }; /* divides the number of rounds: instrumented code is that much slower */
#else
enum { SCALE = 1 };
#endif

static ct_atomic_u32 crowd_failures;

#define CROWD_CHECK(condition)                                                                     \
        do {                                                                                       \
                if (!(condition) && ct_add_u32_relaxed(&crowd_failures, 1) < 5)                    \
                        fprintf(stderr, "%s:%d: in a thread: %s\n", __FILE__, __LINE__,            \
                                #condition);                                                       \
        } while (0)

struct crowd {
        unsigned n;
        ct_atomic_u32 next;
        void (*fn)(void *ctx, unsigned index);
        void *ctx;
        pthread_t thread[];
};

static inline void *crowd_main(void *arg)
{
        struct crowd *c = arg;

        c->fn(c->ctx, ct_add_u32_relaxed(&c->next, 1));
        return NULL;
}

static inline struct crowd *crowd_start(unsigned n, void (*fn)(void *, unsigned), void *ctx)
{
        struct crowd *c = calloc(1, sizeof *c + n * sizeof c->thread[0]);

        assert_non_null(c);
        c->n = n;
        c->fn = fn;
        c->ctx = ctx;
        for (unsigned i = 0; i < n; i++)
                assert_int_equal(pthread_create(&c->thread[i], NULL, crowd_main, c), 0);
        return c;
}

static inline void crowd_join(struct crowd *c)
{
        for (unsigned i = 0; i < c->n; i++)
                pthread_join(c->thread[i], NULL);
        free(c);
        assert_int_equal(ct_exchange_u32_relaxed(&crowd_failures, 0), 0);
}

static inline void crowd_run(unsigned n, void (*fn)(void *, unsigned), void *ctx)
{
        crowd_join(crowd_start(n, fn, ctx));
}

/* Until other threads have made the condition true; gives way to them. */
#define AWAIT(condition)                                                                           \
        do {                                                                                       \
                while (!(condition))                                                               \
                        sched_yield();                                                             \
        } while (0)

/* ---- CPUs ---- */

/* Leaves the first n of the CPUs that the process started with to the calling thread and those that
   it starts (0: all of them); returns how many it now has. */
static inline unsigned crowd_cpus(unsigned n)
{
        static cpu_set_t all;
        static int known;
        cpu_set_t some;

        if (!known)
                known = !sched_getaffinity(0, sizeof all, &all);
        CPU_ZERO(&some);
        for (int i = 0; i < CPU_SETSIZE; i++)
                if (CPU_ISSET(i, &all) && (!n || (unsigned)CPU_COUNT(&some) < n))
                        CPU_SET(i, &some);
        sched_setaffinity(0, sizeof some, &some);
        return (unsigned)CPU_COUNT(&some);
}

#endif
