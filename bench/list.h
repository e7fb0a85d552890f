/*
 * What a family's binary can tell without measuring: --list and --plan, as text or JSON.
 */
#ifndef CT_BENCH_LIST_H
#define CT_BENCH_LIST_H

#include "harness/sweep.h"

int list_contestants(const struct family *, const struct options *);

/* Every thread count of the sweep, and which CPU each thread would get. */
int list_plan(const struct sweep *);

#endif
