/*
 * Waking many: for the bodies in this folder whose one event ends many waits.
 *
 * Both halves of the waker's rule in base/waitlist.h. Under the guard, take the waiters out; after
 * it, unpark them. A waiter is gone once it is unparked, so its successor is read before.
 */
#ifndef CT_SYNC_WAKE_H
#define CT_SYNC_WAKE_H

#include "base/waitlist.h"

/* Takes all waiters out, linked by `next` in FIFO order. Under the guard. */
static inline struct ct_wait_node *ct_waitlist_take_all(struct ct_waitlist *l)
{
        struct ct_wait_node *first = l->head;

        *l = (struct ct_waitlist){0};
        for (struct ct_wait_node *n = first; n; n = n->next)
                n->queued = false; /* from here on a time-out comes too late */
        return first;
}

/* Unparks a taken list. Without the guard: a woken context may want it at once. */
static inline void ct_unpark_all(struct ct_wait_node *n)
{
        while (n) {
                struct ct_wait_node *next = n->next;

                ct_unpark(&n->waiter);
                n = next;
        }
}

#endif
