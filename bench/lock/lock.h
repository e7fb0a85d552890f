/*
 * The lock family: n threads take one lock, hold it, let it go, think.
 *
 *      mutex      lock, add one, hold, unlock, think
 *      rwmutex    the same, but most only read: several words that a writer changes one after the
 *                 other, so that a reader let in beside a writer sees some old and some new
 *      handover   as mutex, with the clock read by each owner when it comes in and when it leaves:
 *                 from one owner's leaving to the next one's running
 *
 * Mutexes take part in all three: in rwmutex they are what a readers-writer lock has to beat.
 *
 * Adding a contestant: one line in contestants.h, and one file that defines CONTESTANT, NAME,
 * SOURCE, CAPS and what lock/locked.h asks for, and includes that. C and C++.
 */
#ifndef CT_BENCH_LOCK_H
#define CT_BENCH_LOCK_H

#include <errno.h>

#include "base/cacheline.h"
#include "base/clock.h"
#include "harness/contestant.h"
#include "harness/histogram.h"
#include "harness/work.h"

enum { LOCK_MUTEX, LOCK_RWMUTEX, LOCK_HANDOVER };
enum { P_READ_PCT, P_HOLD_NS, P_THINK_NS, P_SAMPLE_EVERY };
enum {
        M_HANDOVER_PCT,
        M_HANDOVER_P50_NS,
        M_HANDOVER_P99_NS,
        M_HANDOVER_P999_NS,
        M_HANDOVER_MAX_NS,
        M_HANDOVER_CLOCK_NS
};

/* What the lock protects: all words are equal except while a writer is at work. */
enum { LOCK_WORDS = 4 };

/* What a worker has seen; its local. */
struct lock_worker {
        CT_ALIGN_PAIR uint64_t value[LOCK_WORDS]; /* in place of the shared one, for `null` */
        uint64_t torn;                            /* reads of a half-written value */
        uint64_t handovers;
        bool tsc;                     /* which clock, see lock_stamp() */
        struct ct_histogram handover; /* in stamps, not in ns */
};

/* The same of all workers, once they have ended. */
struct lock_tally {
        uint64_t value[LOCK_WORDS];
        uint64_t torn, handovers;
        struct ct_histogram handover;
};

/* The TSC where it can be trusted, at half the price of the vDSO. */
static inline uint64_t lock_stamp(bool tsc)
{
        return tsc ? ct_tsc() : (uint64_t)ct_now_ns();
}

#ifdef __cplusplus
extern "C" {
#endif

/* worker_init and worker_fini of every contestant. */
int lock_worker_begin(struct worker *);
void lock_worker_end(struct lock_tally *, struct worker *);

/* The oracle: no read was torn, and each word is the number of writes. Fills the metrics. */
int lock_check(const uint64_t *value, const struct lock_tally *, const struct totals *,
               double *metrics);

#ifdef __cplusplus
}
#endif

#endif
