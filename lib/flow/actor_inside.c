/*
 * The combining actor: going inside, running what is posted, leaving. What it is about is said in
 * actor_combining.c.
 */
#include "flow/actor_combining.h"

#include <stdlib.h>

/* Stores v and lets nothing after it pass: the fast side of the fence. */
static void publish(ct_atomic_u32 *word, uint32_t v)
{
        if (ct_asymmetric_ready()) {
                ct_store_u32_release(word, v);
                ct_asymmetric_light();
        } else {
                (void)ct_exchange_u32_seq(word, v);
        }
}

/* A task that has parked may be on another carrier. */
__attribute__((noinline)) static unsigned slot_now(void)
{
        return ct_slot();
}

static bool is_out(const struct ct_combining_ *a, unsigned slot)
{
        return !ct_load_u32_seq(&a->line[slot + 1].inside); /* acquire: pairs with come_out */
}

static void wake_revoker(struct ct_combining_ *a)
{
        struct ct_waiter *w;

        ct_guard_lock(&a->guard);
        w = a->revoker;
        a->revoker = NULL;
        ct_guard_unlock(&a->guard);
        if (w)
                ct_unpark(w);
}

/* Only by the one that is inside by the slot's lease; release: pairs with is_out and going in. */
static void come_out(struct ct_combining_ *a, unsigned slot)
{
        publish(&a->line[slot + 1].inside, 0);
}

static void sleep_until_out(struct ct_combining_ *a, unsigned slot)
{
        struct ct_waiter w;

        ct_waiter_init(&w);
        ct_guard_lock(&a->guard);
        if (is_out(a, slot)) {
                ct_guard_unlock(&a->guard);
                return;
        }
        a->revoker = &w;
        ct_guard_unlock(&a->guard);
        ct_park(&w);
}

/* The lease was the slot's and is HELD by the caller now: waits for the one inside. */
static void await_out(struct ct_combining_ *a, unsigned slot)
{
#ifndef CT_PLANT_actor_combining_no_heavy_fence
        ct_asymmetric_heavy();
#endif
        while (!is_out(a, slot))
                sleep_until_out(a, slot);
        a->streak = 0;
        a->need = a->need < NEED_MOST ? a->need * 2 : NEED_MOST;
}

/* Goes inside if that is to be had. `revoke`: also where a slot has the lease and is out; NOT_IN
   then means that somebody is inside. */
enum way ct_combining_try_in_(struct ct_combining_ *a, unsigned slot, bool revoke)
{
        uint32_t lease = ct_load_u32_seq(&a->base.face.lease);

        for (;;) {
                if (lease == HELD)
                        return NOT_IN;
                if (lease == FREE) {
                        if (ct_cas_u32_seq(&a->base.face.lease, &lease,
                                           HELD)) /* pairs with leaving */
                                return BY_LOCK;
                        continue;
                }
                if (lease == slot + 1 && ct_actor_go_in_(&a->base.face, &a->line[slot + 1]))
                        return BY_LEASE;
                if (!revoke || !is_out(a, lease - 1))
                        return NOT_IN;
                if (ct_cas_u32_seq(&a->base.face.lease, &lease, HELD)) {
                        await_out(a, lease - 1);
                        return BY_LOCK;
                }
        }
}

/* Something was posted that nobody may have seen. NOT_IN: somebody inside will. */
enum way ct_combining_must_go_in_(struct ct_combining_ *a, unsigned slot)
{
        enum way way = ct_combining_try_in_(a, slot, false);

        if (way != NOT_IN)
                return way;
        ct_asymmetric_heavy();
        return ct_combining_try_in_(a, slot, true);
}

/* ---- inside ---- */

/* How soon the one inside came by. Across CPUs the clock may be some ns off, which is too little to
   matter. */
static void take_pace(struct ct_combining_ *a, const struct ct_actor_request_ *first)
{
        bool brisk = ct_now_ns() - first->posted_at < BRISK_NS;

        if (brisk != ct_load_u32_relaxed(&a->base.face.brisk))
                ct_store_u32_relaxed(&a->base.face.brisk, brisk);
}

void ct_combining_run_own_(struct ct_combining_ *a, struct ct_actor_request_ *r)
{
        if (r->kind == CT_ACTOR_CLOSE_) {
                (void)ct_actor_close_(&a->base.face.posted);
                a->closed = true;
        } else {
                ct_actor_handle_(&a->base, r->message);
        }
}

/* False: it has been completed, too. */
static bool run_one(struct ct_combining_ *a, struct ct_actor_request_ *r)
{
        if (r->kind != CT_ACTOR_TIMED_) {
                ct_combining_run_own_(a, r);
                return true;
        }
        ct_actor_serve_timed_(&a->base, r);
        return false;
}

/* Without the asymmetric fence a lease would cost as much as the lock. */
static bool may_lease(unsigned slot)
{
        return slot < SLOTS && ct_asymmetric_ready();
}

/* Runs the list. Of those that are awake to go on, the first is to get the lease if turns are
   short: it is run, but not told so yet. */
static struct ct_actor_request_ *run_all(struct ct_combining_ *a, struct ct_actor_request_ *r)
{
        struct ct_actor_request_ *heir = NULL, *next;

