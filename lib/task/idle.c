/*
 * Carriers without work, drivers without a carrier, and the global queue: everything under the
 * runtime's guard.
 *
 * Source: Go's wakep, startm and handoffp (runtime/proc.go) for the idea; own code.
 *
 * A carrier that finds nothing enters the idle list and its driver waits: at most half of the idle
 * ones spin, for the calibrated budget, on a word of their own (so that they do not pull at the
 * lines of those that work), then they sleep in the parker, until the carrier's first deadline.
 * Whoever makes work wakes the one that fell idle last, unless one that was woken has not looked
 * yet; that one, if it finds work and sees more, wakes the next.
 *
 * Invariants, whenever the guard is open:
 *      a carrier is in the idle list, or has a driver that runs or was unparked for it, or is on
 * its way to one (ct_idle_staff_); a carrier in the list has no work of its own, but may have
 * timers, and then has a driver; a driver without a carrier is spare, or its task is in a blocking
 * section.
 *
 * What may go wrong and does not matter: a carrier pushes to its own queue and reads the idle count
 * just before another enters the list, and that one looked at the queue just before the push. The
 * task then waits for the pusher, which runs, or for the monitor, which sees it within 4 ms. A
 * fence on both sides would cost every push more than that is worth. The global queue is under the
 * guard, as is the list, so work from OS threads is never missed: it has no such owner.
 *
 * The tempting wrong version lets a waker clear `waking` itself, after the unpark: until the woken
 * driver has come up, 20 us later, every further push wakes one more.
 */
#include "base/parker.h"
#include "base/pause.h"
#include "task/internal.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

/* Between two looks of a spinning driver at its own word. */
#define LOOK_NS 100

#define LOOK_OUT_EVERY 32 /* looks, so about 3 us */

/* Naps of the one that looks round: all together about the monitor's period. */
#define NAP_FIRST (50 * CT_NS_PER_US)
#define NAP_LAST (400 * CT_NS_PER_US)

#define R (&ct_runtime_)

/* ---- the global queue ---- */

void ct_global_push_all_(struct ct_tasks_ *l)
{
        struct ct_tasks_ *g = &R->global;

        ct_guard_lock(&R->guard);
        if (g->tail)
                g->tail->next = l->head;
        else
                g->head = l->head;
        g->tail = l->tail;
        g->n += l->n;
        ct_store_u32_relaxed(&R->global_n, g->n);
        ct_guard_unlock(&R->guard);
        *l = (struct ct_tasks_){0};
}

/* A carrier's share of the queue, but at most so many: one to run, the others to its own queue. */
struct ct_task_ *ct_global_pop_(struct ct_carrier_ *c, uint32_t most)
{
        struct ct_task_ *first;
        uint32_t share;

        if (!ct_load_u32_relaxed(&R->global_n))
                return NULL;
        ct_guard_lock(&R->guard);
        share = R->global.n / R->carriers + 1;
        if (share > most)
                share = most;
        first = ct_tasks_pop_(&R->global);
        while (first && --share && R->global.head &&
               ct_ring_size_(&c->ring) < CT_RING_SIZE) /* only this driver adds to it */
                (void)ct_ring_push_(&c->ring, ct_tasks_pop_(&R->global));
        ct_store_u32_relaxed(&R->global_n, R->global.n);
        ct_guard_unlock(&R->guard);
        return first;
}

/* ---- the lists ---- */

void ct_idle_add_locked_(struct ct_carrier_ *c)
{
        c->idle = true;
        c->idle_prev = NULL;
        c->idle_next = R->idle_first;
        if (R->idle_first)
                R->idle_first->idle_prev = c;
        R->idle_first = c;
        ct_store_u32_relaxed(&R->idle, ct_load_u32_relaxed(&R->idle) + 1);
}

void ct_idle_remove_locked_(struct ct_carrier_ *c)
{
        if (c->idle_prev)
                c->idle_prev->idle_next = c->idle_next;
        else
                R->idle_first = c->idle_next;
        if (c->idle_next)
                c->idle_next->idle_prev = c->idle_prev;
        c->idle = false;
        ct_store_u32_relaxed(&R->idle, ct_load_u32_relaxed(&R->idle) - 1);
        if (R->monitor_asleep) {
                R->monitor_asleep = false;
                ct_unpark(&R->monitor_waiter);
        }
}

