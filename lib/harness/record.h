/*
 * One window's result, and how it becomes a CSV row.
 *
 * Every number is a double; NAN means "not measured" and becomes an empty cell, never 0.
 * The metric columns stand in MEASUREMENT_METRICS, in the order of the CSV.
 */
#ifndef CT_HARNESS_RECORD_H
#define CT_HARNESS_RECORD_H

#include <stdbool.h>

#include "harness/contestant.h"
#include "harness/csv.h"

/* X(name, is a count) */
#define MEASUREMENT_METRICS(X)                                                                     \
        X(ops, 1)                                                                                  \
        X(window_ns, 1)                                                                            \
        X(ops_per_s, 0)                                                                            \
        X(ns_per_op, 0)                                                                            \
        X(overlap_ratio, 0)                                                                        \
        X(start_skew_ns, 1)                                                                        \
        X(fairness_jain, 0)                                                                        \
        X(fairness_min_max, 0)                                                                     \
        X(latency_p50_ns, 0)                                                                       \
        X(latency_p99_ns, 0)                                                                       \
        X(latency_p999_ns, 0)                                                                      \
        X(latency_max_ns, 0)                                                                       \
        X(latency_samples, 1)                                                                      \
        X(clock_ns, 0)                                                                             \
        X(voluntary_switches, 1)                                                                   \
        X(involuntary_switches, 1)                                                                 \
        X(migrations, 1)                                                                           \
        X(steal_pct, 0)                                                                            \
        X(other_cpu_pct, 0)                                                                        \
        X(run_delay_pct, 0)                                                                        \
        X(freq_mhz, 0)                                                                             \
        X(freq_drift_pct, 0)                                                                       \
        X(throttled, 1)                                                                            \
        X(hop_ns, 0)                                                                               \
        X(hop_after_ns, 0)                                                                         \
        X(scaling_ratio, 0)                                                                        \
        X(attempts, 1)

enum row_flag {
        ROW_OVERSUBSCRIBED = 1u << 0, /* more threads than PUs in use */
        ROW_UNPINNED = 1u << 1,
        ROW_LOSSY = 1u << 2, /* a CAP_LOSSY contestant failed its oracle */
        ROW_FAILED =
                1u << 3, /* no numbers: what went wrong is one of the three below, or an error */
        ROW_STUCK = 1u << 4,   /* the watchdog ended it */
        ROW_CRASHED = 1u << 5, /* its process died */
        ROW_WRONG = 1u << 6,   /* the oracle said no */
        ROW_SCALING =
                1u << 7, /* padded counters did not scale with the threads: a shared machine */
        ROW_PLANTED = 1u << 8, /* --slow made this contestant slower */
};

struct measurement {
#define X(name, count) double name;
        MEASUREMENT_METRICS(X)
#undef X
        double own[MAX_METRICS]; /* the family's metric columns */
        bool verified;
        unsigned noise;      /* CT_NOISE_ bits of the window that was kept */
        unsigned flags;      /* ROW_ bits */
        int error;           /* -errno of a failed init, check or measure; 0 otherwise */
        enum exec_kind exec; /* what the workers are, for contestants that measure by themselves */
};

/* Everything NAN, no flags, not verified. */
void measurement_clear(struct measurement *);

/* The columns that identify a row. */
struct row_key {
        const struct family *family;
        const char *run_id, *contestant, *workload, *exec, *placement;
        const char *word; /* the contestant's, or NULL */
        const struct params *params;
        unsigned threads, rep;
};

enum { MAX_COLUMNS = 64, SCHEMA_VERSION = 3 };

/* Fills `names` with the family's CSV header; returns how many (<= MAX_COLUMNS). */
size_t record_columns(const struct family *, const char **names);

/* Fills `cells` (as many as record_columns()); `flags_text` backs the flags cell. */
void record_cells(const struct row_key *, const struct measurement *, struct ct_cell *cells,
                  char flags_text[256]);

/* Reads a row back, for resuming: true and *m filled if the row's key columns equal `key`. */
bool record_parse(const struct row_key *key, const char *const *fields, size_t n,
                  struct measurement *m);

#endif
