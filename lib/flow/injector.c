/*
 * Source: see the header.
 *
 * State: jobs head to tail - 1 are in their cells. tail is written under the lock, head moved by
 * whoever takes. A taker reads the cells, then moves head past them; they are its own if that
 * succeeds. Who pushes writes only cells that head has gone past, by what it last saw of head
 * (`limit`), so that it looks at the takers' line once in a ring's length and not for each job.
 *
 * Waiting for room: a submitter counts itself in `waiting`, then looks at head; a taker moves head,
 * then looks at `waiting`. Both are sequentially consistent, so one sees the other. A woken
 * submitter has nothing reserved: it tries again, and stands first in line if it comes too late.
 * For a push of n jobs a taker's one wake is enough, whatever n is: it fills what there is, and
 * waits for more.
 *
 * The tempting wrong version moves head first and reads the cells then: they may hold the jobs of
 * the next round by that time.
 *
 * One atomic operation for a push, the lock's; the job is published by a plain store, and whoever
 * pushed then looks for sleepers with no fence in between. Who goes to sleep makes up for that: it
 * says so, passes through the lock, then looks for a job. A push that came before is seen by then,
 * and one that comes after sees the sleeper.
 *
 * Room comes by the handful. A submitter that has a CPU for itself waits until there is some of it:
 * to come back for each single job would take the ring's lines from the taker that makes the room.
 */
#include "flow/injector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_NS 200
#define HANDFUL 64
#define AHEAD (16 * CT_INJECTOR_LINE_)

int ct_injector_init(struct ct_injector *i, size_t capacity)
{
        uint64_t cells = 1;

        if (capacity > SIZE_MAX / 4 / sizeof *i->cell)
                return -EOVERFLOW;
        while (cells < capacity)
                cells *= 2;
        memset(i, 0, sizeof *i);
        i->cell = calloc(cells, sizeof *i->cell);
        if (!i->cell)
                return -ENOMEM;
        i->mask = cells - 1;
        i->capacity = i->limit = capacity;
        return 0;
}

void ct_injector_fini(struct ct_injector *i)
{
        ct_mutex_asym_fini(&i->lock);
        free(i->cell);
}

/* ---- in ---- */

/* The line that will be written soon, and that a taker has now. */
void ct_injector_prefetch_(struct ct_injector *i, uint64_t at)
{
        void *line = &i->cell[(at + AHEAD) & i->mask];

#ifdef __x86_64__
        __asm__ volatile("prefetchw %0" : : "m"(*(char *)line)); /* the compiler's is a read's */
#else
        __builtin_prefetch(line, 1);
#endif
}

/* Under the lock. */
static size_t push_locked(struct ct_injector *i, const struct ct_pool_item *items, size_t n)
{
        uint64_t tail = ct_load_u64_relaxed(&i->tail);

        if (i->limit - tail < n) {
                i->limit = ct_load_u64_acquire(&i->head) + i->capacity; /* pairs with take */
                if (i->limit - tail < n)
                        n = (size_t)(i->limit - tail);
        }
        if (!n)
                return 0;
#ifdef CT_PLANT_injector_publishes_early
        ct_store_u64_release(&i->tail, tail + n);
#endif
        for (size_t k = 0; k < n; k++) {
                if ((tail + k) % CT_INJECTOR_LINE_ == 0)
                        ct_injector_prefetch_(i, tail + k);
                ct_injector_write_(i, tail + k, &items[k]);
        }
        ct_store_u64_release(&i->tail, tail + n); /* pairs with take */
        return n;
}

size_t ct_injector_push(struct ct_injector *i, const struct ct_pool_item *items, size_t n,
                        bool *open)
{
        size_t pushed = 0;

        ct_mutex_asym_lock(&i->lock);
        *open = !ct_load_u32_relaxed(&i->closed);
        if (*open)
                pushed = push_locked(i, items, n);
        ct_mutex_asym_unlock(&i->lock);
        return pushed;
}

/* ---- waiting for room ---- */

static uint64_t room(const struct ct_injector *i)
{
        uint64_t head = ct_load_u64_seq(&i->head);
        uint64_t full = ct_load_u64_seq(&i->tail) - head; /* too many, if head has moved since */

        return full < i->capacity ? i->capacity - full : 0;
}

static bool may_come(const struct ct_injector *i)
{
        return room(i) || ct_injector_is_closed(i);
}

