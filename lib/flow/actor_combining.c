/*
 * The combining actor: no owner. Whoever is inside handles its own message and all that was posted.
 *
 * Source: flat combining (Hendler, Incze, Shavit, Tzafrir, SPAA 2010) and delegation (RCL, ffwd);
 * the lease is biased locking by an asymmetric fence (liburcu, folly). Own combination of them.
 *
 * A client's request line is its own request, mostly on its stack: so there is no limit to how many
 * there may be, and a task may change its carrier between posting and waiting.
 *
 * `lease` says who may go inside:
 *      FREE      whoever turns it to HELD
 *      HELD      nobody else: one context is inside, or has revoked a lease and waits for the last
 *                one to come out. Once the actor is closed it stays HELD for ever.
 *      slot + 1  contexts on that slot, without any read-modify-write: they say `inside` in the
 *                slot's line and look at the lease again (actor.h). Others must revoke it: turn it
 *                to HELD, issue the heavy fence, and wait until the line says that nobody is. One
 *                of the two sees the other (asymmetric.h).
 *
 * Who looks after what is posted: whoever leaves looks at `posted` after it has said that it is out
 * or let go of HELD, and goes in again if there is something. A context that posts and would sleep
 * issues the heavy fence first, and then must see somebody inside; else it goes in itself. Only the
 * one whose request met an empty list needs to: the others rely on it. Hence the bound: a request
 * waits for those posted before it, PATIENCE_NS for a lease whose holder stays away, and what the
 * scheduler adds. Nobody serves others for more than PASSES lists beside its own message: then the
 * first of the next list is made the combiner.
 *
 * Pace. A turn inside takes some ns, a look by another core at what the one inside writes 40 to
 * 200. So while the one inside comes by at once (brisk), a context that comes second leaves it
 * alone for PACE_NS, then posts, and is given the lease with its reply. While it does not, requests
 * are posted at once, and a lease does not outlast a meeting. A slot is given the lease when it has
 * been inside `need` times in a row; a revocation doubles `need`, an heir resets it.
 *
 * Measured: an increment that is asked for takes 3.1 ns alone and 3.7 by two pinned threads on two
 * Zen 4 cores (mutex_asym 2.2 and 3.0, Go's mutex 4.9 and 9.6, pthread_mutex 5.8 and 19.9). With a
 * count of turns in the slot's line, read back by the next turn, it was 4.2 alone.
 *
 * Two tempting wrong versions. First, one word for all to say `inside`: a context that backs out of
 * a revoked lease writes over that of its successor. Second, to stop looking at `posted` once the
 * lease has been passed on: a context that saw us inside may have gone to sleep over it.
 */
#include "flow/actor_combining.h"

#include <stdlib.h>
#include <string.h>

#define COPY_MAX 128 /* bytes of a tell that are copied to the stack */

static struct ct_combining_ *combining_of(struct ct_actor *a)
{
        return (struct ct_combining_ *)a;
}

/* ---- waiting ---- */

/* The waiter's permit, without waiting for it. */
static bool is_done(struct ct_actor_request_ *r)
{
        return ct_park_until(&r->waiter, 0, CT_PARK_SLEEP) == 0;
}

static struct ct_spin spin_for(int64_t ns)
{
        struct ct_spin spin = {0};

#ifdef CT_SIM
        (void)ns;
        ct_spin_start(&spin, CT_SPIN_FOR_OWNER, CT_FOREVER, 0);
#else
        if (ct_parker_cpus() > 1) {
                spin.left = (uint32_t)((double)ns / ct_parker_calibration().pause_ns);
                spin.step = spin.max_step = spin.left / LOOKS + 1;
        }
#endif
        return spin;
}

/* Leaves a brisk holder alone for a while, unless it goes. */
static enum way await_turn(struct ct_combining_ *a, unsigned slot)
{
        struct ct_spin spin = spin_for(PACE_NS);
        enum way way = ct_combining_try_in_(a, slot, false);

        while (way == NOT_IN && ct_load_u32_relaxed(&a->base.face.brisk) && ct_spin_wait(&spin))
                way = ct_combining_try_in_(a, slot, false);
        return way;
}

/* After a post. True: done. False: done soon, or somebody is inside who will see to it. */
static bool await_holder(struct ct_combining_ *a, struct ct_actor_request_ *r, bool first)
{
        struct ct_spin spin = {0};
        enum way way = NOT_IN;

        if (ct_parker_ops_self()->may_spin(CT_SPIN_FOR_OWNER))
                spin = spin_for(PATIENCE_NS);
        while (way == NOT_IN && ct_spin_wait(&spin)) {
                if (is_done(r))
                        return true;
                way = ct_combining_try_in_(a, r->slot, false);
        }
        ct_store_u32_relaxed(&r->eager, 0); /* it may sleep from here on */
        if (way == NOT_IN && first)
                way = ct_combining_must_go_in_(a, r->slot);
        if (way != NOT_IN)
                ct_combining_run_(a, way, r->slot, ct_actor_take_(&a->base.face.posted));
        return false;
}

