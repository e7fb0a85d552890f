/*
 * The workloads trace_*: a window is one pass over a whole trace, by one thread, from an empty
 * cache; what is not there is set. So its hit ratio, first requests included, is the same every
 * time, and a window is as long as it takes.
 *
 * p_keys is how many keys the trace is about (scan asks for others besides), p_capacity how many
 * the cache holds. A made-up trace has a seed of its own, not the run's.
 */
#ifndef CT_BENCH_CACHE_TRACE_RUN_H
#define CT_BENCH_CACHE_TRACE_RUN_H

#include "cache/trace.h"
#include "cache/workload.h"

/* What a pass did. */
struct trace_pass {
        uint64_t hits, evicted, left; /* left: in the cache at the end */
};

/* Passes over the trace with room for `capacity` keys. 0, -EBADMSG for a wrong answer, -errno. */
typedef int trace_pass_fn(const struct trace *t, size_t capacity, const struct params *p,
                          struct trace_pass *out);

int trace_window(unsigned workload, trace_pass_fn *pass, const struct topology *topology,
                 const struct params *p, struct measurement *m);

/* The user's trace, which trace_file is about; the caller's, to be kept. NULL: there is none. */
void trace_file_use(const struct trace *t);
const struct trace *trace_file_used(void);

/* Makes a contestant's measure functions of a pass; TRACE_MEASURES goes into its .measure. */
#define TRACE_MEASURE(id, workload, pass)                                                          \
        static int trace_measure_##id(const struct topology *t, const struct params *p,            \
                                      int64_t window_ns, struct measurement *m)                    \
        {                                                                                          \
                (void)window_ns;                                                                   \
                return trace_window(workload, pass, t, p, m);                                      \
        }

#define TRACE_MEASURE_ALL(pass)                                                                    \
        TRACE_MEASURE(zipf, CACHE_TRACE_ZIPF, pass)                                                \
        TRACE_MEASURE(scan, CACHE_TRACE_SCAN, pass)                                                \
        TRACE_MEASURE(loop, CACHE_TRACE_LOOP, pass)                                                \
        TRACE_MEASURE(shift, CACHE_TRACE_SHIFT, pass)                                              \
        TRACE_MEASURE(recency, CACHE_TRACE_RECENCY, pass)                                          \
        TRACE_MEASURE(file, CACHE_TRACE_FILE, pass)

#define TRACE_MEASURES                                                                             \
        [CACHE_TRACE_ZIPF] = trace_measure_zipf, [CACHE_TRACE_SCAN] = trace_measure_scan,          \
        [CACHE_TRACE_LOOP] = trace_measure_loop, [CACHE_TRACE_SHIFT] = trace_measure_shift,        \
        [CACHE_TRACE_RECENCY] = trace_measure_recency, [CACHE_TRACE_FILE] = trace_measure_file

#endif
