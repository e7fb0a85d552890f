/* Several stages: a ct_pipeline whose last stage sends to the worker. */
#ifndef CT_BENCH_FLOW_PIPED_H
#define CT_BENCH_FLOW_PIPED_H

#include "flow/flow.h"

int piped_start(struct flow_desk *);
bool piped_next(struct flow_desk *, struct flow_item *);
void piped_finish(struct flow_desk *);

#endif