/* Without the parker's sleep; true if there is room. */
static bool wait_awake(const struct ct_injector *i, int64_t deadline)
{
        uint64_t enough = i->capacity / 2 < HANDFUL ? i->capacity / 2 : HANDFUL;
        bool there = false;
        struct ct_spin spin;

        ct_spin_start(&spin, CT_SPIN_FOR_EVENT, deadline, LOOK_NS);
        while (!there && ct_spin_wait(&spin))
                there = room(i) > enough || ct_injector_is_closed(i);
        ct_spin_end(&spin, there || may_come(i));
        for (unsigned n = ct_injector_yields_(); n && !may_come(i); n--)
                ct_parker_ops_self()->yield();
        return may_come(i);
}

static void join_door(struct ct_injector *i, struct ct_wait_node *n, bool again)
{
        ct_waiter_init(&n->waiter);
        ct_guard_lock(&i->guard);
        if (again)
                ct_waitlist_push_front(&i->door, n);
        else
                ct_waitlist_push_back(&i->door, n);
        (void)ct_add_u32_seq(&i->waiting, 1); /* pairs with let_in */
        ct_guard_unlock(&i->guard);
}

/* False: it was called in, and its unpark is on its way. */
static bool leave_door(struct ct_injector *i, struct ct_wait_node *n)
{
        bool queued;

        ct_guard_lock(&i->guard);
        queued = n->queued;
        if (queued) {
                ct_waitlist_remove(&i->door, n);
                (void)ct_sub_u32_seq(&i->waiting, 1);
        }
        ct_guard_unlock(&i->guard);
        return queued;
}

int ct_injector_wait(struct ct_injector *i, int64_t deadline, bool again)
{
        struct ct_wait_node n;

        if (wait_awake(i, deadline))
                return 0;
        join_door(i, &n, again);
#ifndef CT_PLANT_injector_waits_blindly
        if (may_come(i)) {
                if (!leave_door(i, &n))
                        ct_park(&n.waiter);
                return 0;
        }
#endif
        if (!ct_park_until(&n.waiter, deadline, CT_PARK_SLEEP))
                return 0;
        if (leave_door(i, &n))
                return -ETIMEDOUT;
        ct_park(&n.waiter);
        return 0;
}

/* Calls in up to n of those that wait. */
static __attribute__((noinline)) void let_in(struct ct_injector *i, size_t n)
{
        struct ct_wait_node *node;

        do {
                ct_guard_lock(&i->guard);
                node = ct_waitlist_pop(&i->door);
                if (node)
                        (void)ct_sub_u32_seq(&i->waiting, 1);
                ct_guard_unlock(&i->guard);
                if (node)
                        ct_unpark(&node->waiter);
        } while (node && --n);
}

void ct_injector_close(struct ct_injector *i)
{
        ct_mutex_asym_lock(&i->lock);
        (void)ct_exchange_u32_seq(&i->closed, 1); /* pairs with may_come */
        ct_mutex_asym_unlock(&i->lock);
        let_in(i, SIZE_MAX);
}

/* ---- out ---- */

static size_t share(uint64_t there, size_t most, size_t sharers)
{
        uint64_t n = sharers > 1 ? (there + sharers - 1) / sharers : there;

        return n < most ? (size_t)n : most;
}

static void read_cells(const struct ct_injector *i, uint64_t at, struct ct_pool_item *out, size_t n)
{
        for (size_t k = 0; k < n; k++) {
                const struct ct_injector_cell_ *c = &i->cell[(at + k) & i->mask];

                out[k].job = (ct_pool_job *)(uintptr_t)ct_load_ptr_relaxed(&c->job);
                out[k].arg = ct_load_ptr_relaxed(&c->arg);
        }
}

size_t ct_injector_take(struct ct_injector *i, struct ct_pool_item *out, size_t most,
                        size_t sharers, uint64_t *seen)
{
        uint64_t head = ct_load_u64_seq(&i->head);
        size_t n;

        do {
                uint64_t tail = *seen;

                if ((int64_t)(tail - head) < (int64_t)most)
                        *seen = tail = ct_load_u64_seq(&i->tail); /* pairs with push */
                if (tail == head)
                        return 0;
                n = share(tail - head, most, sharers);
#ifdef CT_PLANT_injector_takes_before_reading
                if (ct_cas_u64_seq(&i->head, &head, head + n)) {
                        read_cells(i, head, out, n);
                        break;
                }
                continue;
#endif
                read_cells(i, head, out, n);
        } while (!ct_cas_u64_seq(&i->head, &head, head + n)); /* pairs with push_locked */
#ifndef CT_PLANT_injector_lets_nobody_in
        if (ct_load_u32_seq(&i->waiting)) /* pairs with join_door */
                let_in(i, n);
#endif
        return n;
}
