/*
 * Rate limiters as the guides have them: six algorithms, one contract.
 *
 *   ct_guide_ticker        a bounded store of tokens, one added per tick, dropped when it is full
 *   ct_guide_token_bucket  burst + rate x time, with reservations: x/time/rate
 *   ct_guide_fixed_window  a counter that starts anew when its window is over
 *   ct_guide_sliding_log   the times of the last grants; no more while too many of them are young
 *   ct_guide_leaky         a bounded queue that drains one request per tick
 *   ct_guide_per_user      a token bucket for each key, made on first use, expired when idle
 *
 *      struct ct_guide_token_bucket l;
 *      ct_guide_token_bucket_init(&l, 100, 10, ct_now_ns());   // 100 a second, 10 at once
 *      if (ct_guide_token_bucket_allow(&l, ct_now_ns()))
 *              ...
 *
 * Time is the caller's: every decision takes now_ns, so the same code runs on the real clock, on a
 * virtual one, and in a test that lasts a century. Only the *_wait_until() forms and the threads of
 * *_start() read ct_now_ns() themselves, and a limiter that is used with them must be given
 * ct_now_ns() times everywhere. A time earlier than one that the limiter has seen counts as the
 * later one: callers read the clock before they get the lock, so times arrive out of order, and a
 * limiter that believed them would credit the same stretch of time twice.
 *
 * Blocks on: the limiter's mutex, for a short bounded time; wait forms sleep. Wait order is that of
 *      arrival, except in the two window limiters, whose waiters race when the window opens.
 * Wakes: as said at each function.
 * Order: what one caller did before its call on a limiter, a later caller sees: every call takes
 *      the mutex.
 * Who may call: any thread, all functions but init and fini. Not from signal handlers.
 * Ownership: the caller's storage, between init and fini at a fixed address. fini needs that nobody
 *      is inside. Zero bytes are NOT a valid limiter.
 * Failure: 0 or -errno; an allow form says false. -EINVAL: arguments that mean nothing, or a wait
 *      that can never end; -ENOMEM; -EAGAIN: no thread to be had; -ETIMEDOUT: a wait form knows, or
 *      has found, that the deadline comes first; nothing has been taken then, unless it says so.
 * Units: ns, times within +-2^61; rates per second; deadlines are absolute ct_now_ns() times,
 *      CT_FOREVER for none.
 *
 * Sources: "The Complete Guide to Go Concurrency Patterns and Synchronization" (all six), "Go
 * Concurrency Patterns - Learning Reference" (ticker), "Advanced Concurrency Patterns" (token
 * bucket); golang.org/x/time/rate for what the token bucket means. Own code.
 */
#ifndef CT_LIMIT_LIMITER_H
#define CT_LIMIT_LIMITER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "limit/guide_ticking.h"
#include "limit/guide_waitline.h"

/* ---- ticker ---------------------------------------------------------------------------------- */

/*
 * Law: in any closed interval [a, b] at most capacity + ticks(b) - ticks(a) are admitted, where
 * ticks(t) = floor((t - start) / interval); and never more than ticks(t) in all, as it starts
 * empty. The interval is 10^9 / rate in whole ns, rounded down as Go's integer division does it.
 */
struct ct_guide_ticker {
        pthread_mutex_t mutex; /* private, all of it */
        int64_t interval_ns, next_ns;
        int64_t capacity, tokens;
        uint64_t dropped;
        struct ct_waitline line; /* not empty: tokens == 0 */
        bool threaded;           /* the thread of start() ticks */
        struct ct_ticking ticking;
};

/* rate 1 .. 10^9, capacity >= 0 (0: a token goes to a waiter or is lost). Starts empty at now_ns.
 */
int ct_guide_ticker_init(struct ct_guide_ticker *, int64_t rate_per_s, int64_t capacity,
                         int64_t now_ns);
void ct_guide_ticker_fini(struct ct_guide_ticker *);

