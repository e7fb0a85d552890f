/*
 * ct_rwmutex_slots: writers. The words are explained in rwmutex_slots.c.
 */
#include "sync/rwmutex_slots_private.h"

#include <errno.h>

/* A fence may take this share of the time: one part in so many. */
#define LOUD_SHARE 9

/* Longest pause between two looks of a writer that waits for readers. */
#define MAX_STEP_NS 100

/* Ends a time of plain counts: after the fence the sum sees all of them. */
static void make_loud(struct ct_rwmutex_slots *rw)
{
        int64_t start, took;

        if (ct_rwmutex_slots_only_mine_(rw))
                return;
        start = ct_now_ns();
        ct_store_u32_seq(&rw->quiet, 0);
#ifndef CT_PLANT_rwmutex_slots_no_heavy_fence
        ct_asymmetric_heavy();
#endif
        took = ct_now_ns() - start;
        ct_store_u64_relaxed(&rw->loud_until, (uint64_t)(start + (LOUD_SHARE + 1) * took));
}

/* Takes the writer back from `draining`. False: a reader was faster, and its unpark is on its way.
 */
static bool withdraw(struct ct_rwmutex_slots *rw, struct ct_wait_node *self)
{
        bool mine;

        ct_guard_lock(&rw->guard);
        mine = rw->writer == self;
        if (mine) {
                rw->writer = NULL;
                ct_store_u32_seq(&rw->draining, 0);
        }
        ct_guard_unlock(&rw->guard);
        return mine;
}

static int park_until_drained(struct ct_rwmutex_slots *rw, int64_t deadline)
{
        struct ct_wait_node self;

        ct_waiter_init(&self.waiter);
        ct_guard_lock(&rw->guard);
        rw->writer = &self;
        ct_store_u32_seq(&rw->draining, 1);
        ct_guard_unlock(&rw->guard);
#ifndef CT_PLANT_rwmutex_slots_writer_no_fence
        ct_asymmetric_heavy();
        if (ct_rwmutex_slots_sum_(rw) == 0) {
                if (!withdraw(rw, &self))
                        ct_park(&self.waiter);
                return 0;
        }
#endif
        if (!ct_park_until(&self.waiter, deadline, CT_PARK_SLEEP))
                return 0;
        if (withdraw(rw, &self))
                return -ETIMEDOUT;
        ct_park(&self.waiter);
        return 0;
}

/* A reader has left while a writer sleeps: wakes it if that was the last one. */
void ct_rwmutex_slots_drained_(struct ct_rwmutex_slots *rw)
{
        struct ct_wait_node *writer = NULL;

        ct_guard_lock(&rw->guard);
        if (rw->writer && ct_rwmutex_slots_sum_(rw) == 0) {
                writer = rw->writer;
                rw->writer = NULL;
                ct_store_u32_seq(&rw->draining, 0);
        }
        ct_guard_unlock(&rw->guard);
        if (writer)
                ct_unpark(&writer->waiter);
}

static bool spin_until_empty(struct ct_rwmutex_slots *rw, int64_t deadline)
{
        struct ct_spin s;
        bool got = false;

        /* A reader that was in has mostly left by the next look. */
        for (int i = 0; i < QUICK_LOOKS; i++)
                if (ct_rwmutex_slots_sum_(rw) == 0)
                        return true;
        ct_rwmutex_slots_let_run_(rw);
        ct_spin_start(&s, CT_SPIN_FOR_OWNER, deadline, MAX_STEP_NS);
        if (!s.left)
                return false;
        while (!got && ct_spin_wait(&s))
                got = ct_rwmutex_slots_sum_(rw) == 0;
        ct_spin_end(&s, got);
        return got;
}

/* `writers` is held: waits until no reader is in. At the deadline gives `writers` up. */
int ct_rwmutex_slots_settle_(struct ct_rwmutex_slots *rw, int64_t deadline)
{
#ifdef CT_PLANT_rwmutex_slots_writer_ignores_readers
        return 0;
#endif
        if (ct_load_u32_seq(&rw->quiet))
                make_loud(rw);
        if (ct_rwmutex_slots_sum_(rw) == 0 || spin_until_empty(rw, deadline))
                return 0;
        if (!park_until_drained(rw, deadline))
                return 0;
#ifndef CT_PLANT_rwmutex_slots_timeout_keeps_lock
        ct_rwmutex_slots_unlock(rw);
#endif
        return -ETIMEDOUT;
}

int ct_rwmutex_slots_lock_slow_(struct ct_rwmutex_slots *rw, int64_t deadline)
{
        int r;

        ct_rwmutex_slots_let_run_(rw);
        r = ct_mutex_asym_lock_until(&rw->writers, deadline);
        return r ? r : ct_rwmutex_slots_settle_(rw, deadline);
}

int ct_rwmutex_slots_lock_until(struct ct_rwmutex_slots *rw, int64_t deadline)
{
        /* Too late to wait: an announcement would only disturb the readers. */
        if (deadline != CT_FOREVER && deadline <= ct_now_ns())
                return ct_rwmutex_slots_try_lock(rw) ? 0 : -ETIMEDOUT;
        return ct_rwmutex_slots_lock_slow_(rw, deadline);
}

bool ct_rwmutex_slots_try_lock(struct ct_rwmutex_slots *rw)
{
        if (!ct_mutex_asym_try_lock(&rw->writers))
                return false;
        if (ct_rwmutex_slots_alone_(rw))
                return true;
        if (ct_rwmutex_slots_sum_(rw) == 0) { /* else not worth a fence */
                if (ct_load_u32_seq(&rw->quiet))
                        make_loud(rw);
                if (ct_rwmutex_slots_sum_(rw) == 0)
                        return true;
        }
        ct_rwmutex_slots_unlock(rw);
        return false;
}
