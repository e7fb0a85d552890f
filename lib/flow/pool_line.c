/*
 * Source: own code; direct hand-over as in Go's channel (runtime/chan.go).
 *
 * Everything is under one guard, held for a few loads and stores, and for a look at the clock where
 * there are levels. Waiters are woken after it is open.
 *
 * Invariants, whenever the guard is open:
 *      while workers are idle and jobs are queued, another worker is on its way with a job in its
 *      hand (`waking`), and will hand the next one over as soon as it has come;
 *      somebody is at the door only while all slots are full and no worker is idle;
 *      has_jobs and has_door have the bits of the levels with jobs and with submitters that wait,
 *      and job_since and door_since of these levels are those of their first.
 * So no wake can be lost: whoever is woken has a job already, and a take that makes room fills it
 * from the door at once. And threads are woken one after the other: where jobs are short, those
 * that are awake do them all before the next would have come, and nobody pays for its wake.
 *
 * An idle worker that times out looks, under the guard, whether it still stands among the idle
 * ones. If not, a job is in its hand already and it stays. The tempting wrong version lets it leave
 * on the time-out alone: a put that came in between has given its job to nobody.
 *
 * The clock is read under the guard, so that times within a level go up.
 */
#include "flow/pool_line_inside.h"
#include "flow/pool_private.h"
#include "sync/wake.h"

#include <errno.h>
#include <stdlib.h>

/* How long nobody is started after one that did not come. */
#define HOLD_OFF_NS (10 * CT_NS_PER_MS)

/* ---- start and end ---- */

int ct_pool_line_new_(struct ct_pool_line_ **out, const struct ct_pool_config *c,
                      int (*hire)(struct ct_pool *pool), struct ct_pool *pool)
{
        struct ct_pool_line_ *l;

        *out = NULL;
        if (c->queue >= NONE)
                return -EOVERFLOW;
        l = aligned_alloc(_Alignof(struct ct_pool_line_), sizeof *l);
        if (!l)
                return -ENOMEM;
        *l = (struct ct_pool_line_){.hire = hire,
                                    .pool = pool,
                                    .free = NONE,
                                    .capacity = (uint32_t)c->queue,
                                    .levels = c->levels ? c->levels : 1,
                                    .aging = c->aging_ns,
                                    .idle_ns = c->idle_ns};
        l->staff.most = c->workers;
        l->staff.least = l->staff.workers = c->idle_ns ? c->workers_min : c->workers;
        l->staff.coming = c->idle_ns ? l->staff.workers : 0;
        l->level = calloc(l->levels, sizeof *l->level);
        l->slot = calloc(c->queue + 1, sizeof *l->slot);
        if (!l->level || !l->slot) {
                ct_pool_line_free_(l);
                return -ENOMEM;
        }
        *out = l;
        return 0;
}

void ct_pool_line_free_(struct ct_pool_line_ *l)
{
        free(l->level);
        free(l->slot);
        free(l);
}

/* ---- staff ---- */

/* Under the guard: whether the caller is to hire_one(); `refused` jobs found neither room nor
 * worker.
 */
static bool one_more(struct ct_pool_line_ *l, size_t refused)
{
        if (!l->idle_ns ||
            !ct_pool_one_more_(&l->staff, l->queued + l->at_door + refused, l->capacity))
                return false;
        if (l->hold_off_until && ct_now_ns() < l->hold_off_until)
                return false;
        l->staff.workers++;
        l->staff.coming++;
        return true;
}

/* Without the guard: starting a context takes long. */
static void hire_one(struct ct_pool_line_ *l)
{
        if (l->hire(l->pool))
                ct_pool_line_absent_(l);
}

void ct_pool_line_arrive_(struct ct_pool_line_ *l)
{
        ct_guard_lock(&l->guard);
        l->staff.coming--;
        l->hold_off_until = 0;
        ct_guard_unlock(&l->guard);
}

void ct_pool_line_absent_(struct ct_pool_line_ *l)
{
        ct_guard_lock(&l->guard);
        l->staff.coming--;
#ifndef CT_PLANT_pool_line_counts_the_absent
        l->staff.workers--;
#endif
        l->hold_off_until = ct_deadline_after(HOLD_OFF_NS);
        ct_guard_unlock(&l->guard);
}

