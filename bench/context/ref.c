/*
 * What a C programmer would take: one flag with a mutex and a condition, broadcast to all who are
 * to stop; and a timerfd for each timer, which the kernel keeps.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "context/contexts.h"
#include "context/crew.h"
#include "harness/histogram.h"

struct desk {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        uint64_t round; /* that is cancelled */
        uint64_t rounds;
        int64_t call_ns;
        struct crew *crew;
        int *timer;
        uint64_t timers, next;
        int64_t far;
};

struct hall {
        uint64_t rounds;
        int64_t call_ns;
};

/* ---- cancel ---- */

static bool wait_for_flag(void *scene, unsigned index)
{
        struct desk *d = scene;
        uint64_t round;

        (void)index;
        pthread_mutex_lock(&d->lock);
        round = d->round;
        while (d->round == round)
                pthread_cond_wait(&d->changed, &d->lock);
        pthread_mutex_unlock(&d->lock);
        return true;
}

static bool cancel_once(struct desk *d, struct worker *w)
{
        int64_t start, last;

        crew_send(d->crew);
        start = ct_now_ns();
        pthread_mutex_lock(&d->lock);
        d->round++;
        pthread_cond_broadcast(&d->changed);
        pthread_mutex_unlock(&d->lock);
        d->call_ns += ct_now_ns() - start;
        last = crew_await(d->crew);
        d->rounds++;
        ct_histogram_record(w->latency, last > start ? (uint64_t)(last - start) : 0);
        return last;
}

static uint64_t run_cancel(void *self, struct worker *w, uint64_t n)
{
        uint64_t effects = 0;

        (void)self;
        for (uint64_t i = 0; i < n; i++)
                effects += cancel_once(w->local, w);
        return effects;
}

/* ---- timers ---- */

static bool set(int timer, int64_t when)
{
        struct itimerspec spec = {.it_value = ct_timespec(when)};

        return !timerfd_settime(timer, when ? TFD_TIMER_ABSTIME : 0, &spec, NULL);
}

static uint64_t run_timers(void *self, struct worker *w, uint64_t n)
{
        struct desk *d = w->local;
        uint64_t effects = 0;

        (void)self;
        for (uint64_t i = 0; i < n; i++) {
                int timer = d->timer[ct_rng_below(&w->rng, d->timers)];

                effects += set(timer, 0);
                effects += set(timer, d->far + (int64_t)(d->next++ * CT_NS_PER_US));
        }
        return effects / 2;
}

static bool fire_once(struct desk *d, struct worker *w)
{
        int64_t due = ct_now_ns() + SOON_NS, now;
        uint64_t fired = 0;

        if (!set(d->timer[0], due) || read(d->timer[0], &fired, sizeof fired) != sizeof fired)
                return false;
        now = ct_now_ns();
        ct_histogram_record(w->latency, now > due ? (uint64_t)(now - due) : 0);
        return fired == 1 && now >= due;
}

static uint64_t run_lateness(void *self, struct worker *w, uint64_t n)
{
        uint64_t effects = 0;

        (void)self;
        for (uint64_t i = 0; i < n; i++)
                effects += fire_once(w->local, w);
        return effects;
}

/* ---- before and after ---- */

static void close_timers(struct desk *d)
{
        while (d->timers > 0)
                close(d->timer[--d->timers]);
        free(d->timer);
}

static int open_timers(struct desk *d, uint64_t n)
{
        struct rlimit files;
        int rc = 0;

        if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < files.rlim_max) {
                files.rlim_cur = files.rlim_max;
                (void)setrlimit(RLIMIT_NOFILE, &files); /* what is missing, timerfd_create says */
        }
        d->timer = calloc(n, sizeof *d->timer);
        d->far = ct_now_ns() + FAR_NS;
        if (!d->timer)
                return -ENOMEM;
        while (d->timers < n && !rc) {
                int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

                if (timer < 0) {
                        rc = -errno;
                        break;
                }
                d->timer[d->timers++] = timer;
                if (!set(timer, d->far + (int64_t)(d->next++ * CT_NS_PER_US)))
                        rc = -errno;
        }
        if (rc)
                close_timers(d);
        return rc;
}

static int worker_init(void *self, struct worker *w)
{
        struct desk *d = calloc(1, sizeof *d);
        const int64_t *p = w->params->value;
        int rc;

        (void)self;
        if (!d)
                return -ENOMEM;
        pthread_mutex_init(&d->lock, NULL);
        pthread_cond_init(&d->changed, NULL);
        if (p[P_WIDTH] != PARAM_UNSET)
                rc = crew_start(&d->crew, (unsigned)p[P_WIDTH], wait_for_flag, d);
        else
                rc = open_timers(d, (uint64_t)p[P_TIMERS] / w->threads + 1);
        if (rc)
                free(d);
        else
                w->local = d;
        return rc;
}

static void worker_fini(void *self, struct worker *w)
{
        struct hall *h = self;
        struct desk *d = w->local;

        if (d->crew) {
                crew_stop(d->crew);
                h->rounds = d->rounds;
                h->call_ns = d->call_ns;
        } else {
                close_timers(d);
        }
        pthread_mutex_destroy(&d->lock);
        pthread_cond_destroy(&d->changed);
        free(d);
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        const struct hall *h = self;

        if (h->rounds)
                metrics[M_CANCEL_CALL_NS] = (double)h->call_ns / (double)h->rounds;
        return context_check_effects(t);
}

extern const struct contestant context_ref;
const struct contestant context_ref = {
        .name = "ref",
        .source = "pthread: a flag, a mutex and a condition; timerfd",
        .caps = CAP_BASELINE | CAP_PARKS | CAP_THREADS_ONLY,
        .size = sizeof(struct hall),
        .align = _Alignof(struct hall),
        .run = {[CANCEL] = run_cancel, [TIMERS] = run_timers, [LATENESS] = run_lateness},
        .check = check,
        .worker_init = worker_init,
        .worker_fini = worker_fini,
};
