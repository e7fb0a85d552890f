/* What the contestants of `batcher` share: the pace of the items, what becomes of a batch. */
#ifndef CT_BENCH_FLOW_BATCHING_H
#define CT_BENCH_FLOW_BATCHING_H

#include "flow/flow.h"

struct batch_item {
        uint64_t id;
        int64_t due; /* 0: not timed */
};

enum { BATCHES_QUEUED = 4 }; /* that may wait, beside the open one */

struct batching {
        struct flow_plan plan;
        size_t most;
        int64_t age_ns;
        double step_ns; /* between two items; 0: as fast as can be */
        int64_t begun_ns;
        uint64_t made;
        void *own; /* the contestant's */
        /* Whoever processes batches, one at a time: */
        CT_ALIGN_PAIR uint64_t taken, wrong, batches, aged;
        struct ct_histogram latency;
};

int batching_new(struct batching **, struct worker *);

/* The next item, when its time has come. */
void batching_item(struct batching *, struct batch_item *);

/* All that is done with a batch. `aged`: its time, not its size, has closed it. */
void batching_process(struct batching *, const struct batch_item *, size_t n, bool aged);

/* Nothing is on its way any more; what was timed goes to the worker. */
void batching_done(struct batching *, struct worker *);
void batching_free(struct batching *, struct flow_hall *);

#endif
