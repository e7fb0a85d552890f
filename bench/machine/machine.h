/*
 * The machine family: this CPU's own limits, the units that everything else is expressed in.
 */
#ifndef CT_BENCH_MACHINE_H
#define CT_BENCH_MACHINE_H

#include "harness/contestant.h"
#include "harness/record.h"
#include "harness/topology.h"

enum { UNCONTENDED, CORE_TO_CORE, SAME_CORE, OTHER_CORE, JOIN, OVERSHOOT, MEASURED };
enum { P_CPU_A, P_CPU_B, P_IDLE_US, P_SLEEP_US };

/* Runs a(ctx) on CPU cpu_a and b(ctx) on cpu_b, each pinned and checked, and waits for both. 0 or
   -errno; on failure neither has run. */
int run_pair(const struct topology *, int cpu_a, int cpu_b, void (*a)(void *), void (*b)(void *),
             void *ctx);

#endif
