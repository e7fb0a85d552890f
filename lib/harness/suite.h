/*
 * A whole family's run: selection in, rows on disk and results in memory out.
 *
 * The caller (bench/main.c) builds it, lets Google Benchmark's flags select items and repetitions,
 * runs it, and reads the results back. One thread.
 */
#ifndef CT_HARNESS_SUITE_H
#define CT_HARNESS_SUITE_H

#include "harness/sweep.h"

/* Measures everything selected, with files if --run-dir is given. Returns an exit code; 130 or 143
   after a signal. Failed rows give 1, after everything else has been measured. */
int suite_run(struct sweep *);

#endif
