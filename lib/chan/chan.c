/*
 * ct_chan: a ring, two queues of waiters, and one lock around them.
 *
 * Source: Go's channel (runtime/chan.go), as an algorithm; own code. What differs:
 *      - The lock costs one atomic instruction a turn: taking it is a compare-and-swap, giving it
 *        up is a store, since nobody ever sleeps on it (chan_lock.c).
 *      - A try takes the lock where Go looks without it. So a try that fails comes after the
 *        receive that emptied the ring, or before the send that filled it, as any other operation:
 *        "put it into the list, then try to send a wake-up; if that fails, one is there already"
 *        is right whatever the list is protected by.
 *      - A channel for one sender and one receiver is the same inside. A ring of its own, where the
 *        ends meet without the lock, was slower: to see a waiter for certain each end must publish
 *        with an atomic instruction, which is what the lock costs, and its ends follow each other
 *        too closely (threads 1:1, capacity 1024: 33 ns a message, with the lock 20; tasks: 16 and
 *        13).
 *      - A thread lets others run before it waits, where it shares the only CPU, and now and then.
 *
 * Invariants, whenever the lock is free:
 *      a receiver waits only where the ring is empty and no sender waits that could meet it; a
 *      sender only where the ring is full (a select's nodes that have been decided elsewhere do not
 *      count: they are on their way out);
 *      closed: both queues are empty, and stay so.
 *
 * A waiter's operation is done for it: whoever comes takes the first node out of the queue, copies
 * to or from the waiter's own buffer, and unparks it after the unlock. So who waits is passed by
 * nobody, and a wake-up is never in vain. A time-out has the same lock to take: whoever finds its
 * node still queued has waited in vain, whoever does not has been served, and its unpark must be
 * awaited.
 *
 * The tempting wrong versions. To wake a waiter and let it try again: others get in between, and
 * who has waited longest waits longest. To unpark under the lock: the woken one's first act is to
 * spin for it. To look at a waiter, or at the channel, after its unpark: the waiter's stack is in
 * use again, and the receiver of the last value may free the channel.
 */
#include "chan/chan.h"

#include "base/panic.h"
#include "chan/chan_private.h"

#include <errno.h>
#include <stdlib.h>

static const char object[] = "ct_chan";

/* ---- making ---- */

static int make(struct ct_chan **out, size_t size, size_t capacity, bool spsc)
{
        size_t bytes, all;
        struct ct_chan *c;

        *out = NULL;
        if (__builtin_mul_overflow(size, capacity, &bytes) ||
            __builtin_add_overflow(bytes, sizeof *c + CT_CACHE_PAIR, &all))
                return -EOVERFLOW;
        c = aligned_alloc(CT_CACHE_PAIR, all & ~(size_t)(CT_CACHE_PAIR - 1));
        if (!c)
                return -ENOMEM;
        memset(c, 0, sizeof *c);
        c->size = size;
        c->capacity = capacity;
        c->bytes = bytes;
        c->spsc = spsc;
        c->ring = (char *)(c + 1);
        *out = c;
        return 0;
}

int ct_chan_new(struct ct_chan **out, size_t element_size, size_t capacity)
{
        return make(out, element_size, capacity, false);
}

int ct_chan_new_spsc(struct ct_chan **out, size_t element_size, size_t capacity)
{
        *out = NULL;
        if (!capacity)
                return -EINVAL;
        return make(out, element_size, capacity, true);
}

static size_t length(const struct ct_chan_queue_ *q)
{
        size_t n = 0;

        for (const struct ct_chan_node_ *i = q->head; i; i = i->next)
                n += !i->wait->select || !ct_load_u32_relaxed(&i->wait->claim);
        return n;
}

size_t ct_chan_waiting_(struct ct_chan *c, bool to_send)
{
        size_t n;

        ct_chan_lock_(c);
        n = length(to_send ? &c->senders : &c->receivers);
        ct_chan_unlock_(c);
        return n;
}

void ct_chan_free(struct ct_chan *c)
{
        size_t waiting;

        if (!c)
                return;
        ct_chan_lock_(c); /* whoever woke us may still be inside */
        waiting = length(&c->senders) + length(&c->receivers);
        ct_chan_unlock_(c);
        if (waiting)
                ct_panic(object, c, "freed while %zu wait", waiting);
        free(c);
}

/* ---- one attempt ---- */

static void push(struct ct_chan *c, const void *value)
{
        ct_chan_copy_(c, c->ring + c->next, value);
        c->next += c->size;
        if (c->next == c->bytes)
#ifdef CT_PLANT_chan_wrap_order
                c->next = c->capacity > 1 ? c->size : 0;
#else
                c->next = 0;
#endif
        ct_store_u64_relaxed(&c->count, ct_load_u64_relaxed(&c->count) + 1);
}

