/*
 * The reorder buffer.
 *
 * Source: own code.
 *
 * State, all under `lock`: a ring of `window` slots, number s in slot s mod window; `next`, the
 * number that is to be taken; those who wait to put or skip, in no order that matters; those who
 * wait to take, in order of their coming. Whoever waits is woken with its operation done: the
 * context that makes room copies the waiter's value into its slot, the one that brings the head
 * copies it out to the waiter.
 *
 * Invariants, whenever the lock is open:
 *      slot s mod window is used only for the s in [next, next + window);
 *      whoever waits to put has a number of at least next + window, and next is below the end;
 *      if somebody waits to take, the slot of next is empty, next is below the end, and nobody has
 *      cancelled.
 *
 * Why it does not stick: the number `next` is always inside the window, so its put never waits,
 * whatever else waits; and a take waits for no number but that. Numbers that wait hold no slot.
 *
 * The tempting wrong versions: a semaphore of `window` permits that every put takes, when numbers
 * ahead take them all and the head finds none; and to deliver what has waited longest when the head
 * is late, which is the order that this is there to keep.
 */
#include "flow/reorder.h"

#include "base/panic.h"
#include "base/waitlist.h"
#include "sync/mutex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char object[] = "ct_reorder";

enum slot { EMPTY, FULL, SKIPPED };

struct ct_reorder {
        struct ct_mutex lock;
        size_t size, window;
        uint64_t next, end; /* end: UINT64_MAX until it is known */
        uint64_t beyond;    /* the highest number accepted, and one */
        bool closed, cancelled;
        struct ct_waitlist putters, takers;
        unsigned char *slot; /* enum slot */
        char *values;
};

/* One that waits, on its own stack. */
struct waiting {
        struct ct_wait_node node; /* first: a node is its waiting */
        uint64_t seq;
        enum slot kind;
        const void *value; /* to put */
        void *out;         /* to take into */
        int answer;
};

/* The waits that a change has ended, to be woken when the lock is open. */
struct woken {
        struct ct_wait_node *first, **last;
};

int ct_reorder_new(struct ct_reorder **out, size_t element_size, size_t window)
{
        struct ct_reorder *r;

        *out = NULL;
        if (!window)
                return -EINVAL;
        if (element_size && window > (SIZE_MAX - 1) / element_size)
                return -EOVERFLOW;
        r = calloc(1, sizeof *r);
        if (!r)
                return -ENOMEM;
        r->size = element_size;
        r->window = window;
        r->end = UINT64_MAX;
        r->slot = calloc(window, 1);
        r->values = malloc(window * element_size + 1);
        if (!r->slot || !r->values) {
                ct_reorder_free(r);
                return -ENOMEM;
        }
        *out = r;
        return 0;
}

void ct_reorder_free(struct ct_reorder *r)
{
        if (!r)
                return;
        if (r->putters.head || r->takers.head)
                ct_panic(object, r, "freed while somebody waits");
        free(r->slot);
        free(r->values);
        free(r);
}

/* ---- under the lock ---- */

static void finish(struct woken *w, struct ct_waitlist *from, struct waiting *who, int answer)
{
        ct_waitlist_remove(from, &who->node);
        who->answer = answer;
        who->node.next = NULL;
        *w->last = &who->node;
        w->last = &who->node.next;
}

static void wake(struct woken *w)
{
        struct ct_wait_node *n = w->first;

        while (n) {
                struct ct_wait_node *next = n->next; /* the waiter's stack goes with the unpark */

                ct_unpark(&n->waiter);
                n = next;
        }
}

static bool is_inside(const struct ct_reorder *r, uint64_t seq)
{
#ifdef CT_PLANT_reorder_overtaken
        return seq - r->next <= r->window;
#else
        return seq - r->next < r->window;
#endif
}

static void copy(const struct ct_reorder *r, void *to, const void *from)
{
        if (r->size && to && from)
                memcpy(to, from, r->size);
}

static void *place(const struct ct_reorder *r, uint64_t seq)
{
        return r->values + seq % r->window * r->size;
}

