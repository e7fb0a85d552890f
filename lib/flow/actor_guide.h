/*
 * An actor as the guides have it, the "stateful goroutine": one thread owns a state, everybody
 * else sends it messages over a channel. Nobody but that thread touches the state while the actor
 * runs, so the state needs no lock.
 *
 * tell: an asynchronous update; returns when the message is in the mailbox.
 * ask: a request; returns with the owner's reply.
 *
 * Order: one mailbox for both, first in, first out: an ask sees every tell that the same thread
 *   sent before it, and every one that happened before it in another thread.
 * Blocks on: the mailbox while it is full (with capacity 0, until the owner takes the message);
 *   ask also until its reply.
 * Wakes: tell and ask the owner; the owner the asker.
 * Who may call: any thread, except the handler on its own actor (it would wait for itself).
 * Runs: on a thread of its own, on any CPU that the process may use, whatever the starter is
 *   bound to.
 * Misuse panics: a tell or ask that overlaps with stop finds a closed channel.
 *
 * A request carries its own reply channel, made for this one reply and with room for it: an owner
 * that answers somebody who has given up must not wait for him. The last of the two to be done
 * frees it.
 *
 * Source: "Stateful Goroutines" in "The Complete Guide to Go Concurrency Patterns and
 * Synchronization" and in "Go Concurrency Patterns - Learning Reference"; the time-out is that of
 * the resource keeper in "Go Concurrency Patterns: A Practical Walkthrough".
 */
#ifndef CT_FLOW_ACTOR_GUIDE_H
#define CT_FLOW_ACTOR_GUIDE_H

#include <stddef.h>
#include <stdint.h>

enum {
        CT_ACTOR_GUIDE_MESSAGE_MAX = 256, /* bytes of a message; it is copied twice */
        CT_ACTOR_GUIDE_REPLY_NS = 100 * 1000 * 1000,
};

struct ct_actor_guide;

struct ct_actor_guide_config {
        /* Called by the owner for each message. `reply` has reply_size bytes, zeroed; NULL: a tell.
         */
        void (*handle)(void *state, const void *message, void *reply);
        void *state;         /* belongs to the owner until stop has returned */
        size_t message_size; /* at most CT_ACTOR_GUIDE_MESSAGE_MAX */
        size_t reply_size;
        size_t mailbox; /* its capacity; 0: unbuffered */
};

/* 0; -EINVAL (no handler, message too large), -ENOMEM, -EOVERFLOW, or why no thread could be
   started. On failure *out is NULL. */
int ct_actor_guide_start(struct ct_actor_guide **out, const struct ct_actor_guide_config *config);

void ct_actor_guide_tell(struct ct_actor_guide *a, const void *message);

/* 0 with *reply filled, or -ENOMEM and nothing was sent. */
int ct_actor_guide_ask(struct ct_actor_guide *a, const void *message, void *reply);

/* Also -ETIMEDOUT: the owner did not take the message by the deadline and never will; or
   -EINPROGRESS: it did, and handles it, but the reply was not there by then. *reply is then left
   alone. */
int ct_actor_guide_ask_until(struct ct_actor_guide *a, const void *message, void *reply,
                             int64_t deadline_ns);

/* The guides' timed form: ask_until 100 ms from now. */
int ct_actor_guide_ask_timed(struct ct_actor_guide *a, const void *message, void *reply);

/* Lets the owner handle what is in the mailbox, waits for it to end, and frees everything; the
   state is the caller's again. NULL is fine. */
void ct_actor_guide_stop(struct ct_actor_guide *a);

#endif
