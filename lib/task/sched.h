/*
 * The scheduler's fast side: making ready, picking who runs next, switching. What it is about is
 * said in sched.c. In line, because a switch costs little more than the calls and mispredicted
 * returns around it.
 */
#ifndef CT_TASK_SCHED_H
#define CT_TASK_SCHED_H

#include "task/internal.h"
#include "task/stack.h"

/* Go's number: prime, so that it does not fall into step with anything. */
#define CT_GLOBAL_EVERY_ 61

/* sched.c */
void ct_sched_overflowed_(struct ct_carrier_ *c, struct ct_task_ *t);
void ct_sched_one_global_(struct ct_task_ *t);
void ct_sched_settle_rare_(struct ct_driver_ *d, struct ct_task_ *t);
struct ct_driver_ *ct_sched_driver_(void); /* after a call that may have parked */

static inline void ct_sched_count_(ct_atomic_u64 *n)
{
        ct_store_u64_relaxed(n, ct_load_u64_relaxed(n) + 1); /* one writer */
}

/* ---- making ready ---- */

static inline void ct_sched_push_(struct ct_carrier_ *c, struct ct_task_ *t)
{
        if (__builtin_expect(!ct_ring_push_(&c->ring, t), 0))
                ct_sched_overflowed_(c, t);
}

static inline void ct_sched_put_next_(struct ct_carrier_ *c, struct ct_task_ *t)
{
        /* Release: whoever takes t needs its context; acquire: so do we, of the one it displaces.
         */
        struct ct_task_ *displaced = ct_exchange_ptr_acq_rel(&c->run_next, t);

        if (displaced) {
                ct_sched_push_(c, displaced);
                ct_idle_wake_();
        } else if (__builtin_expect(ct_load_u32_relaxed(&c->long_run), 0)) {
                ct_idle_wake_(); /* whoever runs here does not leave soon: let others take it */
        }
}

static inline struct ct_task_ *ct_sched_take_next_(struct ct_carrier_ *c)
{
        if (!ct_load_ptr_relaxed(&c->run_next))
                return NULL;
        return ct_exchange_ptr_acq_rel(&c->run_next, NULL); /* as above */
}

/* From any thread. */
static inline void ct_sched_ready_(struct ct_task_ *t)
{
        struct ct_driver_ *d = ct_driver_self_;

        if (__builtin_expect(d && d->carrier, 1))
                ct_sched_put_next_(d->carrier, t);
        else
                ct_sched_one_global_(t);
}

/* ---- switching ---- */

/* What is owed to the context that was left. */
static inline __attribute__((always_inline)) void ct_sched_settle_(struct ct_driver_ *d)
{
        struct ct_task_ *t = d->left;

        if (d->why == CT_LEFT_SCHEDULER_)
                return;
        if (__builtin_expect((char *)t->context < t->low || t->canary, 0))
                ct_stack_check_slow_(t);
        if (d->why == CT_LEFT_PARK_) {
                uint32_t word = CT_WAITER_EMPTY_;

#ifdef CT_PLANT_task_commit_too_early
                return;
#endif
                /* The release pairs with the acquire of whoever ends the wait and resumes t. */
                if (!ct_cas_u32_acq_rel(&d->left_on->word, &word, CT_WAITER_PARKED_))
                        ct_sched_ready_(t); /* the permit or the deadline came first */
        } else if (d->why == CT_LEFT_YIELD_) {
                ct_sched_push_(d->carrier, t);
                ct_idle_wake_();
        } else {
                ct_sched_settle_rare_(d, t);
        }
}

/* Switches to `to`; returns when `from` is resumed, on whatever driver. `why` says what becomes of
   `from`. */
static inline __attribute__((always_inline)) struct ct_driver_ *
ct_sched_switch_(struct ct_driver_ *d, struct ct_task_ *from, struct ct_task_ *to,
                 enum ct_left_ why)
{
        int saved = *d->errno_at;

        d->left = from;
        d->why = why;
        d->current = to == &d->scheduler ? NULL : to;
        ct_switch_leave_(from, to, why == CT_LEFT_END_);
        d = ct_switch_jump_(&from->context, to->context, d);
        ct_switch_arrive_(from);
#ifdef CT_PLANT_task_errno_lost
        saved = *d->errno_at;
#endif
        *d->errno_at = saved;
        ct_sched_settle_(d);
        return d;
}

/* Who runs next, as far as that is found without looking far; else NULL. */
static inline struct ct_task_ *ct_sched_pick_(struct ct_driver_ *d)
{
        struct ct_carrier_ *c = d->carrier;
        struct ct_task_ *t;
        uint64_t ticks;

        if (__builtin_expect(ct_load_u32_relaxed(d->wanted), 0))
                return NULL;
        t = ct_sched_take_next_(c);
        if (!t) {
                ticks = ct_load_u64_relaxed(&c->ticks);
                if (ticks % CT_GLOBAL_EVERY_ == 0)
                        return NULL;
                t = ct_ring_pop_(&c->ring);
                if (!t)
                        return NULL;
                ct_store_u64_relaxed(&c->ticks, ticks + 1);
        }
        ct_sched_count_(&c->switches);
        return t;
}

static inline struct ct_task_ *ct_sched_pick_or_scheduler_(struct ct_driver_ *d)
{
        struct ct_task_ *t = ct_sched_pick_(d);

        return t ? t : &d->scheduler;
}

#endif
