/* What the channel and its select share. Not for users of the library. */
#ifndef CT_CHAN_CHAN_GUIDE_PRIVATE_H
#define CT_CHAN_CHAN_GUIDE_PRIVATE_H

#include <pthread.h>

#include "chan/chan_guide.h"

/* Cases that wait on a channel, first come first. */
struct waiters {
        struct ct_chan_guide_case *head, *tail;
};

struct ct_chan_guide {
        pthread_mutex_t lock; /* protects everything below it */
        pthread_cond_t not_full, not_empty;
        size_t element_size, capacity; /* never change */
        unsigned char *ring;
        size_t first, count;
        size_t sending, receiving; /* threads on the two conditions */
        bool closed;
        struct waiters senders, receivers;
};

/* A thread that waits in a select, or alone on a rendezvous. Lock order: channels by address, then
   one party. */
struct ct_chan_guide_party_ {
        pthread_mutex_t lock;
        pthread_cond_t wake;
        struct ct_chan_guide_case *fired; /* set once, by whoever did one of its cases */
        bool poked;                       /* something changed: it should look again */
};

/* The operation itself, with the channel locked: true if it could be done at once. take: also when
   the channel is closed and drained (*open false). put: panics on a closed channel, unlocked. */
bool ct_chan_guide_put_(struct ct_chan_guide *c, const void *value);
bool ct_chan_guide_take_(struct ct_chan_guide *c, void *out, bool *open);

/* Claims the first case in the queue whose party nobody has claimed yet and does it: its value goes
   to `out`, or `value` goes to it. False: none. */
bool ct_chan_guide_meet_(struct ct_chan_guide *c, struct waiters *q, const void *value, void *out);

/* Tells every party in the queue to look again. */
void ct_chan_guide_poke_(struct waiters *q);

void ct_chan_guide_cond_init_(pthread_cond_t *cond); /* on the monotonic clock */

/* False at the deadline. Like any condition, it may also return true for no reason. */
bool ct_chan_guide_cond_wait_(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t deadline_ns);

#endif
