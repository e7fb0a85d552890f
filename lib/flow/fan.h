/*
 * Fan-out and fan-in (merge).
 *
 *      struct ct_fan_out_config c = {.spawn = CT_SPAWN_TASK, .workers = 4, .in = requests,
 *                                    .out_size = sizeof(struct reply), .capacity = 16,
 *                                    .work = answer, .context = ctx};
 *      struct ct_fan_out *f;
 *      int r = ct_fan_out_start(&f, &c);
 *      while (ct_receiver_recv(ct_fan_out_results(f), &reply)) ...
 *      r = ct_fan_out_wait(f);                 // 0, the first error, or why it was cancelled
 *      ct_fan_out_free(f);
 *
 * fan_out: one input channel, k workers, one output into which all of them send. merge: any number
 * of input channels into one output, a forwarder for each. Either closes its output when the last
 * of its contexts has ended: when all inputs are closed and drained, at the first error of a
 * worker, or when the context is cancelled.
 *
 * Blocks on: the parker: contexts, for a value or for room; wait, until all have ended.
 * Wakes: as channels do; a cancel wakes all contexts of its own.
 * Order: none between workers; what one input of a merge delivers leaves in its order.
 * Memory: what was written before a value was sent, work reads; what work did, the receiver of its
 *      result reads; what all of them did, everybody reads after wait.
 * Who may call: any thread or task; results: as many receivers as like. One context waits, once or
 *      more, then frees; free alone will do: it cancels, then waits.
 * Runs: contexts are tasks of the running runtime (CT_SPAWN_TASK; start panics where none runs) or
 *      OS threads.
 * Ownership: inputs are the caller's and must stay until wait has returned; whoever sends to them
 *      should know of the same cancel, since nobody receives from them afterwards. The output is
 *      freed with the object. A value that was received belongs to work, whatever that returns. A
 *      result whose receiver never came is given to `discard` once, in free at the latest.
 * Cancel: comes before values: a context that finds both stops. What was sent into the output
 *      before can still be received.
 * Failure: as at start. work fails by what it returns or by ct_task_fail (guarded.h). Nothing here
 *      panics but what the parts do: a channel that is used as chan.h forbids, tasks without a
 *      runtime.
 *
 * Source: fan-out and fan-in of "Advanced Concurrency Patterns"; own code. The guide gives each
 * worker an output of its own and merges those; here the workers share one, which is one hop less.
 */
#ifndef CT_FLOW_FAN_H
#define CT_FLOW_FAN_H

#include "chan/chan.h"
#include "chan/context.h"
#include "flow/errgroup.h"

#include <stddef.h>

struct ct_fan_out;
struct ct_merge;

struct ct_fan_out_config {
        enum ct_spawn spawn;
        unsigned workers;   /* at least 1 */
        struct ct_chan *in; /* not NULL */
        size_t out_size;    /* bytes of a result; 0: a signal for each value */
        size_t capacity;    /* of the output */
        /* One value into one result. 0: *out is sent. Else it is the error that ends all. */
        int (*work)(void *arg, void *in, void *out);
        void (*discard)(void *arg, void *result); /* may be NULL */
        void *arg;
        struct ct_context *context; /* NULL: never cancelled from outside */
};

/* 0, -EINVAL, -ENOMEM, -EOVERFLOW, or why a context could not be started; then none is left, and
 *out is NULL. Values that were received meanwhile have been worked on. */
int ct_fan_out_start(struct ct_fan_out **out, const struct ct_fan_out_config *config);

struct ct_receiver ct_fan_out_results(struct ct_fan_out *f);

/* Waits until all workers have ended, for which somebody must receive the results, or cancel.
   0: every value was worked on; or the first error; or the context's, -ECANCELED or -ETIMEDOUT. */
int ct_fan_out_wait(struct ct_fan_out *f);

/* Cancels what still runs, waits, discards what nobody received. NULL is fine. */
void ct_fan_out_free(struct ct_fan_out *f);

struct ct_merge_config {
        enum ct_spawn spawn;
        struct ct_chan *const *in; /* n channels, none NULL, of elements of one size; copied */
        size_t n;                  /* 0: the output is closed from the start */
        size_t capacity;           /* of the output */
        void (*discard)(void *arg, void *value); /* may be NULL */
        void *arg;
        struct ct_context *context; /* NULL: never cancelled from outside */
};

/* As ct_fan_out_start. */
int ct_merge_start(struct ct_merge **out, const struct ct_merge_config *config);
struct ct_receiver ct_merge_output(struct ct_merge *m);
int ct_merge_wait(struct ct_merge *m);
void ct_merge_free(struct ct_merge *m);

#endif
