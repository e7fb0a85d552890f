/*
 * ct_semaphore's slow paths.
 *
 * Source: semaphore.Weighted of Go's x/sync, as a contract; own code.
 *
 * The state word:
 *      WAITED   the queue is not empty: permits are given to its head and to nobody else
 *      permits  how many are free
 * Both are in one word so that one compare-and-swap can decide about both.
 *
 * Invariants, whenever the guard is open:
 *      WAITED is set exactly when the queue is not empty;
 *      if the head of the queue would fit, then a release that saw WAITED is on its way to the
 *      guard.
 * With WAITED set, permits become fewer under the guard only; releases add to them at any time.
 *
 * A context that joins sets WAITED by a compare-and-swap on the very word that had too few permits.
 * So a release comes before it, and is counted in that word, or after it, and sees WAITED.
 *
 * Two tempting wrong versions. First, to set WAITED by an atomic or: the release between the look
 * and the or has seen no waiter, and the one that joins has not seen its permits. Second, to let
 * the head of the queue time out without another look at the queue: the permits that were too few
 * for it may be enough for those behind it, and no release will come for them.
 */
#include "sync/semaphore.h"

#include "base/panic.h"
#include "base/parker.h"
#include "sync/wake.h"

#include <errno.h>

#define WAITED CT_SEMAPHORE_WAITED_
#define PERMIT CT_SEMAPHORE_PERMIT_

/* Longest pause between two looks of a spinner; as in mutex_go.c. */
#define MAX_STEP_NS 2000

struct waiter {
        struct ct_wait_node node; /* first: the queue's nodes are waiters */
        uint64_t n;
};

void ct_semaphore_init(struct ct_semaphore *s, uint64_t size)
{
        if (!size || size > CT_SEMAPHORE_MOST_)
                ct_panic("ct_semaphore", s, "init with %llu permits", (unsigned long long)size);
        *s = (struct ct_semaphore)CT_SEMAPHORE_INIT(size);
}

static void check_usable(const struct ct_semaphore *s)
{
        if (!s->size)
                ct_panic("ct_semaphore", s, "used %s",
                         ct_semaphore_waited(s) ? "after fini" : "before init");
}

bool ct_semaphore_refuse_(const struct ct_semaphore *s)
{
        check_usable(s);
        return false;
}

/* Under the guard: takes from the queue all that fit, in order; returns them linked by next. */
static struct ct_wait_node *grant(struct ct_semaphore *s)
{
        struct ct_wait_node *first = NULL, **link = &first;
        uint64_t old = ct_load_u64_relaxed(&s->state);
        struct waiter *head;

        while ((head = (struct waiter *)s->queue.head) && old / PERMIT >= head->n) {
                uint64_t left = old - head->n * PERMIT;

                if (!head->node.next)
                        left &= ~WAITED;
                /* The acquire pairs with the releases whose permits these are; what was done
                   before them reaches the waiter through this context's unpark. */
                if (!ct_cas_u64_acquire(&s->state, &old, left))
                        continue; /* more permits have come */
                old = left;
                ct_waitlist_remove(&s->queue, &head->node);
                *link = &head->node;
                link = &head->node.next;
#ifdef CT_PLANT_semaphore_grants_one
                break;
#endif
        }
        *link = NULL;
        return first;
}

static bool spin(struct ct_semaphore *s, uint64_t n, int64_t deadline)
{
        struct ct_spin spin;
        bool got = false;

        ct_spin_start(&spin, CT_SPIN_FOR_EVENT, deadline, MAX_STEP_NS);
        if (!spin.left)
                return false;
        while (!got && !ct_semaphore_waited(s) && ct_spin_wait(&spin))
                got = ct_semaphore_take_(s, n);
        ct_spin_end(&spin, got);
        return got;
}

