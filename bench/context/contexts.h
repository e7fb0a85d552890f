/*
 * The context family: what it takes to tell many to stop, and what a timer costs.
 *
 * Workloads (op = what ns_per_op is of):
 *      cancel    makes p_width chains of p_depth contexts below one, lets a waiter wait at the end
 *                of each, cancels the top, takes all down. Latency: from just before the cancel
 *                until the last of the waiters runs
 *      timers    stops one of p_timers timers that run, and starts it again with a later deadline
 *      lateness  starts a timer that is due soon and waits for it, while p_timers others run.
 *                Latency: from when it was due until the waiter runs
 */
#ifndef CT_BENCH_CONTEXTS_H
#define CT_BENCH_CONTEXTS_H

#include <errno.h>

#include "harness/contestant.h"

enum { CANCEL, TIMERS, LATENESS };
enum { P_WIDTH, P_DEPTH, P_TIMERS };
enum { M_CANCEL_CALL_NS, M_CANCEL_NS_PER_CONTEXT };

/* What the timers' loops need of time: an hour from now, and when a lateness timer is due. */
#define FAR_NS (3600 * CT_NS_PER_S)
#define SOON_NS (100 * CT_NS_PER_US)

/* The oracle where every operation has one effect. */
static inline int context_check_effects(const struct totals *t)
{
        return t->effects == t->ops ? 0 : -EBADMSG;
}

#endif
