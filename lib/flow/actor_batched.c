/*
 * The batched actor: a list that many post to and one takes whole.
 *
 * Source: the multi-producer mailbox of actor systems (Vyukov's intrusive MPSC queue, liburcu's
 * wfcqueue); as a list whose head is compared and swapped. An exchange would post without a loop,
 * but then nothing could be refused: stop could not close the mailbox in the same step in which the
 * last message is accepted.
 *
 * The head: the request posted last, or NULL; with ASLEEP alone, the owner sleeps or is about to;
 * with CLOSED, nothing is accepted any more and what hangs there is the rest.
 *
 * Invariants: only the owner sets ASLEEP, with nothing posted, in one step; whoever replaces it
 * owes the owner an unpark, and nobody else does. So the owner is unparked once for each time it
 * sleeps, and a post to an owner that is awake touches nothing but the head.
 * The tempting wrong version looks at the head, finds it empty, and then says that it sleeps: a
 * post in between wakes nobody.
 */
#include "flow/actor_private.h"

#include "base/cacheline.h"

#include <stdlib.h>
#include <string.h>

struct batched_actor {
        struct ct_actor_base_ base; /* first */
        CT_ALIGN_PAIR ct_atomic_ptr head;
        ct_atomic_u64 tells; /* that have been let in and not been handled */
        struct ct_waiter owner;
};

static struct batched_actor *batched_actor_of(struct ct_actor *a)
{
        return (struct batched_actor *)a;
}

/* ---- the owner ---- */

/* How many tells were among them. */
static uint64_t serve_all(struct batched_actor *a, struct ct_actor_request_ *r)
{
        uint64_t tells = 0;

        while (r) {
                struct ct_actor_request_ *next = r->next;

                if (r->kind == CT_ACTOR_TIMED_) {
                        ct_actor_serve_timed_(&a->base, r);
                } else {
                        ct_actor_handle_(&a->base, r->message);
                        if (r->kind == CT_ACTOR_TELL_) {
                                tells++;
                                free(r);
                        } else {
                                ct_unpark(&r->waiter); /* r may be gone from here on */
                        }
                }
                r = next;
        }
        return tells;
}

/* Nothing is posted. False: nothing will be. */
static bool sleep_until_posted(struct batched_actor *a)
{
        void *head = NULL;

        /* release: whoever replaces it unparks the waiter, which init has written */
#ifdef CT_PLANT_actor_batched_sleeps_blindly
        (void)head, (void)ct_exchange_ptr_acq_rel(&a->head, (void *)CT_ACTOR_ASLEEP_);
#else
        if (!ct_cas_ptr_acq_rel(&a->head, &head, (void *)CT_ACTOR_ASLEEP_))
                return head != (void *)CT_ACTOR_CLOSED_;
#endif
        ct_park(&a->owner);
        return true;
}

static void run(struct ct_actor *actor)
{
        struct batched_actor *a = batched_actor_of(actor);

        ct_waiter_init(&a->owner);
        for (;;) {
                struct ct_actor_request_ *r = ct_actor_take_(&a->head);
                uint64_t tells;

                if (!r) {
                        if (!sleep_until_posted(a))
                                return;
                        continue;
                }
                tells = serve_all(a, r);
                if (tells)
                        ct_sub_u64_relaxed(&a->tells, tells);
        }
}

/* ---- senders ---- */

static int post(struct batched_actor *a, struct ct_actor_request_ *r)
{
        void *before;

        if (!ct_actor_post_(&a->head, r, &before))
                return -ESHUTDOWN;
#ifndef CT_PLANT_actor_batched_lost_wake
        if (before == (void *)CT_ACTOR_ASLEEP_)
                ct_unpark(&a->owner);
#endif
        return 0;
}

static int tell(struct ct_actor *actor, const void *message)
{
        struct batched_actor *a = batched_actor_of(actor);
        struct ct_actor_request_ *r;
        bool full;
        int rc;

        ct_actor_check_caller_(&a->base, "tell");
        r = ct_actor_request_new_(&a->base, message, CT_ACTOR_TELL_);
        if (!r)
                return -ENOMEM;
        full = ct_add_u64_relaxed(&a->tells, 1) >= a->base.config.capacity;
        if (full) {
                r->kind = CT_ACTOR_ASK_;
                ct_waiter_init(&r->waiter);
        }
        rc = post(a, r);
        if (rc || full)
                ct_sub_u64_relaxed(&a->tells, 1);
        if (full && !rc)
                ct_park(&r->waiter);
        if (rc || full)
                free(r);
        return rc;
}

static int ask(struct ct_actor *actor, void *message)
{
        struct batched_actor *a = batched_actor_of(actor);
        struct ct_actor_request_ r;
        int rc;

        ct_actor_check_caller_(&a->base, "ask");
        r.message = message;
        r.kind = CT_ACTOR_ASK_;
        ct_waiter_init(&r.waiter);
        rc = post(a, &r);
        if (!rc)
                ct_park(&r.waiter);
        return rc;
}

static int ask_until(struct ct_actor *actor, void *message, int64_t deadline)
{
        struct batched_actor *a = batched_actor_of(actor);
        struct ct_actor_request_ *r;
        int rc;

        ct_actor_check_caller_(&a->base, "ask");
        r = ct_actor_request_new_(&a->base, message, CT_ACTOR_TIMED_);
        if (!r)
                return -ENOMEM;
        ct_waiter_init(&r->waiter);
        rc = post(a, r);
        if (!rc)
                return ct_actor_await_(&a->base, r, message, deadline);
        free(r);
        return rc;
}

/* ---- the end ---- */

static void close_mailbox(struct ct_actor *actor)
{
        struct batched_actor *a = batched_actor_of(actor);

#ifdef CT_PLANT_actor_stop_drops_the_rest
        (void)ct_actor_take_(&a->head);
#endif
        if (ct_actor_close_(&a->head) == (void *)CT_ACTOR_ASLEEP_)
                ct_unpark(&a->owner);
}

static void free_actor(struct ct_actor *actor)
{
        free(actor);
}

static const struct ct_actor_ops_ ops = {.tell = tell,
                                         .ask = ask,
                                         .ask_until = ask_until,
                                         .run = run,
                                         .close = close_mailbox,
                                         .free = free_actor};

int ct_actor_batched_new_(struct ct_actor_base_ **out, const struct ct_actor_config *config)
{
        struct batched_actor *a = aligned_alloc(_Alignof(struct batched_actor), sizeof *a);

        if (!a)
                return -ENOMEM;
        memset(a, 0, sizeof *a);
        ct_actor_base_init_(&a->base, &ops, config);
        *out = &a->base;
        return 0;
}
