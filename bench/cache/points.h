/* The family's points. */
#ifndef CT_BENCH_CACHE_POINTS_H
#define CT_BENCH_CACHE_POINTS_H

#include "cache/workload.h"

struct topology;

void cache_points(const struct topology *, bool full, struct point_list *);

/* Reads the user's trace, for the workload trace_file. */
int cache_trace_take(const char *path, char *why);

/* Those of the workloads trace_*; trace_points.c. */
void cache_trace_points(const struct topology *, bool full, struct point_list *);

#endif
