/*
 * The tree of contexts.
 *
 * Source: Go's context package as a contract; own code.
 *
 * A context that can be cancelled (a node) stands in the list of children of the nearest node above
 * it; contexts that only carry a value stand in nobody's list and answer through that node.
 *
 * State of a node; it only ever grows, and whoever takes it from LIVE does the rest:
 *      LIVE
 *      CANCELLED  err and cause are set; done is about to be closed
 *      CLOSED     done is closed; descendants are being cancelled
 *      OVER       all descendants that there will be are cancelled
 *
 * Invariants: a child is linked only to a LIVE parent, so the list only shrinks once that has
 * changed; whoever takes a child out of the list by cancelling holds a reference to it; a child
 * with no references left is still linked until its owner has taken it out, under the parent's
 * guard. No guard is ever taken while another is held.
 *
 * Cancelling walks the tree depth first, without recursion: down into any child that is left, up
 * when there is none. Two walks may meet: then each child is one's, and the one that finishes first
 * waits for what the other has in hand, so that either returns only when all below are cancelled.
 * They wait downwards only, hence never for each other.
 *
 * Tempting wrong versions: to keep the parent locked while its children are being cancelled, as Go
 * does, when 10,000 wake-ups go by under a guard; and to take a child from the list without a
 * reference, when its owner frees it meanwhile.
 */
#include "chan/context.h"

#include "base/panic.h"
#include "chan/context_private.h"

#include <errno.h>
#include <stdlib.h>

static const char object[] = "ct_context";

#define LIVE CT_CONTEXT_LIVE_
#define CANCELLED CT_CONTEXT_CANCELLED_
#define CLOSED CT_CONTEXT_CLOSED_
#define OVER CT_CONTEXT_OVER_

static struct ct_context background = {.deadline = CT_FOREVER};

struct ct_context *ct_context_background(void)
{
        return &background;
}

/* ---- references ---- */

struct ct_context *ct_context_retain(struct ct_context *ctx)
{
        if (ctx != &background)
                (void)ct_add_u64_relaxed(&ctx->references, 1);
        return ctx;
}

/* For those that found it in a list, or through its timer: false if it is being freed. */
static bool try_retain(struct ct_context *ctx)
{
        uint64_t n = ct_load_u64_relaxed(&ctx->references);

        while (n)
                if (ct_cas_u64_relaxed(&ctx->references, &n, n + 1))
                        return true;
        return false;
}

/* Under the guard of the node above. */
static void unlink_locked(struct ct_context *child)
{
        *child->link = child->next;
        if (child->next)
                child->next->link = child->link;
        child->link = NULL;
}

static void unlink_from_above(struct ct_context *ctx)
{
        if (!ctx->above)
                return;
        ct_guard_lock(&ctx->above->guard);
        if (ctx->link)
                unlink_locked(ctx);
        ct_guard_unlock(&ctx->above->guard);
}

static void destroy(struct ct_context *ctx)
{
        if (ctx->node == ctx) {
                unlink_from_above(ctx);
                ct_timer_free(ctx->timer);
                ct_chan_free(ctx->done);
        }
        free(ctx);
}

void ct_context_release(struct ct_context *ctx)
{
        /* The acquire of the last release pairs with the releases of the others. */
        while (ctx && ctx != &background) {
                uint64_t before = ct_sub_u64_acq_rel(&ctx->references, 1);
                struct ct_context *parent;

                if (!before)
                        ct_panic(object, ctx, "released more often than retained");
                if (before > 1)
                        return;
                parent = ctx->parent; /* not before: it may be gone unless this was the last */
                destroy(ctx);
                ctx = parent;
        }
}

/* ---- cancelling ---- */

/* True for the one that is to cancel it. */
static bool begin(struct ct_context *node, int err, int cause)
{
        bool first;

        ct_guard_lock(&node->guard);
        first = ct_load_u32_relaxed(&node->state) == LIVE;
        if (first) {
                node->err = err;
                node->cause = cause;
                ct_store_u32_release(&node->state, CANCELLED); /* pairs with ct_context_state_ */
        }
        ct_guard_unlock(&node->guard);
        if (!first)
                return false;
        ct_chan_close(node->done);
        ct_store_u32_release(&node->state, CLOSED); /* pairs with ct_context_state_ */
#ifndef CT_PLANT_context_timer_left
        if (node->timer)
                (void)ct_timer_stop(node->timer);
#endif
        return true;
}

