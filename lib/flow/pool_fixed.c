/*
 * The pool without balance: the n-th accepted job belongs to worker n mod `workers`, however long
 * that one's other jobs take.
 *
 * Source: own. A ring for each worker ("lane"); submitters share a guard, under which they count
 * the jobs and fill the rings in turn; the owner empties its ring without a lock.
 *
 * Capacity: each worker has ceil(queue / workers) places, so `queue` is kept to within a multiple
 * of `workers`. It is full as soon as the next job's own worker has no place, whatever the others
 * have: that is what the kind is there to show.
 *
 * State of a lane: jobs [taken, put) wait in the ring. The owner writes `taken`, submitters `put`,
 * under the guard. `limit` is how far the owner has seen put, `seen` how far submitters have seen
 * taken: so either line is fetched from the other side once a ringful and not once a job.
 *
 * Invariants, whenever the guard is open: `accepted` is the sum of all put; lane `next` gets the
 * next job; somebody is at the door only if that lane was full when he came, and `wanted` says so;
 * an owner is `idle` only where it has taken all that was put.
 *
 * The door. A submitter that waits raises `wanted`, then looks at `taken` again; the owner stores
 * `taken`, then looks at `wanted`: at least one sees the other (asymmetric.h; the owner's fence is
 * free). Whoever sees it lets in from the door what fits, in the order of coming.
 * The tempting wrong version looks at `wanted` when the ring has run empty: true sooner or later,
 * unless the job that runs meanwhile waits for the submitter at the door.
 */
#include "base/asymmetric.h"
#include "base/waitlist.h"
#include "flow/pool_private.h"
#include "sync/wake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct lane {
        CT_ALIGN_PAIR ct_atomic_u64 taken; /* the owner's, as what follows */
        uint64_t limit;
        CT_ALIGN_PAIR ct_atomic_u64 put; /* the submitters', under the guard, as what follows */
        uint64_t seen;
        struct ct_wait_node *idle; /* the owner that sleeps, or NULL */
        struct ct_pool_item *ring; /* constant */
};

/* A submitter that waits, with what is left of its jobs. */
struct visitor {
        struct ct_wait_node node; /* first: the door's nodes are visitors */
        const struct ct_pool_item *next;
        size_t left;
        bool refused; /* the pool was closed */
};

struct fixed {
        CT_ALIGN_PAIR struct ct_guard guard;
        bool closed;
        unsigned next;
        ct_atomic_u64 accepted;
        struct ct_waitlist door;
        CT_ALIGN_PAIR ct_atomic_u32 wanted; /* the door is not empty; owners look at each job */
        unsigned lanes;                     /* constant, as what follows */
        uint64_t capacity, mask;            /* of each lane; its ring's size - 1 */
        struct ct_pool_item *rings;
        struct lane lane[];
};

static struct fixed *fixed_of(struct ct_pool *p)
{
        return p->kind;
}

/* ---- start and end ---- */

static struct fixed *allocate(unsigned lanes, size_t slots)
{
        size_t bytes = sizeof(struct fixed) + lanes * sizeof(struct lane);
        struct fixed *f = aligned_alloc(_Alignof(struct fixed), bytes);

        if (!f)
                return NULL;
        memset(f, 0, bytes);
        f->rings = calloc(lanes, slots * sizeof *f->rings);
        if (f->rings)
                return f;
        free(f);
        return NULL;
}

static int init(struct ct_pool *p)
{
        unsigned lanes = p->config.workers;
        size_t capacity = (p->config.queue - 1) / lanes + 1, slots = 1;
        struct fixed *f;

        if (capacity > SIZE_MAX / 4 / sizeof(struct ct_pool_item))
                return -EOVERFLOW;
        while (slots < capacity)
                slots *= 2;
        f = allocate(lanes, slots);
        if (!f)
                return -ENOMEM;
        f->lanes = lanes;
        f->capacity = capacity;
        f->mask = slots - 1;
        for (unsigned i = 0; i < lanes; i++)
                f->lane[i].ring = f->rings + i * slots;
        p->kind = f;
        return 0;
}

