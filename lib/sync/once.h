/*
 * ct_once: run a function exactly once, however many ask for it.
 *
 *      static struct ct_once ready;    // zero bytes: it has not run yet
 *      ct_once_do(&ready, make_ready, &arg);
 *      ... whatever make_ready(&arg) did is done here, whoever called it ...
 *
 * Blocks on: the parker, while another context runs the function.
 * Wakes: the end of the function wakes all that wait for it, in FIFO order.
 * Order: everything in the function happens before every do returns.
 * Cost: one acquire load once it has run.
 * Who may call: any context, threads and tasks mixed. The function may block. It must return: one
 *      that leaves by longjmp or ends its thread keeps the others waiting for ever. Not from signal
 *      handlers.
 * Ownership: the caller's storage. It may be freed or zeroed for another use when all calls of do
 *      have returned. ct_once_fini is optional.
 * Failure: misuse panics with the address: a function that calls do on its own once, which would
 *      wait for itself (Go deadlocks there); fini while the function runs; use after fini.
 *
 * Source: Go's sync.Once, as a contract; own code.
 */
#ifndef CT_SYNC_ONCE_H
#define CT_SYNC_ONCE_H

#include "base/atomic.h"
#include "base/guard.h"
#include "base/waitlist.h"

struct ct_once {
        ct_atomic_u32 state;      /* private, all of it; enum ct_once_state_ */
        struct ct_guard guard;    /* protects queue */
        struct ct_waitlist queue; /* those that wait for the function to return */
        ct_atomic_u64 runner;     /* who runs it; 0: nobody yet */
};

enum ct_once_state_ {
        CT_ONCE_NEW_,
        CT_ONCE_RUNS_,    /* somebody runs the function */
        CT_ONCE_AWAITED_, /* likewise, and the queue is not empty */
        CT_ONCE_DONE_,
        CT_ONCE_OVER_, /* after fini */
};

/* Not for users. */
void ct_once_do_slow_(struct ct_once *o, void (*fn)(void *), void *arg);

/* True once the function has returned. */
static inline bool ct_once_done(const struct ct_once *o)
{
        /* pairs with the release after the function's return */
        return ct_load_u32_acquire(&o->state) == CT_ONCE_DONE_;
}

/* Calls fn(arg) if this is the first do on o; else returns once the first one's fn has. */
static inline void ct_once_do(struct ct_once *o, void (*fn)(void *), void *arg)
{
        if (__builtin_expect(!ct_once_done(o), 0))
                ct_once_do_slow_(o, fn, arg);
}

/* Ends its use: panics while the function runs, and makes every later do panic until the bytes are
   zeroed again. */
void ct_once_fini(struct ct_once *o);

#endif
