/*
 * Cache-line constants.
 *
 * CT_CACHE_LINE is the coherence unit of x86-64 and of most arm64 cores. CT_CACHE_PAIR is for data
 * that two cores must never share by accident: x86's spatial prefetcher fetches lines in pairs, and
 * some arm64 cores have 128-byte lines, so per-thread cells stand 128 bytes apart.
 */
#ifndef CT_BASE_CACHELINE_H
#define CT_BASE_CACHELINE_H

#define CT_CACHE_LINE 64
#define CT_CACHE_PAIR 128
#define CT_ALIGN_LINE _Alignas(CT_CACHE_LINE)
#define CT_ALIGN_PAIR _Alignas(CT_CACHE_PAIR)

#endif
