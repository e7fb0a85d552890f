/*
 * Ordered results: work is done side by side, and what comes out is what one context alone, doing
 * one thing after the other, would have made.
 *
 * Batch, of an array known beforehand: each result is put in its index's place.
 *
 *      struct ct_ordered_batch b = {.spawn = CT_SPAWN_TASK, .workers = 4, .n = n, .work = resize,
 *                                   .arg = images, .out = thumbnails, .out_size = sizeof(...)};
 *      size_t good;
 *      int r = ct_ordered_batch_run(&b, &good);
 *
 * Stream, from channel to channel: a reorder buffer (reorder.h) between the workers and the output.
 *
 *      struct ct_ordered_config c = {.spawn = CT_SPAWN_TASK, .workers = 4, .window = 16,
 *                                    .in = lines, .out_size = sizeof(...), .work = parse};
 *      struct ct_ordered *o;
 *      int r = ct_ordered_start(&o, &c);
 *      while (ct_receiver_recv(ct_ordered_results(o), &entry)) ...
 *      r = ct_ordered_wait(o);
 *      ct_ordered_free(o);
 *
 * Errors are ordered too: both give back the error of the lowest index (the earliest value) that
 * failed, and exactly the results before it, which is what the sequential run would have done,
 * whoever was first. Work on later values may have been done; its results are discarded.
 *
 * The stream's bound: at most `window` values are received and not yet sent on. A worker takes its
 * place in the window before it takes a value, so the head of the line always has its place, and a
 * slow one delays the others but never locks them out.
 *
 * Blocks on: the parker: a stream's workers for a value, a place in the window, or room in the
 *      output; wait and batch_run until all contexts have ended.
 * Wakes: as channels do; a cancel wakes all contexts of its own.
 * Memory: what was written before a value was sent, work reads; what work did, the receiver of its
 *      result reads; after wait and batch_run everybody reads what all of them did.
 * Who may call: as for fan.h.
 * Runs: as for fan.h; a batch needs no context for workers = 1: it runs in the caller.
 * Ownership: the stream's input is the caller's and must stay until wait has returned. A value
 *      that was received belongs to work, whatever that returns. A result that is not delivered
 *      (behind an error or a cancel, or never received) is given to `discard` once.
 * Failure: as at start. work fails by what it returns or by ct_task_fail.
 *
 * Source: "results in order" by index of "The Complete Guide to Go Concurrency Patterns and
 * Synchronization"; own code.
 */
#ifndef CT_FLOW_ORDERED_H
#define CT_FLOW_ORDERED_H

#include "chan/chan.h"
#include "chan/context.h"
#include "flow/errgroup.h"

#include <stddef.h>

/* ---- batch ---- */

struct ct_ordered_batch {
        enum ct_spawn spawn;
        unsigned workers; /* at least 1 */
        size_t n;
        size_t grain; /* indexes that a worker takes at a time; 0: 1 */
        int (*work)(void *arg, size_t index, void *out); /* 0: *out is made */
        void (*discard)(void *arg, void *result);        /* may be NULL */
        void *arg;
        void *out; /* n results; may be NULL where out_size is 0 */
        size_t out_size;
        struct ct_context *context; /* NULL: never cancelled from outside */
};

/* 0: all n are made. An error of work, or the context's: results 0 .. *good - 1 are made, those
   from there on that had been are discarded. Also -EINVAL, -ENOMEM, or why a context could not be
   started: *good is 0, and nothing is left made. `good` may be NULL. */
int ct_ordered_batch_run(const struct ct_ordered_batch *b, size_t *good);

/* ---- stream ---- */

struct ct_ordered;

struct ct_ordered_config {
        enum ct_spawn spawn;
        unsigned workers;   /* at least 1 */
        size_t window;      /* at least 1; less than `workers` keeps some of them idle */
        struct ct_chan *in; /* not NULL */
        size_t out_size;    /* bytes of a result; 0: a signal for each value */
        size_t capacity;    /* of the output */
        int (*work)(void *arg, void *in, void *out);
        void (*discard)(void *arg, void *result); /* may be NULL */
        void *arg;
        struct ct_context *context; /* NULL: never cancelled from outside */
};

/* 0, -EINVAL, -ENOMEM, -EOVERFLOW, or why a context could not be started; then none is left, and
 *out is NULL. */
int ct_ordered_start(struct ct_ordered **out, const struct ct_ordered_config *config);

/* Closed after the last result, or after the last one before an error or a cancel. */
struct ct_receiver ct_ordered_results(struct ct_ordered *o);

/* Waits until all workers have ended, for which somebody must receive the results, or cancel. 0:
   every value has been worked on; the error of the earliest value that failed; or the context's. */
int ct_ordered_wait(struct ct_ordered *o);

/* Cancels what still runs, waits, discards what nobody received. NULL is fine. */
void ct_ordered_free(struct ct_ordered *o);

#endif