static void fini(struct ct_pool *p)
{
        free(fixed_of(p)->rings);
        free(p->kind);
}

/* ---- put ---- */

/* Under the guard. */
static bool has_room(const struct fixed *f, struct lane *l)
{
        uint64_t put = ct_load_u64_relaxed(&l->put);

        if (put - l->seen < f->capacity)
                return true;
        /* seq: after the raising of `wanted`, where somebody waits. Its acquire pairs with took(),
           so that the owner has read the slot. */
        l->seen = ct_load_u64_seq(&l->taken);
        return put - l->seen < f->capacity;
}

/* Under the guard: the visitor's jobs, as many as fit. Owners to be woken are added to *wake. */
static void place(struct fixed *f, struct visitor *v, struct ct_wait_node **wake)
{
        while (v->left) {
                struct lane *l = &f->lane[f->next];
                uint64_t put = ct_load_u64_relaxed(&l->put);

                if (!has_room(f, l))
                        return;
                l->ring[put & f->mask] = *v->next++;
                v->left--;
                /* Before the job can be taken; its owner acquires both by `put`. */
                ct_store_u64_relaxed(&f->accepted, ct_load_u64_relaxed(&f->accepted) + 1);
                ct_store_u64_release(&l->put, put + 1); /* pairs with more_to_take */
                f->next = f->next + 1 == f->lanes ? 0 : f->next + 1;
                if (!l->idle)
                        continue;
                l->idle->next = *wake;
                *wake = l->idle;
                l->idle = NULL;
        }
}

/* Under the guard: whoever is at the door, as far as there is room. */
static void let_in(struct fixed *f, struct ct_wait_node **wake)
{
        struct visitor *v;

        while ((v = (struct visitor *)f->door.head)) {
                place(f, v, wake);
                if (v->left)
                        return;
                ct_waitlist_remove(&f->door, &v->node);
                v->node.next = *wake;
                *wake = &v->node;
        }
        ct_store_u32_relaxed(&f->wanted, 0);
}

/* Under the guard: joins the door, and is let in again at once if an owner has not seen it. */
static void join_door(struct fixed *f, struct visitor *v, struct ct_wait_node **wake)
{
        ct_waiter_init(&v->node.waiter);
        ct_waitlist_push_back(&f->door, &v->node);
        (void)ct_exchange_u32_seq(&f->wanted, 1);
#ifndef CT_PLANT_pool_fixed_door_no_heavy_fence
        ct_asymmetric_heavy(); /* pairs with the light one in took */
#endif
        let_in(f, wake);
}

/* True: all of them were let in, or the pool was closed. */
static bool wait_at_door(struct fixed *f, struct visitor *v, int64_t deadline)
{
        bool queued;

        if (ct_park_until(&v->node.waiter, deadline, CT_PARK_SPIN) == 0)
                return true;
        ct_guard_lock(&f->guard);
        queued = v->node.queued;
        if (queued)
                ct_waitlist_remove(&f->door,
                                   &v->node); /* `wanted` may stay: the next look ends it */
        ct_guard_unlock(&f->guard);
        if (!queued)
                ct_park(&v->node.waiter); /* the unpark is on its way */
        return !queued;
}

static enum ct_pool_status put(struct ct_pool *p, unsigned level, const struct ct_pool_item *items,
                               size_t n, int64_t deadline, size_t *accepted)
{
        struct fixed *f = fixed_of(p);
        struct visitor v = {.next = items, .left = n};
        struct ct_wait_node *wake = NULL;
        bool waits = false, in = true;

        (void)level;
        ct_guard_lock(&f->guard);
        v.refused = f->closed;
        if (!v.refused && !f->door.head)
                place(f, &v, &wake);
        if (!v.refused && v.left && !ct_pool_is_past_(deadline)) {
                waits = true;
                join_door(f, &v, &wake);
        }
        ct_guard_unlock(&f->guard);
        ct_unpark_all(wake); /* perhaps the caller too: its park returns at once */
        if (waits)
                in = wait_at_door(f, &v, deadline);
        *accepted = n - v.left;
        if (v.refused)
                return CT_POOL_SHUTTING_DOWN;
        return in && !v.left ? CT_POOL_OK : CT_POOL_TIMED_OUT;
}

