/*
 * The pool of the guides: all workers take from one bounded channel.
 *
 * Jobs start in the order of acceptance because each worker takes one at a time: a handful in one
 * turn would be faster, and the last of it would start after what others took later.
 */
#include "flow/pool_private.h"
#include "flow/pool_queue.h"

#include <errno.h>
#include <stdlib.h>

static struct ct_pool_queue_ *queue_of(struct ct_pool *p)
{
        return p->kind;
}

static int init(struct ct_pool *p)
{
        struct ct_pool_queue_ *q = malloc(sizeof *q);
        int rc;

        if (!q)
                return -ENOMEM;
        rc = ct_pool_queue_init_(q, p->config.queue);
        if (rc)
                free(q);
        else
                p->kind = q;
        return rc;
}

static void fini(struct ct_pool *p)
{
        ct_pool_queue_fini_(queue_of(p));
        free(p->kind);
}

static enum ct_pool_status put(struct ct_pool *p, unsigned level, const struct ct_pool_item *items,
                               size_t n, int64_t deadline, size_t *accepted)
{
        (void)level;
        return ct_pool_queue_put_(queue_of(p), items, n, deadline, accepted);
}

static bool take(struct ct_pool_worker_ *w, struct ct_pool_item *out)
{
        bool open;

        return !ct_pool_queue_take_(queue_of(w->pool), out, &open, CT_FOREVER) && open;
}

static void close_queue(struct ct_pool *p)
{
        ct_pool_queue_close_(queue_of(p));
}

static uint64_t accepted(struct ct_pool *p)
{
        return ct_pool_queue_accepted_(queue_of(p));
}

const struct ct_pool_ops_ ct_pool_channel_ops_ = {
        .init = init,
        .fini = fini,
        .put = put,
        .take = take,
        .close = close_queue,
        .accepted = accepted,
};
