/*
 * Windows that another process runs: contestants of a language with a runtime of its own.
 *
 * The contestant's `outside` starts a program on the window's CPUs, has it run one window by the
 * rules of window.h (workers wait at a gate, run until a flag, are counted each for itself, one
 * snapshot while all still run), and brings back what each worker did. What the machine did
 * meanwhile, the hop before and after, and what the counts amount to is measured and judged here,
 * as for any other window. The workers of this process sleep during that time; so such windows
 * stand in the same block as ours, interleaved with them.
 */
#ifndef CT_HARNESS_OUTSIDE_H
#define CT_HARNESS_OUTSIDE_H

#include "harness/executor.h"
#include "harness/record.h"

struct outside_spec {
        const struct topology *topology;
        const char *placement; /* a policy */
        const struct family *family;
        const struct contestant *contestant;
        unsigned workload;
        const struct params *params;
        enum exec_kind exec;
        unsigned threads;
        unsigned sample_every, work_pct;
        int64_t window_ns, warmup_ns;
        int64_t stuck_after_ns; /* how long after its end the window may still run */
        uint64_t seed;
        /* Set by outside_measure(). */
        const int *cpus; /* [threads], the OS CPU of each worker; NULL: not bound */
        unsigned pus;    /* how many of them can run at the same time */
};

struct outside_worker {
        int64_t start_ns; /* after the window's beginning; the first is at 0 */
        uint64_t ops;     /* counted in the window */
};

/* What the program answers. NAN: not measured. */
struct outside_answer {
        struct outside_worker *worker; /* [threads], for the callee to fill; */
        bool has_workers;              /* false: it has counted only all together: total_ops */
        double window_ns;
        double ns_per_op;                       /* where it is not window_ns / operations */
        double total_ops, effects, value, torn; /* exact, all that was done */
        double latency_p50_ns, latency_p99_ns, latency_p999_ns, latency_max_ns, latency_samples;
        double clock_ns;
        double voluntary_switches, involuntary_switches;
        double own[MAX_METRICS]; /* by the family's metrics */
        int64_t cpu_ns;          /* what the program used up */
};

/* One window: 0 and *answer filled, -ETIMEDOUT (the program has been ended), or another -errno with
   a line on stderr. The program may live on to the next call from this process. */
typedef int outside_fn(const struct outside_spec *, struct outside_answer *);

/* What ends the program, before the process that asked it ends. */
void outside_at_end(void (*end)(void));
void outside_end(void);

/* Runs a window, again while it is noisy, up to `tries` times. *hop_ns is the last known hop, 0:
   none. 0 with *m filled (the oracle may have said no), or what the contestant returned. */
int outside_measure(struct executor *, struct outside_spec *, unsigned tries, double *hop_ns,
                    struct measurement *m);

#endif