/* Does what a ticker that is never late would have done until now_ns: tokens to waiters in their
   order, then into the store, the rest dropped. Panics while the thread of start() runs. */
void ct_guide_ticker_advance(struct ct_guide_ticker *, int64_t now_ns);

/* Takes a token if there is one. Advances to now_ns first, unless the thread of start() does that.
 */
bool ct_guide_ticker_allow(struct ct_guide_ticker *, int64_t now_ns);

/* From here a thread ticks, by the real clock; like Go's ticker it skips the ticks it is late for.
   fini stops it. -EBUSY if it runs already. start, stop and fini are one thread's business. */
int ct_guide_ticker_start(struct ct_guide_ticker *);
void ct_guide_ticker_stop(struct ct_guide_ticker *);

/* Waits for a token: from the thread of start(), or from whoever calls advance. FIFO. */
int ct_guide_ticker_wait_until(struct ct_guide_ticker *, int64_t deadline_ns);

size_t ct_guide_ticker_waiting(struct ct_guide_ticker *);
uint64_t ct_guide_ticker_dropped(struct ct_guide_ticker *);

/* ---- token bucket ---------------------------------------------------------------------------- */

/*
 * Law: in any closed interval [a, b] at most burst + rate x (b - a) are admitted, exactly, by the
 * allow forms. Reservations are rounded up to the next whole ns, so over the times at which they
 * may act the bound is burst + rate x (b - a + 1 ns); rates that divide 10^9 need no rounding.
 * Cancelling single tokens keeps it, in any order; after cancelling reservations of more than one
 * out of order, as x/time/rate does it, those around them may act closer together, by less than a
 * burst; the law from init on holds always. After set_rate or set_burst the new one begins.
 *
 * As x/time/rate: an infinite rate (INFINITY) admits everything, burst 0 with a finite rate
 * nothing; rate 0 admits the first `burst` and then nothing; a refused request takes nothing.
 * Otherwise than there: see "exactness" in guide_token_bucket.c. Waits beyond 2^53 ns (104 days)
 * and debts beyond nine million tokens count as never.
 */
struct ct_guide_token_bucket {
        pthread_mutex_t mutex; /* private, all of it */
        double rate;           /* per second */
        double level;          /* tokens at last_ns in units of 10^-9; below 0: reserved ahead */
        int64_t burst;
        int64_t last_ns;       /* when level was true, */
        int64_t last_event_ns; /* and when the latest reservation may act */
        bool exact;            /* level is always a whole number that a double can hold */
};

/* rate >= 0 or INFINITY, burst >= 0. Starts full. */
int ct_guide_token_bucket_init(struct ct_guide_token_bucket *, double rate_per_s, int64_t burst,
                               int64_t now_ns);
void ct_guide_token_bucket_fini(struct ct_guide_token_bucket *);

bool ct_guide_token_bucket_allow(struct ct_guide_token_bucket *, int64_t now_ns);
/* n at once or none of them; n >= 0, else it panics. */
bool ct_guide_token_bucket_allow_n(struct ct_guide_token_bucket *, int64_t now_ns, int64_t n);

struct ct_guide_reservation {
        struct ct_guide_token_bucket *bucket; /* must outlive the reservation's cancel */
        bool ok;                              /* false: n > burst, never, or later than max_wait */
        int64_t n;
        int64_t act_ns; /* when its holder may act; at once if that is not after now */
        double rate;    /* at which it was made */
};

/* Takes n tokens, from the future if need be, if they are there within max_wait_ns of now_ns. */
struct ct_guide_reservation ct_guide_token_bucket_reserve(struct ct_guide_token_bucket *,
                                                          int64_t now_ns, int64_t n,
                                                          int64_t max_wait_ns);
/* How long after now_ns its holder must wait: 0 at once, CT_FOREVER if it is not ok. */
int64_t ct_guide_reservation_delay(const struct ct_guide_reservation *, int64_t now_ns);

