/*
 * The actor behind a channel: unbuffered and buffered.
 *
 * Source: the guides' stateful goroutine. What differs: a reply does not travel through a channel
 * of its own, it is put where the request was and the asker is unparked.
 *
 * Through the channel go envelopes: a request, or a tell's message itself where it is small.
 *
 * Stopping. A send on a closed channel panics, and close cannot know who is about to send. So
 * senders hold a gate for reading while they send, and stop closes the channel with the gate held
 * for writing: whoever comes after that is refused at the gate, whoever came before has its message
 * in the channel, which the owner drains.
 * The tempting wrong version has a flag for "stopping" that senders look at first.
 */
#include "flow/actor_private.h"

#include "base/cacheline.h"
#include "chan/chan.h"
#include "sync/rwmutex_slots.h"

#include <stdlib.h>
#include <string.h>

#define INLINE_MAX 112 /* bytes of a message that go through the channel themselves */

struct channel_actor {
        struct ct_actor_base_ base; /* first */
        struct ct_chan *mailbox;
        bool closed; /* under the gate */
        CT_ALIGN_PAIR struct ct_rwmutex_slots gate;
};

struct envelope {
        struct ct_actor_request_ *request; /* NULL: the message is in here */
        _Alignas(max_align_t) unsigned char message[INLINE_MAX];
};

static struct channel_actor *channel_actor_of(struct ct_actor *a)
{
        return (struct channel_actor *)a;
}

static bool is_small(const struct channel_actor *a)
{
        return a->base.config.message_size <= INLINE_MAX;
}

/* ---- the owner ---- */

static void serve(struct ct_actor_base_ *a, struct ct_actor_request_ *r)
{
        if (r->kind == CT_ACTOR_TIMED_) {
                ct_actor_serve_timed_(a, r);
                return;
        }
        ct_actor_handle_(a, r->message);
        if (r->kind == CT_ACTOR_TELL_)
                free(r);
        else
                ct_unpark(&r->waiter); /* r may be gone from here on */
}

static void run(struct ct_actor *actor)
{
        struct channel_actor *a = channel_actor_of(actor);
        struct envelope e;

        while (ct_chan_recv(a->mailbox, &e)) {
                if (e.request)
                        serve(&a->base, e.request);
                else
                        ct_actor_handle_(&a->base, e.message);
        }
}

/* ---- senders ---- */

static int enter(struct channel_actor *a)
{
        ct_rwmutex_slots_rlock(&a->gate);
        if (!a->closed)
                return 0;
        ct_rwmutex_slots_runlock(&a->gate);
        return -ESHUTDOWN;
}

static int send(struct channel_actor *a, struct ct_actor_request_ *r, const void *message,
                int64_t deadline)
{
        struct envelope e;
        int rc = enter(a);

        if (rc)
                return rc;
        e.request = r;
        if (is_small(a) && a->base.config.message_size)
                memcpy(e.message, message, a->base.config.message_size);
        if (deadline == CT_FOREVER)
                ct_chan_send(a->mailbox, &e);
        else
                rc = ct_chan_send_until(a->mailbox, &e, deadline);
        ct_rwmutex_slots_runlock(&a->gate);
        return rc;
}

static int tell(struct ct_actor *actor, const void *message)
{
        struct channel_actor *a = channel_actor_of(actor);
        struct ct_actor_request_ *r = NULL;
        int rc;

        ct_actor_check_caller_(&a->base, "tell");
        if (!is_small(a)) {
                r = ct_actor_request_new_(&a->base, message, CT_ACTOR_TELL_);
                if (!r)
                        return -ENOMEM;
        }
        rc = send(a, r, message, CT_FOREVER);
        if (rc)
                free(r);
        return rc;
}

static int ask(struct ct_actor *actor, void *message)
{
        struct channel_actor *a = channel_actor_of(actor);
        struct ct_actor_request_ r;
        int rc;

        ct_actor_check_caller_(&a->base, "ask");
        r.message = message;
        r.kind = CT_ACTOR_ASK_;
        ct_waiter_init(&r.waiter);
        rc = send(a, &r, message, CT_FOREVER);
        if (!rc)
                ct_park(&r.waiter);
        return rc;
}

static int ask_until(struct ct_actor *actor, void *message, int64_t deadline)
{
        struct channel_actor *a = channel_actor_of(actor);
        struct ct_actor_request_ *r;
        int rc;

        ct_actor_check_caller_(&a->base, "ask");
        r = ct_actor_request_new_(&a->base, message, CT_ACTOR_TIMED_);
        if (!r)
                return -ENOMEM;
        ct_waiter_init(&r->waiter);
        rc = send(a, r, message, deadline);
        if (!rc)
                return ct_actor_await_(&a->base, r, message, deadline);
        free(r); /* the owner will never see it */
        return rc;
}

/* ---- the end ---- */

static void close_mailbox(struct ct_actor *actor)
{
        struct channel_actor *a = channel_actor_of(actor);

        ct_rwmutex_slots_lock(&a->gate);
        a->closed = true;
        ct_chan_close(a->mailbox);
        ct_rwmutex_slots_unlock(&a->gate);
}

static void free_actor(struct ct_actor *actor)
{
        ct_chan_free(channel_actor_of(actor)->mailbox);
        free(actor);
}

static const struct ct_actor_ops_ ops = {.tell = tell,
                                         .ask = ask,
                                         .ask_until = ask_until,
                                         .run = run,
                                         .close = close_mailbox,
                                         .free = free_actor};

int ct_actor_channel_new_(struct ct_actor_base_ **out, const struct ct_actor_config *config)
{
        struct channel_actor *a = aligned_alloc(_Alignof(struct channel_actor), sizeof *a);
        bool small = config->message_size <= INLINE_MAX;
        int rc;

        if (!a)
                return -ENOMEM;
        memset(a, 0, sizeof *a);
        ct_actor_base_init_(&a->base, &ops, config);
        rc = ct_chan_new(&a->mailbox,
                         offsetof(struct envelope, message) + (small ? config->message_size : 0),
                         config->kind == CT_ACTOR_BUFFERED ? config->capacity : 0);
        if (rc)
                free(a);
        else
                *out = &a->base;
        return rc;
}