static void accept(struct ct_reorder *r, uint64_t seq, enum slot kind, const void *value)
{
        unsigned char *slot = &r->slot[seq % r->window];

#ifndef CT_PLANT_reorder_overtaken
        if (*slot != EMPTY)
                ct_panic(object, r, "number %llu comes a second time", (unsigned long long)seq);
#endif
        *slot = (unsigned char)kind;
        copy(r, place(r, seq), value);
        if (seq >= r->beyond)
                r->beyond = seq + 1;
}

/* next has gone up: one more number is inside the window, and may be waiting. */
static void admit(struct ct_reorder *r, struct woken *w)
{
        struct ct_wait_node *n, *after;

        for (n = r->putters.head; n; n = after) {
                struct waiting *who = (struct waiting *)n;

                after = n->next;
                if (!is_inside(r, who->seq))
                        continue;
#ifdef CT_PLANT_reorder_admits_nobody
                continue;
#endif
                accept(r, who->seq, who->kind, who->value);
                finish(w, &r->putters, who, 0);
        }
}

static enum slot head(const struct ct_reorder *r)
{
        return (enum slot)r->slot[r->next % r->window];
}

/* The head is given away, or passed over. */
static void advance(struct ct_reorder *r, struct woken *w)
{
        r->slot[r->next % r->window] = EMPTY;
        r->next++;
        admit(r, w);
}

static bool at_end(const struct ct_reorder *r)
{
        return r->closed && r->next == r->end;
}

/* Passes over what is skipped; gives the head to those who wait for it; tells them of the end. */
static void settle(struct ct_reorder *r, struct woken *w)
{
        for (;;) {
                struct waiting *taker = (struct waiting *)r->takers.head;

                if (head(r) == SKIPPED) {
                        advance(r, w);
                } else if (head(r) == FULL && taker) {
                        copy(r, taker->out, place(r, r->next));
                        finish(w, &r->takers, taker, 0);
                        advance(r, w);
                } else {
                        break;
                }
        }
        while (at_end(r) && r->takers.head)
                finish(w, &r->takers, (struct waiting *)r->takers.head, -EPIPE);
}

static void check(struct ct_reorder *r, uint64_t seq)
{
        if (seq < r->next)
                ct_panic(object, r, "number %llu comes a second time", (unsigned long long)seq);
        if (seq >= r->end)
                ct_panic(object, r, "number %llu comes, and the end is %llu",
                         (unsigned long long)seq, (unsigned long long)r->end);
}

/* ---- waiting ---- */

/* Puts `me` into the list, opens the lock and waits until somebody finishes it, or the deadline. */
static int wait_in(struct ct_reorder *r, struct ct_waitlist *list, struct waiting *me,
                   int64_t deadline)
{
        ct_waiter_init(&me->node.waiter);
        ct_waitlist_push_back(list, &me->node);
        ct_mutex_unlock(&r->lock);
        if (ct_park_until(&me->node.waiter, deadline, CT_PARK_SPIN) == 0)
                return me->answer;
        ct_mutex_lock(&r->lock);
        if (me->node.queued) {
                ct_waitlist_remove(list, &me->node);
                ct_mutex_unlock(&r->lock);
                return -ETIMEDOUT;
        }
        ct_mutex_unlock(&r->lock);
        ct_park(&me->node.waiter); /* the unpark is on its way */
        return me->answer;
}

static int put(struct ct_reorder *r, uint64_t seq, enum slot kind, const void *value, bool waits,
               int64_t deadline)
{
        struct woken w = {NULL, &w.first};

        ct_mutex_lock(&r->lock);
        if (r->cancelled) {
                ct_mutex_unlock(&r->lock);
                return -ECANCELED;
        }
        check(r, seq);
        if (!is_inside(r, seq)) {
                struct waiting me = {.seq = seq, .kind = kind, .value = value};

                if (waits)
                        return wait_in(r, &r->putters, &me, deadline);
                ct_mutex_unlock(&r->lock);
                return -EAGAIN;
        }
        accept(r, seq, kind, value);
        settle(r, &w);
        ct_mutex_unlock(&r->lock);
        wake(&w);
        return 0;
}

