/*
 * The counter family: n threads add to, and sometimes read, one counter.
 *
 * Adding a contestant: one file that defines CONTESTANT, NAME, SOURCE, CAPS and includes
 *     counter/locked.h    with LOCK_TYPE, LOCK, UNLOCK: a plain counter under that lock
 *     counter/lockless.h  with ADD: one atomic word
 *     counter/loop.h      anything else: with struct counter (zero bytes when a window starts),
 *                         counter_inc(), counter_read(), counter_value(), and INIT and FINI if zero
 *                         bytes will not do; `hold` is work_spin() turns inside its critical
 * section and one line in contestants.h.
 */
#ifndef CT_BENCH_COUNTER_H
#define CT_BENCH_COUNTER_H

#include <errno.h>
#include <math.h>

#include "base/cacheline.h"
#include "harness/contestant.h"
#include "harness/work.h"

enum { COUNTER_INC, COUNTER_MIXED };
enum { P_READ_PCT, P_HOLD_NS, P_THINK_NS, P_SAMPLE_EVERY };
enum { M_LOST_PCT };

/* The oracle of all of them: the counter equals the increments done. */
static inline int counter_check_value(uint64_t value, const struct totals *t, double *metrics)
{
        metrics[M_LOST_PCT] = t->effects && value <= t->effects
                                      ? 100.0 * (double)(t->effects - value) / (double)t->effects
                              : t->effects ? NAN
                                           : 0;
        return value == t->effects ? 0 : -EBADMSG;
}

#endif
