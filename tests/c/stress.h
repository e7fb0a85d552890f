/*
 * Helpers for concurrency tests: crews of pinned threads that start together, the three placements
 * under which a stress test must hold, waiting for a condition without sleeping, and misuse in a
 * sub-process.
 *
 * cmocka's assertions longjmp, so only the main thread of a test may use them: crew members report
 * through what they share.
 */
#ifndef CT_TESTS_STRESS_H
#define CT_TESTS_STRESS_H

#include "base/atomic.h"
#include "base/clock.h"
#include "base/rng.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CREW_MAX 64

/* Lets others run until the condition holds; the watchdog bounds it. */
#define UNTIL(condition)                                                                           \
        do {                                                                                       \
                while (!(condition))                                                               \
                        sched_yield();                                                             \
        } while (0)

struct crew;

struct crew_member {
        struct crew *crew;
        unsigned index;
        int cpu;           /* -1: not pinned */
        struct ct_rng rng; /* seeded by index */
        pthread_t thread;
};

struct crew {
        void *shared;
        void (*body)(void *shared, struct crew_member *me);
        unsigned n;
        ct_atomic_u32 ready, go;
        struct crew_member member[CREW_MAX];
};

static void *crew_thread(void *arg)
{
        struct crew_member *me = arg;
        struct crew *c = me->crew;

        if (me->cpu >= 0) {
                cpu_set_t set;

                CPU_ZERO(&set);
                CPU_SET(me->cpu, &set);
                if (sched_setaffinity(0, sizeof set, &set)) {
                        perror("sched_setaffinity");
                        abort();
                }
        }
        ct_add_u32_release(&c->ready, 1);   /* pairs with crew_start */
        UNTIL(ct_load_u32_acquire(&c->go)); /* pairs with crew_start */
        c->body(c->shared, me);
        return NULL;
}

/* The k-th CPU that this process may use, wrapping round after `cpus` of them. */
static inline int crew_cpu(unsigned k, unsigned cpus)
{
        cpu_set_t set;
        unsigned i = 0;

        if (sched_getaffinity(0, sizeof set, &set))
                abort();
        for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
                if (CPU_ISSET(cpu, &set) && i++ == k % cpus)
                        return cpu;
        abort();
}

/* Starts n threads together, on the first `cpus` usable CPUs in turn (0: not pinned). */
static inline void crew_start(struct crew *c, unsigned n, unsigned cpus,
                              void (*body)(void *, struct crew_member *), void *shared)
{
        memset(c, 0, sizeof *c);
        c->shared = shared;
        c->body = body;
        c->n = n;
        for (unsigned i = 0; i < n; i++) {
                struct crew_member *m = &c->member[i];

                m->crew = c;
                m->index = i;
                m->cpu = cpus ? crew_cpu(i, cpus) : -1;
                ct_rng_seed(&m->rng, 1000 + i);
                if (pthread_create(&m->thread, NULL, crew_thread, m)) {
                        perror("pthread_create");
                        abort();
                }
        }
        UNTIL(ct_load_u32_acquire(&c->ready) == n); /* pairs with crew_thread */
        ct_store_u32_release(&c->go, 1);            /* pairs with crew_thread */
}

static inline void crew_join(struct crew *c)
{
        for (unsigned i = 0; i < c->n; i++)
                pthread_join(c->member[i].thread, NULL);
}

static inline void crew_run(unsigned n, unsigned cpus, void (*body)(void *, struct crew_member *),
                            void *shared)
{
        struct crew c;

        crew_start(&c, n, cpus, body, shared);
        crew_join(&c);
}

static inline unsigned usable_cpus(void)
{
        cpu_set_t set;

        return sched_getaffinity(0, sizeof set, &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

struct stress_placement {
        const char *name;
        unsigned cpus, threads;
};

static const struct stress_placement STRESS_PLACEMENTS[] = {
        {"one CPU", 1, 4},
        {"two CPUs", 2, 2},
        {"two CPUs, 8x oversubscribed", 2, 16},
};

#define FOR_EACH_PLACEMENT(p)                                                                      \
        for (const struct stress_placement *p = STRESS_PLACEMENTS;                                 \
             p < STRESS_PLACEMENTS + sizeof STRESS_PLACEMENTS / sizeof *p; p++)                    \
                if (usable_cpus() < p->cpus)                                                       \
                        print_message("SKIPPED: %s: only %u usable\n", p->name, usable_cpus());    \
                else

/* Sanitizers run 5 to 20 times slower: fewer rounds there. */
#if defined(__SANITIZE_THREAD__)
#define ROUNDS(n) ((n) / 4)
#elif defined(__SANITIZE_ADDRESS__)
#define ROUNDS(n) ((n) / 2)
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define ROUNDS(n) ((n) / 4)
#endif
#endif
#ifndef ROUNDS
#define ROUNDS(n) (n)
#endif

/* Runs misuse in a child. True if it died by SIGABRT and said `message` on stderr; otherwise prints
   what it said. */
static inline bool dies_saying(void (*misuse)(void), const char *message)
{
        char said[4096];
        size_t n = 0;
        int fd[2], status;
        ssize_t got;
        pid_t pid;
        bool right;

        if (pipe(fd))
                return false;
        fflush(NULL);
        pid = fork();
        if (pid < 0)
                return false;
        if (pid == 0) {
                signal(SIGABRT, SIG_DFL); /* cmocka's handler would longjmp */
                dup2(fd[1], STDERR_FILENO);
                close(fd[0]);
                misuse();
                _exit(0);
        }
        close(fd[1]);
        while (n < sizeof said - 1 && (got = read(fd[0], said + n, sizeof said - 1 - n)) > 0)
                n += (size_t)got;
        said[n] = '\0';
        close(fd[0]);
        if (waitpid(pid, &status, 0) != pid)
                return false;
        right = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(said, message);
        if (!right)
                fprintf(stderr, "expected death with \"%s\", got status %d and:\n%s\n", message,
                        status, said);
        return right;
}

#endif
