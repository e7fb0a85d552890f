/*
 * ct_batcher: collects items into batches, by size or by age, whichever comes first.
 *
 *      struct ct_batcher *b;
 *      int r = ct_batcher_new(&b, &(struct ct_batcher_config){.element_size = sizeof(struct row),
 *                      .most = 100, .age_ns = 50 * CT_NS_PER_MS, .queue = 4});
 *      ct_batcher_add(b, &row);                        // any number of contexts
 *
 *      struct ct_batch batch;                          // one or more others
 *      while (ct_batcher_take(b, &batch)) {
 *              insert(batch.items, batch.n);
 *              ct_batcher_release(b, &batch);
 *      }
 * or ct_batcher_run(b, insert, db), which is that loop.
 *
 * A batch is sealed: with its `most`-th item; when it is age_ns old, counted from its first item;
 * by flush; by close. Items come out once each, in the order in which add accepted them; batches
 * are never empty. An item that is added at or after the moment at which a batch's age is reached
 * is in a later batch, as far as the timer service is on time; on a service with a clock of its own
 * (ct_timers_advance) that is exact. At most `queue` batches are sealed and not released; while it
 * is so many, the open one goes on filling, whatever its age or flush says, and is sealed as soon
 * as there is room; a full one makes add wait.
 *
 * Blocks on: the parker: add, while the open batch is full and the queue too; take, until a batch
 *      is sealed; flush: nothing.
 * Wakes: what seals a batch one take; a release the adds that it makes room for; close everybody.
 * Memory: what was written before an add is read after the take of its batch; what was done before
 *      a release, by those whose add it made room for.
 * Who may call: any thread or task; one closes, and one frees when nobody else uses it any more.
 * Ownership: items are copied in; a batch's items are the taker's until it releases them. free
 *      gives those that nobody took to `discard`, once each.
 * Failure: new: -EINVAL, -ENOMEM, -EOVERFLOW, -EAGAIN (no timer service). add: -ESHUTDOWN once it
 *      is closed, also when the close comes while it waits. Misuse panics and names the batcher:
 *      a second close, releasing a batch twice, freeing while batches are out.
 * Units: ns.
 *
 * Source: the batcher of "Go Concurrency Patterns: A Practical Walkthrough" as a contract (size or
 * time-out, flush at the end); own code. That one is a goroutine that selects on input and ticker;
 * here the adds fill the batch themselves, which saves a hand-over for each item.
 */
#ifndef CT_FLOW_BATCHER_H
#define CT_FLOW_BATCHER_H

#include "chan/timer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_batcher;

enum ct_batch_why { CT_BATCH_SIZE, CT_BATCH_AGE, CT_BATCH_FLUSH, CT_BATCH_CLOSE };

struct ct_batcher_config {
        size_t element_size;      /* at least 1 */
        size_t most;              /* items of a batch; at least 1 */
        int64_t age_ns;           /* at least 1; CT_FOREVER: by size only, and no timer is needed */
        size_t queue;             /* at least 1 */
        struct ct_timers *timers; /* NULL: the process's */
        void (*discard)(void *arg, void *item); /* may be NULL */
        void *arg;
};

struct ct_batch {
        void *items;
        size_t n;
        enum ct_batch_why why;
        size_t slot; /* private */
};

struct ct_batcher_stats {
        uint64_t items;      /* accepted */
        uint64_t batches[4]; /* sealed, by enum ct_batch_why */
        uint64_t taken;      /* items in batches that were taken */
        size_t open;         /* items in the open batch */
        size_t sealed;       /* batches that are sealed and not released */
};

int ct_batcher_new(struct ct_batcher **out, const struct ct_batcher_config *config);

/* 0 or -ESHUTDOWN. */
int ct_batcher_add(struct ct_batcher *b, const void *item);
int ct_batcher_add_until(struct ct_batcher *b, const void *item, int64_t deadline); /* -ETIMEDOUT */
bool ct_batcher_try_add(struct ct_batcher *b, const void *item); /* false: closed, or no room */

/* Seals the open batch, if it has items; where the queue has no room, as soon as it has. */
void ct_batcher_flush(struct ct_batcher *b);

/* No more items. What is there comes out, then take says false. */
void ct_batcher_close(struct ct_batcher *b);

/* True: a batch, in the order in which they were sealed. False: closed, and all were taken. */
bool ct_batcher_take(struct ct_batcher *b, struct ct_batch *out);
int ct_batcher_take_until(struct ct_batcher *b, struct ct_batch *out,
                          int64_t deadline); /* 0, -EPIPE for false, -ETIMEDOUT */
void ct_batcher_release(struct ct_batcher *b, struct ct_batch *batch);

/* Takes, hands to sink(arg, items, n), releases, until it is closed and empty; 0. Where sink
   returns other than 0, it returns that and goes on no further; the rest is for others, or free. */
int ct_batcher_run(struct ct_batcher *b, int (*sink)(void *arg, void *items, size_t n), void *arg);

void ct_batcher_stats(struct ct_batcher *b, struct ct_batcher_stats *out);
void ct_batcher_free(struct ct_batcher *b); /* NULL is fine */

#endif
