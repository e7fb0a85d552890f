#include "harness/histogram.h"

#include <math.h>
#include <string.h>

void ct_histogram_reset(struct ct_histogram *h)
{
        memset(h, 0, sizeof *h);
}

void ct_histogram_merge(struct ct_histogram *into, const struct ct_histogram *from)
{
        into->count += from->count;
        into->sum += from->sum;
        into->clamped += from->clamped;
        if (from->max > into->max)
                into->max = from->max;
        for (size_t i = 0; i < CT_HISTOGRAM_BUCKETS; i++)
                into->bucket[i] += from->bucket[i];
}

uint64_t ct_histogram_count(const struct ct_histogram *h)
{
        return h->count;
}

uint64_t ct_histogram_max(const struct ct_histogram *h)
{
        return h->max;
}

/* The largest value that falls into a bucket. */
static uint64_t bucket_end(size_t index)
{
        uint64_t shift, top;

        if (index < (UINT64_C(2) << CT_HISTOGRAM_SUB_BITS))
                return index;
        if (index >= CT_HISTOGRAM_BUCKETS - 1)
                return CT_HISTOGRAM_TOP;
        shift = (index >> CT_HISTOGRAM_SUB_BITS) - 1;
        top = index - (shift << CT_HISTOGRAM_SUB_BITS);
        return ((top + 1) << shift) - 1;
}

/* How many of the smallest values the quantile covers: at least one, at most all. */
static uint64_t rank_of(const struct ct_histogram *h, double q)
{
        double rank = ceil(q * (double)h->count);

        if (!(rank >= 1))
                return 1;
        return rank >= (double)h->count ? h->count : (uint64_t)rank;
}

uint64_t ct_histogram_quantile(const struct ct_histogram *h, double q)
{
        uint64_t rank, seen = 0, end = 0;

        if (!h->count)
                return 0;
        rank = rank_of(h, q);
        for (size_t i = 0; i < CT_HISTOGRAM_BUCKETS && seen < rank; i++) {
                seen += h->bucket[i];
                end = bucket_end(i);
        }
        return end < h->max ? end : h->max;
}

double ct_histogram_mean(const struct ct_histogram *h)
{
        return h->count ? (double)h->sum / (double)h->count : 0;
}
