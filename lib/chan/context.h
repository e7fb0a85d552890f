/*
 * ct_context: Go's context. Carries a cancellation, a deadline and values down a tree of work.
 *
 *      struct ct_context *ctx;
 *      int r = ct_context_with_timeout(&ctx, parent, 100 * CT_NS_PER_MS);
 *      ... select on ct_context_done(ctx) ...; ct_context_err(ctx) says why
 *      ct_context_cancel(ctx);         // always: frees what the parent knows of it
 *      ct_context_release(ctx);
 *
 * Cancelling a context cancels all that descend from it, in one call, before it returns, also where
 * somebody else is at it already. The child of a cancelled parent is cancelled from the start. A
 * child's deadline is never later than its parent's; those of different timer services are not
 * compared, and each counts.
 *
 * Blocks on: short locks, never two at once; a cancel that meets another, the parker, until that
 *      one is through.  Wakes: all who receive from done.
 * Order: what was done before the cancel is seen by who has seen it.
 * Who may call: any thread or task. Contexts are counted: with_* gives its caller one reference,
 *      retain one more, release takes one; a child holds its parent.
 * Failure: -ENOMEM; -EAGAIN where the timer service cannot be started. Misuse panics: a NULL
 * parent, a NULL key, cancelling one that only carries a value or the background, a release too
 * many. Units: absolute ct_now_ns() deadlines; time-outs in ns.
 *
 * Source: Go's context package; own code.
 */
#ifndef CT_CHAN_CONTEXT_H
#define CT_CHAN_CONTEXT_H

#include "chan/chan.h"
#include "chan/timer.h"

struct ct_context;

/* Never cancelled, no deadline, no values. Static: retain and release do nothing. */
struct ct_context *ct_context_background(void);

int ct_context_with_cancel(struct ct_context **out, struct ct_context *parent);
int ct_context_with_deadline(struct ct_context **out, struct ct_context *parent, int64_t deadline);
int ct_context_with_timeout(struct ct_context **out, struct ct_context *parent, int64_t timeout);
/* On a timer service with a clock of its own. */
int ct_context_with_deadline_on(struct ct_context **out, struct ct_context *parent,
                                struct ct_timers *s, int64_t deadline);
/* key is compared by address. The value stays the caller's. */
int ct_context_with_value(struct ct_context **out, struct ct_context *parent, const void *key,
                          void *value);

struct ct_context *ct_context_retain(struct ct_context *ctx);
void ct_context_release(struct ct_context *ctx);

/* Cancels with -ECANCELED; the first cancel wins. A cause says more than the error: any int but 0,
   by default the error. */
void ct_context_cancel(struct ct_context *ctx);
void ct_context_cancel_cause(struct ct_context *ctx, int cause);

/* Closed when the context is cancelled. NULL for one that never is: never ready in a select. */
struct ct_chan *ct_context_done(struct ct_context *ctx);

/* 0, -ECANCELED, -ETIMEDOUT (its deadline passed). Not 0 if and only if done is closed. */
int ct_context_err(struct ct_context *ctx);
int ct_context_cause(struct ct_context *ctx); /* 0 while not cancelled; else its own or inherited */
int64_t ct_context_deadline(struct ct_context *ctx);             /* CT_FOREVER: none */
void *ct_context_value(struct ct_context *ctx, const void *key); /* the nearest; NULL: none */

#endif