/* ---- take ---- */

/* With all that it had seen taken, the owner looks for more, and waits for it. */
static __attribute__((noinline)) bool more_to_take(struct fixed *f, struct lane *l, uint64_t taken)
{
        struct ct_wait_node self;
        bool closed;

        for (;;) {
                l->limit = ct_load_u64_acquire(&l->put); /* pairs with place */
                if (l->limit != taken)
                        return true;
                ct_waiter_init(&self.waiter);
                ct_guard_lock(&f->guard);
#ifndef CT_PLANT_pool_fixed_idles_blindly
                l->limit = ct_load_u64_relaxed(&l->put);
#endif
                closed = f->closed;
                if (l->limit == taken && !closed)
                        l->idle = &self;
                ct_guard_unlock(&f->guard);
                if (l->limit != taken)
                        return true;
                if (closed)
                        return false;
                ct_park(&self.waiter);
        }
}

static __attribute__((noinline)) void serve_door(struct fixed *f)
{
        struct ct_wait_node *wake = NULL;

        ct_guard_lock(&f->guard);
        let_in(f, &wake);
        ct_guard_unlock(&f->guard);
        ct_unpark_all(wake);
}

/* The owner has read the slot before. */
static inline void took(struct fixed *f, struct lane *l, uint64_t taken)
{
        if (ct_asymmetric_ready()) {
                ct_store_u64_release(&l->taken, taken); /* pairs with has_room */
                ct_asymmetric_light();                  /* pairs with the heavy one in join_door */
        } else {
                (void)ct_exchange_u64_seq(&l->taken, taken); /* pairs with that on wanted */
        }
#ifdef CT_PLANT_pool_fixed_forgets_door
        if (taken == 0)
                serve_door(f);
        return;
#endif
        if (__builtin_expect(ct_load_u32_seq(&f->wanted), 0))
                serve_door(f);
}

static bool take(struct ct_pool_worker_ *w, struct ct_pool_item *out)
{
        struct fixed *f = fixed_of(w->pool);
        struct lane *l = &f->lane[w->index];
        uint64_t taken = ct_load_u64_relaxed(&l->taken);

        if (taken == l->limit && !more_to_take(f, l, taken))
                return false;
        *out = l->ring[taken & f->mask];
        took(f, l, taken + 1);
        return true;
}

/* ---- the end ---- */

static void close_lanes(struct ct_pool *p)
{
        struct ct_wait_node *wake = NULL, *n;
        struct fixed *f = fixed_of(p);

        ct_guard_lock(&f->guard);
        f->closed = true;
        while ((n = ct_waitlist_pop(&f->door))) {
                ((struct visitor *)n)->refused = true;
                n->next = wake;
                wake = n;
        }
        for (unsigned i = 0; i < f->lanes; i++) {
                n = f->lane[i].idle;
                if (!n)
                        continue;
                f->lane[i].idle = NULL;
                n->next = wake;
                wake = n;
        }
        ct_guard_unlock(&f->guard);
        ct_unpark_all(wake);
}

static uint64_t accepted(struct ct_pool *p)
{
        return ct_load_u64_relaxed(&fixed_of(p)->accepted); /* after close: its guard orders it */
}

const struct ct_pool_ops_ ct_pool_fixed_ops_ = {
        .init = init,
        .fini = fini,
        .put = put,
        .take = take,
        .close = close_lanes,
        .accepted = accepted,
};
