/*
 * Starting, ending and joining tasks.
 *
 * A handle's state: NULL while the task runs, the joiner's waiter once somebody waits, DONE from
 * the end on. Invariant: exactly one of joiner and ending task sees the other's value there: the
 * joiner by its CAS, the task by its exchange. After the exchange the task does not touch the
 * handle any more, since its joiner may have gone on and freed it.
 */
#include "base/panic.h"
#include "task/internal.h"
#include "task/sched.h"
#include "task/stack.h"

#include <errno.h>
#include <sched.h>

static char done; /* its address means: ended */
#define DONE ((void *)&done)

static void finish(struct ct_task_handle *h, int result)
{
        void *joiner;

        h->result = result;
        /* Release: pairs with the joiner's CAS or load. Acquire: so does the waiter's content. */
#ifdef CT_PLANT_task_join_lost_wake
        joiner = ct_load_ptr_acquire(&h->state);
        for (int i = 0; i < 100; i++)
                ct_pause();
        ct_store_ptr_release(&h->state, DONE);
#else
        joiner = ct_exchange_ptr_acq_rel(&h->state, DONE);
#endif
        if (joiner)
                ct_unpark(joiner);
}

/* Without calls that do not return: each would leave an entry on the CPU's stack of return
   addresses and cost whoever runs next a mispredicted return. */
_Noreturn void ct_task_main_(struct ct_driver_ *d)
{
        struct ct_task_ *t = d->current;
        int result = 0;

        ct_switch_arrive_(t);
        *d->errno_at = 0;
        ct_sched_settle_(d);
        if (t->handle)
                result = t->fn(t->arg);
        else
                t->go(t->arg);
        if (t->blocking) /* before anybody hears of the end */
                ct_panic("task", t, "ended inside ct_blocking_begin");
        if (t->handle)
                finish(t->handle, result);
        d = ct_sched_driver_(); /* it may be another by now */
        (void)ct_sched_switch_(d, t, ct_sched_pick_or_scheduler_(d), CT_LEFT_END_);
        __builtin_unreachable();
}

static struct ct_task_ *new_task(void)
{
        struct ct_driver_ *d = ct_driver_self_;

        if (__builtin_expect(!ct_load_u32_relaxed(&ct_runtime_.running), 0))
                ct_panic("runtime", &ct_runtime_, "a task is started, but no runtime");
        return ct_stack_get_(d ? d->carrier : NULL);
}

int ct_go(void (*fn)(void *arg), void *arg)
{
        struct ct_task_ *t = new_task();

        if (!t)
                return -ENOMEM;
        t->handle = NULL;
        t->go = fn;
        t->arg = arg;
        ct_sched_ready_(t);
        return 0;
}

int ct_task_start(struct ct_task_handle *h, int (*fn)(void *arg), void *arg)
{
        struct ct_task_ *t = new_task();

        if (!t)
                return -ENOMEM;
        ct_store_ptr_relaxed(&h->state, NULL); /* published with the task */
        t->handle = h;
        t->fn = fn;
        t->arg = arg;
        ct_sched_ready_(t);
        return 0;
}

int ct_task_join(struct ct_task_handle *h)
{
        void *running = NULL;
        struct ct_waiter w;

        if (ct_load_ptr_acquire(&h->state) == DONE) /* pairs with finish */
                return h->result;
        ct_waiter_init(&w);
        if (ct_cas_ptr_acq_rel(&h->state, &running, &w)) /* pairs with finish */
                ct_park(&w);
        else if (running != DONE)
                ct_panic("task handle", h, "joined twice");
        return h->result;
}

void ct_yield(void)
{
        struct ct_driver_ *d = ct_driver_self_;

        if (d && d->current && d->carrier)
                ct_sched_yield_(d, __builtin_frame_address(0));
        else
                sched_yield();
}

void ct_checkpoint_slow_(void)
{
        ct_yield();
}

bool ct_in_task(void)
{
        return ct_driver_self_ && ct_driver_self_->current;
}

void ct_task_sleep_until(int64_t deadline)
{
        struct ct_waiter w;

        ct_waiter_init(&w);
        while (ct_park_until(&w, deadline, CT_PARK_SLEEP) != -ETIMEDOUT)
                ; /* nobody knows the waiter: it can only time out */
}
