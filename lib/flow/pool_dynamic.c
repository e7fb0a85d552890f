/*
 * The dynamic pool: workers that come and go by pool_dynamic_law.h, over a line of one level.
 *
 * The line decides, under its guard, and whoever found the queue backing up starts the worker: a
 * submitter before it waits for room, a worker before it runs its job, or one that leaves. A
 * context that was promised and does not come gives its place back by absent(); one that has been
 * told to go keeps its place until it has gone, since worker_exit may take its time.
 *
 * Source: the dynamic worker pools that "The Complete Guide to Go Concurrency Patterns and
 * Synchronization" names ("adds workers when queue is backing up, removes workers when idle"); core
 * and most threads as in java.util.concurrent's ThreadPoolExecutor, which adds one only when its
 * queue is full; own code.
 */
#include "flow/pool_line.h"
#include "flow/pool_private.h"

static int init(struct ct_pool *p)
{
        return ct_pool_line_new_((struct ct_pool_line_ **)&p->kind, &p->config, ct_pool_hire_, p);
}

static void fini(struct ct_pool *p)
{
        ct_pool_line_free_(p->kind);
}

static enum ct_pool_status put(struct ct_pool *p, unsigned level, const struct ct_pool_item *items,
                               size_t n, int64_t deadline, size_t *accepted)
{
        (void)level; /* there is one */
        return ct_pool_line_put_(p->kind, 0, items, n, deadline, accepted);
}

static bool take(struct ct_pool_worker_ *w, struct ct_pool_item *out)
{
        if (!w->own) { /* its first */
                w->own = w->pool->kind;
                ct_pool_line_arrive_(w->own);
        }
        return ct_pool_line_take_(w->pool->kind, out);
}

static void close(struct ct_pool *p)
{
        ct_pool_line_close_(p->kind);
}

static uint64_t accepted(struct ct_pool *p)
{
        return ct_pool_line_accepted_(p->kind);
}

static void absent(struct ct_pool *p)
{
        ct_pool_line_absent_(p->kind);
}

static void left(struct ct_pool *p)
{
        ct_pool_line_left_(p->kind);
}

const struct ct_pool_ops_ ct_pool_dynamic_ops_ = {
        .init = init,
        .fini = fini,
        .put = put,
        .take = take,
        .close = close,
        .accepted = accepted,
        .absent = absent,
        .left = left,
};
