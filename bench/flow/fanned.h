/* One wide stage: a source feeds ct_fan_out, the worker receives its results. */
#ifndef CT_BENCH_FLOW_FANNED_H
#define CT_BENCH_FLOW_FANNED_H

#include "flow/flow.h"

int fanned_start(struct flow_desk *);
bool fanned_next(struct flow_desk *, struct flow_item *);
void fanned_finish(struct flow_desk *);

#endif
