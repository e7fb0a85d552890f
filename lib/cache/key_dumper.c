/*
 * The dumper of per-key counters: one context that waits for a tick or for the cancel.
 *
 * Source: own code. Invariant: tick_ns is start + k x interval_ns, for a k that only grows.
 * Tempting: sleep for an interval after each dump. Ticks then drift by what dumps take, and the
 * sleep does not hear the cancel.
 */
#include "cache/key_counters.h"

#include <errno.h>

#include "base/clock.h"

/* Waits for the tick, or for the cancel: true if cancelled. */
static bool cancelled_before_tick(struct ct_key_dumper *d)
{
        bool cancelled;

        ct_mutex_lock(&d->lock);
        while (!d->cancelled && ct_cond_wait_until(&d->cancel, &d->lock, d->tick_ns) != -ETIMEDOUT)
                ;
        cancelled = d->cancelled;
        ct_mutex_unlock(&d->lock);
        return cancelled;
}

/* To the first tick that has not passed yet. */
static void step(struct ct_key_dumper *d)
{
#ifdef CT_PLANT_key_dumper_catches_up
        int64_t passed = 0;
#else
        int64_t passed = (ct_now_ns() - d->tick_ns) / d->interval_ns;
#endif

        if (__builtin_add_overflow(d->tick_ns, passed * d->interval_ns, &d->tick_ns) ||
            __builtin_add_overflow(d->tick_ns, d->interval_ns, &d->tick_ns))
                d->tick_ns = CT_FOREVER;
}

static int dump_until_cancelled(void *arg)
{
        struct ct_key_dumper *d = arg;

        while (!cancelled_before_tick(d)) {
                struct ct_snapshot s;

                d->dump(d->ctx, ct_key_counters_snapshot(d->counters, &s) ? NULL : &s);
                ct_snapshot_free(&s);
                step(d);
        }
        return 0;
}

int ct_key_dumper_start(struct ct_key_dumper *d, enum ct_spawn spawn,
                        struct ct_key_counters *counters, int64_t interval_ns,
                        void (*dump)(void *ctx, const struct ct_snapshot *snapshot), void *ctx)
{
        int rc;

        if (interval_ns <= 0)
                return -EINVAL;
        *d = (struct ct_key_dumper){
                .counters = counters, .interval_ns = interval_ns, .dump = dump, .ctx = ctx};
        d->tick_ns = ct_deadline_after(interval_ns);
        ct_errgroup_init(&d->group, spawn);
        rc = ct_errgroup_go(&d->group, dump_until_cancelled, d);
        if (rc) {
                (void)ct_errgroup_wait(&d->group); /* its error is what go has said already */
                ct_errgroup_fini(&d->group);
        }
        return rc;
}

void ct_key_dumper_stop(struct ct_key_dumper *d)
{
        ct_mutex_lock(&d->lock);
        d->cancelled = true;
#ifndef CT_PLANT_key_dumper_cancels_silently
        ct_cond_signal(&d->cancel);
#endif
        ct_mutex_unlock(&d->lock);
        (void)ct_errgroup_wait(&d->group); /* its function does not fail */
        ct_errgroup_fini(&d->group);
        ct_cond_fini(&d->cancel);
        ct_mutex_fini(&d->lock);
}