/* A carrier that was woken for work: its driver owes a look, and the news that it has looked. */
void ct_idle_woken_locked_(struct ct_driver_ *d)
{
        if (d->carrier && d->carrier->woken) {
                d->carrier->woken = false;
                d->looking = true;
        }
}

static void spare_locked(struct ct_driver_ *d)
{
        d->spare = true;
        d->next_spare = R->spare_first;
        R->spare_first = d;
}

/* The driver gets the carrier; if another driver sleeps behind it, that one becomes spare. */
void ct_idle_join_locked_(struct ct_driver_ *d, struct ct_carrier_ *c)
{
        struct ct_driver_ *old = ct_load_ptr_relaxed(&c->driver);

        if (old && old != d) {
                old->carrier = NULL;
                spare_locked(old); /* it sleeps, in ct_idle_, and goes on as a spare */
        }
        d->carrier = c;
        ct_store_ptr_relaxed(&c->driver, d);
}

/* ---- on the driver ---- */

/* Pins the thread to where its carrier belongs. */
void ct_idle_settle_(struct ct_driver_ *d)
{
        int cpu = d->carrier->cpu;
        cpu_set_t set;

        if (cpu == d->pinned || cpu < 0)
                return;
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        /* A CPU that has gone offline since the start: unpinned is better than not at all. */
        if (pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0)
                d->pinned = cpu;
}

/* Waits as a spare until somebody has a carrier for it. */
bool ct_idle_get_carrier_(struct ct_driver_ *d)
{
        ct_guard_lock(&R->guard);
        while (!d->carrier && !ct_load_u32_relaxed(&R->stopping)) {
                if (!d->spare)
                        spare_locked(d);
                ct_guard_unlock(&R->guard);
                ct_park_until(&d->waiter, CT_FOREVER, CT_PARK_SLEEP); /* or for nothing: look */
                ct_guard_lock(&R->guard);
        }
        ct_idle_woken_locked_(d);
        ct_guard_unlock(&R->guard);
        if (ct_load_u32_acquire(&R->stopping))
                return false;
        ct_idle_settle_(d);
        return true;
}

/* Whether a carrier has kept a task in run_next since the last look without switching: then it is
   no pair of tasks that wake each other, and the waiting one is better off here. (All this is kept
   in the driver: its carrier may be taken from it meanwhile.) */
static bool look_out(struct ct_driver_ *d)
{
        struct ct_carrier_ *s = d->suspect;
        unsigned from = (unsigned)ct_load_u32_relaxed(&R->looks);

        if (s && ct_load_ptr_relaxed(&s->run_next) &&
            ct_load_u64_relaxed(&s->switches) == d->suspect_switches) {
                d->prey = s;
                return true;
        }
        ct_store_u32_relaxed(&R->looks, from + 1); /* begins elsewhere each time */
        d->suspect = NULL;
        for (unsigned i = 0; i < R->carriers && !d->suspect; i++) {
                s = &R->carrier[(from + i) % R->carriers];
                if (ct_load_ptr_relaxed(&s->run_next))
                        d->suspect = s;
        }
        if (d->suspect)
                d->suspect_switches = ct_load_u64_relaxed(&d->suspect->switches);
        return false;
}

/* Until the deadline; true if it took a permit. */
static bool sleep_until(struct ct_driver_ *d, int64_t deadline)
{
        return ct_park_until(&d->waiter, deadline, CT_PARK_SLEEP) == 0;
}

static bool is_woken(struct ct_driver_ *d)
{
        return ct_load_u32_relaxed(&d->waiter.word) == CT_WAITER_PERMIT_ && sleep_until(d, 0);
}

