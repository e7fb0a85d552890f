#ifndef CT_BENCH_POOL_POINTS_H
#define CT_BENCH_POOL_POINTS_H

#include "harness/contestant.h"

/* What is measured: a quick sweep in about a minute and a half on two cores, a full one in hours.
   Points that this machine cannot have are left out with a line on stderr. */
void pool_points(const struct topology *t, bool full, struct point_list *list);

#endif