void ct_pool_line_left_(struct ct_pool_line_ *l)
{
        bool wanted;

        ct_guard_lock(&l->guard);
        l->staff.going--;
        wanted = one_more(l, 0);
        ct_guard_unlock(&l->guard);
        if (wanted)
                hire_one(l);
}

/* Under the guard: a worker is told to go. */
static void note_going(struct ct_pool_line_ *l)
{
        l->staff.workers--;
        l->staff.going++;
}

/* ---- put ---- */

/* Whether the next idle worker is to be woken for a job though another is on its way. A thread's
   wake costs more than a short job, so it waits until that one has come; a task's costs less. */
static bool wakes_now(const struct ct_pool_line_ *l)
{
        bool cheap = l->idle.head->waiter.ops != &ct_parker_thread_ops;

#ifdef CT_SIM
        cheap = false; /* the other way is part of this one */
#endif
        return !l->waking || !l->capacity || cheap;
}

/* Under the guard: gives items to idle workers and to slots; how many. */
static size_t place(struct ct_pool_line_ *l, unsigned level, const struct ct_pool_item *items,
                    size_t n, struct woken *w)
{
        int64_t now = now_under_guard(l);
        size_t i = 0;

        for (; i < n; i++) {
                if (l->idle.head && !l->queued && wakes_now(l)) {
                        hand_over(l, &items[i], w);
                        continue;
                }
                if (l->queued == l->capacity) {
                        if (!l->idle.head)
                                break;
                        hand_next_over(l, w);
                }
                push(l, level, &items[i], now);
        }
        l->accepted += i;
        return i;
}

static enum ct_pool_status wait_at_door(struct ct_pool_line_ *l, unsigned level, struct visitor *v,
                                        int64_t deadline)
{
        bool queued;

        if (ct_park_until(&v->node.waiter, deadline, CT_PARK_SPIN)) {
                ct_guard_lock(&l->guard);
                queued = v->node.queued;
#ifdef CT_PLANT_pool_line_gives_up_silently
                (void)level;
#else
                if (queued)
                        door_leave(l, level, v);
#endif
                ct_guard_unlock(&l->guard);
                if (queued)
                        return CT_POOL_TIMED_OUT;
                ct_park(&v->node.waiter); /* the unpark is on its way */
        }
        return v->refused ? CT_POOL_SHUTTING_DOWN : CT_POOL_OK;
}

enum ct_pool_status ct_pool_line_put_(struct ct_pool_line_ *l, unsigned level,
                                      const struct ct_pool_item *items, size_t n, int64_t deadline,
                                      size_t *accepted)
{
        bool waits = !ct_pool_is_past_(deadline), wanted;
        enum ct_pool_status status = CT_POOL_OK;
        struct woken woken = {NULL};
        struct visitor v;

        *accepted = 0;
        ct_guard_lock(&l->guard);
        if (l->closed) {
                ct_guard_unlock(&l->guard);
                return CT_POOL_SHUTTING_DOWN;
        }
        *accepted = place(l, level, items, n, &woken);
        v = (struct visitor){.next = items + *accepted, .left = n - *accepted};
        if (v.left && waits) {
                ct_waiter_init(&v.node.waiter);
                door_join(l, level, &v);
        }
        wanted = one_more(l, waits ? 0 : v.left);
        ct_guard_unlock(&l->guard);
        ct_unpark_all(woken.first);
        if (wanted)
                hire_one(l);
        if (n > *accepted)
                status = waits ? wait_at_door(l, level, &v, deadline) : CT_POOL_TIMED_OUT;
        *accepted = n - v.left;
        return status;
}

/* ---- take ---- */

/* Under the guard: a job that waits, if there is one. */
static bool next_job(struct ct_pool_line_ *l, struct ct_pool_item *out, struct woken *w)
{
        unsigned level;

        if (l->queued) {
                pop(l, pick(l, l->has_jobs, l->job_since), out);
                if (l->at_door) {
                        struct ct_pool_item item = let_in(l, &level, w);

                        push(l, level, &item, now_under_guard(l));
                }
                return true;
        }
        if (!l->at_door)
                return false;
        *out = let_in(l, &level, w); /* there are no slots: from hand to hand */
        return true;
}

/* The idle time is over: whether the caller is told to go. *woken: it does not stand among the idle
   ones any more, so its wake is on its way. */
