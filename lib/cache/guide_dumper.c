#include "cache/counters.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"

/* Waits for the tick, or for the cancel: true if cancelled. */
static bool cancelled_before(struct ct_guide_dumper *d, int64_t tick)
{
        struct timespec until = ct_timespec(tick);
        bool cancelled;

        pthread_mutex_lock(&d->lock);
        while (!d->cancelled && pthread_cond_timedwait(&d->cancel, &d->lock, &until) != ETIMEDOUT)
                ;
        cancelled = d->cancelled;
        pthread_mutex_unlock(&d->lock);
        return cancelled;
}

static void *dump_until_cancelled(void *arg)
{
        struct ct_guide_dumper *d = arg;
        int64_t tick = ct_deadline_after(d->interval_ns);

        while (!cancelled_before(d, tick)) {
                struct ct_snapshot s;
                int64_t late;

                d->dump(d->ctx, ct_guide_counters_snapshot(d->counters, &s) ? NULL : &s);
                ct_snapshot_free(&s);
                late = ct_now_ns() - tick;
                tick += (late / d->interval_ns + 1) * d->interval_ns;
        }
        return NULL;
}

/* The clock of deadlines here is CLOCK_MONOTONIC; a condition's own default can be set back. */
static int init_cond(pthread_cond_t *cond)
{
        pthread_condattr_t attr;
        int rc = pthread_condattr_init(&attr);

        if (rc)
                return -rc;
        rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        if (!rc)
                rc = pthread_cond_init(cond, &attr);
        pthread_condattr_destroy(&attr);
        return -rc;
}

int ct_guide_dumper_start(struct ct_guide_dumper *d, struct ct_guide_counters *counters,
                          int64_t interval_ns,
                          void (*dump)(void *ctx, const struct ct_snapshot *snapshot), void *ctx)
{
        int rc;

        if (interval_ns <= 0)
                return -EINVAL;
        *d = (struct ct_guide_dumper){
                .counters = counters, .interval_ns = interval_ns, .dump = dump, .ctx = ctx};
        rc = -pthread_mutex_init(&d->lock, NULL);
        if (rc)
                return rc;
        rc = init_cond(&d->cancel);
        if (rc) {
                pthread_mutex_destroy(&d->lock);
                return rc;
        }
        rc = -pthread_create(&d->thread, NULL, dump_until_cancelled, d);
        if (rc) {
                pthread_cond_destroy(&d->cancel);
                pthread_mutex_destroy(&d->lock);
        }
        return rc;
}

void ct_guide_dumper_stop(struct ct_guide_dumper *d)
{
        pthread_mutex_lock(&d->lock);
        d->cancelled = true;
        pthread_cond_signal(&d->cancel);
        pthread_mutex_unlock(&d->lock);
        pthread_join(d->thread, NULL);
        pthread_cond_destroy(&d->cancel);
        pthread_mutex_destroy(&d->lock);
}