/* Takes a child out of a node that is being cancelled, with a reference; NULL: none is left. */
static struct ct_context *take_child(struct ct_context *node)
{
        struct ct_context *child;

        ct_guard_lock(&node->guard);
        while ((child = node->first) != NULL) {
                unlink_locked(child);
                if (try_retain(child))
                        break; /* else its owner is about to free it: nobody can wait for it */
        }
        ct_guard_unlock(&node->guard);
        return child;
}

static void finish(struct ct_context *node)
{
        struct ct_wait_node *first, *n;

        ct_guard_lock(&node->guard);
        ct_store_u32_release(&node->state, OVER); /* pairs with ct_context_state_ */
        first = node->waiters.head;
        node->waiters = (struct ct_waitlist){0};
        ct_guard_unlock(&node->guard);
        while ((n = first) != NULL) {
                first = n->next; /* n may be gone after the unpark */
                ct_unpark(&n->waiter);
        }
}

/* Until whoever cancels the node has come to its end. */
static void wait_until_over(struct ct_context *node)
{
        struct ct_wait_node self;

        if (ct_context_state_(node) == OVER)
                return;
        ct_waiter_init(&self.waiter);
        ct_guard_lock(&node->guard);
        if (ct_load_u32_relaxed(&node->state) == OVER) {
                ct_guard_unlock(&node->guard);
                return;
        }
        ct_waitlist_push_back(&node->waiters, &self);
        ct_guard_unlock(&node->guard);
        ct_park(&self.waiter);
}

/* All that descends from a node that this call has begun to cancel. */
static void cancel_below(struct ct_context *top)
{
        struct ct_context *node = top;

        for (;;) {
                struct ct_context *child = take_child(node), *above = node->above;

                if (child && begin(child, node->err, node->cause)) {
                        node = child;
                        continue;
                }
                if (child) { /* somebody else's, who may not be through with it */
                        wait_until_over(child);
                        ct_context_release(child);
                        continue;
                }
                finish(node);
                if (node == top)
                        return;
                ct_context_release(node);
                node = above;
#ifdef CT_PLANT_context_one_child
                finish(top);
                return;
#endif
        }
}

void ct_context_cancel_node_(struct ct_context *node, int err, int cause)
{
        if (!begin(node, err, cause)) {
                wait_until_over(node);
                return;
        }
        cancel_below(node);
        unlink_from_above(node);
}

void ct_context_cancel_cause(struct ct_context *ctx, int cause)
{
        if (!ctx || ctx->node != ctx)
                ct_panic(object, ctx, "cancelled, but not made to be cancelled");
        ct_context_cancel_node_(ctx, -ECANCELED, cause ? cause : -ECANCELED);
}

void ct_context_cancel(struct ct_context *ctx)
{
        ct_context_cancel_cause(ctx, 0);
}

/* The timer's function. The timer does not count as a reference, and is freed by the last: which
   may be this one. */
void ct_context_expired_(void *arg)
{
        struct ct_context *ctx = arg;

        if (!try_retain(ctx))
                return;
        ct_context_cancel_node_(ctx, -ETIMEDOUT, -ETIMEDOUT);
        ct_context_release(ctx);
}

/* ---- joining ---- */

void ct_context_join_(struct ct_context *ctx)
{
        struct ct_context *above = ctx->above;
        bool live;

        if (!above)
                return;
        ct_guard_lock(&above->guard);
        live = ct_load_u32_relaxed(&above->state) == LIVE;
        if (live) {
                ctx->next = above->first;
                ctx->link = &above->first;
                if (ctx->next)
                        ctx->next->link = &ctx->next;
                above->first = ctx;
        }
        ct_guard_unlock(&above->guard);
        if (!live)
                ct_context_cancel_node_(ctx, above->err, above->cause);
}
