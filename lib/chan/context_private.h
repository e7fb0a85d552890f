/* What a context is made of. Not for users; context.c says how it works. */
#ifndef CT_CHAN_CONTEXT_PRIVATE_H
#define CT_CHAN_CONTEXT_PRIVATE_H

#include "base/guard.h"
#include "base/waitlist.h"
#include "chan/context.h"

enum ct_context_state_ {
        CT_CONTEXT_LIVE_,
        CT_CONTEXT_CANCELLED_,
        CT_CONTEXT_CLOSED_,
        CT_CONTEXT_OVER_
};

struct ct_context {
        ct_atomic_u64 references;
        struct ct_context *parent; /* NULL: the background */
        struct ct_context *node;   /* the nearest that can be cancelled, from here up; or NULL */
        int64_t deadline;          /* the nearest; CT_FOREVER */
        struct ct_timers *service; /* of the deadline */
        const void *key;           /* of a value; no node */
        void *value;
        /* a node's */
        struct ct_context *above; /* the node whose child this is; constant */
        ct_atomic_u32 state;
        int err, cause; /* published by state */
        struct ct_chan *done;
        struct ct_timer *timer;
        struct ct_guard guard;    /* protects state's change, waiters and what links the children */
        struct ct_context *first; /* child */
        struct ct_waitlist waiters;
        /* under the guard of the node above */
        struct ct_context *next, **link; /* link: what points here; NULL: not linked */
};

static inline enum ct_context_state_ ct_context_state_(const struct ct_context *node)
{
        return ct_load_u32_acquire(&node->state); /* pairs with the releases in context.c */
}

/* Cancels the node and all below; the caller has a reference. */
void ct_context_cancel_node_(struct ct_context *node, int err, int cause);

/* Makes a new node known to the node above it, or cancels it if that is cancelled. */
void ct_context_join_(struct ct_context *node);

/* A node's timer function. */
void ct_context_expired_(void *node);

#endif
