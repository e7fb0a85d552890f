/*
 * ct_rwmutex_slots: readers that have to wait. The words are explained in rwmutex_slots.c.
 */
#include "sync/rwmutex_slots_private.h"

#include <errno.h>

/* How often a waiting context lets admitted readers run before it goes on as usual. */
#define YIELDS 4

/* How often a reader may find a moment without a writer and lose it before it queues. */
#define ROUNDS 16

/* The holder of `writers` lets the queue in. */
void ct_rwmutex_slots_admit_(struct ct_rwmutex_slots *rw)
{
        struct ct_wait_node *first, *n;
        uint32_t count = 0;

        ct_guard_lock(&rw->guard);
        first = rw->readers.head;
#ifdef CT_PLANT_rwmutex_slots_admits_one
        n = ct_waitlist_pop(&rw->readers);
        ct_store_u32_seq(&rw->waiting, rw->readers.head != NULL);
        ct_add_u32_seq(&rw->admitted, n != NULL);
        ct_guard_unlock(&rw->guard);
        if (n)
                ct_unpark(&n->waiter);
        return;
#endif
        rw->readers = (struct ct_waitlist){0};
        for (n = first; n; n = n->next, count++)
                n->queued = false;
#ifndef CT_PLANT_rwmutex_slots_admitted_not_counted
        ct_add_u32_seq(&rw->admitted, count);
#endif
        ct_store_u32_seq(&rw->waiting, 0);
        ct_guard_unlock(&rw->guard);
        while (first) {
                n = first->next; /* first is gone once unparked */
                ct_unpark(&first->waiter);
                first = n;
        }
}

/* Readers wait, and nobody may hold `writers`; if somebody does, then that one's unlock will see
   them. */
void ct_rwmutex_slots_admit_free_(struct ct_rwmutex_slots *rw)
{
        while (ct_load_u32_seq(&rw->waiting) && ct_mutex_asym_try_lock(&rw->writers)) {
                ct_rwmutex_slots_admit_(rw);
                ct_mutex_asym_unlock(&rw->writers);
        }
}

/* Admitted: counted by the unlocker, from now on by this cell. */
static void count_admitted(struct ct_rwmutex_slots *rw)
{
        struct ct_rwmutex_cell_ *c = ct_rwmutex_slots_my_cell_(rw);

#ifndef CT_PLANT_rwmutex_slots_admitted_not_counted
        ct_add_u32_seq(&c->in, 1);
        ct_sub_u32_seq(&rw->admitted, 1); /* after it: the sum reads this one first */
#else
        (void)rw;
        ct_add_u32_seq(&c->in, 1);
#endif
}

/* The time is up. True if the reader left the queue; false if it was let in before. */
static bool leave_queue(struct ct_rwmutex_slots *rw, struct ct_wait_node *self)
{
        bool queued;

        ct_guard_lock(&rw->guard);
        queued = self->queued;
        if (queued) {
                ct_waitlist_remove(&rw->readers, self);
                if (!rw->readers.head)
                        ct_store_u32_seq(&rw->waiting, 0);
        }
        ct_guard_unlock(&rw->guard);
        if (!queued)
                ct_park(&self->waiter); /* the unpark is on its way */
        return queued;
}

static int queue_and_park(struct ct_rwmutex_slots *rw, int64_t deadline)
{
        struct ct_wait_node self;
        bool first;

        ct_waiter_init(&self.waiter);
        ct_guard_lock(&rw->guard);
        first = !ct_load_u32_relaxed(&rw->waiting);
        ct_waitlist_push_back(&rw->readers, &self);
        if (first)
                ct_store_u32_seq(&rw->waiting, 1);
        ct_guard_unlock(&rw->guard);
        /* Only the first needs the fence: the others rely on it, as in mutex_asym.c. */
        if (first) {
#ifndef CT_PLANT_rwmutex_slots_reader_no_fence
                ct_asymmetric_heavy();
                if (!ct_load_u32_seq(&rw->writers.held))
                        ct_rwmutex_slots_admit_free_(rw);
#endif
        }
        if (ct_park_until(&self.waiter, deadline, CT_PARK_SLEEP) && leave_queue(rw, &self))
                return -ETIMEDOUT;
        count_admitted(rw);
        return 0;
}

/* Readers have been let in that have not run yet. Whoever spins now keeps a CPU from them, and they
   keep everyone from going on. */
void ct_rwmutex_slots_let_run_(struct ct_rwmutex_slots *rw)
{
        for (int i = 0; i < YIELDS && ct_load_u32_relaxed(&rw->admitted); i++)
                ct_parker_ops_self()->yield();
}

/* Competes without sleeping: for a moment without a writer, or, if none comes, for the place in
   which the next writer would be. */
static bool spin(struct ct_rwmutex_slots *rw, int64_t deadline)
{
        ct_rwmutex_slots_let_run_(rw);
        for (int i = 0; i < QUICK_LOOKS && ct_mutex_asym_unhurried_(&rw->writers); i++) {
                ct_pause();
                if (!ct_load_u32_relaxed(&rw->writers.held) && ct_rwmutex_slots_enter_(rw))
                        return true;
        }
        for (int i = 0; i < ROUNDS; i++) {
                switch (ct_mutex_asym_watch_(&rw->writers, deadline)) {
                case CT_MUTEX_ASYM_BUSY_:
                        return false;
                case CT_MUTEX_ASYM_FREE_:
                        if (ct_rwmutex_slots_enter_(rw))
                                return true;
                        break;
                case CT_MUTEX_ASYM_OURS_:
                        ct_add_u32_seq(&ct_rwmutex_slots_my_cell_(rw)->in, 1);
                        ct_rwmutex_slots_unlock(rw);
                        return true;
                }
        }
        return false;
}

/* As a writer that writes nothing: one at a time, but only for as long as it takes to count. */
static int pass_as_writer(struct ct_rwmutex_slots *rw, int64_t deadline)
{
        int r = ct_mutex_asym_lock_until(&rw->writers, deadline);

        if (r)
                return r;
        ct_add_u32_seq(&ct_rwmutex_slots_my_cell_(rw)->in, 1);
        ct_rwmutex_slots_unlock(rw);
        return 0;
}

int ct_rwmutex_slots_rlock_slow_(struct ct_rwmutex_slots *rw, int64_t deadline)
{
        if (deadline != CT_FOREVER && deadline <= ct_now_ns())
                return -ETIMEDOUT;
        if (spin(rw, deadline))
                return 0;
        if (ct_load_u32_relaxed(&rw->writers.brisk))
                return pass_as_writer(rw, deadline);
        return queue_and_park(rw, deadline);
}
