/*
 * What sweep.c (a family's points) and sweep_control.c (the suite against itself) share.
 */
#ifndef CT_HARNESS_SWEEP_PRIVATE_H
#define CT_HARNESS_SWEEP_PRIVATE_H

#include "harness/sweep.h"

/* An empty block, and an item into the last block. */
struct block *sweep_add_block(struct sweep *, unsigned workload, const char *name, enum exec_kind,
                              unsigned threads);
void sweep_add_item(struct sweep *, const struct contestant *, const struct params *,
                    const char *name, unsigned work_pct);

/* All pairs that --control asks for, as a family of their own. */
void sweep_add_controls(struct sweep *);

#endif