static bool times_out(struct ct_pool_line_ *l, struct idler *self, bool *woken)
{
        bool told = false;

        ct_guard_lock(&l->guard);
        *woken = !self->node.queued;
#ifdef CT_PLANT_pool_line_leaves_with_job
        told = *woken;
        *woken = false;
#endif
        if (self->node.queued) {
                ct_waitlist_remove(&l->idle, &self->node);
                l->staff.idle--;
                told = !l->queued && ct_pool_one_fewer_(&l->staff);
        }
        if (told)
                note_going(l);
        ct_guard_unlock(&l->guard);
        return told;
}

/* Under the guard. */
static void idle_join(struct ct_pool_line_ *l, struct idler *self)
{
        ct_waiter_init(&self->node.waiter);
        self->has_job = false;
#ifdef CT_PLANT_pool_line_wakes_in_turn
        ct_waitlist_push_back(&l->idle, &self->node);
#else
        ct_waitlist_push_front(&l->idle, &self->node);
#endif
        l->staff.idle++;
}

/* A worker has come with the job that it was woken for: if there are more, so does the next. */
static void has_come(struct ct_pool_line_ *l)
{
        struct woken woken = {NULL};

        ct_guard_lock(&l->guard);
        l->waking--;
#ifndef CT_PLANT_pool_line_wakes_no_next
        if (!l->waking && l->queued && l->idle.head)
                hand_next_over(l, &woken);
#endif
        ct_guard_unlock(&l->guard);
        ct_unpark_all(woken.first);
}

/* 1: a job; 0: this worker is to go; -1: look again. */
static int idle(struct ct_pool_line_ *l, struct idler *self, int64_t until)
{
        bool woken = true;

        if (ct_park_until(&self->node.waiter, until, CT_PARK_SPIN)) {
                if (times_out(l, self, &woken))
                        return 0;
                if (!woken)
                        return -1; /* too few would be left, or there is a job after all */
                ct_park(&self->node.waiter);
        }
        if (!self->has_job)
                return -1; /* closed */
        has_come(l);
        return 1;
}

bool ct_pool_line_take_(struct ct_pool_line_ *l, struct ct_pool_item *out)
{
        struct woken woken = {NULL};
        struct idler self;
        int64_t until;
        int outcome;

        do {
                ct_guard_lock(&l->guard);
                if (next_job(l, out, &woken)) {
                        bool wanted = one_more(l, 0);

                        ct_guard_unlock(&l->guard);
                        ct_unpark_all(woken.first);
                        if (wanted)
                                hire_one(l);
                        return true;
                }
                if (l->closed) {
                        note_going(l);
                        ct_guard_unlock(&l->guard);
                        return false;
                }
#ifdef CT_PLANT_pool_line_idles_blindly
                ct_guard_unlock(&l->guard);
                ct_guard_lock(&l->guard);
#endif
                until = CT_FOREVER;
                if (l->idle_ns && ct_pool_one_fewer_(&l->staff))
                        until = ct_deadline_after(l->idle_ns);
                idle_join(l, &self);
                ct_guard_unlock(&l->guard);
                outcome = idle(l, &self, until);
        } while (outcome < 0);
        if (outcome)
                *out = self.item;
        return outcome;
}

/* ---- the end ---- */

void ct_pool_line_close_(struct ct_pool_line_ *l)
{
        struct ct_wait_node *idle, *door[CT_POOL_LEVELS_MOST_];

        ct_guard_lock(&l->guard);
        l->closed = true;
        idle = ct_waitlist_take_all(&l->idle);
        l->staff.idle = 0;
        for (unsigned i = 0; i < l->levels; i++) {
                door[i] = ct_waitlist_take_all(&l->level[i].door);
                for (struct ct_wait_node *n = door[i]; n; n = n->next)
                        ((struct visitor *)n)->refused = true;
        }
        l->has_door = 0;
        l->at_door = 0;
        ct_guard_unlock(&l->guard);
        ct_unpark_all(idle);
        for (unsigned i = 0; i < l->levels; i++)
                ct_unpark_all(door[i]);
}

uint64_t ct_pool_line_accepted_(struct ct_pool_line_ *l)
{
        uint64_t accepted;

        ct_guard_lock(&l->guard);
        accepted = l->accepted;
        ct_guard_unlock(&l->guard);
        return accepted;
}