/* Gives back what can be given back without letting later reservations be overtaken: n minus what
   was reserved after it; nothing once it may act. A second cancel does nothing. */
void ct_guide_reservation_cancel(struct ct_guide_reservation *, int64_t now_ns);

/* Reserves n and sleeps until it may act. Knows at once, and takes nothing, if the deadline comes
   first (-ETIMEDOUT) or n > burst (-EINVAL). Waiters act in the order of their calls. */
int ct_guide_token_bucket_wait_until(struct ct_guide_token_bucket *, int64_t n,
                                     int64_t deadline_ns);

int ct_guide_token_bucket_set_rate(struct ct_guide_token_bucket *, int64_t now_ns,
                                   double rate_per_s);
int ct_guide_token_bucket_set_burst(struct ct_guide_token_bucket *, int64_t now_ns, int64_t burst);

/* Tokens at now_ns; negative while reservations are ahead of it. */
double ct_guide_token_bucket_tokens(struct ct_guide_token_bucket *, int64_t now_ns);

/* ---- fixed window ---------------------------------------------------------------------------- */

/*
 * Law: a window begins at init, and then with the first request at least window_ns after the last
 * one began; at most `limit` are admitted in each. So at most 2 x limit in any interval of
 * window_ns, and an adversary at the boundary gets exactly that.
 */
struct ct_guide_fixed_window {
        pthread_mutex_t mutex; /* private, all of it */
        int64_t limit, window_ns;
        int64_t begin_ns, count;
};

/* limit >= 0, window_ns >= 1. */
int ct_guide_fixed_window_init(struct ct_guide_fixed_window *, int64_t limit, int64_t window_ns,
                               int64_t now_ns);
void ct_guide_fixed_window_fini(struct ct_guide_fixed_window *);
bool ct_guide_fixed_window_allow(struct ct_guide_fixed_window *, int64_t now_ns);

/* Sleeps until the window is over, tries, and so on. Not in order of arrival. */
int ct_guide_fixed_window_wait_until(struct ct_guide_fixed_window *, int64_t deadline_ns);

/* ---- sliding log ----------------------------------------------------------------------------- */

/*
 * Law: in any closed interval [a, a + window_ns] at most `limit` are admitted. A grant counts until
 * it is more than window_ns old.
 * Memory: 8 bytes for each of `limit`, taken by init, so that allow cannot fail for want of it.
 */
struct ct_guide_sliding_log {
        pthread_mutex_t mutex; /* private, all of it */
        int64_t limit, window_ns;
        int64_t *grant_ns; /* a ring of `limit` times, never decreasing from the oldest on */
        int64_t oldest, count;
        int64_t last_ns;
};

/* limit >= 0, window_ns >= 1. */
int ct_guide_sliding_log_init(struct ct_guide_sliding_log *, int64_t limit, int64_t window_ns,
                              int64_t now_ns);
void ct_guide_sliding_log_fini(struct ct_guide_sliding_log *);
bool ct_guide_sliding_log_allow(struct ct_guide_sliding_log *, int64_t now_ns);

/* Sleeps until the oldest grant has aged out, tries, and so on. Not in order of arrival. */
int ct_guide_sliding_log_wait_until(struct ct_guide_sliding_log *, int64_t deadline_ns);

/* Bytes of the whole limiter. */
size_t ct_guide_sliding_log_memory(const struct ct_guide_sliding_log *);

/* ---- leaky bucket ---------------------------------------------------------------------------- */

/*
 * Law: what drains, drains one at a tick, in the order of acceptance, so at most one in any
 * interval shorter than the tick's; what is accepted is at most capacity + ticks(b) - ticks(a) in
 * [a, b]. The interval is 10^9 / rate in whole ns, rounded down.
 */
