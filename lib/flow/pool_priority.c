/*
 * The priority pool: workers that take from the line by pool_priority_law.h.
 *
 * The bound on waiting. Let W be the workers, Q the queue's capacity, L the longest time that a
 * job keeps its worker (delivering its result included). Under any load, be it permanent and all of
 * level 0, a job of level k that was accepted at t starts after at most
 *
 *      k x aging_ns + ceil(Q / W) x L.
 *
 * For at T = t + k x aging_ns it is due. From then on every job that is accepted has a later due
 * time, or the same and a lower level: it goes behind. So at most those go before it that wait at
 * T, which are at most Q - 1: it is the Q-th to start or earlier. While anything waits no worker is
 * idle, so that each starts a job at least every L.
 *
 * A submitter that finds the line full waits by the same law, counted from when it came, and gets
 * in when a job starts. So a level does not starve at the door either.
 *
 * Source: the priority workers of "The Complete Guide to Go Concurrency Patterns and
 * Synchronization", whose select prefers one channel and leaves the other to starve; own code.
 */
#include "flow/pool_line.h"
#include "flow/pool_private.h"

static int init(struct ct_pool *p)
{
        return ct_pool_line_new_((struct ct_pool_line_ **)&p->kind, &p->config, NULL, p);
}

static void fini(struct ct_pool *p)
{
        ct_pool_line_free_(p->kind);
}

static enum ct_pool_status put(struct ct_pool *p, unsigned level, const struct ct_pool_item *items,
                               size_t n, int64_t deadline, size_t *accepted)
{
        return ct_pool_line_put_(p->kind, level, items, n, deadline, accepted);
}

static bool take(struct ct_pool_worker_ *w, struct ct_pool_item *out)
{
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

const struct ct_pool_ops_ ct_pool_priority_ops_ = {
        .init = init,
        .fini = fini,
        .put = put,
        .take = take,
        .close = close,
        .accepted = accepted,
};
