/*
 * ct_pipeline: a generator, stages and a sink, with a channel between each two.
 *
 *      static int lines(struct ct_pipeline_io *io, void *arg, void *in);   // in: NULL
 *      static int parse(struct ct_pipeline_io *io, void *arg, void *in)
 *      {
 *              struct entry e = parsed(*(char **)in);
 *              free(*(char **)in);
 *              return ct_pipeline_emit(io, &e);
 *      }
 *      struct ct_pipeline_stage stages[] = {
 *              {.fn = lines, .width = 1, .out_size = sizeof(char *), .capacity = 64,
 *               .discard = free_line},
 *              {.fn = parse, .width = 4, .out_size = sizeof(struct entry), .capacity = 64},
 *              {.fn = store, .width = 1},
 *      };
 *      int r = ct_pipeline_run(CT_SPAWN_TASK, ctx, stages, 3);
 *
 * The first stage is the generator: its function is called once in each of its contexts and emits
 * as many values as it likes. The others' is called for each value and emits none, one or more for
 * it; the last stage, the sink, emits none. A stage's channel is closed when the last of its
 * contexts has ended. A wide stage may reorder, unless it is `ordered`.
 *
 * The end: when the generator has returned and all has gone through. Or a cancel: the first
 * function that returns other than 0, or fails by ct_task_fail, or the context's cancel. Then no
 * function is called any more, every context ends as soon as its function returns, and all values
 * in between are discarded. Nothing is left: no context, no value.
 *
 * Ownership: a value is bytes, and whatever they point to. Exactly once each value that is emitted
 *      is either given to a function of the next stage, which owns it from then on whatever it
 *      returns, or to its stage's `discard`, before wait returns. emit takes the value in any case.
 * Blocks on: the parker: contexts, for a value or for room; wait, until all have ended.
 * Wakes: as channels do; a cancel wakes all contexts of its own.
 * Order: a stage of width 1 keeps it. An `ordered` stage emits as one of width 1 would: what is
 *      emitted for one value leaves after all that was emitted for values received before; its
 *      function waits in its first emit, or at its end, until those are through, so at most `width`
 *      values are ahead. (A larger window: ordered.h.)
 * Memory: what a function did before an emit, the one that gets the value reads; what all of them
 *      did, everybody reads after wait.
 * Who may call: start, wait, free: any thread or task, one at a time. emit: the function that was
 *      given the io, while it runs.
 * Runs: contexts are tasks of the running runtime (CT_SPAWN_TASK; start panics where none runs) or
 *      OS threads, one for each unit of width.
 * Failure: as at start and wait. Misuse panics: a sink that emits.
 *
 * Source: pipelines of "Advanced Concurrency Patterns" (generator, stages, sink) and of "The
 * Complete Guide to Go Concurrency Patterns and Synchronization"; own code. The guides' stages know
 * no cancel: one that stops receiving leaves all before it waiting for ever.
 */
#ifndef CT_FLOW_PIPELINE_H
#define CT_FLOW_PIPELINE_H

#include "chan/context.h"
#include "flow/errgroup.h"

#include <stdbool.h>
#include <stddef.h>

struct ct_pipeline;
struct ct_pipeline_io; /* a function's side of its stage */

typedef int ct_pipeline_fn(struct ct_pipeline_io *io, void *arg, void *in);

struct ct_pipeline_stage {
        ct_pipeline_fn *fn;
        void *arg;
        unsigned width;  /* contexts; at least 1 */
        bool ordered;    /* not the generator's */
        size_t out_size; /* bytes of a value that it emits; 0: a signal. The sink's: 0 */
        size_t capacity; /* of the channel behind it; the sink's: 0 */
        void (*discard)(void *arg, void *value); /* of one that it emitted; may be NULL */
};

/* Starts n >= 2 stages; the array is copied. `context` may be NULL: never cancelled from outside.
   0, -EINVAL, -ENOMEM, -EOVERFLOW, or why a context could not be started; then none is left, what
   was emitted is discarded, and *out is NULL. */
int ct_pipeline_start(struct ct_pipeline **out, enum ct_spawn spawn, struct ct_context *context,
                      const struct ct_pipeline_stage *stages, size_t n);

/* Cancels it with this cause (not 0), which is what wait returns unless something else was first.
   May be called while others wait. */
void ct_pipeline_cancel(struct ct_pipeline *p, int cause);

/* Waits until every context has ended, then discards what is left. 0: all has gone through; or the
   first error; or why it was cancelled, which a cancel that came too late to stop anything is not.
 */
int ct_pipeline_wait(struct ct_pipeline *p);

/* Cancels what still runs, waits. NULL is fine. */
void ct_pipeline_free(struct ct_pipeline *p);

/* start, wait, free. */
int ct_pipeline_run(enum ct_spawn spawn, struct ct_context *context,
                    const struct ct_pipeline_stage *stages, size_t n);

/* ---- for functions ---- */

/* Passes a value on, waiting for room. 0; or -ECANCELED: it was discarded, and the function should
   return that. */
int ct_pipeline_emit(struct ct_pipeline_io *io, const void *value);

/* Cancelled when the pipeline is: for functions that wait or compute for long. */
struct ct_context *ct_pipeline_context(struct ct_pipeline_io *io);

/* Which of its stage's contexts it runs in: 0 .. width - 1. For state that is not shared. */
unsigned ct_pipeline_index(const struct ct_pipeline_io *io);

#endif
