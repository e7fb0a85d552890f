/*
 * A log-linear histogram of latencies in ns: fixed size, no allocation, exact count, mean and max.
 *
 * Values up to 127 ns have a bucket each; above, every power of two is cut into 64 equal buckets,
 * so a quantile is never more than 1/64 above the true one and never below it. Values above
 * CT_HISTOGRAM_TOP (2^40 ns, 18 minutes) count as that value and in `clamped`; `max` stays exact.
 * Recording is a few instructions and touches one bucket plus one line of totals. A histogram
 * belongs to one thread; merge after the threads have been joined. Zero bytes are a valid empty
 * histogram. Source: the bucket layout of Gil Tene's HdrHistogram.
 */
#ifndef CT_HARNESS_HISTOGRAM_H
#define CT_HARNESS_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define CT_HISTOGRAM_SUB_BITS 6 /* 64 buckets to a power of two */
#define CT_HISTOGRAM_TOP_BITS 40
#define CT_HISTOGRAM_TOP (UINT64_C(1) << CT_HISTOGRAM_TOP_BITS)
/* 2 x 64 exact ones, 64 for each further power of two below 2^40, and one for 2^40 itself. */
#define CT_HISTOGRAM_BUCKETS                                                                       \
        (((CT_HISTOGRAM_TOP_BITS - CT_HISTOGRAM_SUB_BITS + 1) << CT_HISTOGRAM_SUB_BITS) + 1)

struct ct_histogram {
        uint64_t count;
        uint64_t sum; /* of the clamped values */
        uint64_t max;
        uint64_t clamped;
        uint64_t bucket[CT_HISTOGRAM_BUCKETS];
};

void ct_histogram_reset(struct ct_histogram *h);

/* The bucket of a value that is at most CT_HISTOGRAM_TOP. */
static inline size_t ct_histogram_index(uint64_t ns)
{
        unsigned shift;

        if (ns < (UINT64_C(2) << CT_HISTOGRAM_SUB_BITS))
                return (size_t)ns;
        shift = 63u - (unsigned)__builtin_clzll(ns) - CT_HISTOGRAM_SUB_BITS;
        /* ns >> shift is 64..127: its top bit carries one power of two over to the next. */
#ifdef CT_PLANT_histogram_off_by_one_bucket
        return ((size_t)shift << CT_HISTOGRAM_SUB_BITS) + (size_t)(ns >> shift) - 1;
#else
        return ((size_t)shift << CT_HISTOGRAM_SUB_BITS) + (size_t)(ns >> shift);
#endif
}

static inline void ct_histogram_record(struct ct_histogram *h, uint64_t ns)
{
        if (ns > h->max)
                h->max = ns;
        if (__builtin_expect(ns > CT_HISTOGRAM_TOP, 0)) {
                ns = CT_HISTOGRAM_TOP;
                h->clamped++;
        }
        h->count++;
        h->sum += ns;
        h->bucket[ct_histogram_index(ns)]++;
}

/* Adds every value of `from`, which is unchanged. */
void ct_histogram_merge(struct ct_histogram *into, const struct ct_histogram *from);

uint64_t ct_histogram_count(const struct ct_histogram *h);

/* The largest value recorded, exact and not clamped; 0 when empty. */
uint64_t ct_histogram_max(const struct ct_histogram *h);

/* The smallest value v such that at least a share q (0 < q <= 1) of the values is <= v, rounded up
   to the end of its bucket but never above the maximum or CT_HISTOGRAM_TOP; 0 when empty. */
uint64_t ct_histogram_quantile(const struct ct_histogram *h, double q);

/* The mean of the (clamped) values; 0 when empty. */
double ct_histogram_mean(const struct ct_histogram *h);

#endif
