/*
 * The flow family: items through stages, and what guards a call.
 *
 * Streams. A source makes items as fast as they are taken, stages work on them, the window's worker
 * receives them at the end and checks each: an op is one item received. Latencies are those of one
 * item in 8, from the source to the worker; where the source never waits for items, they say how
 * many are on their way. The source and the stages are contexts of their own: tasks on the window's
 * carriers, or threads on any CPU of the process, whatever the worker is bound to.
 *      fan_out   one stage, p_width wide, with p_compute_us of work for each item, behind a source
 *                and before a worker that do next to nothing
 *      pipeline  p_depth stages, each p_width wide and with p_compute_us of work, with room for
 *                p_capacity items before each of them
 *      ordered   like fan_out, but the items are to come out in the order in which they went in;
 * one in 16 takes 17 times as long as the others (the mean is p_compute_us) image     one stage,
 * p_width wide: a picture of 128 x 128 is blurred and cut to 32 x 32 log       one stage, p_width
 * wide: lines of a log are split, their words and levels counted etl       three stages, the second
 * p_width wide: records are parsed, rated and totalled, written as text, and come out in order The
 * last three have real inputs, made from a seed. What the sequential run makes of each input is
 * kept, and compared byte by byte with what comes out.
 *
 * batcher: the worker hands over items, p_rate_per_s of them or (empty) as fast as it can; whoever
 * takes a batch of at most p_batch, or of what there is after p_age_us, computes for p_compute_us
 * whatever its size, as a commit does. Latencies are from when an item was due until its batch has
 * been processed.
 *
 * Guards, calls of a function that does nothing: ns_per_op is of one such call.
 *      retry     p_fail_pct of the calls fail at the first attempt and are tried again at once
 *      breaker   p_fail_pct: 0, the circuit is closed; 100, it has been opened and refuses
 *
 * `null` does the same work in the worker itself, one item after the other: the sequential run.
 * `threads` is 1 in all workloads but retry and breaker.
 *
 * Adding a contestant: one file with a next(), which includes flow/stream.h, and one line in
 * contestants.h.
 */
#ifndef CT_BENCH_FLOW_H
#define CT_BENCH_FLOW_H

#include <errno.h>

#include "base/atomic.h"
#include "chan/chan.h"
#include "harness/contestant.h"
#include "harness/histogram.h"

enum { FAN_OUT, PIPELINE, ORDERED, BATCHER, RETRY, BREAKER, IMAGE, LOG, ETL };
enum { P_WIDTH, P_DEPTH, P_CAPACITY, P_BATCH, P_AGE_US, P_RATE_PER_S, P_COMPUTE_US, P_FAIL_PCT };
enum { M_REORDERED_PCT, M_BATCH_MEAN_ITEMS, M_AGED_PCT };

enum {
        FLOW_INPUTS = 16,      /* different ones */
        FLOW_SAMPLE_EVERY = 8, /* items, for latencies */
        FLOW_STAGES_MAX = 16,
};

/* What goes from stage to stage, by value. */
struct flow_item {
        uint64_t id;
        uint64_t result; /* of the workloads that compute */
        int64_t born;    /* 0: not timed */
        void *data; /* of the others; the stage's that has the item, freed by whoever is last */
};

/* What is to be done. Read only once it is made. */
struct flow_plan {
        unsigned workload, depth;
        unsigned width[FLOW_STAGES_MAX];
        size_t capacity;
        bool in_order;
        uint64_t turns; /* work_spin() turns for p_compute_us */
        const struct flow_inputs *inputs;
};

int flow_plan_make(struct flow_plan *, const struct worker *);

/* What stage number `stage` does with an item. */
void flow_stage(const struct flow_plan *, unsigned stage, struct flow_item *);

/* Whether the item is what the sequential run makes of this id; lets its data go. */
bool flow_item_right(const struct flow_plan *, struct flow_item *);

/* image, log, etl: inputs.c. 0 or -ENOMEM; the same inputs serve every window of the process. */
int flow_inputs_get(const struct flow_inputs **, unsigned workload);
void *flow_input_stage(const struct flow_inputs *, unsigned stage, uint64_t id, void *data);
bool flow_input_right(const struct flow_inputs *, uint64_t id, const void *data);

/* ---- the source ---- */

/* Waits for the window to begin; then gives items until it is told to stop. One context takes. */
struct flow_source {
        struct ct_chan *gate; /* closed when the window begins */
        bool begun;
        ct_atomic_u32 stop;
        uint64_t made;
};

int flow_source_init(struct flow_source *);
void flow_source_fini(struct flow_source *);
bool flow_source_take(struct flow_source *, struct flow_item *);

/* ---- the oracle ---- */

/* What came out: every item once, each right, and in order where it is to be. */
struct flow_tally {
        uint64_t count, squares; /* of id + 1 */
        uint64_t highest;        /* id + 1 */
        uint64_t reordered;      /* came after one that was made later */
        uint64_t wrong;
};

void flow_tally_add(struct flow_tally *, const struct flow_plan *, struct flow_item *);

/* 0 or -EBADMSG. */
int flow_tally_check(const struct flow_tally *, uint64_t made, bool in_order);

/* ---- a stream's window ---- */

/* The worker's, for the streams; `own` is the contestant's. */
struct flow_desk {
        struct flow_plan plan;
        struct flow_source source;
        struct flow_tally tally;
        bool open;
        void *own;
};

/* What outlives the workers: the contestant's storage. */
struct flow_hall {
        struct flow_tally tally;
        uint64_t made, batches, aged, items;
        bool in_order, streams, wrong;
        /* of the guards */
        ct_atomic_u32 guard; /* the workload; 0: none */
        ct_atomic_u64 called, failed;
};

int flow_desk_new(struct flow_desk **, const struct worker *);

/* Lets the source go on. The first call of run does it. */
void flow_desk_open(struct flow_desk *);

/* One item that was received. */
void flow_desk_take(struct flow_desk *, struct worker *, struct flow_item *);

/* After the last item has been taken. */
void flow_desk_end(struct flow_desk *, struct flow_hall *);

/* The whole oracle; a contestant's check(). */
int flow_check(const void *self, const struct totals *, double *metrics);

#endif
