/*
 * A bounded queue of jobs: a channel that says "closed" to a sender instead of panicking, that
 * counts what it has accepted, and that takes several values in one turn. Not for users.
 */
#ifndef CT_FLOW_POOL_QUEUE_H
#define CT_FLOW_POOL_QUEUE_H

#include "chan/chan_private.h"
#include "flow/pool.h"

struct ct_pool_queue_ {
        struct ct_chan *chan;   /* of struct ct_pool_item */
        ct_atomic_u64 accepted; /* written under the channel's lock */
};

/* 0, -ENOMEM or -EOVERFLOW. */
int ct_pool_queue_init_(struct ct_pool_queue_ *q, size_t capacity);
void ct_pool_queue_fini_(struct ct_pool_queue_ *q);

/* As the put of struct ct_pool_ops_: OK, TIMED_OUT or SHUTTING_DOWN. */
enum ct_pool_status ct_pool_queue_put_(struct ct_pool_queue_ *q, const struct ct_pool_item *items,
                                       size_t n, int64_t deadline, size_t *accepted);

/* 0: *open says whether *out is a job, or the queue closed and drained; or -ETIMEDOUT. */
int ct_pool_queue_take_(struct ct_pool_queue_ *q, struct ct_pool_item *out, bool *open,
                        int64_t deadline);

/* Nothing is accepted from here on; whoever waits to put answers SHUTTING_DOWN. */
void ct_pool_queue_close_(struct ct_pool_queue_ *q);

static inline uint64_t ct_pool_queue_accepted_(struct ct_pool_queue_ *q)
{
        return ct_load_u64_relaxed(&q->accepted); /* after close: its lock has ordered it */
}

/* Jobs that wait in it now; old when it arrives. */
static inline size_t ct_pool_queue_length_(const struct ct_pool_queue_ *q)
{
        return ct_chan_len(q->chan);
}

#endif
