/* What a timer service and its timers are made of. Not for users. */
#ifndef CT_CHAN_TIMER_PRIVATE_H
#define CT_CHAN_TIMER_PRIVATE_H

#include "base/guard.h"
#include "base/waitlist.h"
#include "chan/timer.h"
#include "chan/timer_heap.h"

struct ct_timers {
        struct ct_guard guard; /* protects all that follows, and the timers */
        bool real;             /* the process's: real clock, a thread of its own */
        bool advancing;        /* ct_timers_advance is inside */
        int64_t now;           /* of a clock of its own */
        struct ct_timer_heap_ heap;
        size_t timers; /* that exist, running or not; the heap has room for all */
        uint64_t starts;
        struct ct_timer *running;  /* whose function is being called */
        uint64_t runner;           /* the context that calls it */
        struct ct_waitlist freers; /* wait for that function to return */
        /* the thread's sleep */
        bool asleep;    /* parked on waiter, and nobody has promised an unpark */
        int64_t wakeup; /* when it will wake by itself */
        struct ct_waiter waiter;
};

struct ct_timer {
        struct ct_timers *service;
        struct ct_chan *chan; /* NULL for a function's */
        void (*fn)(void *arg);
        void *arg;
        int64_t period; /* 0: not a ticker */
        bool dying;     /* being freed: its function cannot start it any more */
        bool sent;      /* a time may be in the channel */
        size_t index;   /* in the heap; CT_TIMER_NOT_QUEUED_ */
};

/* A function's timer that does not run until it is reset: what it points to can be made ready in
   between. */
int ct_timer_make_func_(struct ct_timer **out, struct ct_timers *s, void (*fn)(void *arg),
                        void *arg);

/* Fires all that is due, with the guard held; gives it up in between. Returns how many. */
size_t ct_timers_fire_(struct ct_timers *s, int64_t now);

/* Starts the thread of the process's service if it does not run: 0 or -EAGAIN. */
int ct_timers_up_(void);

#endif
