/*
 * ct_cond: wait, inside a mutex, until another context says that something has changed.
 *
 *      static struct ct_mutex m;
 *      static struct ct_cond c;        // zero bytes are a valid one that nobody waits on
 *      ct_mutex_lock(&m);
 *      while (!ready)                  // others may run between the signal and the wait's return
 *              ct_cond_wait(&c, &m);
 *      ... ready, and m is locked ...
 *      ct_mutex_unlock(&m);
 *
 * Blocks on: the parker; then on the mutex, which every wait takes again before it returns.
 * Wakes: signal wakes the one that has waited longest, broadcast all, in FIFO order. Neither blocks
 *      or remembers: with nobody waiting it does nothing.
 * No spurious wake-ups: a wait returns 0 only for a signal or broadcast that was meant for it.
 * Lost ones neither: a signal that comes after a waiter has unlocked the mutex finds it. One that
 *      comes together with a time-out counts as a signal: the wait returns 0, or the signal goes
 *      to another waiter.
 * Order: what signal or broadcast came after happens before the return of the waits that it ends.
 * Who may call: wait by the context that has locked m; signal and broadcast by any, with or without
 *      m. If without, then the change itself must have been made under m. Threads and tasks mixed.
 *      Not from signal handlers.
 * Ownership: the caller's storage. It may be freed when all waits, signals and broadcasts have
 *      returned. ct_cond_fini is optional.
 * Failure: misuse panics with the address: wait with a mutex that nobody has locked (the mutex's
 *      panic), contexts that wait with two different mutexes at a time, fini while someone waits,
 *      use after fini.
 * Units: deadlines are absolute ct_now_ns() times.
 *
 * Source: Go's sync.Cond, as a contract; own code. The timed form is ours.
 */
#ifndef CT_SYNC_COND_H
#define CT_SYNC_COND_H

#include "base/atomic.h"
#include "base/guard.h"
#include "base/waitlist.h"
#include "sync/mutex.h"

struct ct_cond {
        ct_atomic_u32 waiting;    /* private, all of it; the length of the queue */
        struct ct_guard guard;    /* protects what follows, and changes of waiting */
        struct ct_waitlist queue; /* in the order of the waits */
        struct ct_mutex *mutex;   /* the waiters' */
};

/* Not for users. */
void ct_cond_signal_slow_(struct ct_cond *c);
void ct_cond_broadcast_slow_(struct ct_cond *c);

/* Unlocks m and waits, without a moment in between that a signal could miss; locks m again. */
void ct_cond_wait(struct ct_cond *c, struct ct_mutex *m);

/* As wait, but gives up at the deadline: 0 or -ETIMEDOUT, with m locked either way. */
int ct_cond_wait_until(struct ct_cond *c, struct ct_mutex *m, int64_t deadline);

/* How many wait at this moment; for statistics and tests. */
static inline uint32_t ct_cond_waiters(const struct ct_cond *c)
{
        return ct_load_u32_relaxed(&c->waiting);
}

/* Ends the wait of the context that has waited longest, if one waits. */
static inline void ct_cond_signal(struct ct_cond *c)
{
        /* Relaxed: a waiter that the caller's change must wake has looked at the condition before
           the caller locked m, so the mutex orders its count before this load. */
        if (ct_cond_waiters(c))
                ct_cond_signal_slow_(c);
}

/* Ends the wait of all that wait now. */
static inline void ct_cond_broadcast(struct ct_cond *c)
{
        if (ct_cond_waiters(c)) /* relaxed as in signal */
                ct_cond_broadcast_slow_(c);
}

/* Ends its use: panics while someone waits, and makes every later use panic until the bytes are
   zeroed again. */
void ct_cond_fini(struct ct_cond *c);

#endif
