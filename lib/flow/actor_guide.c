/*
 * Source: see the header.
 *
 * Invariants: a request is one allocation, held twice: by the asker until it stops waiting, by the
 * owner until it has replied. A message that was never sent has one holder left.
 * The tempting wrong version: a reply channel on the asker's stack. An asker that times out returns
 * while the owner still has its address.
 */
#include "flow/actor_guide.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "chan/chan_guide.h"
#include "flow/thread_start.h"

struct request {
        struct ct_chan_guide *reply;
        ct_atomic_u32 holders;
};

/* What goes through the mailbox: elements of it are cut to message_size. */
struct envelope {
        struct request *request; /* NULL: a tell */
        _Alignas(max_align_t) unsigned char message[CT_ACTOR_GUIDE_MESSAGE_MAX];
};

struct ct_actor_guide {
        struct ct_actor_guide_config config;
        struct ct_chan_guide *mailbox;
        unsigned char *reply; /* the owner's */
        pthread_t thread;
};

static void request_free(struct request *r)
{
        ct_chan_guide_free(r->reply);
        free(r);
}

static void request_release(struct request *r)
{
        /* acq_rel: whoever frees has seen everything the other holder did */
        if (ct_sub_u32_acq_rel(&r->holders, 1) == 1)
                request_free(r);
}

static struct request *request_new(size_t reply_size)
{
        struct request *r = malloc(sizeof *r);

        if (!r)
                return NULL;
        if (ct_chan_guide_new(&r->reply, reply_size, 1)) {
                free(r);
                return NULL;
        }
        ct_store_u32_relaxed(&r->holders, 2); /* published by the mailbox */
        return r;
}

static void *owner_main(void *arg)
{
        struct ct_actor_guide *a = arg;
        struct envelope e;

        while (ct_chan_guide_recv(a->mailbox, &e)) {
                if (!e.request) {
#ifdef CT_PLANT_actor_guide_drops_tells
                        if (ct_chan_guide_len(a->mailbox) + 1 >= a->config.mailbox)
                                continue;
#endif
                        a->config.handle(a->config.state, e.message, NULL);
                        continue;
                }
                if (a->config.reply_size)
                        memset(a->reply, 0, a->config.reply_size);
                a->config.handle(a->config.state, e.message, a->reply);
                ct_chan_guide_send(e.request->reply,
                                   a->reply); /* never waits: it has room for one */
                request_release(e.request);
        }
        return NULL;
}

int ct_actor_guide_start(struct ct_actor_guide **out, const struct ct_actor_guide_config *config)
{
        struct ct_actor_guide *a;
        int rc;

        *out = NULL;
        if (!config->handle || config->message_size > CT_ACTOR_GUIDE_MESSAGE_MAX)
                return -EINVAL;
        a = calloc(1, sizeof *a);
        if (!a)
                return -ENOMEM;
        a->config = *config;
        a->reply = malloc(config->reply_size ? config->reply_size : 1);
        rc = a->reply ? ct_chan_guide_new(&a->mailbox,
                                          offsetof(struct envelope, message) + config->message_size,
                                          config->mailbox)
                      : -ENOMEM;
        if (!rc)
                rc = ct_thread_start_(&a->thread, owner_main, a);
        if (rc) {
                ct_chan_guide_free(a->mailbox);
                free(a->reply);
                free(a);
                return rc;
        }
        *out = a;
        return 0;
}

/* Everything a receiver reads of an envelope is written here; the mailbox copies no more. */
static void fill(struct envelope *e, const struct ct_actor_guide *a, struct request *r,
                 const void *message)
{
        e->request = r;
        if (a->config.message_size)
                memcpy(e->message, message, a->config.message_size);
}

void ct_actor_guide_tell(struct ct_actor_guide *a, const void *message)
{
        struct envelope e;

        fill(&e, a, NULL, message);
        ct_chan_guide_send(a->mailbox, &e);
}

int ct_actor_guide_ask_until(struct ct_actor_guide *a, const void *message, void *reply,
                             int64_t deadline_ns)
{
        struct request *r = request_new(a->config.reply_size);
        struct envelope e;
        int rc = 0;

        if (!r)
                return -ENOMEM;
        fill(&e, a, r, message);
        if (!ct_chan_guide_send_until(a->mailbox, &e, deadline_ns)) {
                request_free(r); /* the owner will never see it */
                return -ETIMEDOUT;
        }
        if (!ct_chan_guide_recv_until(r->reply, reply, NULL, deadline_ns))
                rc = -EINPROGRESS;
        request_release(r);
        return rc;
}

int ct_actor_guide_ask(struct ct_actor_guide *a, const void *message, void *reply)
{
        return ct_actor_guide_ask_until(a, message, reply, CT_FOREVER);
}

int ct_actor_guide_ask_timed(struct ct_actor_guide *a, const void *message, void *reply)
{
        return ct_actor_guide_ask_until(a, message, reply,
                                        ct_deadline_after(CT_ACTOR_GUIDE_REPLY_NS));
}

void ct_actor_guide_stop(struct ct_actor_guide *a)
{
        if (!a)
                return;
        ct_chan_guide_close(a->mailbox);
        pthread_join(a->thread, NULL);
        ct_chan_guide_free(a->mailbox);
        free(a->reply);
        free(a);
}
