/*
 * Timers and their service.
 *
 * Source: Go's time package and runtime/time.go as a contract; own code.
 *
 * State: all of it is protected by the service's guard. A timer runs while it is in the heap. Its
 * channel has room for one time.
 *
 * Invariants, whenever the guard is open:
 *      a time in a timer's channel is from after the last stop or reset: both take out, under the
 *      guard, what is left of the time before, and only firing, under the guard too, puts one in;
 *      the heap has room for every timer that exists, so that starting one cannot fail;
 *      if the service's thread is asleep, it wakes by itself no later than the first deadline.
 *
 * Sends and receives under a guard are otherwise not done here, where a holder should do a few
 * loads and stores. These never park and never come back to the service; the worst they do is to
 * wake one context.
 *
 * The tempting wrong versions: to send after letting go of the guard, when a stop in between
 * returns and the stale time comes after it; and to compute a ticker's next tick from the time at
 * which it fired instead of the time at which it was due, when every delay adds up.
 */
#include "chan/timer.h"

#include "base/panic.h"
#include "chan/timer_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_ROOM 16

static bool is_queued(const struct ct_timer *t)
{
        return t->index != CT_TIMER_NOT_QUEUED_;
}

/* ---- firing ---- */

/* Where a ticker that was due goes on: the tick that it gives now, the newest that is due, and the
   one after that. In unsigned numbers: the distance may be more than an int64_t holds. */
static int64_t newest_tick(int64_t when, int64_t period, int64_t now, int64_t *next)
{
        uint64_t missed = ((uint64_t)now - (uint64_t)when) / (uint64_t)period;
        int64_t due = (int64_t)((uint64_t)when + missed * (uint64_t)period);

#ifdef CT_PLANT_ticker_drifts
        due = now;
#endif
        if (__builtin_add_overflow(due, period, next))
                *next = CT_FOREVER;
        return due;
}

/* Calls the function without the guard. It may free its own timer: t is not touched afterwards. */
static void call(struct ct_timers *s, struct ct_timer *t)
{
        void (*fn)(void *arg) = t->fn;
        void *arg = t->arg;
        struct ct_wait_node *freer;

        s->running = t;
        s->runner = ct_parker_ops_self()->self();
        ct_guard_unlock(&s->guard);
        fn(arg);
        ct_guard_lock(&s->guard);
        s->running = NULL;
        while ((freer = ct_waitlist_pop(&s->freers)) != NULL)
                ct_unpark(&freer->waiter); /* seldom anybody: not worth letting go of the guard */
}

static void fire_first(struct ct_timers *s, int64_t now)
{
        struct ct_timer *t = s->heap.entry[0].timer;
        int64_t due = s->heap.entry[0].when, next;

        if (t->period) {
                due = newest_tick(due, t->period, now, &next);
                ct_timer_heap_delay_first_(&s->heap, next);
        } else {
                ct_timer_heap_remove_(&s->heap, 0);
        }
        if (t->fn) {
                call(s, t);
                return;
        }
        t->sent = true;
        (void)ct_chan_try_send(t->chan, &due); /* full: a ticker's reader is slow */
}

static bool is_due(const struct ct_timers *s, int64_t now)
{
        return s->heap.size && s->heap.entry[0].when <= now &&
               s->heap.entry[0].when != CT_FOREVER; /* which never comes */
}

size_t ct_timers_fire_(struct ct_timers *s, int64_t now)
{
        size_t fired = 0;

        for (; is_due(s, now); fired++) {
                fire_first(s, now);
                /* Whoever starts or stops one in the meantime waits for one firing, not for all. */
                ct_guard_unlock(&s->guard);
                ct_guard_lock(&s->guard);
        }
        return fired;
}

/* ---- starting and stopping, under the guard ---- */

/* True if the service's thread must be unparked: it would sleep past the new deadline. */
static bool start(struct ct_timers *s, struct ct_timer *t, int64_t deadline)
{
        if (t->dying)
                return false;
        ct_timer_heap_insert_(&s->heap, (struct ct_timer_entry_){deadline, s->starts++, t});
#ifndef CT_PLANT_timer_earlier_unseen
        if (s->asleep && deadline < s->wakeup) {
                s->asleep = false;
                return true;
        }
#endif
        return false;
}

static bool stop(struct ct_timers *s, struct ct_timer *t)
{
        bool stopped = is_queued(t);

        if (stopped)
                ct_timer_heap_remove_(&s->heap, t->index);
#ifdef CT_PLANT_timer_stale_time
        return stopped;
#endif
        if (!t->sent)
                return stopped; /* most stop before they fire: their channels are left alone */
        t->sent = false;
        if (!ct_chan_try_recv(t->chan, NULL, NULL))
                return stopped;
        return stopped || !t->period; /* a time that nobody received counts as not fired */
}

static void unlock_and_wake(struct ct_timers *s, bool wake)
{
        ct_guard_unlock(&s->guard);
        if (wake)
                ct_unpark(&s->waiter);
}

/* ---- making ---- */

