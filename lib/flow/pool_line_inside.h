/*
 * The inside of a pool's line: what is done under its guard to jobs, to the door and to those that
 * are to be woken. For pool_line.c.
 */
#ifndef CT_FLOW_POOL_LINE_INSIDE_H
#define CT_FLOW_POOL_LINE_INSIDE_H

#include "base/clock.h"
#include "flow/pool_line.h"

/* No slot. */
#define NONE UINT32_MAX

/* A submitter at the door, with what is left of its jobs. */
struct visitor {
        struct ct_wait_node node; /* first: the lists' nodes are visitors */
        const struct ct_pool_item *next;
        size_t left;
        int64_t since;
        bool refused; /* the line was closed */
};

/* A worker without a job. */
struct idler {
        struct ct_wait_node node; /* first, as above */
        struct ct_pool_item item;
        bool has_job; /* false when woken: the line was closed, look again */
};

/* Whom to unpark once the guard is open, linked by next. */
struct woken {
        struct ct_wait_node *first;
};

static inline void wake_later(struct woken *w, struct ct_wait_node *n)
{
        n->next = w->first;
        w->first = n;
}

static inline int64_t now_under_guard(const struct ct_pool_line_ *l)
{
        return l->levels > 1 ? ct_now_ns() : 0; /* with one level nobody asks */
}

/* ---- jobs, under the guard ---- */

static inline void push(struct ct_pool_line_ *l, unsigned level, const struct ct_pool_item *item,
                        int64_t now)
{
        struct ct_pool_level_ *q = &l->level[level];
        uint64_t bit = UINT64_C(1) << level;
        uint32_t i = l->free;

        if (i == NONE)
                i = l->fresh++;
        else
                l->free = l->slot[i].next;
        l->slot[i] = (struct ct_pool_slot_){.item = *item, .since = now, .next = NONE};
        if (l->has_jobs & bit) {
                l->slot[q->last].next = i;
        } else {
                l->has_jobs |= bit;
                q->first = i;
                l->job_since[level] = now;
        }
        q->last = i;
        l->queued++;
}

static inline void pop(struct ct_pool_line_ *l, unsigned level, struct ct_pool_item *out)
{
        struct ct_pool_level_ *q = &l->level[level];
        uint32_t i = q->first;

        *out = l->slot[i].item;
        q->first = l->slot[i].next;
        if (q->first == NONE)
                l->has_jobs &= ~(UINT64_C(1) << level);
        else
                l->job_since[level] = l->slot[q->first].since;
        l->slot[i].next = l->free;
        l->free = i;
        l->queued--;
}

/* The level to serve of those in `waiting`, by the law. */
static inline unsigned pick(const struct ct_pool_line_ *l, uint64_t waiting, const int64_t *since)
{
        if (!(waiting & (waiting - 1)))
                return (unsigned)__builtin_ctzll(waiting);
        return ct_pool_pick_level_(waiting, since, l->aging, ct_now_ns());
}

/* ---- the door, under the guard ---- */

static inline void door_join(struct ct_pool_line_ *l, unsigned level, struct visitor *v)
{
        struct ct_waitlist *door = &l->level[level].door;

        v->since = now_under_guard(l);
        if (!door->head)
                l->door_since[level] = v->since;
        l->has_door |= UINT64_C(1) << level;
        l->at_door += v->left;
        ct_waitlist_push_back(door, &v->node);
}

static inline void door_leave(struct ct_pool_line_ *l, unsigned level, struct visitor *v)
{
        struct ct_waitlist *door = &l->level[level].door;

        ct_waitlist_remove(door, &v->node);
        l->at_door -= v->left;
        if (!door->head)
                l->has_door &= ~(UINT64_C(1) << level);
        else
                l->door_since[level] = ((struct visitor *)door->head)->since;
}

/* Takes one job from the submitters that wait; there is one. */
static inline struct ct_pool_item let_in(struct ct_pool_line_ *l, unsigned *level, struct woken *w)
{
        struct visitor *v;
        struct ct_pool_item item;

#ifdef CT_PLANT_pool_line_door_ignores_levels
        *level = 63 - (unsigned)__builtin_clzll(l->has_door);
#else
        *level = pick(l, l->has_door, l->door_since);
#endif
        v = (struct visitor *)l->level[*level].door.head;
        item = *v->next;
        if (v->left == 1) {
                door_leave(l, *level, v);
                wake_later(w, &v->node);
        } else {
                l->at_door--;
        }
        v->next++;
        v->left--;
        l->accepted++;
        return item;
}

/* ---- idle workers, under the guard ---- */

/* Puts a job into the hand of the worker that has idled for the shortest. */
static inline void hand_over(struct ct_pool_line_ *l, const struct ct_pool_item *item,
                             struct woken *w)
{
        struct idler *idler = (struct idler *)ct_waitlist_pop(&l->idle);

        idler->item = *item;
        idler->has_job = true;
        l->staff.idle--;
        l->waking++;
        wake_later(w, &idler->node);
}

/* The next job of the queue goes to an idle worker. */
static inline void hand_next_over(struct ct_pool_line_ *l, struct woken *w)
{
        struct ct_pool_item item;

        pop(l, pick(l, l->has_jobs, l->job_since), &item);
        hand_over(l, &item, w);
}

#endif
