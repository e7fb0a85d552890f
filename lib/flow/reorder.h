/*
 * ct_reorder: a reorder buffer. Values come with sequence numbers in any order and leave in theirs.
 *
 *      struct ct_reorder *r;
 *      int e = ct_reorder_new(&r, sizeof(struct result), 64);
 *      ct_reorder_put(r, seq, &result);                // many contexts, each seq once
 *      while (ct_reorder_take(r, &result)) ...         // 0, 1, 2, ...
 *      ct_reorder_close(r, n);                         // as soon as n is known: there are 0 .. n-1
 *
 * The bound: a value is accepted when fewer than `window` numbers separate it from the next to be
 * taken; one that is further ahead waits. The next one itself never waits, so whoever brings a
 * missing head always gets in, however many wait ahead of it. A number that will not come is to be
 * skipped, or everything behind it waits until somebody cancels.
 *
 * Blocks on: the parker: put and skip, while they are ahead of the window; take, until the next
 *      value is there.
 * Wakes: a put of the next value one take; a take those puts and skips that it lets in (one each);
 *      close the takes that it ends; cancel everybody.
 * Order: values leave in the order of their numbers, 0 first, each once.
 * Memory: what was written before a put is read after the take of its value.
 * Who may call: any thread or task, several at once; of several takes that wait, the first to have
 *      come gets the next value.
 * Ownership: values are copied in and out. One that put did not accept is still the caller's; after
 *      a cancel, ct_reorder_drain gives back what was accepted and not taken. free: nobody else
 *      uses it any more; drops what is left.
 * Misuse panics and names the buffer: a number that has been put, skipped or passed before; one at
 *      or above the end that close gave; closing twice, or below a number that has been accepted.
 * Units: deadlines are absolute ct_now_ns() times, CT_FOREVER for none; one that has passed tries
 *      once.
 *
 * Source: the reorder buffer of out-of-order processors and of receive windows; own code.
 */
#ifndef CT_FLOW_REORDER_H
#define CT_FLOW_REORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_reorder;

/* 0; -EINVAL: a window of 0; -EOVERFLOW; -ENOMEM. */
int ct_reorder_new(struct ct_reorder **out, size_t element_size, size_t window);
void ct_reorder_free(struct ct_reorder *r); /* NULL is fine */

/* 0, or -ECANCELED: not accepted. */
int ct_reorder_put(struct ct_reorder *r, uint64_t seq, const void *value);
int ct_reorder_put_until(struct ct_reorder *r, uint64_t seq, const void *value,
                         int64_t deadline);                                    /* also -ETIMEDOUT */
int ct_reorder_try_put(struct ct_reorder *r, uint64_t seq, const void *value); /* also -EAGAIN */

/* There will be no value of this number. Waits as put does. */
int ct_reorder_skip(struct ct_reorder *r, uint64_t seq);

/* True: the next value. False: the end was reached, or it was cancelled. */
bool ct_reorder_take(struct ct_reorder *r, void *out);

/* 0: a value; -EPIPE: the end was reached; -ECANCELED; -ETIMEDOUT. */
int ct_reorder_take_until(struct ct_reorder *r, void *out, int64_t deadline);

/* 0: a value; -EAGAIN: not there yet; -EPIPE, -ECANCELED as above. */
int ct_reorder_try_take(struct ct_reorder *r, void *out);

/* Numbers from `end` on will not come. */
void ct_reorder_close(struct ct_reorder *r, uint64_t end);

/* From now on puts and takes answer "cancelled", also those that wait. May be called again. */
void ct_reorder_cancel(struct ct_reorder *r);

/* After a cancel: true: *out is a value that was accepted and not taken, in order of the numbers.
   False: none is left. */
bool ct_reorder_drain(struct ct_reorder *r, void *out);

/* The number that is to be taken next; old when it arrives. */
uint64_t ct_reorder_next(struct ct_reorder *r);

#endif
