/*
 * The lossy ring: a lock, a ring, and the queue of those who wait for a value.
 *
 * Source: own code.
 *
 * State: all of it is protected by the guard. Values stand in the ring from `first` on, `count` of
 * them.
 *
 * Invariant, whenever the guard is open: whoever waits finds the ring empty and open. So a push
 * that finds someone waiting hands its value over, and nothing passes a value that is in the ring.
 *
 * The tempting wrong version lets the push put its value into the ring and wake a reader to fetch
 * it: by then it may have been dropped, and the reader, first in line, goes back to the end.
 */
#include "chan/lossy.h"

#include "base/guard.h"
#include "base/panic.h"
#include "base/waitlist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char object[] = "ct_lossy";

struct ct_lossy {
        struct ct_guard guard;
        bool closed;
        size_t size, capacity;
        size_t first, count; /* in elements */
        uint64_t dropped;
        struct ct_waitlist readers;
        char ring[];
};

struct reader {
        struct ct_wait_node node; /* first: the list's nodes are readers */
        void *out;
        bool open; /* the outcome */
};

int ct_lossy_new(struct ct_lossy **out, size_t element_size, size_t capacity)
{
        size_t bytes;
        struct ct_lossy *l;

        *out = NULL;
        if (!capacity)
                return -EINVAL;
        if (__builtin_mul_overflow(element_size, capacity, &bytes) ||
            __builtin_add_overflow(bytes, sizeof *l, &bytes))
                return -EOVERFLOW;
        l = malloc(bytes);
        if (!l)
                return -ENOMEM;
        *l = (struct ct_lossy){.size = element_size, .capacity = capacity};
        *out = l;
        return 0;
}

size_t ct_lossy_waiters(struct ct_lossy *l)
{
        size_t n = 0;

        ct_guard_lock(&l->guard);
        for (const struct ct_wait_node *i = l->readers.head; i; i = i->next)
                n++;
        ct_guard_unlock(&l->guard);
        return n;
}

void ct_lossy_free(struct ct_lossy *l)
{
        size_t waiters = l ? ct_lossy_waiters(l) : 0; /* whoever woke us may still be inside */

        if (waiters)
                ct_panic(object, l, "freed while %zu wait", waiters);
        free(l);
}

static void copy(const struct ct_lossy *l, void *to, const void *from)
{
        if (l->size && to)
                memcpy(to, from, l->size);
}

static void zero(const struct ct_lossy *l, void *out)
{
        if (l->size && out)
                memset(out, 0, l->size);
}

/* ---- the ring, under the guard ---- */

static char *slot(struct ct_lossy *l, size_t nth)
{
        size_t i = l->first + nth; /* less than twice the capacity */

        return l->ring + (i < l->capacity ? i : i - l->capacity) * l->size;
}

static void drop_first(struct ct_lossy *l)
{
        l->first = l->first + 1 < l->capacity ? l->first + 1 : 0;
        l->count--;
}

/* True if nothing was dropped. */
static bool put(struct ct_lossy *l, const void *value)
{
        bool full = l->count == l->capacity;

        if (full) {
#ifdef CT_PLANT_lossy_drops_newest
                l->dropped++;
                return false;
#endif
                drop_first(l);
                l->dropped++;
        }
        copy(l, slot(l, l->count), value);
        l->count++;
        return !full;
}

/* True if that decided the pop: *open says how. */
static bool take(struct ct_lossy *l, void *out, bool *open)
{
        *open = l->count;
        if (l->count) {
                copy(l, out, slot(l, 0));
                drop_first(l);
                return true;
        }
        if (l->closed)
                zero(l, out);
        return l->closed;
}

/* ---- push and close ---- */

bool ct_lossy_push(struct ct_lossy *l, const void *value)
{
        struct reader *r;
        bool kept = true;

        ct_guard_lock(&l->guard);
        if (l->closed) {
                ct_guard_unlock(&l->guard);
                ct_panic(object, l, "push to a closed ring");
        }
        r = (struct reader *)ct_waitlist_pop(&l->readers);
        if (r) {
                copy(l, r->out, value);
                r->open = true;
        } else {
                kept = put(l, value);
        }
        ct_guard_unlock(&l->guard);
        if (r)
                ct_unpark(&r->node.waiter);
        return kept;
}

void ct_lossy_close(struct ct_lossy *l)
{
        struct ct_wait_node *n, *next;
        bool twice;

        ct_guard_lock(&l->guard);
        twice = l->closed;
        l->closed = true;
        n = l->readers.head;
        l->readers = (struct ct_waitlist){0};
        for (struct ct_wait_node *i = n; i; i = i->next) {
                zero(l, ((struct reader *)i)->out);
                i->queued = false; /* open is false from the start */
        }
        ct_guard_unlock(&l->guard);
        if (twice)
                ct_panic(object, l, "close of a closed ring");
        for (; n; n = next) {
                next = n->next; /* n may be gone after the unpark */
                ct_unpark(&n->waiter);
        }
}

/* ---- pop ---- */

static bool has_passed(int64_t deadline)
{
        return deadline != CT_FOREVER && deadline <= ct_now_ns();
}

/* The guard is held, and is open on return. 0 or -ETIMEDOUT. */
static int wait(struct ct_lossy *l, struct reader *r, int64_t deadline)
{
        bool queued;

        ct_waiter_init(&r->node.waiter);
        ct_waitlist_push_back(&l->readers, &r->node);
        ct_guard_unlock(&l->guard);
        if (!ct_park_until(&r->node.waiter, deadline, CT_PARK_SPIN))
                return 0;
        ct_guard_lock(&l->guard);
        queued = r->node.queued;
        if (queued)
                ct_waitlist_remove(&l->readers, &r->node);
        ct_guard_unlock(&l->guard);
        if (queued)
                return -ETIMEDOUT;
        ct_park(&r->node.waiter); /* a value came in time: the unpark is on its way */
        return 0;
}

int ct_lossy_pop_until(struct ct_lossy *l, void *out, bool *open, int64_t deadline)
{
        struct reader self = {.out = out};
        bool done, got;
        int r;

        ct_guard_lock(&l->guard);
        done = take(l, out, &got);
        if (!done && !has_passed(deadline)) {
                r = wait(l, &self, deadline);
                got = self.open;
        } else {
                ct_guard_unlock(&l->guard);
                r = done ? 0 : -ETIMEDOUT;
        }
        if (!r && open)
                *open = got;
        return r;
}

bool ct_lossy_pop(struct ct_lossy *l, void *out)
{
        bool open = false;

        (void)ct_lossy_pop_until(l, out, &open, CT_FOREVER); /* cannot time out */
        return open;
}

bool ct_lossy_try_pop(struct ct_lossy *l, void *out, bool *open)
{
        bool done, got;

        ct_guard_lock(&l->guard);
        done = take(l, out, &got);
        ct_guard_unlock(&l->guard);
        if (done && open)
                *open = got;
        return done;
}

/* ---- asking ---- */

uint64_t ct_lossy_dropped(struct ct_lossy *l)
{
        uint64_t n;

        ct_guard_lock(&l->guard);
        n = l->dropped;
        ct_guard_unlock(&l->guard);
        return n;
}

size_t ct_lossy_len(struct ct_lossy *l)
{
        size_t n;

        ct_guard_lock(&l->guard);
        n = l->count;
        ct_guard_unlock(&l->guard);
        return n;
}

size_t ct_lossy_cap(const struct ct_lossy *l)
{
        return l->capacity;
}
