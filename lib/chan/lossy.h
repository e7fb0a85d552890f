/*
 * ct_lossy: a lossy channel. A ring that drops its oldest value when a new one finds it full, and
 * counts what it dropped: for readers who want the latest rather than all.
 *
 *      struct ct_lossy *l;
 *      int r = ct_lossy_new(&l, sizeof(struct sample), 64);
 *      ct_lossy_push(l, &sample);                      // never waits
 *      while (ct_lossy_pop(l, &sample)) ...            // ends once l is closed and drained
 *
 * Values are `element_size` bytes each (0: a signal without a value) and are copied in and out;
 * pointers to them may be NULL where that size is 0. FIFO among those that are not dropped.
 *
 * Blocks on: the parker, in pop and pop_until only.
 * Wakes: push the one that has waited longest, with the value in its hands; close all.
 * Order: what was done before a push is seen after the pop of its value, and what was before the
 *      close after the pop that reports it.
 * Who may call: any thread or task, any number of each kind. Not from signal handlers. Values are
 *      copied under a short lock: it is made for values of up to some hundred bytes.
 * Failure: -ENOMEM, -EOVERFLOW as ct_chan_new, -EINVAL for capacity 0. Misuse panics: a push to a
 *      closed ring, a second close, freeing one that somebody waits on.
 * Units: deadlines are absolute ct_now_ns() times; one that has passed tries once.
 *
 * Source: own code.
 */
#ifndef CT_CHAN_LOSSY_H
#define CT_CHAN_LOSSY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_lossy;

int ct_lossy_new(struct ct_lossy **out, size_t element_size, size_t capacity);
void ct_lossy_free(struct ct_lossy *l); /* NULL is fine; what is left in it is gone, not dropped */

/* True: nothing had to go for it. False: it is in, and the oldest was dropped. */
bool ct_lossy_push(struct ct_lossy *l, const void *value);

/* True: a value. False: closed and drained, and *out is zeroed. `out` may be NULL. */
bool ct_lossy_pop(struct ct_lossy *l, void *out);

/* True if that took place: *open (may be NULL) says whether it got a value or "closed". False: it
   would have had to wait. */
bool ct_lossy_try_pop(struct ct_lossy *l, void *out, bool *open);

/* 0: it took place, as above; or -ETIMEDOUT. */
int ct_lossy_pop_until(struct ct_lossy *l, void *out, bool *open, int64_t deadline);

void ct_lossy_close(struct ct_lossy *l);

uint64_t ct_lossy_dropped(struct ct_lossy *l); /* so far: pushed = popped + dropped + len */
size_t ct_lossy_len(struct ct_lossy *l);
size_t ct_lossy_cap(const struct ct_lossy *l);
size_t ct_lossy_waiters(struct ct_lossy *l); /* at this moment; for statistics and tests */

#endif
