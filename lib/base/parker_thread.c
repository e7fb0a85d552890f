/*
 * The parker's back-end for OS threads: spin within the budget, then sleep on a futex.
 *
 * Source: the permit of LockSupport.park; the three-valued word is that of Rust's std thread
 * parker. Own code.
 *
 * The waiter's word:
 *      EMPTY   no permit, nobody sleeps
 *      PERMIT  unpark came first, or came while the waiter slept
 *      PARKED  the waiter sleeps or is about to; whoever changes this word must wake it
 *
 * Invariants: only the waiter itself writes EMPTY and PARKED; only unpark writes PERMIT. So a
 * permit disappears only by the waiter taking it, and park returns 0 exactly when it took one.
 *
 * The tempting wrong version sets the word to EMPTY after a timeout and reports the timeout: an
 * unpark between the kernel's return and that store is lost, and whoever was handed a lock with it
 * never finds out. Hence the CAS below: timeout and permit exclude each other.
 */
#include "base/futex.h"
#include "base/parker.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

/* Between two looks at the own word, while spinning. Nobody competes for the line, so looking
   often costs the waker nothing until it writes. */
#define LOOK_NS 50

static bool take_permit(struct ct_waiter *w)
{
        uint32_t permit = CT_WAITER_PERMIT_;

        return ct_load_u32_relaxed(&w->word) == CT_WAITER_PERMIT_ &&
               ct_cas_u32_acquire(&w->word, &permit, CT_WAITER_EMPTY_); /* pairs with unpark */
}

static bool spin_for_permit(struct ct_waiter *w, int64_t deadline)
{
        struct ct_spin spin;

        ct_spin_start(&spin, CT_SPIN_FOR_EVENT, deadline, LOOK_NS);
        if (!spin.left)
                return false;
        while (ct_spin_wait(&spin)) {
                if (take_permit(w)) {
                        ct_spin_end(&spin, true);
                        return true;
                }
        }
        ct_spin_end(&spin, false);
        return false;
}

/* From EMPTY or PERMIT; the one way out of PARKED other than an unpark. */
static int sleep_for_permit(struct ct_waiter *w, int64_t deadline)
{
        uint32_t word = CT_WAITER_EMPTY_;

        if (!ct_cas_u32_relaxed(&w->word, &word, CT_WAITER_PARKED_)) {
                (void)take_permit(w); /* nothing but a permit can have been in the way */
                return 0;
        }
        for (;;) {
#ifdef CT_PLANT_parker_deadline_ignored
                deadline = CT_FOREVER;
#endif
                int r = ct_futex_wait(&w->word, CT_WAITER_PARKED_, deadline);

#ifdef CT_PLANT_parker_timeout_eats_permit
                if (r == -ETIMEDOUT) {
                        ct_store_u32_relaxed(&w->word, CT_WAITER_EMPTY_);
                        return r;
                }
#endif
                if (take_permit(w))
                        return 0;
                if (r != -ETIMEDOUT)
                        continue; /* EINTR, or a wake meant for an earlier user of the address */
                word = CT_WAITER_PARKED_;
                if (ct_cas_u32_relaxed(&w->word, &word, CT_WAITER_EMPTY_))
                        return -ETIMEDOUT;
                /* An unpark won against the timeout: the permit is there now. */
                if (take_permit(w))
                        return 0;
        }
}

static int thread_park(struct ct_waiter *w, int64_t deadline, enum ct_park_how how)
{
        if (take_permit(w))
                return 0;
        if (deadline != CT_FOREVER && deadline <= ct_now_ns())
                return -ETIMEDOUT;
        if (how == CT_PARK_SPIN && spin_for_permit(w, deadline))
                return 0;
        return sleep_for_permit(w, deadline);
}

static void thread_unpark(struct ct_waiter *w)
{
        /* The release pairs with take_permit. After this exchange w may be gone: the wake uses only
           its address. */
#ifdef CT_PLANT_parker_lost_permit
        if (ct_load_u32_relaxed(&w->word) != CT_WAITER_PARKED_)
                return;
#endif
#ifdef CT_PLANT_parker_relaxed_unpark
        if (ct_exchange_u32_relaxed(&w->word, CT_WAITER_PERMIT_) == CT_WAITER_PARKED_)
#else
        if (ct_exchange_u32_release(&w->word, CT_WAITER_PERMIT_) == CT_WAITER_PARKED_)
#endif
                ct_futex_wake(&w->word, 1);
}

static uint32_t thread_here(void)
{
        int cpu = sched_getcpu();

        return cpu < 0 ? CT_PLACE_ANY : (uint32_t)cpu;
}

static void thread_init(struct ct_waiter *w)
{
        ct_store_u32_relaxed(&w->word, CT_WAITER_EMPTY_);
        w->context = NULL; /* the futex's address is all that a wake needs */
        w->place = thread_here();
}

static void thread_yield(void)
{
        sched_yield();
}

static bool thread_may_spin(enum ct_spin_for what)
{
        (void)what;
        return true; /* the number of CPUs and the thread's own record decide: ct_spin_start */
}

/* Kept, because to ask the kernel each time takes 150 ns. */
static _Thread_local pid_t own_tid;

static void forget_own_tid(void)
{
        own_tid = 0;
}

static __attribute__((constructor)) void watch_forks(void)
{
        pthread_atfork(NULL, NULL, forget_own_tid);
}

static uint64_t thread_self(void)
{
        if (!own_tid)
                own_tid = gettid();
        return (uint64_t)own_tid;
}

const struct ct_parker_ops ct_parker_thread_ops = {
        .init = thread_init,
        .park = thread_park,
        .unpark = thread_unpark,
        .here = thread_here,
        .yield = thread_yield,
        .may_spin = thread_may_spin,
        .self = thread_self,
};

_Thread_local const struct ct_parker_ops *ct_parker_self_ = &ct_parker_thread_ops;
