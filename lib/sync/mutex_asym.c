/*
 * ct_mutex_asym's slow paths.
 *
 * Source: own. Barging and the hand-over after a bounded wait are Go's (sync.Mutex); the asymmetric
 * fence is liburcu's and folly's.
 *
 * `held` has one bit: whoever turns it from 0 to 1 owns the mutex, and the owner's plain store of 0
 * gives it up. So nobody but the owner may write it, and what waiters have to say is in `mark`:
 *      WANT     the queue is not empty and nobody awake looks after it: the next unlock wakes the
 *               head. Legal to be set when nobody needs it; illegal to be clear with a queue and
 *               no AGENT.
 *      AGENT    one context is awake that will set WANT again, or empty the queue: a woken waiter,
 *               or a spinner that took the duty on
 *      CLAIM    a spinner, one at a time, has looked in vain for long: unlock hands it the mutex
 *      GRANT    unlock has done so: `held` stays 1, and only the claimer clears this bit
 *      DUE      it may be the head's turn although others are awake: unlock compares the times
 *      waiters  the length of the queue; changes under the guard, with the queue
 *
 * Sleeping (the asymmetric part). A waiter queues, which sets WANT, then issues the heavy fence,
 * then looks at `held` once more, and parks only if that is still 1. Unlock stores 0, then looks at
 * WANT. By the heavy fence one of the two sees the other (asymmetric.h); where it is not to be had,
 * both sides use sequentially consistent operations instead. Only the waiter that set WANT needs
 * this: one that found it set relies on the one that set it, which either takes the mutex or knows
 * an owner whose unlock comes after the fence. An owner that sets WANT itself needs no fence, since
 * it is the one that looks.
 *
 * Pace: mutex_asym_spin.c.
 *
 * Who runs. With more contexts than CPUs the best is that two are awake, an owner and a spinner,
 * and the rest sleep: then no CPU takes turns, and no owner loses its CPU inside. Three things keep
 * it so. A new owner that took over from a spinner gives its partner a moment to come back before
 * it wakes somebody for the queue. The head of the queue is handed the mutex when it has waited for
 * 250 us, one hand-over per 250 us. And the context that runs where that head is to run goes to
 * sleep at once instead of spinning (yield_to). Hence the bound: n waiters wait n * 250 us, and
 * what the scheduler adds. A task that is woken runs after the others of its carrier, and may come
 * too late time and again: after three times it is handed the mutex even within those 250 us.
 * Of 64 tasks on two carriers the longest wait in 20 s was 588 ms without that, 55 ms with it.
 *
 * Two tempting wrong versions. First, to clear WANT when waking the head and to let the head park
 * again without setting it: AGENT is a duty that must be handed back in the same operation that
 * counts the waiter. Second, to withdraw a claim by storing a word: the owner may just have granted
 * it, and then nobody owns the mutex and `held` stays 1 for ever.
 */
#include "sync/mutex_asym_private.h"

#include <errno.h>

/* One waiter has left the queue, under the guard. */
enum left_as { AS_OWNER, AS_AGENT, AS_ITSELF };

static uint32_t less_waiter(uint32_t mark, enum left_as how)
{
        mark = (mark - WAITER) & ~(DUE | WANT);
        if (how == AS_AGENT)
                mark |= AGENT;
        return mark >= WAITER && !(mark & AGENT) ? mark | WANT : mark;
}

static void count_left(struct ct_mutex_asym *m, enum left_as how)
{
        uint32_t old = ct_load_u32_relaxed(&m->mark);

        /* seq: the WANT that stays needs no fence, because it stood there before. */
        while (!ct_cas_u32_seq(&m->mark, &old, less_waiter(old, how)))
                ;
}

/* ---- queueing ---- */

enum joined {
        JOINED_OWNER, /* the mutex came free, or was granted, in the meantime */
        JOINED_FIRST, /* queued, and set WANT: the heavy fence is this one's */
        JOINED        /* queued */
};

static enum joined enqueue_or_take(struct ct_mutex_asym *m, struct attempt *a)
{
        struct ct_wait_node *n = &a->self.node;
        bool first = a->self.since == 0;
        uint32_t old, new;

