#include "limit/guide_ticking.h"

#include <errno.h>

#include "base/clock.h"
#include "limit/guide_waitline.h"

static void *run(void *arg)
{
        struct ct_ticking *t = arg;
        int64_t next = ct_deadline_after(t->interval_ns);

        pthread_mutex_lock(&t->mutex);
        while (!t->stop) {
                int64_t now, late;

                ct_waitline_sleep(&t->stopped, &t->mutex, next);
                now = ct_now_ns();
                if (t->stop || now < next)
                        continue;
                late = (now - next) / t->interval_ns;
                t->skipped += (uint64_t)late;
                next += (late + 1) * t->interval_ns;
                pthread_mutex_unlock(&t->mutex);
                t->tick(t->ctx, next);
                pthread_mutex_lock(&t->mutex);
        }
        pthread_mutex_unlock(&t->mutex);
        return NULL;
}

int ct_ticking_start(struct ct_ticking *t, int64_t interval_ns,
                     void (*tick)(void *ctx, int64_t next_ns), void *ctx)
{
        int rc;

        *t = (struct ct_ticking){.interval_ns = interval_ns, .tick = tick, .ctx = ctx};
        rc = ct_waitline_condition(&t->stopped);
        if (rc)
                return rc;
        pthread_mutex_init(&t->mutex, NULL);
        rc = pthread_create(&t->thread, NULL, run, t);
        t->running = !rc;
        if (rc) {
                pthread_cond_destroy(&t->stopped);
                pthread_mutex_destroy(&t->mutex);
        }
        return -rc;
}

void ct_ticking_stop(struct ct_ticking *t)
{
        if (!t->running)
                return;
        pthread_mutex_lock(&t->mutex);
        t->stop = true;
        pthread_cond_signal(&t->stopped);
        pthread_mutex_unlock(&t->mutex);
        pthread_join(t->thread, NULL);
        pthread_cond_destroy(&t->stopped);
        pthread_mutex_destroy(&t->mutex);
        t->running = false;
}
