/*
 * The core-to-core hop: how long a cache line takes from one core to another, one way.
 *
 * Two threads that stand on different PUs pass a ball over one line; the time of a round trip is
 * halved. Both touch the line before it counts. Several batches, of which the median: a batch in
 * which the host took a core away is one of them.
 */
#ifndef CT_HARNESS_HOP_H
#define CT_HARNESS_HOP_H

#include <stddef.h>

#include "base/atomic.h"
#include "base/cacheline.h"

enum { HOP_BATCHES = 9, HOP_ROUND_TRIPS = 150 };

struct hop {
        CT_ALIGN_PAIR ct_atomic_u64 ball;
        CT_ALIGN_PAIR unsigned server; /* for the caller: which thread serves */
        double batch_ns[HOP_BATCHES];  /* of a hop */
};

/* From a zeroed struct, one thread each; both return when all batches are done. */
void hop_serve(struct hop *);
void hop_return(struct hop *);

/* ns per hop; sorts the batches. */
double hop_median(struct hop *);

/* The median of n > 0 values; sorts them. */
double median_of(double *values, size_t n);

#endif
