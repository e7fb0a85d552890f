/*
 * The combining actor's inside, for the two files that make it up; what it is about is said in
 * actor_combining.c.
 */
#ifndef CT_FLOW_ACTOR_COMBINING_H
#define CT_FLOW_ACTOR_COMBINING_H

#include "base/asymmetric.h"
#include "base/cacheline.h"
#include "base/guard.h"
#include "base/slot.h"
#include "flow/actor_private.h"

#define FREE CT_ACTOR_FREE_
#define HELD CT_ACTOR_HELD_

#define PACE_NS 4000
#define PATIENCE_NS 4000 /* about what a revocation costs */
#define BRISK_NS 600     /* from a post to its handling: some looks of another core */
#define LOOKS 32u        /* in one PATIENCE_NS */
#define PASSES 4
#ifdef CT_SIM /* small, so that short programs reach a lease */
#define NEED_LEAST 1
#define SLOTS 6u
#else
#define NEED_LEAST 64
#define SLOTS CT_SLOTS
#endif
#define NEED_MOST (NEED_LEAST * 64)

/* By what right a context is inside. */
enum way { NOT_IN, BY_LOCK, BY_LEASE };

struct ct_combining_ {
        struct ct_actor_base_ base; /* first */
        /* Of whoever is inside. */
        CT_ALIGN_PAIR unsigned last_slot;
        uint32_t streak, need;
        bool closed;
        struct ct_guard guard;
        struct ct_waiter *revoker; /* under the guard: sleeps until a revoked slot is out */
        struct ct_actor_line_ line[SLOTS + 1]; /* by lease, so from 1 */
};

/* actor_inside.c */
/* Goes inside if that is to be had. `revoke`: also where a slot has the lease and is out; NOT_IN
   then means that somebody is inside. */
enum way ct_combining_try_in_(struct ct_combining_ *a, unsigned slot, bool revoke);
/* Something was posted that nobody may have seen. NOT_IN: somebody inside will. */
enum way ct_combining_must_go_in_(struct ct_combining_ *a, unsigned slot);
/* Inside, the own message handled: runs the list and what is posted meanwhile, and leaves. */
void ct_combining_run_(struct ct_combining_ *a, enum way way, unsigned slot,
                       struct ct_actor_request_ *list);
/* Inside: the caller's own request, which is not completed. */
void ct_combining_run_own_(struct ct_combining_ *a, struct ct_actor_request_ *r);

#endif