/* True when there is something to do. */
static bool spin(struct ct_driver_ *d, int64_t deadline)
{
        struct ct_spin s;
        bool found = false;

        ct_spin_start(&s, CT_SPIN_FOR_EVENT, deadline, LOOK_NS);
        if (!s.left)
                return false;
        for (unsigned i = 1; !found && ct_spin_wait(&s); i++)
                found = is_woken(d) || (i % LOOK_OUT_EVERY == 0 && look_out(d));
        ct_spin_end(&s, found);
        return found;
}

/* One of the idle carriers naps for a while, and looks round in between, before it sleeps for good.
   True when there is something to do. */
static bool nap(struct ct_driver_ *d, int64_t deadline, bool found)
{
        for (int64_t ns = NAP_FIRST; !found && ns <= NAP_LAST; ns *= 2) {
                int64_t until = ct_deadline_after(ns);

                if (until >= deadline || ct_load_u32_relaxed(&R->idle) == R->carriers)
                        break; /* nobody is there to be looked at */
                found = sleep_until(d, until) || look_out(d);
        }
        ct_guard_lock(&R->guard);
        R->lookout = NULL;
        ct_guard_unlock(&R->guard);
        return found;
}

/* Sleeps until there may be work; true then, though there may be none. */
bool ct_idle_(struct ct_driver_ *d)
{
        struct ct_carrier_ *c = d->carrier;
        int64_t deadline = (int64_t)ct_load_u64_relaxed(&c->timers.first);
        bool may_spin, lookout, found;

        ct_guard_lock(&R->guard);
        if (ct_load_u32_relaxed(&R->stopping) || R->global.n) {
                ct_guard_unlock(&R->guard);
                return !ct_load_u32_relaxed(&R->stopping);
        }
        ct_idle_add_locked_(c);
        may_spin = 2 * ct_load_u32_relaxed(&R->idle) <= R->carriers;
        lookout = !R->lookout;
        if (lookout)
                R->lookout = d;
        ct_guard_unlock(&R->guard);
        d->suspect = NULL;
        found = may_spin && spin(d, deadline);
        if (lookout)
                found = nap(d, deadline, found);
        if (!found)
                (void)sleep_until(d, deadline);
        /* Whatever ended the wait, the lists say what is to be done. An unpark that comes too late
           only makes a later wait shorter. */
        ct_guard_lock(&R->guard);
        if (d->carrier && d->carrier->idle)
                ct_idle_remove_locked_(d->carrier);
        ct_guard_unlock(&R->guard);
        return ct_idle_get_carrier_(d);
}

/* ---- on the waker ---- */

/* Gives a carrier without driver one: a spare, or a new thread. False: none can be had; then it is
   back in the list, and the monitor tries again. */
bool ct_idle_staff_(struct ct_carrier_ *c)
{
        struct ct_driver_ *d;

        ct_guard_lock(&R->guard);
        d = R->spare_first;
        if (d) {
                R->spare_first = d->next_spare;
                d->spare = false;
                ct_idle_join_locked_(d, c);
        }
        ct_guard_unlock(&R->guard);
        if (d) {
                ct_unpark(&d->waiter);
                return true;
        }
        if (ct_runtime_hire_(c) == 0)
                return true;
        ct_guard_lock(&R->guard);
        if (c->woken) {
                c->woken = false;
                ct_store_u32_release(&R->waking, 0);
        }
        ct_idle_add_locked_(c);
        ct_guard_unlock(&R->guard);
        return false;
}

void ct_idle_wake_slow_(void)
{
        struct ct_carrier_ *c;
        struct ct_driver_ *d = NULL;

        ct_guard_lock(&R->guard);
        c = R->idle_first;
        if (c && !ct_load_u32_relaxed(&R->waking) && !ct_load_u32_relaxed(&R->stopping)) {
                ct_idle_remove_locked_(c);
                c->woken = true;
                ct_store_u32_relaxed(&R->waking, 1);
                d = ct_load_ptr_relaxed(&c->driver);
        } else {
                c = NULL;
        }
        ct_guard_unlock(&R->guard);
        if (!c)
                return;
#ifndef CT_PLANT_task_idle_lost_wake
        if (d)
                ct_unpark(&d->waiter);
        else
                (void)ct_idle_staff_(c);
#else
        (void)d;
#endif
}