static int take(struct ct_reorder *r, void *out, bool waits, int64_t deadline)
{
        struct woken w = {NULL, &w.first};
        int answer;

        ct_mutex_lock(&r->lock);
        if (r->cancelled) {
                answer = -ECANCELED;
        } else if (at_end(r)) {
                answer = -EPIPE;
        } else if (head(r) == FULL) {
                copy(r, out, place(r, r->next));
                advance(r, &w);
                settle(r, &w);
                answer = 0;
        } else if (waits) {
                struct waiting me = {.out = out};

                return wait_in(r, &r->takers, &me, deadline);
        } else {
                answer = -EAGAIN;
        }
        ct_mutex_unlock(&r->lock);
        wake(&w);
        return answer;
}

/* ---- for users ---- */

int ct_reorder_put(struct ct_reorder *r, uint64_t seq, const void *value)
{
        return put(r, seq, FULL, value, true, CT_FOREVER);
}

int ct_reorder_put_until(struct ct_reorder *r, uint64_t seq, const void *value, int64_t deadline)
{
        return put(r, seq, FULL, value, true, deadline);
}

int ct_reorder_try_put(struct ct_reorder *r, uint64_t seq, const void *value)
{
        return put(r, seq, FULL, value, false, 0);
}

int ct_reorder_skip(struct ct_reorder *r, uint64_t seq)
{
        return put(r, seq, SKIPPED, NULL, true, CT_FOREVER);
}

bool ct_reorder_take(struct ct_reorder *r, void *out)
{
        return take(r, out, true, CT_FOREVER) == 0;
}

int ct_reorder_take_until(struct ct_reorder *r, void *out, int64_t deadline)
{
        return take(r, out, true, deadline);
}

int ct_reorder_try_take(struct ct_reorder *r, void *out)
{
        return take(r, out, false, 0);
}

void ct_reorder_close(struct ct_reorder *r, uint64_t end)
{
        struct woken w = {NULL, &w.first};

        ct_mutex_lock(&r->lock);
        if (r->closed)
                ct_panic(object, r, "closed a second time");
        if (end < r->beyond)
                ct_panic(object, r, "closed at %llu, and number %llu has come",
                         (unsigned long long)end, (unsigned long long)r->beyond - 1);
        r->closed = true;
        r->end = end;
        for (struct ct_wait_node *n = r->putters.head; n; n = n->next)
                check(r, ((struct waiting *)n)->seq);
        settle(r, &w);
        ct_mutex_unlock(&r->lock);
        wake(&w);
}

void ct_reorder_cancel(struct ct_reorder *r)
{
        struct woken w = {NULL, &w.first};

        ct_mutex_lock(&r->lock);
        r->cancelled = true;
#ifndef CT_PLANT_reorder_cancel_forgets_putters
        while (r->putters.head)
                finish(&w, &r->putters, (struct waiting *)r->putters.head, -ECANCELED);
#endif
        while (r->takers.head)
                finish(&w, &r->takers, (struct waiting *)r->takers.head, -ECANCELED);
        ct_mutex_unlock(&r->lock);
        wake(&w);
}

bool ct_reorder_drain(struct ct_reorder *r, void *out)
{
        bool found = false;

        ct_mutex_lock(&r->lock);
        if (!r->cancelled)
                ct_panic(object, r, "drained without a cancel");
        while (!found && r->next < r->beyond) {
                found = head(r) == FULL;
                if (found)
                        copy(r, out, place(r, r->next));
                r->slot[r->next % r->window] = EMPTY;
                r->next++;
        }
        ct_mutex_unlock(&r->lock);
        return found;
}

uint64_t ct_reorder_next(struct ct_reorder *r)
{
        uint64_t next;

        ct_mutex_lock(&r->lock);
        next = r->next;
        ct_mutex_unlock(&r->lock);
        return next;
}
