/*
 * The sweep: which windows are to be measured, in blocks.
 *
 * A block is one point (workload, parameters, thread count) with all its contestants, run by
 * threads or by tasks, and those of points that join it (the same with other parameters: a number
 * of shards, say): the windows of a block are measured close together, their contestants
 * interleaved in a seeded random order anew in each repetition, so that A and B see the same
 * machine. An item is one contestant in one block.
 */
#ifndef CT_HARNESS_SWEEP_H
#define CT_HARNESS_SWEEP_H

#include "harness/contestant.h"
#include "harness/options.h"
#include "harness/record.h"

struct item {
        size_t block;
        const struct contestant *contestant;
        struct params params;
        const char *name;  /* CSV name; the contestant's, or a/b in controls */
        unsigned work_pct; /* 100 but for planted slow-downs */
        bool selected;
        bool given_up;              /* failed once: not tried again at this point */
        struct measurement *result; /* by repetition, once done[] */
        bool *done;
};

struct block {
        unsigned workload;
        const char *workload_name; /* CSV name */
        enum exec_kind exec;
        unsigned threads;
        unsigned sample_every;
        size_t first_item, n_items;
};

struct sweep {
        const struct family *family;
        const struct options *options;
        const struct topology *topology;
        struct block *block;
        struct item *item;
        size_t n_blocks, n_items;
        unsigned reps;
        int64_t window_ns;
        struct family control; /* stands in for the family when controls are measured */
};

/* Builds all blocks that the options leave; nothing is selected yet. 0 or an exit code after one
   line on stderr (nothing left to measure is a usage error). */
int sweep_build(struct sweep *, const struct family *, const struct options *,
                const struct topology *);
void sweep_free(struct sweep *);

/* After selection: room for reps results in each item, and the budget applied. */
int sweep_settle(struct sweep *, unsigned reps);

void sweep_key(const struct sweep *, const struct item *, unsigned rep, struct row_key *);

/* "counter/inc/impl:ref/exec:thread/place:compact/T:2/p_read_pct:50" */
void sweep_name(const struct sweep *, const struct item *, char *out, size_t size);

/* Windows not done yet, and about how long they take with all around them. */
size_t sweep_open(const struct sweep *);
double sweep_seconds(const struct sweep *);

/* The length of a block's windows: twice the usual with more threads than CPUs, so that the
   scheduler's turns fit into it several times. */
int64_t sweep_window_ns(const struct sweep *, const struct block *);

#endif