        if (first)
                a->self.since = ct_now_ns();
        a->self.granted = a->self.agent = false;
        a->self.lost += !first;
        ct_waiter_init(&n->waiter);
        ct_guard_lock(&m->guard);
        old = ct_load_u32_acquire(&m->mark); /* pairs with the CAS that grants */
        do {
                if (a->claim && (old & GRANT)) {
                        drop_mine(m, a);
                        ct_guard_unlock(&m->guard);
                        return JOINED_OWNER;
                }
                if (!ct_load_u32_relaxed(&m->held) && take(m, a)) {
                        ct_guard_unlock(&m->guard);
                        return JOINED_OWNER;
                }
                new = less_mine(a, old + WAITER);
#ifdef CT_PLANT_mutex_asym_claim_withdrawn_blindly
                if (a->claim)
                        new &= ~GRANT, old = ct_load_u32_relaxed(&m->mark);
#endif
        } while (!ct_cas_u32_seq(&m->mark, &old, new)); /* the guard publishes the node */
        a->agent = a->claim = false;
        if (first)
                ct_waitlist_push_back(&m->queue, n);
        else
                ct_waitlist_push_front(&m->queue, n);
        ct_guard_unlock(&m->guard);
        return (new & ~old &WANT) ? JOINED_FIRST : JOINED;
}

/* Leaves the queue. False: an unlock was faster; its unpark is consumed, and what it gave must be
   dealt with. */
static bool leave_queue(struct ct_mutex_asym *m, struct attempt *a)
{
        bool queued;

        ct_guard_lock(&m->guard);
        queued = a->self.node.queued;
        if (queued) {
                ct_waitlist_remove(&m->queue, &a->self.node);
#ifndef CT_PLANT_mutex_asym_timeout_leaves_waiter
                count_left(m, AS_ITSELF);
#endif
        }
        ct_guard_unlock(&m->guard);
        if (queued)
                return true;
        ct_park(&a->self.node.waiter);
        a->agent = a->self.agent;
        return false;
}

/* After JOINED_FIRST: the look that excludes a lost wake-up. True if the mutex is ours. */
static bool take_after_fence(struct ct_mutex_asym *m, struct attempt *a)
{
#ifndef CT_PLANT_mutex_asym_no_heavy_fence
        ct_asymmetric_heavy();
        if (ct_load_u32_seq(&m->held) || !ct_mutex_asym_take_(m))
                return false;
        (void)leave_queue(m, a); /* it may have been woken as agent meanwhile */
        drop_mine(m, a);
        return true;
#else
        (void)m, (void)a;
        return false;
#endif
}

/* A woken waiter whose time is up: takes the mutex if it is free, else hands its duty back. */
static int give_up(struct ct_mutex_asym *m, struct attempt *a)
{
        if (!ct_load_u32_relaxed(&m->held) && take(m, a))
                return 0;
#ifndef CT_PLANT_mutex_asym_timeout_eats_wake
        drop_mine(m, a);
        ct_asymmetric_heavy(); /* the WANT that this has set, and an unlock: as for a sleeper */
        if (ct_load_u32_seq(&m->mark) & WANT)
                ct_mutex_asym_unlock_free_(m);
#endif
        return -ETIMEDOUT;
}

/* The waiter was handed the mutex and runs. */
static int as_owner(struct ct_mutex_asym *m)
{
        ct_store_u32_relaxed(&m->yield_to, 0);
        m->swapped = false;
        return 0;
}

int ct_mutex_asym_lock_slow_(struct ct_mutex_asym *m, int64_t deadline)
{
        struct attempt a = {.deadline = deadline};

        if (deadline != CT_FOREVER && deadline <= ct_now_ns())
                return -ETIMEDOUT;
        for (;;) {
                enum joined joined;
                bool timed_out;

                if (ct_mutex_asym_spin_(m, &a))
                        return 0;
                joined = enqueue_or_take(m, &a);
                if (joined == JOINED_OWNER)
                        return 0;
                if (joined == JOINED_FIRST && take_after_fence(m, &a))
                        return 0;
                timed_out = ct_park_until(&a.self.node.waiter, deadline, CT_PARK_SLEEP) != 0;
                if (timed_out && leave_queue(m, &a))
                        return -ETIMEDOUT;
                if (a.self.granted)
                        return as_owner(m);
                a.agent = a.self.agent;
                if (timed_out)
                        return give_up(m, &a);
        }
}

/* ---- unlock ---- */

/* Under the guard: takes the head out; the caller owes it an unpark. */
static struct waiter *pop(struct ct_mutex_asym *m, enum left_as how)
{
        struct waiter *head = (struct waiter *)ct_waitlist_pop(&m->queue);