/* Makes room in the heap for one more timer. Memory comes while the guard is open. */
static int reserve(struct ct_timers *s)
{
        struct ct_timer_entry_ *bigger = NULL, *unused = NULL;
        size_t room = 0;

        ct_guard_lock(&s->guard);
        while (s->timers >= s->heap.room && room <= s->heap.room) {
                room = s->heap.room ? s->heap.room * 2 : LEAST_ROOM;
                ct_guard_unlock(&s->guard);
                free(bigger);
                bigger = malloc(room * sizeof *bigger);
                if (!bigger)
                        return -ENOMEM;
                ct_guard_lock(&s->guard);
        }
        unused = bigger;
        if (room > s->heap.room) {
                if (s->heap.size)
                        memcpy(bigger, s->heap.entry, s->heap.size * sizeof *bigger);
                unused = s->heap.entry;
                s->heap.entry = bigger;
                s->heap.room = room;
        }
        s->timers++;
        ct_guard_unlock(&s->guard);
        free(unused);
        return 0;
}

static int make(struct ct_timer **out, struct ct_timers *s, struct ct_timer like)
{
        struct ct_timer *t;
        int r;

        *out = NULL;
        if (!s)
                return -EAGAIN; /* ct_timers_default() could not start its thread */
        r = s->real ? ct_timers_up_() : 0;
        if (r)
                return r;
        t = malloc(sizeof *t);
        if (!t)
                return -ENOMEM;
        *t = like;
        t->service = s;
        t->index = CT_TIMER_NOT_QUEUED_;
        r = t->fn ? 0 : ct_chan_new(&t->chan, sizeof(int64_t), 1);
        if (!r) {
                r = reserve(s);
                if (r && t->chan)
                        ct_chan_free(t->chan);
        }
        if (r)
                free(t);
        else
                *out = t;
        return r;
}

static void start_first(struct ct_timer *t, int64_t deadline)
{
        struct ct_timers *s = t->service;

        ct_guard_lock(&s->guard);
        unlock_and_wake(s, start(s, t, deadline));
}

int ct_timer_make_func_(struct ct_timer **out, struct ct_timers *s, void (*fn)(void *arg),
                        void *arg)
{
        return make(out, s, (struct ct_timer){.fn = fn, .arg = arg});
}

int ct_timer_new(struct ct_timer **out, struct ct_timers *s, int64_t deadline)
{
        int r = make(out, s, (struct ct_timer){0});

        if (!r)
                start_first(*out, deadline);
        return r;
}

int ct_timer_new_func(struct ct_timer **out, struct ct_timers *s, int64_t deadline,
                      void (*fn)(void *arg), void *arg)
{
        int r = ct_timer_make_func_(out, s, fn, arg);

        if (!r)
                start_first(*out, deadline);
        return r;
}

static int64_t first_tick(struct ct_timers *s, int64_t period)
{
        int64_t when;

        return __builtin_add_overflow(ct_timers_now(s), period, &when) ? CT_FOREVER : when;
}

int ct_ticker_new(struct ct_timer **out, struct ct_timers *s, int64_t period)
{
        int r;

        *out = NULL;
        if (period <= 0)
                return -EINVAL;
        r = make(out, s, (struct ct_timer){.period = period});
        if (!r)
                start_first(*out, first_tick(s, period));
        return r;
}

/* Lets the timer's function return, unless it is the one that calls. The guard is held. */
static void wait_for_function(struct ct_timers *s, struct ct_timer *t)
{
        struct ct_wait_node node;

        if (s->running != t)
                return;
        if (s->runner == ct_parker_ops_self()->self()) {
                s->running = NULL; /* a later timer may get this address */
                return;
        }
#ifndef CT_PLANT_timer_free_does_not_wait
        ct_waiter_init(&node.waiter);
        ct_waitlist_push_back(&s->freers, &node);
        ct_guard_unlock(&s->guard);
        ct_park(&node.waiter);
        ct_guard_lock(&s->guard);
#else
        (void)node;
#endif
}

void ct_timer_free(struct ct_timer *t)
{
        struct ct_timers *s;

        if (!t)
                return;
        s = t->service;
        ct_guard_lock(&s->guard);
        t->dying = true;
        (void)stop(s, t);
        wait_for_function(s, t);
        s->timers--;
        ct_guard_unlock(&s->guard);
        ct_chan_free(t->chan);
        free(t);
}

/* ---- using ---- */

struct ct_chan *ct_timer_chan(struct ct_timer *t)
{
        return t->chan;
}

bool ct_timer_stop(struct ct_timer *t)
{
        bool stopped;

        ct_guard_lock(&t->service->guard);
        stopped = stop(t->service, t);
        ct_guard_unlock(&t->service->guard);
        return stopped;
}

static bool reset(struct ct_timer *t, int64_t deadline, int64_t period)
{
        struct ct_timers *s = t->service;
        bool stopped;

        ct_guard_lock(&s->guard);
        stopped = stop(s, t);
        t->period = period;
        unlock_and_wake(s, start(s, t, deadline));
        return stopped;
}

bool ct_timer_reset(struct ct_timer *t, int64_t deadline)
{
        if (t->period)
                ct_panic("ct_timer", t, "ct_timer_reset of a ticker");
        return reset(t, deadline, 0);
}

bool ct_ticker_reset(struct ct_timer *t, int64_t period)
{
        if (!t->period)
                ct_panic("ct_timer", t, "ct_ticker_reset of a timer that is none");
        if (period <= 0)
                ct_panic("ct_timer", t, "ticker reset with a period of %lld", (long long)period);
        return reset(t, first_tick(t->service, period), period);
}
