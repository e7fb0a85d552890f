/* A control group of this process's own with a CPU quota of half of the cores. */
#ifndef CT_BENCH_POOL_QUOTA_H
#define CT_BENCH_POOL_QUOTA_H

#include <stdbool.h>

#include "base/clock.h"
#include "harness/topology.h"

/* Several of the kernel's periods, which are of 100 ms. */
#define QUOTA_WINDOW_NS (500 * CT_NS_PER_MS)

struct quota {
        double cpus;
        char home[1024], group[1088]; /* folders; group empty: not entered */
};

/* Whether it seems that this process may make one; changes nothing. */
bool quota_possible(void);

/* Moves the whole process there. 0 or -errno. */
int quota_enter(struct quota *q, const struct topology *t);

/* Moves it back and removes the group. One that was never entered is fine. 0 or -errno: it is still
   there. */
int quota_leave(struct quota *q);

#endif
