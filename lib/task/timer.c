/*
 * Deadlines of parked tasks: a pairing heap of nodes in the tasks' frames.
 *
 * Source: Fredman, Sedgewick, Sleator, Tarjan, "The Pairing Heap" (1986); own code.
 *
 * The waiter's word, beyond what the parker knows, has the value TIMED: the deadline came before
 * the switch away from the task was over. Expiry and permit exclude each other: expiry changes the
 * word by CAS, from PARKED to EMPTY (then the task is ours to make ready) or from EMPTY to TIMED
 * (then settle_park() finds it), and leaves a PERMIT alone.
 *
 * Invariant: all this happens under the heap's guard. A task that comes back from its park takes
 * the guard to cancel, so expiry is done with its node and its waiter before the frame goes.
 *
 * The tempting wrong version marks the timer fired and lets the woken task find out by itself
 * whether a permit came too: then the unpark between the two makes it ready a second time.
 */
#include "task/timer.h"

#include "base/clock.h"
#include "task/internal.h"

static bool before(const struct ct_timer_ *a, const struct ct_timer_ *b)
{
        return a->deadline < b->deadline || (a->deadline == b->deadline && a->order < b->order);
}

/* Two heaps become one; returns its root. */
static struct ct_timer_ *meld(struct ct_timer_ *a, struct ct_timer_ *b)
{
        if (!a || !b)
                return a ? a : b;
        if (before(b, a)) {
                struct ct_timer_ *t = a;

                a = b;
                b = t;
        }
        b->before = a;
        b->sibling = a->child;
        if (a->child)
                a->child->before = b;
        a->child = b;
        return a;
}

/* The children of a root that goes become one heap: pairs from the left, then all from the right.
   In loops, because there may be a million children. */
static struct ct_timer_ *pair_up(struct ct_timer_ *first)
{
        struct ct_timer_ *pairs = NULL, *root = NULL;

        while (first) {
                struct ct_timer_ *a = first, *b = a->sibling;

                first = b ? b->sibling : NULL;
                a->sibling = a->before = NULL;
                if (b)
                        b->sibling = b->before = NULL;
                a = meld(a, b);
                a->sibling = pairs;
                pairs = a;
        }
        while (pairs) {
                struct ct_timer_ *next = pairs->sibling;

                pairs->sibling = NULL;
                root = meld(root, pairs);
                pairs = next;
        }
        return root;
}

static void set_root(struct ct_timers_ *h, struct ct_timer_ *root)
{
        h->root = root;
        if (root)
                root->before = root->sibling = NULL;
        ct_store_u64_relaxed(&h->first, (uint64_t)(root ? root->deadline : CT_FOREVER));
}

static void take_out(struct ct_timers_ *h, struct ct_timer_ *t)
{
        struct ct_timer_ *rest = pair_up(t->child);

        t->queued = false;
        if (t == h->root) {
                set_root(h, rest);
                return;
        }
        if (t->before->child == t)
                t->before->child = t->sibling;
        else
                t->before->sibling = t->sibling;
        if (t->sibling)
                t->sibling->before = t->before;
        if (rest)
                set_root(h, meld(h->root, rest));
}

void ct_timers_init_(struct ct_timers_ *h)
{
        *h = (struct ct_timers_){0};
        set_root(h, NULL);
}

void ct_timer_start_(struct ct_timers_ *h, struct ct_timer_ *t)
{
        ct_guard_lock(&h->guard);
        t->child = t->sibling = t->before = NULL;
        t->heap = h;
        t->order = h->order++;
        t->queued = true;
        set_root(h, meld(h->root, t));
        ct_guard_unlock(&h->guard);
}

void ct_timer_cancel_(struct ct_timer_ *t)
{
        struct ct_timers_ *h = t->heap;

        ct_guard_lock(&h->guard);
        if (t->queued)
                take_out(h, t);
        ct_guard_unlock(&h->guard);
}

/* Whether the task became ready by it. */
static bool expire(struct ct_waiter *w)
{
        uint32_t word = CT_WAITER_PARKED_;

#ifdef CT_PLANT_task_timeout_eats_permit
        return ct_exchange_u32_acquire(&w->word, CT_WAITER_EMPTY_) == CT_WAITER_PARKED_;
#endif
        /* Acquire: pairs with settle_park; the task's context is needed. */
        if (ct_cas_u32_acquire(&w->word, &word, CT_WAITER_EMPTY_))
                return true;
        word = CT_WAITER_EMPTY_;
#ifndef CT_PLANT_task_early_expiry_lost
        (void)ct_cas_u32_relaxed(&w->word, &word, CT_WAITER_TIMED_);
#endif
        return false;
}

void ct_timers_expire_(struct ct_timers_ *h, int64_t now, struct ct_tasks_ *ready)
{
        ct_guard_lock(&h->guard);
        while (h->root && h->root->deadline <= now) {
                struct ct_timer_ *t = h->root;

                take_out(h, t);
                if (expire(t->waiter))
                        ct_tasks_push_(ready, t->task);
        }
        ct_guard_unlock(&h->guard);
}
