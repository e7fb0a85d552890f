/*
 * Made-up traces over n popular keys, 20 requests a key: the same numbers give the same trace on
 * every machine (but for the last bit of pow(), which moves a draw about once in 2^30).
 *
 *   zipf     independent draws, the key of rank r in proportion to 1 / r^0.99
 *   scan     the same, and between stretches of n / 2 draws a scan of n / 4 keys that nobody asks
 *            for before or after
 *   loop     runs of keys in order, each gone through ten times, from n / 1000 keys long to n (the
 *            logarithm of the length is uniform): most requests are in loops that do not fit
 *   shift    zipf; four times in the trace other keys become the popular ones. (Where they do that
 *            twenty times, a cache of n / 10 does best with LRU: it forgets soonest.)
 *   recency  the key that was used d others ago, d being geometric with a mean of n / 100: how long
 *            ago is all there is to know about a key, which is what LRU goes by
 */
#ifndef CT_BENCH_CACHE_TRACE_SYNTHETIC_H
#define CT_BENCH_CACHE_TRACE_SYNTHETIC_H

#include "cache/trace.h"

enum trace_kind { TRACE_ZIPF, TRACE_SCAN, TRACE_LOOP, TRACE_SHIFT, TRACE_RECENCY, TRACE_KINDS };

/* 0, -ENOMEM, or -EINVAL for fewer than 100 keys, or more than make a trace of TRACE_MOST. */
int trace_make(struct trace *t, enum trace_kind kind, uint32_t keys, uint64_t seed);

#endif
