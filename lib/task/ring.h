/*
 * A carrier's run queue: a ring of 256 tasks. Its owner pushes and pops; thieves take half.
 *
 * Order: FIFO. What the pusher did before, whoever takes the task sees.
 * Who may call: push and pop the owner only; steal the owner of `to`, another ring.
 * Full: push refuses; ct_ring_shed_ takes half out, for the global queue.
 *
 * Source: Go's runqput, runqget and runqgrab (runtime/proc.go), as an algorithm; own code.
 */
#ifndef CT_TASK_RING_H
#define CT_TASK_RING_H

#include "base/atomic.h"
#include "base/cacheline.h"

#include <stdbool.h>
#include <stddef.h>

#define CT_RING_SIZE 256u

struct ct_task_;
struct ct_tasks_;

/* head <= tail, both count up for ever; the tasks are in slots head to tail - 1. Only the owner
   moves tail; head moves by CAS, the owner's or a thief's. */
struct ct_ring_ {
        CT_ALIGN_PAIR ct_atomic_u32 head;
        ct_atomic_u32 tail;
        ct_atomic_ptr slot[CT_RING_SIZE];
};

/* Moves the older half of a full ring to the list; false if thieves made room meanwhile. */
bool ct_ring_shed_(struct ct_ring_ *r, struct ct_tasks_ *to);

/* Takes half of `from`, at least one: returns one, the rest go to `to`, which is empty. NULL: there
   was nothing. */
struct ct_task_ *ct_ring_steal_(struct ct_ring_ *to, struct ct_ring_ *from);

static inline uint32_t ct_ring_size_(const struct ct_ring_ *r)
{
        uint32_t head = ct_load_u32_acquire(&r->head);

        /* tail after head, so that it cannot be the older one */
        return ct_load_u32_acquire(&r->tail) - head;
}

static inline bool ct_ring_push_(struct ct_ring_ *r, struct ct_task_ *t)
{
        /* The acquire pairs with the CASes that free a slot: whoever took the task has read it. */
        uint32_t head = ct_load_u32_acquire(&r->head), tail = ct_load_u32_relaxed(&r->tail);

        if (tail - head == CT_RING_SIZE)
                return false;
        ct_store_ptr_relaxed(&r->slot[tail % CT_RING_SIZE], t);
        ct_store_u32_release(&r->tail, tail + 1); /* pairs with the thief's load */
        return true;
}

static inline struct ct_task_ *ct_ring_pop_(struct ct_ring_ *r)
{
        uint32_t head = ct_load_u32_relaxed(&r->head), tail = ct_load_u32_relaxed(&r->tail);

        while (head != tail) {
                struct ct_task_ *t = ct_load_ptr_relaxed(&r->slot[head % CT_RING_SIZE]);

                /* The owner pushed it itself, so this needs no acquire; the release pairs with the
                   owner's own later push, and with nobody else's. */
                if (ct_cas_u32_acq_rel(&r->head, &head, head + 1))
                        return t;
        }
        return NULL;
}

#endif