/* Joins the queue, or takes the permits if they have become free; true in the latter case. */
static bool enqueue_or_take(struct ct_semaphore *s, struct waiter *self)
{
        uint64_t old;

        ct_waiter_init(&self->node.waiter);
        ct_guard_lock(&s->guard);
        old = ct_load_u64_relaxed(&s->state);
        while (!(old & WAITED)) {
                if (old / PERMIT >= self->n) {
                        /* pairs with the release of every release */
                        if (!ct_cas_u64_acquire(&s->state, &old, old - self->n * PERMIT))
                                continue;
                        ct_guard_unlock(&s->guard);
                        return true;
                }
#ifdef CT_PLANT_semaphore_joins_blindly
                ct_or_u64_relaxed(&s->state, WAITED);
                break;
#endif
                if (ct_cas_u64_relaxed(&s->state, &old, old | WAITED))
                        break; /* relaxed: the guard publishes the node */
        }
        ct_waitlist_push_back(&s->queue, &self->node);
        ct_guard_unlock(&s->guard);
        return false;
}

/* The time is up. True if the waiter left the queue, false if it had its permits before. */
static bool leave(struct ct_semaphore *s, struct waiter *self)
{
        struct ct_wait_node *granted = NULL;
        bool queued;

        ct_guard_lock(&s->guard);
        queued = self->node.queued;
        if (queued) {
                ct_waitlist_remove(&s->queue, &self->node);
                if (!s->queue.head)
                        ct_and_u64_relaxed(&s->state, ~WAITED);
#ifndef CT_PLANT_semaphore_head_leaves_silently
                granted = grant(s);
#endif
        }
        ct_guard_unlock(&s->guard);
        ct_unpark_all(granted);
        return queued;
}

/* For requests that can never be met. */
static int wait_in_vain(const struct ct_semaphore *s, uint64_t n, int64_t deadline)
{
        struct ct_waiter self;

        if (deadline == CT_FOREVER)
                ct_panic("ct_semaphore", s, "acquire of %llu of %llu permits would wait for ever",
                         (unsigned long long)n, (unsigned long long)s->size);
        ct_waiter_init(&self);
        return ct_park_until(&self, deadline, CT_PARK_SLEEP); /* nobody knows of self */
}

int ct_semaphore_acquire_slow_(struct ct_semaphore *s, uint64_t n, int64_t deadline)
{
        struct waiter self = {.n = n};

        check_usable(s);
        if (deadline != CT_FOREVER && deadline <= ct_now_ns())
                return -ETIMEDOUT;
        if (n > s->size)
                return wait_in_vain(s, n, deadline);
        if (spin(s, n, deadline) || enqueue_or_take(s, &self))
                return 0;
        if (!ct_park_until(&self.node.waiter, deadline, CT_PARK_SLEEP))
                return 0;
        if (leave(s, &self))
                return -ETIMEDOUT;
        ct_park(&self.node.waiter); /* the unpark is on its way */
#ifdef CT_PLANT_semaphore_timeout_eats_permits
        return -ETIMEDOUT;
#endif
        return 0;
}

void ct_semaphore_release_slow_(struct ct_semaphore *s, uint64_t n, uint64_t before)
{
        struct ct_wait_node *granted;

        check_usable(s);
#ifndef CT_PLANT_semaphore_release_unchecked
        if (n > s->size - before / PERMIT)
                ct_panic("ct_semaphore", s, "release of %llu permits while %llu are out",
                         (unsigned long long)n, (unsigned long long)(s->size - before / PERMIT));
#else
        (void)n, (void)before;
#endif
        ct_guard_lock(&s->guard);
        granted = grant(s);
        ct_guard_unlock(&s->guard);
        ct_unpark_all(granted);
}

uint32_t ct_semaphore_waiters(struct ct_semaphore *s)
{
        uint32_t n = 0;

        ct_guard_lock(&s->guard);
        for (const struct ct_wait_node *w = s->queue.head; w; w = w->next)
                n++;
        ct_guard_unlock(&s->guard);
        return n;
}

void ct_semaphore_fini(struct ct_semaphore *s)
{
        check_usable(s);
        if (ct_semaphore_waited(s))
                ct_panic("ct_semaphore", s, "fini while %u wait",
                         (unsigned)ct_semaphore_waiters(s));
        s->size = 0;
        ct_store_u64_relaxed(&s->state, WAITED); /* every use now comes to a slow path */
}
