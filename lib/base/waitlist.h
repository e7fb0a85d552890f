/*
 * A wait list: the FIFO of waiters inside a primitive. An intrusive doubly linked list; the nodes
 * are on the waiters' stacks, so it neither allocates nor limits how many may wait.
 *
 * Order and exclusion: none of its own. Every function needs the primitive's guard.
 *
 * Who takes a node out decides its fate. The waker pops it and owes it one ct_unpark, best after it
 * has let go of the guard. The waiter removes it itself only when it finds it still queued. Since
 * both happen under the guard, a time-out and a wake exclude each other.
 *
 * Zero bytes are an empty list.
 */
#ifndef CT_BASE_WAITLIST_H
#define CT_BASE_WAITLIST_H

#include "base/parker.h"

#include <stddef.h>

struct ct_wait_node {
        struct ct_waiter waiter;
        struct ct_wait_node *next, *prev;
        bool queued; /* in a list; false once popped or removed */
};

struct ct_waitlist {
        struct ct_wait_node *head, *tail;
};

static inline void ct_waitlist_push_back(struct ct_waitlist *l, struct ct_wait_node *n)
{
        n->next = NULL;
        n->prev = l->tail;
        n->queued = true;
        if (l->tail)
                l->tail->next = n;
        else
                l->head = n;
        l->tail = n;
}

static inline void ct_waitlist_push_front(struct ct_waitlist *l, struct ct_wait_node *n)
{
        n->next = l->head;
        n->prev = NULL;
        n->queued = true;
        if (l->head)
                l->head->prev = n;
        else
                l->tail = n;
        l->head = n;
}

static inline void ct_waitlist_remove(struct ct_waitlist *l, struct ct_wait_node *n)
{
        if (n->prev)
                n->prev->next = n->next;
        else
                l->head = n->next;
        if (n->next)
                n->next->prev = n->prev;
        else
                l->tail = n->prev;
        n->queued = false;
}

/* The longest waiting node, taken out; NULL from an empty list. */
static inline struct ct_wait_node *ct_waitlist_pop(struct ct_waitlist *l)
{
        struct ct_wait_node *n = l->head;

        if (n)
                ct_waitlist_remove(l, n);
        return n;
}

#endif
