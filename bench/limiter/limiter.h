/*
 * The limiter family: what a decision costs, how well waiting keeps a rate, and how many a limiter
 * lets through in the worst interval.
 *
 *   allow   one allow() on one limiter by T threads, each reading the real clock as a user's does:
 *           never limited (p_rate_per_s 10^9) or nearly always refused (1000)
 *   users   the same on one limiter for 256 users, where a contestant has users
 *   wait    one thread waits for grant after grant; p_burst 1, so that gaps should be equal
 *   law     virtual clock, deterministic: the worst count in any interval one window long, as a
 *           multiple of the limit; p_adversary 0: uniform arrivals, 1: bursts around the boundary
 *
 * Every limiter gets a rate and a burst. Where the algorithm has a window, it admits `burst` in
 * burst / rate: the same long-run rate. Where it has a queue or a store, that holds `burst`.
 *
 * Adding a contestant: one file that defines CONTESTANT, NAME, SOURCE, CAPS, struct limiter and the
 * functions that limiter/loop.h lists, and includes it; and one line in contestants.h.
 */
#ifndef CT_BENCH_LIMITER_H
#define CT_BENCH_LIMITER_H

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "harness/contestant.h"
#include "harness/histogram.h"
#include "harness/record.h"
#include "limit/limiter.h"
#include "limiter/law.h"

enum { LIMITER_ALLOW, LIMITER_USERS, LIMITER_WAIT, LIMITER_LAW };
enum { P_RATE_PER_S, P_BURST, P_USERS, P_ADVERSARY };
enum {
        M_ADMITTED_PCT,
        M_RATE_ERROR_PCT,
        M_GAP_JITTER_P50_NS,
        M_GAP_JITTER_P99_NS,
        M_GAP_P99_RATIO,
        M_BURST_RATIO,
        M_MEMORY_BYTES,
};

/* Nobody can ask faster than a limiter of this rate admits. */
#define NEVER_LIMITED INT64_C(1000000000)

enum { MAX_USERS = 256 }; /* a draw is a byte */

/* Distinct keys, made once. */
const char *limiter_user(unsigned user);

static inline int64_t limiter_window_ns(const struct params *p)
{
        return p->value[P_BURST] * CT_NS_PER_S / p->value[P_RATE_PER_S];
}

/* What rate x t has come to after elapsed_ns. */
static inline uint64_t limiter_earned(const struct params *p, int64_t elapsed_ns)
{
        return (uint64_t)((law_int)p->value[P_RATE_PER_S] * elapsed_ns / CT_NS_PER_S);
}

/* measure.c: the parts of `wait` and `law` that no contestant differs in. */

struct wait_record {
        int64_t ideal_ns, first_ns, last_ns;
        uint64_t gaps;
        struct ct_histogram jitter, gap;
};

/* How long the wait workload goes on for, from its first grant. */
int64_t limiter_wait_length(const struct params *, int64_t window_ns);
void limiter_wait_grant(struct wait_record *, int64_t now_ns);
/* True while more grants are wanted. */
bool limiter_wait_goes_on(const struct wait_record *, int64_t length_ns);
void limiter_wait_result(const struct wait_record *, struct measurement *);

/* Arrival times of the law workload, in ns from 0; the caller frees them. */
int64_t *limiter_arrivals(const struct params *, size_t *n);
/* Fills the row from the times granted. */
void limiter_law_result(const struct params *, const int64_t *granted, size_t n_granted,
                        size_t n_arrivals, struct measurement *);

#endif
