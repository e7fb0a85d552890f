/*
 * Source: own, on the inside of chan.c.
 *
 * The channel's lock decides whether a job is accepted, and counts it in the same turn: a put that
 * finds room or a receiver counts its own, a take that serves a waiting sender counts that one's.
 * So the count is exact at each moment, and close, which takes that lock, ends it.
 *
 * The tempting wrong version asks a flag, then sends: the channel may be closed in between. One
 * that counts after the send is wrong as well: the shutdown reads the count in between, and reports
 * one job less than it has left.
 */
#include "flow/pool_queue.h"

#include "flow/pool_private.h"

#include <errno.h>

int ct_pool_queue_init_(struct ct_pool_queue_ *q, size_t capacity)
{
        ct_store_u64_relaxed(&q->accepted, 0);
        return ct_chan_new(&q->chan, sizeof(struct ct_pool_item), capacity);
}

void ct_pool_queue_fini_(struct ct_pool_queue_ *q)
{
        ct_chan_free(q->chan);
}

void ct_pool_queue_close_(struct ct_pool_queue_ *q)
{
        ct_chan_close(q->chan);
}

static void count(struct ct_pool_queue_ *q, uint64_t n)
{
        /* Release: a worker that takes it reads it, and so does who reads the worker's count. */
        ct_store_u64_release(&q->accepted, ct_load_u64_relaxed(&q->accepted) + n);
}

/* ---- put ---- */

/* Under the lock: as many as fit. The receivers they go to are linked to *wake by next. */
static enum ct_chan_result_ put_some(struct ct_pool_queue_ *q, const struct ct_pool_item *items,
                                     size_t n, size_t *done, struct ct_chan_node_ **wake)
{
        enum ct_chan_result_ r = CT_CHAN_DONE_;
        struct ct_chan_wait_ *w;
        size_t before = *done;

        while (*done < n) {
                r = ct_chan_put_(q->chan, &items[*done], &w);
                if (r != CT_CHAN_DONE_)
                        break;
                ++*done;
                if (w) {
                        *wake = w->fired;
                        wake = &w->fired->next;
                }
        }
        *wake = NULL;
#ifdef CT_PLANT_pool_queue_counts_after
        before = *done;
#endif
        count(q, *done - before);
        return r;
}

static void wake_all(struct ct_chan_node_ *n)
{
        while (n) {
                struct ct_chan_wait_ *w = n->wait;

                n = n->next; /* first: the node goes with its waiter */
                ct_unpark(&w->waiter);
        }
}

/* Under the lock, which it leaves: queues until there is room for one. */
static enum ct_chan_result_ put_waiting(struct ct_chan *c, const struct ct_pool_item *item,
                                        int64_t deadline)
{
        struct ct_chan_wait_ self;

        if (ct_chan_wait_in_(c, &c->senders, &self, (void *)item, deadline))
                return CT_CHAN_WAIT_;
        return self.ok ? CT_CHAN_DONE_ : CT_CHAN_CLOSED_;
}

static enum ct_pool_status status_of(enum ct_chan_result_ r)
{
        if (r == CT_CHAN_DONE_)
                return CT_POOL_OK;
        return r == CT_CHAN_CLOSED_ ? CT_POOL_SHUTTING_DOWN : CT_POOL_TIMED_OUT;
}

enum ct_pool_status ct_pool_queue_put_(struct ct_pool_queue_ *q, const struct ct_pool_item *items,
                                       size_t n, int64_t deadline, size_t *accepted)
{
        struct ct_chan_node_ *wake;
        struct ct_chan *c = q->chan;
        enum ct_chan_result_ r;
        bool waits, yielded = false;

        *accepted = 0;
        do {
                ct_chan_lock_(c);
                r = put_some(q, items, n, accepted, &wake);
                waits = r == CT_CHAN_WAIT_ && !ct_pool_is_past_(deadline);
                if (waits && !wake && (yielded || !ct_chan_lets_others_first_(c))) {
                        r = put_waiting(c, &items[*accepted], deadline);
                        *accepted += r == CT_CHAN_DONE_;
                        waits = r == CT_CHAN_DONE_;
                        yielded = false;
                        continue;
                }
                ct_chan_leave_(c, NULL);
#ifdef CT_PLANT_pool_queue_counts_after
                count(q, *accepted);
#endif
                wake_all(wake);
                if (waits && !wake) {
                        ct_parker_thread_ops.yield();
                        yielded = true;
                }
        } while (waits && *accepted < n);
        return status_of(r);
}

/* ---- take ---- */

int ct_pool_queue_take_(struct ct_pool_queue_ *q, struct ct_pool_item *out, bool *open,
                        int64_t deadline)
{
        struct ct_chan_wait_ *wake, self;
        struct ct_chan *c = q->chan;
        enum ct_chan_result_ r;

        for (bool first = true;; first = false) {
                ct_chan_lock_(c);
                r = ct_chan_take_(c, out, &wake);
                if (r != CT_CHAN_WAIT_ || ct_pool_is_past_(deadline))
                        break;
                if (!first || !ct_chan_lets_others_first_(c)) {
                        if (ct_chan_wait_in_(c, &c->receivers, &self, out, deadline))
                                return -ETIMEDOUT;
                        *open = self.ok;
                        return 0;
                }
                ct_chan_unlock_(c);
                ct_parker_thread_ops.yield();
        }
#ifndef CT_PLANT_pool_queue_forgets_senders
        if (wake)
                count(q, 1); /* its value is in the channel, or here */
#endif
        ct_chan_leave_(c, wake);
        *open = r == CT_CHAN_DONE_;
        return r == CT_CHAN_WAIT_ ? -ETIMEDOUT : 0;
}