/* Woken. Either the request was handled, or it begins a list that is the asker's to handle. */
static void combine_if_asked(struct ct_combining_ *a, struct ct_actor_request_ *r)
{
        if (!r->combiner)
                return;
        ct_combining_run_own_(a, r);
        ct_combining_run_(a, BY_LOCK, ct_slot(), r->next);
}

/* ---- asking ---- */

static int post(struct ct_combining_ *a, struct ct_actor_request_ *r, bool *first)
{
        void *before;

        ct_waiter_init(&r->waiter);
        r->posted_at = ct_now_ns();
        if (!ct_actor_post_(&a->base.face.posted, r, &before))
                return -ESHUTDOWN;
        *first = !ct_actor_posted_(before);
        return 0;
}

static int ask_by_post(struct ct_combining_ *a, void *message, unsigned slot,
                       enum ct_actor_request_kind_ kind)
{
        struct ct_actor_request_ r = {
                .message = message, .kind = (uint8_t)kind, .slot = slot, .eager = 1};
        bool first;
        int rc = post(a, &r, &first);

        if (rc)
                return rc;
        if (!await_holder(a, &r, first))
                ct_park(&r.waiter);
        combine_if_asked(a, &r);
        return 0;
}

static int ask_timed_by_post(struct ct_combining_ *a, void *message, unsigned slot,
                             int64_t deadline)
{
        struct ct_actor_request_ *r = ct_actor_request_new_(&a->base, message, CT_ACTOR_TIMED_);
        bool first;
        int rc;

        if (!r)
                return -ENOMEM;
        r->slot = slot;
        rc = post(a, r, &first);
        if (rc) {
                free(r);
                return rc;
        }
        if (!await_holder(a, r, first) && ct_park_until(&r->waiter, deadline, CT_PARK_SPIN)) {
                if (ct_actor_give_up_(r, &rc))
                        return rc;
                ct_park(&r->waiter);
        }
        combine_if_asked(a, r);
        if (a->base.config.message_size)
                memcpy(message, r->message, a->base.config.message_size);
        free(r);
        return 0;
}

/* Inside: the own message first. */
static void handle_inside(struct ct_combining_ *a, enum way way, unsigned slot, void *message)
{
        ct_actor_handle_(&a->base, message);
        ct_combining_run_(a, way, slot, ct_actor_take_(&a->base.face.posted));
}

static int ask_slowly(struct ct_combining_ *a, void *message, unsigned slot, int64_t deadline)
{
        enum way way;

        ct_actor_check_caller_(&a->base, "ask or tell");
        way = await_turn(a, slot);

        if (way != NOT_IN) {
                handle_inside(a, way, slot, message);
                return 0;
        }
        return deadline == CT_FOREVER ? ask_by_post(a, message, slot, CT_ACTOR_ASK_)
                                      : ask_timed_by_post(a, message, slot, deadline);
}

static int ask(struct ct_actor *actor, void *message)
{
        return ask_slowly(combining_of(actor), message, ct_slot(), CT_FOREVER);
}

static int ask_until(struct ct_actor *actor, void *message, int64_t deadline)
{
        return ask_slowly(combining_of(actor), message, ct_slot(), deadline);
}

/* The handler may write to its message: it gets a copy. */
static int tell(struct ct_actor *actor, const void *message)
{
        size_t size = combining_of(actor)->base.config.message_size;
        _Alignas(max_align_t) unsigned char small[COPY_MAX];
        void *copy = size <= sizeof small ? small : malloc(size);
        int rc;

        if (!copy)
                return -ENOMEM;
        if (size)
                memcpy(copy, message, size);
        rc = ct_actor_ask(actor, copy);
        if (copy != small)
                free(copy);
        return rc;
}

/* ---- the end ---- */

/* A request like any other: so it is run inside, after what was posted before it. */
static void close_posted(struct ct_actor *actor)
{
        (void)ask_by_post(combining_of(actor), NULL, ct_slot(), CT_ACTOR_CLOSE_);
}

static void free_actor(struct ct_actor *actor)
{
        free(actor);
}

static const struct ct_actor_ops_ ops = {.tell = tell,
                                         .ask = ask,
                                         .ask_until = ask_until,
                                         .close = close_posted,
                                         .free = free_actor};

int ct_actor_combining_new_(struct ct_actor_base_ **out, const struct ct_actor_config *config)
{
        struct ct_combining_ *a = aligned_alloc(_Alignof(struct ct_combining_), sizeof *a);

        if (!a)
                return -ENOMEM;
        memset(a, 0, sizeof *a);
        ct_actor_base_init_(&a->base, &ops, config);
        a->base.face.line = a->line;
        for (uint32_t lease = 1; lease <= SLOTS; lease++)
                a->line[lease].lease = lease;
        a->need = NEED_LEAST;
        ct_store_u32_relaxed(&a->base.face.brisk, 1);
        ct_store_u32_relaxed(&a->base.face.lease, FREE); /* published by who starts it */
        *out = &a->base;
        return 0;
}