        for (; r; r = next) {
                next = r->next;
#ifdef CT_PLANT_actor_combining_skips_one
                if (next && !next->next)
                        next = NULL;
#endif
                if (!run_one(a, r))
                        continue;
#ifdef CT_PLANT_actor_combining_runs_twice
                if (next)
                        run_one(a, r);
#endif
                if (!heir && may_lease(r->slot) && ct_load_u32_relaxed(&r->eager))
                        heir = r;
                else
                        ct_unpark(&r->waiter); /* r may be gone from here on */
        }
        return heir;
}

/* What the lease becomes when the lock is let go of. */
static uint32_t next_lease(struct ct_combining_ *a, unsigned slot)
{
        if (slot != a->last_slot) {
                a->last_slot = slot;
                a->streak = 0;
        }
        return ++a->streak >= a->need && may_lease(slot) ? slot + 1 : FREE;
}

static void leave(struct ct_combining_ *a, enum way way, unsigned slot, unsigned heir)
{
        uint32_t mine = slot + 1, next = mine;

        if (a->closed)
                next = HELD;
        else if (heir != CT_SLOT_NONE)
                next = heir + 1;
        else if (way == BY_LOCK)
                next = next_lease(a, slot);
        else if (!ct_load_u32_relaxed(&a->base.face.brisk))
                next = FREE;
        if (heir != CT_SLOT_NONE)
                a->need = NEED_LEAST;
        if (way == BY_LOCK) {
                publish(&a->base.face.lease, next); /* release: pairs with try_in and go_in */
                return;
        }
        /* A revoker may have been faster: then it is its turn. */
        if (next != mine)
                (void)ct_cas_u32_seq(&a->base.face.lease, &mine, next);
        come_out(a, slot);
        if (ct_load_u32_seq(&a->base.face.lease) == HELD)
                wake_revoker(a);
}

/* Has run enough for others: makes the first one that still waits the combiner, which is inside by
   the lock then. False: nobody waits, and the caller is inside by the lock. */
static bool pass_on(struct ct_combining_ *a, enum way way, unsigned slot)
{
        struct ct_actor_request_ *r, *next;
        uint32_t mine = slot + 1, pending;

        if (way == BY_LEASE) {
                bool revoked = !ct_cas_u32_seq(&a->base.face.lease, &mine, HELD);

                come_out(a, slot);
                if (revoked) {
                        wake_revoker(a); /* it is inside next, and will look */
                        return true;
                }
        }
        for (r = ct_actor_take_(&a->base.face.posted); r; r = next) {
                next = r->next;
                pending = CT_ACTOR_PENDING_;
                /* release: with the unpark the asker gets what is inside */
                if (r->kind != CT_ACTOR_TIMED_ ||
                    ct_cas_u32_acq_rel(&r->state, &pending, CT_ACTOR_DONE_)) {
                        r->combiner = true;
                        ct_unpark(&r->waiter);
                        return true;
                }
                free(r);
        }
        return false;
}

/* Inside: runs the list, and where the actor has been closed, the rest; nothing can come after
   that. Whoever is to get the lease is run, but not told so yet. */
static struct ct_actor_request_ *run_lists(struct ct_combining_ *a, struct ct_actor_request_ *list)
{
        struct ct_actor_request_ *heir;

        if (list)
                take_pace(a, list);
        heir = run_all(a, list);
        while (a->closed && (list = ct_actor_take_(&a->base.face.posted))) {
                if (heir)
                        ct_unpark(&heir->waiter);
                heir = run_all(a, list);
        }
        if (heir && (a->closed || !ct_load_u32_relaxed(&a->base.face.brisk) ||
                     ct_actor_posted_(ct_load_ptr_relaxed(&a->base.face.posted)))) {
                ct_unpark(&heir->waiter);
                heir = NULL;
        }
        return heir;
}

void ct_combining_run_(struct ct_combining_ *a, enum way way, unsigned slot,
                       struct ct_actor_request_ *list)
{
        for (unsigned passes = 1;; passes++) {
                struct ct_actor_request_ *heir = run_lists(a, list);
                uint32_t heir_slot = heir ? heir->slot : CT_SLOT_NONE;

                leave(a, way, slot, heir_slot);
                if (heir)
                        ct_unpark(&heir->waiter);
#ifdef CT_PLANT_actor_combining_leaves_posted
                return;
#endif
                if (!ct_actor_posted_(ct_load_ptr_seq(&a->base.face.posted)))
                        return;
                slot = slot_now();
                way = ct_combining_must_go_in_(a, slot);
                if (way == NOT_IN)
                        return;
                if (passes >= PASSES) {
                        if (pass_on(a, way, slot))
                                return;
                        way = BY_LOCK;
                }
                list = ct_actor_take_(&a->base.face.posted);
        }
}

/* Out, by the lease, but somebody wants something. */
void ct_actor_called_back_(struct ct_actor *actor)
{
        struct ct_combining_ *a = (struct ct_combining_ *)actor;
        unsigned slot = slot_now();
        enum way way;

        ct_actor_backed_out_(actor);
#ifdef CT_PLANT_actor_combining_leaves_posted
        return;
#endif
        if (!ct_actor_posted_(ct_load_ptr_seq(&a->base.face.posted)))
                return;
        way = ct_combining_must_go_in_(a, slot);
        if (way != NOT_IN)
                ct_combining_run_(a, way, slot, ct_actor_take_(&a->base.face.posted));
}

/* Out, by the lease, which somebody may have revoked. */
void ct_actor_backed_out_(struct ct_actor *actor)
{
        struct ct_combining_ *a = (struct ct_combining_ *)actor;

        if (ct_load_u32_seq(&a->base.face.lease) == HELD)
                wake_revoker(a);
}
