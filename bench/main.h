/*
 * The main() of a family's binary: options, Google Benchmark's selection, the run, the report.
 */
#ifndef CT_BENCH_MAIN_H
#define CT_BENCH_MAIN_H

#include "harness/contestant.h"

int bench_main(const struct family *, int argc, char **argv);

#endif
