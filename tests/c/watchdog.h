/*
 * A watchdog for tests that block: when a test runs out of time, every thread prints its stack, and
 * the process aborts. A hang so becomes a failure that says where.
 *
 *      cmocka_unit_test_setup_teardown(test, watchdog_start, watchdog_stop)
 *
 * or WATCHED(test) for short. The limit is WATCHDOG_S seconds, longer under a sanitizer, or what
 * the environment variable CT_WATCHDOG_S says.
 */
#ifndef CT_TESTS_WATCHDOG_H
#define CT_TESTS_WATCHDOG_H

#include "base/atomic.h"
#include "base/clock.h"
#include "base/futex.h"
#include "base/panic.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define WATCHDOG_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define WATCHDOG_SANITIZED 1
#endif
#endif

#ifdef WATCHDOG_SANITIZED
#define WATCHDOG_S 60
#else
#define WATCHDOG_S 20
#endif

#define WATCHED(test) cmocka_unit_test_setup_teardown(test, watchdog_start, watchdog_stop)

static ct_atomic_u32 watchdog_stopped; /* 1: the test is over; the dog waits on it */
static ct_atomic_u32 watchdog_printed; /* stacks printed so far */
static pthread_t watchdog_thread;

static void watchdog_print(int sig)
{
        char line[64];
        int n = snprintf(line, sizeof line, "watchdog: thread %d\n", (int)gettid());

        (void)sig;
        if (write(STDERR_FILENO, line, (size_t)n) == n)
                ct_print_stack(STDERR_FILENO);
        ct_add_u32_release(&watchdog_printed, 1); /* pairs with watchdog_ask */
}

/* One thread after the other, so that the stacks do not mix. A thread that cannot take the signal
   is passed over after a second. */
static void watchdog_ask(pid_t tid)
{
        uint32_t before = ct_load_u32_acquire(&watchdog_printed); /* pairs with watchdog_print */
        int64_t limit = ct_deadline_after(CT_NS_PER_S);

        if (syscall(SYS_tgkill, getpid(), tid, SIGUSR2))
                return;
        while (ct_load_u32_acquire(&watchdog_printed) == before && ct_now_ns() < limit)
                ct_sleep_until(ct_deadline_after(CT_NS_PER_MS)); /* dying: nothing else to do */
}

static inline void watchdog_bite(void)
{
        DIR *tasks = opendir("/proc/self/task");
        struct dirent *d;

        fprintf(stderr, "watchdog: the test hangs; all stacks:\n");
        while (tasks && (d = readdir(tasks))) {
                pid_t tid = (pid_t)strtol(d->d_name, NULL, 10);

                if (tid > 0 && tid != gettid())
                        watchdog_ask(tid);
        }
        abort();
}

static void *watchdog_watch(void *arg)
{
        int64_t deadline = *(int64_t *)arg;

        free(arg);
        while (!ct_load_u32_acquire(&watchdog_stopped)) { /* pairs with watchdog_stop */
                if (ct_futex_wait(&watchdog_stopped, 0, deadline) == -ETIMEDOUT)
                        watchdog_bite();
        }
        return NULL;
}

static inline int64_t watchdog_limit_ns(void)
{
        const char *s = getenv("CT_WATCHDOG_S");
        long seconds = s ? strtol(s, NULL, 10) : 0;

        return (seconds > 0 ? seconds : WATCHDOG_S) * CT_NS_PER_S;
}

static inline int watchdog_start(void **state)
{
        static bool prepared;
        int64_t *deadline = malloc(sizeof *deadline);

        (void)state;
        if (!deadline)
                return -1;
        if (!prepared) {
                struct sigaction sa = {.sa_handler = watchdog_print};
                FILE *null = fopen("/dev/null", "w");

                if (!null || sigaction(SIGUSR2, &sa, NULL)) {
                        free(deadline);
                        return -1;
                }
                ct_print_stack(fileno(null)); /* loads the unwinder outside of the handler */
                fclose(null);
                prepared = true;
        }
        *deadline = ct_deadline_after(watchdog_limit_ns());
        ct_store_u32_relaxed(&watchdog_stopped, 0);
        if (pthread_create(&watchdog_thread, NULL, watchdog_watch, deadline)) {
                free(deadline);
                return -1;
        }
        return 0;
}

static inline int watchdog_stop(void **state)
{
        (void)state;
        ct_store_u32_release(&watchdog_stopped, 1); /* pairs with watchdog_watch */
        ct_futex_wake(&watchdog_stopped, 1);
        return pthread_join(watchdog_thread, NULL);
}

#endif
