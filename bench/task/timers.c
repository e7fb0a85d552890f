/* How late a sleep returns beside others that wait with a deadline. */
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "harness/histogram.h"
#include "task/task.h"
#include "task/tasks.h"

static const int64_t sleep_ns = CT_NS_PER_MS;

struct sleeping {
        uint64_t others;
        int64_t window_ns;
        struct measurement *m;
        struct ct_histogram late;
};

/* False where a sleep came back early: a broken clock fails the row, unverified. */
static bool sleep_often(struct sleeping *s, void (*sleep_until)(int64_t))
{
        int64_t start = ct_now_ns(), now;

        do {
                int64_t deadline = ct_now_ns() + sleep_ns;

                sleep_until(deadline);
                now = ct_now_ns();
                if (now < deadline)
                        return false;
                ct_histogram_record(&s->late, (uint64_t)(now - deadline));
        } while (now - start < 2 * s->window_ns || ct_histogram_count(&s->late) < 25);
        s->m->window_ns = (double)(now - start);
        task_latencies(&s->late, s->m);
        return true;
}

static int in_runtime(void *arg)
{
        struct sleeping *s = arg;
        struct armed *armed;
        int rc = armed_start(&armed, s->others);
        bool punctual;

        if (rc)
                return rc;
        punctual = sleep_often(s, ct_task_sleep_until);
        s->m->verified = armed_stop(armed) == s->others && punctual;
        return 0;
}

static struct sleeping *sleeping(const struct params *p, int64_t window_ns, struct measurement *m)
{
        struct sleeping *s = calloc(1, sizeof *s); /* a histogram is too much for a small stack */

        if (s) {
                s->others = (uint64_t)p->value[P_TIMERS];
                s->window_ns = window_ns;
                s->m = m;
                ct_histogram_reset(&s->late);
        }
        return s;
}

int task_measure_sleep(const struct topology *t, const struct params *p, int64_t window_ns,
                       struct measurement *m)
{
        struct sleeping *s = sleeping(p, window_ns, m);
        int rc = s ? task_in_runtime(t, 0, in_runtime, s) : -ENOMEM;

        free(s);
        return rc;
}

/* ---- threads ---- */

struct crowd {
        pthread_mutex_t lock;
        pthread_cond_t over;
        bool is_over;
};

static void *wait_for_the_end(void *arg)
{
        struct crowd *c = arg;
        struct timespec until = ct_timespec(ct_now_ns() + 3600 * CT_NS_PER_S);
        int rc = 0;

        pthread_mutex_lock(&c->lock);
        while (!c->is_over && !rc)
                rc = pthread_cond_clockwait(&c->over, &c->lock, CLOCK_MONOTONIC, &until);
        pthread_mutex_unlock(&c->lock);
        return NULL;
}

int ref_measure_sleep(const struct topology *t, const struct params *p, int64_t window_ns,
                      struct measurement *m)
{
        struct crowd c = {.lock = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER};
        struct sleeping *s = sleeping(p, window_ns, m);
        pthread_t *thread = s ? calloc(s->others, sizeof *thread) : NULL;
        uint64_t started = 0;
        int rc = thread ? 0 : -ENOMEM;

        (void)t;
        while (!rc && started < s->others) {
                rc = -pthread_create(&thread[started], NULL, wait_for_the_end, &c);
                started += !rc;
        }
        if (!rc)
                m->verified = sleep_often(s, ct_sleep_until);
        pthread_mutex_lock(&c.lock);
        c.is_over = true;
        pthread_cond_broadcast(&c.over);
        pthread_mutex_unlock(&c.lock);
        for (uint64_t i = 0; i < started; i++)
                pthread_join(thread[i], NULL);
        free(thread);
        free(s);
        return rc;
}
