/*
 * Operations that nobody contends for: for a look from outside at the system calls they make.
 *
 *      uncontended THING N     does N rounds of mutex, once, waitgroup, semaphore, latch or cond;
 *                              "asleep" is the counter-example: a thread woken N times, each time
 *                              from a sleep in the kernel
 *
 * A second thread exists all the while, asleep in a pipe, so that nothing can take the process for
 * a single-threaded one. Nothing else here waits on a futex: no join, no stdio lock to fight for.
 */
#include "sync/cond.h"
#include "sync/latch.h"
#include "sync/mutex.h"
#include "sync/once.h"
#include "sync/semaphore.h"
#include "sync/waitgroup.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Each counts in plain memory, so that the program can say that it did what was asked. */
static unsigned long done;

static void do_mutex(unsigned long n)
{
        static struct ct_mutex m;

        for (unsigned long i = 0; i < n; i++) {
                ct_mutex_lock(&m);
                done++;
                ct_mutex_unlock(&m);
        }
}

static void make(void *arg)
{
        ++*(unsigned long *)arg;
}

static void do_once(unsigned long n)
{
        static struct ct_once o[1000]; /* first calls and later ones */
        unsigned long made = 0;

        for (unsigned long i = 0; i < n; i++) {
                ct_once_do(&o[i % 1000], make, &made);
                done++;
        }
        if (made != (n < 1000 ? n : 1000))
                abort();
}

static void do_waitgroup(unsigned long n)
{
        static struct ct_waitgroup wg;

        for (unsigned long i = 0; i < n; i++) {
                ct_waitgroup_add(&wg, 1);
                done++;
                ct_waitgroup_done(&wg);
                ct_waitgroup_wait(&wg);
        }
}

static void do_semaphore(unsigned long n)
{
        static struct ct_semaphore s = CT_SEMAPHORE_INIT(8);

        for (unsigned long i = 0; i < n; i++) {
                ct_semaphore_acquire(&s, 1 + i % 8);
                done++;
                ct_semaphore_release(&s, 1 + i % 8);
        }
}

static void do_latch(unsigned long n)
{
        for (unsigned long i = 0; i < n; i++) {
                struct ct_latch l = CT_LATCH_INIT(1);

                ct_latch_count_down(&l, 1);
                ct_latch_wait(&l);
                done++;
        }
}

static void do_cond(unsigned long n)
{
        static struct ct_cond c;

        for (unsigned long i = 0; i < n; i++) {
                ct_cond_signal(&c);
                ct_cond_broadcast(&c);
                done++;
        }
}

static struct ct_mutex turn_lock;
static struct ct_cond turn_changed;
static bool turn;
static pid_t sleeper;

static void *sleep_for_turns(void *n)
{
        ct_mutex_lock(&turn_lock);
        sleeper = gettid();
        for (unsigned long i = 0; i < *(unsigned long *)n; i++) {
                while (!turn)
                        ct_cond_wait(&turn_changed, &turn_lock);
                turn = false;
                done++;
        }
        ct_mutex_unlock(&turn_lock);
        return NULL;
}

/* Whether the kernel has the sleeper asleep: a waiter that still spins is not. */
static bool asleep(void)
{
        char path[64], line[256] = "", *state;
        FILE *stat;

        snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)sleeper);
        stat = fopen(path, "r");
        if (!stat)
                return false;
        state = fgets(line, sizeof line, stat) ? strrchr(line, ')') : NULL; /* "7 (name) S 1 ..." */
        fclose(stat);
        return state && state[1] == ' ' && state[2] == 'S';
}

/* Gives the turn only to a sleeper that sleeps: then each turn has cost a call to wait. */
static void do_asleep(unsigned long n)
{
        pthread_t other;

        if (pthread_create(&other, NULL, sleep_for_turns, &n))
                abort();
        for (unsigned long given = 0; given < n;) {
                ct_mutex_lock(&turn_lock);
                if (sleeper && !turn && asleep()) {
                        turn = true;
                        given++;
                        ct_cond_signal(&turn_changed);
                }
                ct_mutex_unlock(&turn_lock);
                sched_yield();
        }
        pthread_join(other, NULL);
}

static void *sleep_in_a_pipe(void *arg)
{
        char c;

        if (read(*(int *)arg, &c, 1) < 0)
                abort();
        return NULL;
}

static const struct {
        const char *name;
        void (*run)(unsigned long n);
} things[] = {
        {"mutex", do_mutex},   {"once", do_once}, {"waitgroup", do_waitgroup},
        {"latch", do_latch},   {"cond", do_cond}, {"semaphore", do_semaphore},
        {"asleep", do_asleep},
};

int main(int argc, char **argv)
{
        unsigned long n = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
        pthread_t second;
        int fd[2];

        if (!n || pipe(fd) || pthread_create(&second, NULL, sleep_in_a_pipe, fd))
                return 2;
        for (size_t i = 0; i < sizeof things / sizeof *things; i++) {
                if (strcmp(argv[1], things[i].name))
                        continue;
                things[i].run(n);
                printf("%s: %lu of %lu\n", argv[1], done, n);
                fflush(stdout);
                _exit(done == n ? 0 : 1); /* leaves the second thread where it is */
        }
        return 2;
}
