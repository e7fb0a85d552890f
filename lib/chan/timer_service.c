/* Timer services: those with a clock of their own, and the process's with its thread. */
#include "base/panic.h"
#include "chan/timer_private.h"

#include <errno.h>
#include <stdlib.h>

/* ---- a clock of its own ---- */

int ct_timers_new(struct ct_timers **out, int64_t now)
{
        struct ct_timers *s = calloc(1, sizeof *s);

        *out = s;
        if (!s)
                return -ENOMEM;
        s->now = now;
        return 0;
}

void ct_timers_free(struct ct_timers *s)
{
        if (!s)
                return;
        if (s->real)
                ct_panic("ct_timers", s, "the process's own service is freed");
        if (s->timers)
                ct_panic("ct_timers", s, "freed with %zu timers left", s->timers);
        free(s->heap.entry);
        free(s);
}

size_t ct_timers_advance(struct ct_timers *s, int64_t now)
{
        size_t fired;

        if (s->real)
                ct_panic("ct_timers", s, "the process's own service has the real clock");
        ct_guard_lock(&s->guard);
        if (s->advancing)
                ct_panic("ct_timers", s, "advanced while it is being advanced");
        if (now < s->now)
                ct_panic("ct_timers", s, "set back from %lld to %lld", (long long)s->now,
                         (long long)now);
        s->advancing = true;
        s->now = now;
        fired = ct_timers_fire_(s, now);
        s->advancing = false;
        ct_guard_unlock(&s->guard);
        return fired;
}

int64_t ct_timers_now(struct ct_timers *s)
{
        int64_t now;

        if (s->real)
                return ct_now_ns();
        ct_guard_lock(&s->guard);
        now = s->now;
        ct_guard_unlock(&s->guard);
        return now;
}

int64_t ct_timers_next(struct ct_timers *s)
{
        int64_t next;

        ct_guard_lock(&s->guard);
        next = s->heap.size ? s->heap.entry[0].when : CT_FOREVER;
        ct_guard_unlock(&s->guard);
        return next;
}

/* ---- the process's ---- */

#ifdef CT_SIM

/* No thread but the simulator's own: programs there have clocks of their own. */
struct ct_timers *ct_timers_default(void)
{
        return NULL;
}

int ct_timers_up_(void)
{
        return -EAGAIN;
}

#else

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

static struct ct_timers process = {.real = true};
/* Held while the thread is being started, which is more than a guard is meant for, but happens once
   in a process. */
static struct ct_guard starting;
static ct_atomic_u32 up; /* 1: the thread runs; written under `starting` */

/* The thread: fires what is due, and sleeps until the first deadline or until a start promises an
   unpark because its deadline is earlier. */
static void *serve(void *arg)
{
        struct ct_timers *s = arg;

        prctl(PR_SET_TIMERSLACK, 1); /* else the kernel adds 50 us to each deadline */
        pthread_setname_np(pthread_self(), "ct_timers");
        ct_guard_lock(&s->guard);
        ct_waiter_init(&s->waiter);
        for (;;) {
                bool timed_out, promised;

                (void)ct_timers_fire_(s, ct_now_ns());
                s->wakeup = s->heap.size ? s->heap.entry[0].when : CT_FOREVER;
                s->asleep = true;
                ct_guard_unlock(&s->guard);
                timed_out = ct_park_until(&s->waiter, s->wakeup, CT_PARK_SLEEP);
                ct_guard_lock(&s->guard);
                promised = !s->asleep;
                s->asleep = false;
                if (timed_out && promised) {
                        ct_guard_unlock(&s->guard);
                        ct_park(&s->waiter); /* the permit would else end a later sleep */
                        ct_guard_lock(&s->guard);
                }
        }
        return NULL;
}

/* On every CPU that the process may use, whatever the caller is bound to. */
static int start_thread(void)
{
        pthread_attr_t attr;
        pthread_t thread;
        cpu_set_t cpus;
        int r;

        if (sched_getaffinity(getpid(), sizeof cpus, &cpus) || pthread_attr_init(&attr))
                return -EAGAIN;
        r = pthread_attr_setaffinity_np(&attr, sizeof cpus, &cpus);
        if (!r) /* it must not keep the process from exiting, and nobody could join it */
                r = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        if (!r)
                r = pthread_create(&thread, &attr, serve, &process);
        pthread_attr_destroy(&attr);
        return r ? -EAGAIN : 0;
}

/* A fork in the midst of something would leave the child with what is half done. */
static void before_fork(void)
{
        ct_guard_lock(&starting);
        ct_guard_lock(&process.guard);
}

static void after_fork(void)
{
        ct_guard_unlock(&process.guard);
        ct_guard_unlock(&starting);
}

/* The child has the timers, but neither the thread nor the function that it may have been calling.
 */
static void after_fork_in_child(void)
{
        process.asleep = false;
        process.running = NULL;
        process.freers = (struct ct_waitlist){0};
        ct_store_u32_relaxed(&up, 0);
        after_fork();
}

int ct_timers_up_(void)
{
        static bool handlers;
        int r = 0;

        if (ct_load_u32_relaxed(&up)) /* the guard of the service orders all else */
                return 0;
        ct_guard_lock(&starting);
        if (!handlers)
                handlers = !pthread_atfork(before_fork, after_fork, after_fork_in_child);
        if (!ct_load_u32_relaxed(&up)) {
                r = handlers ? start_thread() : -EAGAIN;
                ct_store_u32_relaxed(&up, !r);
        }
        ct_guard_unlock(&starting);
        return r;
}

struct ct_timers *ct_timers_default(void)
{
        return ct_timers_up_() ? NULL : &process;
}

#endif
