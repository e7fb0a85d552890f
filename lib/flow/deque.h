/*
 * A worker's deque of jobs: its owner pushes and takes at the bottom, anybody steals at the top.
 *
 *      if (!ct_deque_push(&d, &item)) ...      // the owner: full
 *      if (ct_deque_take(&d, &item)) ...       // the owner: the last that was pushed
 *      if (ct_deque_steal(&d, &item)) ...      // others: the one that has been in it for longest
 *
 * Blocks on: nothing. Wakes: nobody. A take that fails has found the deque empty; a steal also
 *      fails where others take and steal at the same moment, and may be tried again.
 * Memory: what the owner had seen or done before the push, whoever gets the job sees. push (not
 *      push_all) is sequentially consistent: who pushes and then looks for sleepers, and who says
 *      that he sleeps and then asks for the size, do not miss each other.
 * Who may call: push, push_all and take one context at a time, the owner; steal and size anybody.
 * Bound: CT_DEQUE_SIZE jobs. It does not grow: where a job does not fit, there is a queue that all
 *      share, and jobs there are no worse off.
 * Zero bytes are an empty deque.
 *
 * Source: Chase and Lev, "Dynamic Circular Work-Stealing Deque" (SPAA 2005), in the C11 form of Le,
 * Pop, Cohen and Zappa Nardelli, "Correct and Efficient Work-Stealing for Weak Memory Models"
 * (PPoPP 2013), with orders on the operations where theirs has fences.
 */
#ifndef CT_FLOW_DEQUE_H
#define CT_FLOW_DEQUE_H

#include "base/asymmetric.h"
#include "base/atomic.h"
#include "base/cacheline.h"
#include "flow/pool.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef CT_SIM
#define CT_DEQUE_SIZE 2u /* so that it is full, and wraps round, in a few steps */
#else
#define CT_DEQUE_SIZE 256u
#endif

struct ct_deque_cell_ {
        ct_atomic_ptr job, arg;
};

/* Both count up for ever, take's moment of doubt excepted; the jobs are in cells top to
   bottom - 1. */
struct ct_deque {
        CT_ALIGN_PAIR ct_atomic_u64 top;    /* moved by CAS, by whoever takes the job there */
        CT_ALIGN_PAIR ct_atomic_u64 bottom; /* the owner's */
        struct ct_deque_cell_ cell[CT_DEQUE_SIZE];
};

bool ct_deque_push(struct ct_deque *d, const struct ct_pool_item *item);

/* Pushes them so that take returns items[0] first, while steal begins with the last one. Those that
   do not fit are left: returns how many were pushed, the first so many. */
size_t ct_deque_push_all(struct ct_deque *d, const struct ct_pool_item *items, size_t n);

bool ct_deque_steal(struct ct_deque *d, struct ct_pool_item *out);

bool ct_deque_take_last_(struct ct_deque *d, uint64_t bottom, uint64_t top,
                         struct ct_pool_item *out);

static inline void ct_deque_read_(const struct ct_deque *d, uint64_t at, struct ct_pool_item *out)
{
        const struct ct_deque_cell_ *c = &d->cell[at % CT_DEQUE_SIZE];

        out->job = (ct_pool_job *)(uintptr_t)ct_load_ptr_relaxed(&c->job);
        out->arg = ct_load_ptr_relaxed(&c->arg);
}

/* Jobs in it, and never more than there were; old when it arrives. */
static inline size_t ct_deque_size(const struct ct_deque *d)
{
        uint64_t top = ct_load_u64_seq(&d->top); /* first: it cannot be the newer one */
        int64_t n = (int64_t)(ct_load_u64_seq(&d->bottom) - top);

        return n > 0 ? (size_t)n : 0;
}

static inline bool ct_deque_take(struct ct_deque *d, struct ct_pool_item *out)
{
        uint64_t bottom = ct_load_u64_relaxed(&d->bottom), top;

        if (ct_load_u64_relaxed(&d->top) == bottom) /* top only grows, and not past bottom */
                return false;
        bottom--;
#ifdef CT_PLANT_deque_plain_bottom
        ct_store_u64_release(&d->bottom, bottom);
#else
        if (__builtin_expect(ct_asymmetric_ready(), 1)) {
                ct_store_u64_release(&d->bottom, bottom);
                ct_asymmetric_light(); /* pairs with the heavy one in steal */
        } else {
                (void)ct_exchange_u64_seq(&d->bottom, bottom); /* pairs with the load in steal */
        }
#endif
        top = ct_load_u64_seq(&d->top);
        if (__builtin_expect((int64_t)(bottom - top) <= 0, 0))
                return ct_deque_take_last_(d, bottom, top, out);
        ct_deque_read_(d, bottom, out);
        return true;
}

#endif
