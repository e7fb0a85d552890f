/* Making contexts, and asking them. */
#include "base/panic.h"
#include "chan/context_private.h"
#include "chan/timer_private.h"

#include <errno.h>
#include <stdlib.h>

static const char object[] = "ct_context";

/* ---- making ---- */

static struct ct_context *new_context(struct ct_context *parent)
{
        struct ct_context *ctx;

        if (!parent)
                ct_panic(object, parent, "child of NULL");
        ctx = calloc(1, sizeof *ctx);
        if (!ctx)
                return NULL;
        ct_store_u64_relaxed(&ctx->references, 1);
        ctx->parent = ct_context_retain(parent);
        ctx->node = parent->node;
        ctx->deadline = parent->deadline;
        ctx->service = parent->service;
        return ctx;
}

static int new_node(struct ct_context **out, struct ct_context *parent)
{
        struct ct_context *ctx = new_context(parent);
        int r = ctx ? ct_chan_new(&ctx->done, 0, 0) : -ENOMEM;

        if (r && ctx) {
                ct_context_release(ctx); /* not a node yet */
                ctx = NULL;
        }
        *out = ctx;
        if (r)
                return r;
        ctx->above = parent->node;
        ctx->node = ctx;
        return 0;
}

int ct_context_with_cancel(struct ct_context **out, struct ct_context *parent)
{
        int r = new_node(out, parent);

        if (!r)
                ct_context_join_(*out);
        return r;
}

/* The parent's deadline comes first anyhow. Those of different clocks cannot be compared. */
static bool is_covered(const struct ct_context *parent, const struct ct_timers *s, int64_t deadline)
{
        return deadline == CT_FOREVER || (parent->service == s && parent->deadline <= deadline);
}

int ct_context_with_deadline_on(struct ct_context **out, struct ct_context *parent,
                                struct ct_timers *s, int64_t deadline)
{
        struct ct_context *ctx;
        int r;

        *out = NULL;
        if (!s)
                return -EAGAIN;
        if (!parent || is_covered(parent, s, deadline))
                return ct_context_with_cancel(out, parent);
        r = new_node(&ctx, parent);
        if (r)
                return r;
        ctx->deadline = deadline;
        ctx->service = s;
        if (deadline > ct_timers_now(s)) {
                r = ct_timer_make_func_(&ctx->timer, s, ct_context_expired_, ctx);
                if (r) {
                        ct_context_release(ctx);
                        return r;
                }
        }
        ct_context_join_(ctx);
        if (!ctx->timer)
                ct_context_cancel_node_(ctx, -ETIMEDOUT, -ETIMEDOUT);
        else if (ct_context_state_(ctx) == CT_CONTEXT_LIVE_)
                (void)ct_timer_reset(ctx->timer, deadline);
        /* Whoever cancelled it since join may have stopped the timer before that started it. */
        if (ctx->timer && ct_context_state_(ctx) != CT_CONTEXT_LIVE_)
                (void)ct_timer_stop(ctx->timer);
        *out = ctx;
        return 0;
}

int ct_context_with_deadline(struct ct_context **out, struct ct_context *parent, int64_t deadline)
{
        return ct_context_with_deadline_on(out, parent, ct_timers_default(), deadline);
}

int ct_context_with_timeout(struct ct_context **out, struct ct_context *parent, int64_t timeout)
{
        return ct_context_with_deadline(out, parent, ct_deadline_after(timeout));
}

int ct_context_with_value(struct ct_context **out, struct ct_context *parent, const void *key,
                          void *value)
{
        struct ct_context *ctx;

        if (!key)
                ct_panic(object, parent, "value under the key NULL");
        ctx = new_context(parent);
        *out = ctx;
        if (!ctx)
                return -ENOMEM;
        ctx->key = key;
        ctx->value = value;
        return 0;
}

/* ---- asking ---- */

struct ct_chan *ct_context_done(struct ct_context *ctx)
{
        return ctx->node ? ctx->node->done : NULL;
}

int ct_context_err(struct ct_context *ctx)
{
        struct ct_context *node = ctx->node;
        enum ct_context_state_ s = node ? ct_context_state_(node) : CT_CONTEXT_LIVE_;

        if (s == CT_CONTEXT_LIVE_)
                return 0;
        if (s == CT_CONTEXT_CANCELLED_) /* as in Go: not before done is closed */
                (void)ct_chan_recv(node->done, NULL);
        return node->err;
}

int ct_context_cause(struct ct_context *ctx)
{
        return ct_context_err(ctx) ? ctx->node->cause : 0;
}

int64_t ct_context_deadline(struct ct_context *ctx)
{
        return ctx->deadline;
}

void *ct_context_value(struct ct_context *ctx, const void *key)
{
        for (; ctx; ctx = ctx->parent)
                if (ctx->key && ctx->key == key)
                        return ctx->value;
        return NULL;
}