        head->granted = how == AS_OWNER;
        head->agent = how == AS_AGENT;
        count_left(m, how);
        return head;
}

/* Gives the mutex to the head if it has waited for long enough. Only the owner may ask. */
static bool hand_over(struct ct_mutex_asym *m)
{
        int64_t now = ct_now_ns();
        struct waiter *head;
        uint32_t place;

        ct_guard_lock(&m->guard);
        head = (struct waiter *)m->queue.head;
        if (!head || now - head->since < LEASE_NS ||
            (head->lost < PATIENCE && now - m->handed_at < LEASE_NS)) {
                ct_guard_unlock(&m->guard);
                return false;
        }
        pop(m, AS_OWNER);
        place = ct_waiter_comes_up_at(&head->node.waiter);
        m->handed_at = now;
        ct_store_u32_relaxed(&m->yield_to, place == CT_PLACE_ANY ? 0 : place + 1);
        ct_guard_unlock(&m->guard);
#ifdef CT_PLANT_mutex_asym_double_grant
        ct_store_u32_release(&m->held, 0);
#endif
        ct_unpark(&head->node.waiter); /* head may be gone from here on */
        /* The new owner cannot start before this context stops, and the mutex is not to be had. */
        if (ct_parker_behind_caller(place))
                ct_parker_ops_self()->yield();
        return true;
}

/* Hands the mutex to the spinner that claimed it, if there is one. */
static bool grant_claim(struct ct_mutex_asym *m)
{
        uint32_t old = ct_load_u32_relaxed(&m->mark);

        while (old & CLAIM)
                if (ct_cas_u32_release(&m->mark, &old, (old & ~CLAIM) | GRANT))
                        return true; /* pairs with the acquires in look and enqueue_or_take */
        return false;
}

/* The partner that this owner took over from will be back in some 100 ns, if it is coming, and does
   an agent's duty without being woken. */
static void await_partner(struct ct_mutex_asym *m)
{
        struct ct_spin s;

        m->swapped = false;
        if (!ct_load_u32_relaxed(&m->brisk))
                return;
        ct_spin_start(&s, CT_SPIN_FOR_OWNER, CT_FOREVER, CLAIM_NS);
        for (uint32_t i = GRACE_LOOKS(s.max_step); i; i--) {
                if (!(ct_load_u32_relaxed(&m->mark) & WANT))
                        return;
                ct_pause();
        }
}

/* The owner wakes the head, then releases the mutex, unless an agent has come. */
static void wake_and_release(struct ct_mutex_asym *m)
{
        struct waiter *head = NULL;

        ct_guard_lock(&m->guard);
        if (ct_load_u32_relaxed(&m->mark) & WANT) {
                head = (struct waiter *)m->queue.head;
                /* One that cannot run before the caller stops is no agent: the next unlock wakes
                   another, until one is elsewhere. */
                pop(m, ct_parker_behind_caller(head->node.waiter.place) ? AS_ITSELF : AS_AGENT);
        }
        (void)ct_exchange_u32_seq(&m->held, 0); /* pairs with lock's CAS, and with a sleeper */
        ct_guard_unlock(&m->guard);
        if (head)
                ct_unpark(&head->node.waiter);
        else if (ct_load_u32_seq(&m->mark) & WANT)
                ct_mutex_asym_unlock_free_(m);
}

void ct_mutex_asym_unlock_held_(struct ct_mutex_asym *m)
{
        uint32_t mark = ct_load_u32_relaxed(&m->mark);

        if ((mark & DUE) && hand_over(m))
                return;
        if (mark & DUE)
                ct_and_u32_relaxed(&m->mark, ~DUE);
        if (m->swapped && (mark & WANT))
                await_partner(m);
        if (mark >= WAITER && hand_over(m))
                return;
        if (!grant_claim(m))
                wake_and_release(m);
}

/* Free again, but a sleeper came: wakes it, unless another owner came too, whose unlock will. */
void ct_mutex_asym_unlock_free_(struct ct_mutex_asym *m)
{
        struct waiter *head = NULL;

        ct_guard_lock(&m->guard);
        if ((ct_load_u32_relaxed(&m->mark) & WANT) && !ct_load_u32_seq(&m->held))
                head = pop(m, AS_AGENT);
        ct_guard_unlock(&m->guard);
        if (head)
                ct_unpark(&head->node.waiter);
}
