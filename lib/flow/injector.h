/*
 * An injector: the way in for those who bring jobs to workers from outside. A bounded queue of many
 * submitters and many takers, who take by the handful.
 *
 *      n = ct_injector_push(&i, items, 3, &open);      // as many as fit; open: false once closed
 *      r = ct_injector_wait(&i, deadline);             // until there is room
 *      n = ct_injector_take(&i, out, 32, sharers, &seen);  // up to 32, or a share of what is there
 *
 * Blocks on: wait, on the parker, while the injector is full and open. push and is_quiet wait for
 *      another push to end, nothing else. take never waits: who has nothing to do sleeps elsewhere.
 * Wakes: a take as many of those that wait for room as it has made room for; close all of them.
 * Order: jobs are taken in the order in which they were pushed.
 * Memory: what was done before the push, whoever takes the job sees. Who says that he goes to sleep
 *      and then asks ct_injector_is_quiet, and who pushes and then looks for sleepers, do not miss
 *      each other.
 * Who may call: any thread or task.
 * Failure: init -ENOMEM, -EOVERFLOW; wait -ETIMEDOUT.
 * Units: deadlines are absolute ct_now_ns() times, CT_FOREVER for none.
 *
 * Source: own. One lock for submitters and a ring that is emptied by CAS, as in Go's runq.
 */
#ifndef CT_FLOW_INJECTOR_H
#define CT_FLOW_INJECTOR_H

#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/guard.h"
#include "base/waitlist.h"
#include "flow/pool.h"
#include "sync/mutex_asym.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_injector_cell_ {
        ct_atomic_ptr job, arg;
};

struct ct_injector {
        CT_ALIGN_PAIR struct ct_mutex_asym lock; /* of those that push: `limit`, `closed`, tail */
        uint64_t limit;                          /* tail may go as far as this, as last seen */
        CT_ALIGN_PAIR ct_atomic_u64 tail;        /* jobs ever pushed */
        CT_ALIGN_PAIR ct_atomic_u64 head;        /* jobs ever taken; moved by CAS */
        CT_ALIGN_PAIR struct ct_injector_cell_ *cell; /* constant, as the next two */
        uint64_t mask;                                /* cells - 1 */
        uint64_t capacity;
        ct_atomic_u32 waiting; /* nodes at the door */
        ct_atomic_u32 closed;
        CT_ALIGN_PAIR struct ct_guard guard; /* of the door */
        struct ct_waitlist door;
};

/* capacity >= 1. */
int ct_injector_init(struct ct_injector *i, size_t capacity);
void ct_injector_fini(struct ct_injector *i);

/* Returns how many were pushed, the first so many; fewer than n: it is full, or closed. */
size_t ct_injector_push(struct ct_injector *i, const struct ct_pool_item *items, size_t n,
                        bool *open);

static inline void ct_injector_write_(struct ct_injector *i, uint64_t at,
                                      const struct ct_pool_item *item)
{
        struct ct_injector_cell_ *c = &i->cell[at & i->mask];

        ct_store_ptr_relaxed(&c->job, (void *)(uintptr_t)item->job);
        ct_store_ptr_relaxed(&c->arg, item->arg);
}

void ct_injector_prefetch_(struct ct_injector *i, uint64_t at);

#define CT_INJECTOR_LINE_ (CT_CACHE_LINE / sizeof(struct ct_injector_cell_)) /* cells in one */

/* The usual push, without a call: false where it is not known to fit. */
static inline bool ct_injector_push_one(struct ct_injector *i, const struct ct_pool_item *item)
{
        uint64_t tail;
        bool fits;

        ct_mutex_asym_lock(&i->lock);
        tail = ct_load_u64_relaxed(&i->tail);
        fits = tail != i->limit && !ct_load_u32_relaxed(&i->closed);
        if (__builtin_expect(fits, 1)) {
                if (tail % CT_INJECTOR_LINE_ == 0)
                        ct_injector_prefetch_(i, tail);
                ct_injector_write_(i, tail, item);
                ct_store_u64_release(&i->tail, tail + 1); /* pairs with take */
        }
        ct_mutex_asym_unlock(&i->lock);
        return fits;
}

/* 0: there is room, or was, or the injector is closed; -ETIMEDOUT. `again`: the caller has been
   here for the same push, and lost the room to others. */
int ct_injector_wait(struct ct_injector *i, int64_t deadline, bool again);

/* Takes up to `most` jobs, and no more than the share of one of `sharers`, rounded up. 0: it is
   empty. *seen is the taker's own, 0 at first: how far it knows the injector to be filled. */
size_t ct_injector_take(struct ct_injector *i, struct ct_pool_item *out, size_t most,
                        size_t sharers, uint64_t *seen);

/* Nothing is pushed from here on. */
void ct_injector_close(struct ct_injector *i);

static inline bool ct_injector_is_closed(const struct ct_injector *i)
{
        return ct_load_u32_seq(&i->closed);
}

/* Jobs ever pushed: final after close. */
static inline uint64_t ct_injector_pushed(const struct ct_injector *i)
{
        return ct_load_u64_seq(&i->tail);
}

/* Jobs in it; old when it arrives. */
static inline size_t ct_injector_size(const struct ct_injector *i)
{
        uint64_t head = ct_load_u64_seq(&i->head); /* first: it cannot be the newer one */

        return (size_t)(ct_load_u64_seq(&i->tail) - head);
}

/* Empty, also when every push that has begun has ended: the last question before a sleep. */
static inline bool ct_injector_is_quiet(struct ct_injector *i)
{
        if (ct_injector_size(i))
                return false;
#ifndef CT_PLANT_injector_is_quiet_too_soon
        ct_mutex_asym_lock(&i->lock);
        ct_mutex_asym_unlock(&i->lock);
#endif
        return !ct_injector_size(i);
}

/* Between a spin and a sleep, a thread gives its CPU away so many times: whoever is waited for may
   share it, and then does all that it can before it comes back. On two CPUs that costs some us
   before a sleep of 50. A task's carrier finds that out when the task parks. */
#define CT_INJECTOR_YIELDS_ 16

static inline unsigned ct_injector_yields_(void)
{
        return ct_parker_ops_self() == &ct_parker_thread_ops ? CT_INJECTOR_YIELDS_ : 0;
}

#endif