struct ct_guide_leaky {
        pthread_mutex_t mutex; /* private, all of it */
        int64_t interval_ns, next_ns;
        uint64_t capacity;
        uint64_t accepted, drained; /* their difference is queued */
        struct ct_waitline line;    /* those of the queued that sleep; their tickets increase */
        bool threaded;              /* the thread of start() drains */
        struct ct_ticking ticking;
};

/* rate 1 .. 10^9, capacity >= 1. The first tick is one interval after now_ns. */
int ct_guide_leaky_init(struct ct_guide_leaky *, int64_t rate_per_s, int64_t capacity,
                        int64_t now_ns);
void ct_guide_leaky_fini(struct ct_guide_leaky *);

/* Drains what a ticker that is never late would have drained until now_ns, waking those whose turn
   it was, in order. Panics while the thread of start() runs. */
void ct_guide_leaky_advance(struct ct_guide_leaky *, int64_t now_ns);

/* Queues a request if there is room. Advances to now_ns first, unless a thread does that. */
bool ct_guide_leaky_allow(struct ct_guide_leaky *, int64_t now_ns);
/* The same; *departs_ns is the tick that will drain it, if no tick of the thread is late. */
bool ct_guide_leaky_submit(struct ct_guide_leaky *, int64_t now_ns, int64_t *departs_ns);

/* From here a thread drains, by the real clock; like Go's ticker it skips the ticks it is late for.
   fini stops it. -EBUSY if it runs already. start, stop and fini are one thread's business. */
int ct_guide_leaky_start(struct ct_guide_leaky *);
void ct_guide_leaky_stop(struct ct_guide_leaky *);

/* Queues a request and waits until it drains, by the thread of start() or by whoever calls advance:
   -EAGAIN at once if the queue is full. A request that times out leaves its place empty, which
   drains all the same. FIFO. */
int ct_guide_leaky_wait_until(struct ct_guide_leaky *, int64_t deadline_ns);

size_t ct_guide_leaky_waiting(struct ct_guide_leaky *);
uint64_t ct_guide_leaky_drained(struct ct_guide_leaky *);

/* ---- per user -------------------------------------------------------------------------------- */

/*
 * Law: each user has a token bucket's law of his own, whatever the others do.
 * A user is forgotten once nothing was granted to him for idle_ns AND his bucket is full again:
 * then a new bucket is the same as the old one, and forgetting cannot be used to get more. Idle
 * users go when a new one comes, at most once in idle_ns, or by expire().
 */
struct ct_guide_user;

struct ct_guide_per_user {
        pthread_rwlock_t
                lock; /* private, all of it; read: the buckets are used, write: the table is */
        struct ct_guide_user **slot;
        size_t n_slots, n_users; /* n_slots is a power of two */
        size_t bytes;            /* of all users */
        uint64_t seed;
        double rate;
        int64_t burst, idle_ns, swept_ns;
};

/* rate and burst as for the token bucket; idle_ns >= 0, CT_FOREVER: only expire() forgets users. */
int ct_guide_per_user_init(struct ct_guide_per_user *, double rate_per_s, int64_t burst,
                           int64_t idle_ns, int64_t now_ns);
void ct_guide_per_user_fini(struct ct_guide_per_user *);

/* `user` is a string, copied. False also where there is no memory for a new user. */
bool ct_guide_per_user_allow(struct ct_guide_per_user *, const char *user, int64_t now_ns);

/* As ct_guide_token_bucket_wait_until, for one token; -ENOMEM: no memory for a new user. */
int ct_guide_per_user_wait_until(struct ct_guide_per_user *, const char *user, int64_t deadline_ns);

/* Forgets the users idle at now_ns; returns how many. */
size_t ct_guide_per_user_expire(struct ct_guide_per_user *, int64_t now_ns);

size_t ct_guide_per_user_count(struct ct_guide_per_user *);
/* Bytes of the whole limiter, without the allocator's own. */
size_t ct_guide_per_user_memory(struct ct_guide_per_user *);

#endif
