/*
 * ct_actor: a stateful goroutine. One owner has the state; everybody else sends it messages, so the
 * state needs no lock.
 *
 *      struct ct_actor_config c = {.kind = CT_ACTOR_BATCHED, .owner = CT_ACTOR_TASK,
 *                                  .handle = deposit, .state = &account,
 *                                  .message_size = sizeof(struct deposit)};
 *      struct ct_actor *a;
 *      int r = ct_actor_start(&a, &c);
 *      ct_actor_tell(a, &d);           // an update: nobody waits for it
 *      ct_actor_ask(a, &d);            // a request: the handler has put its reply into d
 *      ct_actor_stop(a);               // what was accepted has been handled
 *      ct_actor_free(a);
 *
 * Kinds, one contract:
 *      unbuffered  a channel without room: a tell returns when the owner has the message
 *      buffered    a channel with room for `capacity` messages
 *      batched     a list that takes one compare-and-swap to post to; the owner takes all of it at
 *                  once and is woken only where it sleeps. At most `capacity` tells wait in it; a
 *                  tell beyond returns when it has been handled.
 *      combining   no owner: whoever finds nobody inside handles what it came with and what
 *                  others have posted meanwhile (actor_combining.c). A tell is handled before it
 *                  returns, mostly by its own sender.
 *
 * Blocks on: the parker. tell as said above; ask until its message has been handled.
 * Wakes: tell and ask the owner where it sleeps, the owner each asker.
 * Order: what one context sends is handled in that order, tells and asks alike; an ask sees every
 *      tell before it.
 * Memory: what was done before a tell or ask, the handler sees; what handlers did before, it sees
 *      too, and the asker sees after its ask what its handler did.
 * Handlers may park (everybody's messages wait then), but must not use their own actor: it would
 *      wait for itself. With CT_CHECKED=1 that panics. They must return.
 * Who may call: any thread or task. Not from signal handlers.
 * Ownership: messages are message_size bytes, aligned as malloc's; a tell's is copied, an ask's is
 *      the asker's own, where the reply is found too. The state is the actor's until stop has
 *      returned.
 * Failure: -ESHUTDOWN once stop has begun: the message is not handled. -ENOMEM: likewise.
 *      Time-outs: see ct_actor_ask_until. Misuse panics with the actor's address.
 * Units: deadlines are absolute ct_now_ns() times, CT_FOREVER for none.
 *
 * Source: "Stateful Goroutines" in "The Complete Guide to Go Concurrency Patterns and
 * Synchronization"; the resource keeper with its reply time-out in "Go Concurrency Patterns: A
 * Practical Walkthrough"; and what each implementation names.
 */
#ifndef CT_FLOW_ACTOR_H
#define CT_FLOW_ACTOR_H

#include "base/asymmetric.h"
#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/clock.h"
#include "base/slot.h"

#include <stddef.h>
#include <stdint.h>

enum ct_actor_kind { CT_ACTOR_UNBUFFERED, CT_ACTOR_BUFFERED, CT_ACTOR_BATCHED, CT_ACTOR_COMBINING };

/* Which context owns the state; a combining actor has none and ignores it. */
enum ct_actor_owner {
        CT_ACTOR_THREAD, /* a thread of its own, on any CPU that the process may use */
        CT_ACTOR_TASK,   /* a task of the running runtime */
        CT_ACTOR_CALLER  /* whoever calls ct_actor_run() */
};

struct ct_actor_config {
        enum ct_actor_kind kind;
        enum ct_actor_owner owner;
        /* Handles one message; an asker's reply goes into it, over whatever the asker sent. */
        void (*handle)(void *state, void *message);
        /* Takes the reply to an ask that was given up while it was being handled: it has had its
           effect, and nobody knows. On the owner, right after handle. NULL: it is only counted. */
        void (*late)(void *state, void *message);
        void *state;
        size_t message_size;
        size_t capacity; /* buffered: at least 1; batched: tells that may wait */
};

struct ct_actor;

/* 0; -EINVAL (no handler, an unknown kind or owner, a buffered one without capacity), -ENOMEM,
   -EOVERFLOW, or why no thread could be started. On failure *out is NULL. */
int ct_actor_start(struct ct_actor **out, const struct ct_actor_config *config);

/* The calling context is the owner until the actor has been stopped. Exactly once, of an actor
   started with CT_ACTOR_CALLER. */
void ct_actor_run(struct ct_actor *a);

/* Lets everything that was accepted be handled, and refuses the rest; returns when the owner has
   ended. From any context but the owner, any number of times. */
void ct_actor_stop(struct ct_actor *a);

/* After stop has returned, with nobody in any call. NULL is fine. */
void ct_actor_free(struct ct_actor *a);

/* How many replies came too late so far. */
uint64_t ct_actor_late(const struct ct_actor *a);

