/*
 * A family binary's own options (Google Benchmark's are taken out before).
 */
#ifndef CT_HARNESS_OPTIONS_H
#define CT_HARNESS_OPTIONS_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/contestant.h"
#include "harness/placement.h"

enum { WHY_SIZE = 512 }; /* one line that says why something was refused */
enum { MAX_THREAD_COUNTS = 64, MAX_WHERE = 16, MAX_WHERE_VALUES = 16, MIN_REPS_FOR_VERDICT = 6 };

enum exit_code { EXIT_OK, EXIT_BENCHMARK, EXIT_USAGE, EXIT_INPUT, EXIT_ENVIRONMENT, EXIT_OUTPUT };

struct executor_ops;

enum action { ACT_RUN, ACT_LIST, ACT_PLAN, ACT_HELP };

enum control { CONTROL_NONE, CONTROL_AA, CONTROL_SLOWDOWN, CONTROL_ALL };

struct where {
        char name[32];
        int64_t value[MAX_WHERE_VALUES];
        size_t n;
};

struct options {
        enum action action;
        bool json, quiet, full, resume, no_table;
        bool with_peers; /* also set by a --contestants that names one */
        bool has_contestants, has_workloads;
        regex_t contestants, workloads;
        unsigned threads[MAX_THREAD_COUNTS];
        size_t n_threads;
        const char *placement; /* a policy, checked by sweep_build() */
        const char *run_dir, *run_id;
        const char *trace;               /* a file, for families that replay traces */
        bool has_exec, exec[EXEC_KINDS]; /* which ones, if --exec says so */
        /* What runs tasks, set by whoever has a runtime; NULL: no tasks. */
        const struct executor_ops *task_executor;
        struct where where[MAX_WHERE];
        size_t n_where;
        unsigned reps;     /* 0: the default of quick or full */
        int64_t window_ns; /* 0: likewise */
        int64_t warmup_ns;
        int64_t budget_ns;   /* 0: none */
        int64_t watchdog_ns; /* how long after its end a window may still run */
        uint64_t seed;
        enum control control;
        unsigned pairs;
        const char *slow; /* the contestant that is made slower, or NULL */
        unsigned slow_pct;
};

/* 0, or an exit code after one line on stderr. Options may be abbreviated as getopt_long allows. */
int options_parse(struct options *, const struct family *, int argc, char **argv);
void options_free(struct options *);
void options_help(const struct family *);

/* True if the point's parameters satisfy every --where. */
bool options_where(const struct options *, const struct family *, const struct params *);

#endif
