/*
 * Timers and tickers that stand in a select: Go's time.Timer, time.Ticker and time.AfterFunc.
 *
 *      struct ct_timer *t;
 *      int r = ct_timer_new(&t, ct_timers_default(), deadline);
 *      ... select on ct_timer_chan(t), which delivers one int64_t: when it was due ...
 *      ct_timer_stop(t);  ct_timer_free(t);
 *
 * A service fires what is due. Services are the caller's own with a virtual clock (ct_timers_new,
 * ct_timers_advance: nothing fires but inside the call, in the order of the deadlines and, where
 * these are equal, of the starts), or the process's, ct_timers_default(), on the real clock, with
 * one thread that it starts at the first use and that sleeps in the parker until the next deadline.
 *
 * A timer's channel has room for one time. As in Go since 1.23, no time from before a stop or reset
 * is received after it.
 * A ticker fires at start + k x period, exactly: a late tick does not move the later ones (no
 * drift). A reader that is slow loses ticks, never delays them; each tick delivers the time at
 * which it was due. A service that comes late by several periods gives one tick, the newest that is
 * due, and goes on from there.
 *
 * Blocks on: nothing but short locks.  Wakes: whoever receives from the channel.
 * Who may call: any thread or task. free: nobody else uses the timer any more.
 * Failure: -ENOMEM, -EINVAL (period <= 0), -EAGAIN where the service's thread cannot be started,
 *      which is also what a NULL service means. Misuse panics: resetting a timer as a ticker or the
 *      other way round, a period <= 0 in a reset, advancing a service while it is being advanced,
 *      backwards, or the process's; freeing one that has timers left.
 * fork: the child's default service has the same timers; its thread starts with the next use of
 *      ct_timers_default or ct_timer_new.
 * Units: absolute ct_now_ns() times on the default service, else its own ns; periods in ns.
 *
 * Source: Go's time package; the queue is a 4-ary heap.
 */
#ifndef CT_CHAN_TIMER_H
#define CT_CHAN_TIMER_H

#include "chan/chan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_timers; /* a service */
struct ct_timer;  /* a timer or a ticker */

/* The process's service; NULL if its thread cannot be started. */
struct ct_timers *ct_timers_default(void);

/* A service with a clock of its own that starts at `now`. */
int ct_timers_new(struct ct_timers **out, int64_t now);
void ct_timers_free(struct ct_timers *s); /* no timer may be left */
int64_t ct_timers_now(struct ct_timers *s);

/* It is `now`: fires all that is due by then, and what that makes due. How many fired. */
size_t ct_timers_advance(struct ct_timers *s, int64_t now);

int64_t ct_timers_next(struct ct_timers *s); /* the first deadline; CT_FOREVER: none */

/* A timer that fires once at the deadline (at once, where that has passed). */
int ct_timer_new(struct ct_timer **out, struct ct_timers *s, int64_t deadline);
/* ... that calls fn(arg) on the service instead: fn must not block, and may stop, reset or free it.
 */
int ct_timer_new_func(struct ct_timer **out, struct ct_timers *s, int64_t deadline,
                      void (*fn)(void *arg), void *arg);
int ct_ticker_new(struct ct_timer **out, struct ct_timers *s, int64_t period);
/* Stops it, and waits for its function where that runs. NULL is fine. */
void ct_timer_free(struct ct_timer *t);

/* NULL for a function's timer. Elements are int64_t times. The channel is the timer's. */
struct ct_chan *ct_timer_chan(struct ct_timer *t);

/* True if that kept it from firing, which a time that nobody has received does not count as; a
   ticker: if it was running. A function that runs goes on. Go's Stop. */
bool ct_timer_stop(struct ct_timer *t);

/* Starts it anew; true if it was still to fire. For a ticker: the first tick is now + period. */
bool ct_timer_reset(struct ct_timer *t, int64_t deadline);
bool ct_ticker_reset(struct ct_timer *t, int64_t period);

#endif