static void pop(struct ct_chan *c, void *out)
{
        ct_chan_copy_(c, out, c->ring + c->first);
        c->first += c->size;
        if (c->first == c->bytes)
                c->first = 0;
        ct_store_u64_relaxed(&c->count, ct_load_u64_relaxed(&c->count) - 1);
}

enum ct_chan_result_ ct_chan_put_(struct ct_chan *c, const void *value, struct ct_chan_wait_ **wake)
{
        struct ct_chan_wait_ *w;
        void *to;

        *wake = NULL;
        if (ct_load_u32_relaxed(&c->closed))
                return CT_CHAN_CLOSED_;
        if (c->receivers.head && (w = ct_chan_pick_(&c->receivers, &to))) {
                ct_chan_copy_(c, to, value);
                w->ok = true;
                *wake = w;
                return CT_CHAN_DONE_;
        }
#ifdef CT_PLANT_chan_overfills
        if (ct_load_u64_relaxed(&c->count) > c->capacity)
#else
        if (ct_load_u64_relaxed(&c->count) == c->capacity)
#endif
                return CT_CHAN_WAIT_;
        push(c, value);
        return CT_CHAN_DONE_;
}

enum ct_chan_result_ ct_chan_take_(struct ct_chan *c, void *out, struct ct_chan_wait_ **wake)
{
        struct ct_chan_wait_ *w;
        void *from;

        *wake = NULL;
#ifdef CT_PLANT_chan_sender_passes_ring
        if (ct_load_u64_relaxed(&c->count) && !c->senders.head) {
#else
        if (ct_load_u64_relaxed(&c->count)) {
#endif
                pop(c, out);
#ifdef CT_PLANT_chan_refill_forgotten
                return CT_CHAN_DONE_;
#endif
                if (c->senders.head && (w = ct_chan_pick_(&c->senders, &from))) {
                        push(c, from);
                        w->ok = true;
                        *wake = w;
                }
                return CT_CHAN_DONE_;
        }
        if (c->senders.head && (w = ct_chan_pick_(&c->senders, &from))) {
                ct_chan_copy_(c, out, from);
                w->ok = true;
                *wake = w;
                return CT_CHAN_DONE_;
        }
        if (!ct_load_u32_relaxed(&c->closed))
                return CT_CHAN_WAIT_;
        ct_chan_zero_(c, out);
        return CT_CHAN_CLOSED_;
}

/* ---- close, len, cap ---- */

/* Empties a queue; returns it linked by next, in its order. */
static struct ct_chan_node_ *dismiss(struct ct_chan *c, struct ct_chan_queue_ *q, bool receivers)
{
        struct ct_chan_node_ *all = NULL, **link = &all;
        struct ct_chan_wait_ *w;
        void *value;

        while ((w = ct_chan_pick_(q, &value))) {
#ifdef CT_PLANT_chan_close_not_zeroed
                receivers = false;
#endif
                if (receivers)
                        ct_chan_zero_(c, value);
                w->ok = false;
                *link = w->fired;
                link = &w->fired->next;
#ifdef CT_PLANT_chan_close_wakes_one
                break;
#endif
        }
        *link = NULL;
        return all;
}

static void wake_all(struct ct_chan_node_ *n)
{
        while (n) {
                struct ct_chan_wait_ *w = n->wait;

                n = n->next; /* first: the node goes with its waiter */
                ct_unpark(&w->waiter);
        }
}

void ct_chan_close(struct ct_chan *c)
{
        struct ct_chan_node_ *receivers, *senders;

        if (!c)
                ct_panic(object, c, "close of NULL channel");
        ct_chan_lock_(c);
        if (ct_load_u32_relaxed(&c->closed)) {
                ct_chan_unlock_(c);
                ct_panic(object, c, "close of closed channel");
        }
        ct_store_u32_relaxed(&c->closed, 1);
        receivers = dismiss(c, &c->receivers, true);
#ifdef CT_PLANT_chan_close_forgets_senders
        senders = NULL;
#else
        senders = dismiss(c, &c->senders, false);
#endif
        ct_chan_unlock_(c);
        wake_all(receivers);
        wake_all(senders); /* they panic */
}

size_t ct_chan_len(const struct ct_chan *c)
{
        return c ? ct_load_u64_relaxed(&c->count) : 0;
}

size_t ct_chan_cap(const struct ct_chan *c)
{
        return c ? c->capacity : 0;
}