/* Not for users: what each kind does. */
struct ct_actor_ops_ {
        int (*tell)(struct ct_actor *a, const void *message);
        int (*ask)(struct ct_actor *a, void *message);
        int (*ask_until)(struct ct_actor *a, void *message, int64_t deadline);
        void (*run)(struct ct_actor *a); /* NULL: has no owner */
        void (*close)(struct ct_actor *a);
        void (*free)(struct ct_actor *a);
};

/* Not for users: a slot's way into a combining actor (actor_combining.c). */
struct ct_actor_line_ {
        CT_ALIGN_LINE ct_atomic_u32 inside; /* 1: somebody is, by this slot's lease */
        uint32_t lease;                     /* the slot's */
};

/* A lease is a slot's number + 1, or one of these. Other kinds' are always HELD. */
#define CT_ACTOR_FREE_ UINT32_C(0xfffffffe)
#define CT_ACTOR_HELD_ UINT32_C(0xffffffff)

struct ct_actor {
        const struct ct_actor_ops_ *ops; /* private, all of it */
        void (*handle)(void *state, void *message);
        void *state;
        struct ct_actor_line_ *line; /* one for each slot, where the kind has leases */
        /* What follows is read by whoever is inside and written when others come. */
        CT_ALIGN_PAIR ct_atomic_u32 lease; /* a slot's, or FREE or HELD */
        ct_atomic_u32 brisk;
        ct_atomic_ptr posted;
};

void ct_actor_backed_out_(struct ct_actor *a);
void ct_actor_called_back_(struct ct_actor *a);

/* The slot's lease was seen. True: inside. */
static inline bool ct_actor_go_in_(struct ct_actor *a, struct ct_actor_line_ *line)
{
        if (__builtin_expect(ct_load_u32_acquire(&line->inside), 0)) /* pairs with coming out */
                return false; /* another task of this carrier has parked in there */
        ct_store_u32_relaxed(&line->inside, 1);
        ct_asymmetric_light();
#ifdef CT_PLANT_actor_combining_no_second_look
        return true;
#endif
        /* acquire: pairs with whoever gave the slot the lease */
        if (__builtin_expect(ct_load_u32_seq(&a->lease) == line->lease, 1))
                return true;
        ct_store_u32_release(&line->inside, 0);
        ct_actor_backed_out_(a);
        return false;
}

static inline void ct_actor_come_out_(struct ct_actor *a, struct ct_actor_line_ *line)
{
        /* release: pairs with whoever revokes, and with going in */
        ct_store_u32_release(&line->inside, 0);
        ct_asymmetric_light();
        /* seq: pairs with the heavy fences of those who post and revoke */
        if (__builtin_expect(
                    ct_load_u32_seq(&a->lease) != line->lease || ct_load_ptr_seq(&a->posted), 0))
                ct_actor_called_back_(a);
}

/* 0 where the caller has never asked for its slot, which no lease is given to. */
static inline uint32_t ct_actor_slot_(void)
{
#ifdef CT_SIM
        return ct_slot() + 1;
#else
        return ct_slot_plus_1_;
#endif
}

/* Handles the message if the actor is combining and the caller's slot has the lease. */
static inline bool ct_actor_handle_by_lease_(struct ct_actor *a, void *message)
{
#ifdef CT_CHECKED
        (void)a, (void)message;
        return false; /* what is checked is so out of line */
#else
        uint32_t lease = ct_actor_slot_();
        struct ct_actor_line_ *line;

        if (ct_load_u32_relaxed(&a->lease) != lease)
                return false;
        line = &a->line[lease];
        if (!ct_actor_go_in_(a, line))
                return false;
        a->handle(a->state, message);
        ct_actor_come_out_(a, line);
        return true;
#endif
}

/* 0, -ESHUTDOWN or -ENOMEM. The sender's copy may be reused at once. */
static inline int ct_actor_tell(struct ct_actor *a, const void *message)
{
        return a->ops->tell(a, message);
}

/* 0 with the reply in *message, or -ESHUTDOWN. */
static inline int ct_actor_ask(struct ct_actor *a, void *message)
{
        return ct_actor_handle_by_lease_(a, message) ? 0 : a->ops->ask(a, message);
}

/*
 * Also gives up at the deadline; *message is then as it was:
 *      -ETIMEDOUT      the message was not handled and never will be
 *      -EINPROGRESS    it is being handled; the reply will go to `late`, and be counted
 * or -ENOMEM: the request outlives the call, so it is not on the stack. A deadline that has passed
 * tries once.
 */
static inline int ct_actor_ask_until(struct ct_actor *a, void *message, int64_t deadline)
{
        return ct_actor_handle_by_lease_(a, message) ? 0 : a->ops->ask_until(a, message, deadline);
}

#endif
