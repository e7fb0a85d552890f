/*
 * ct_mutex_asym: how waiters compete before they sleep. The words are explained in mutex_asym.c.
 *
 * Lock and unlock of an idle mutex take a few ns, a look by another core 40 to 200 ns, which
 * takes the owner's line away. So throughput is how rarely owners change. Spinners read `turns` to
 * see how fast the owner goes: turns of 150 ns and more they meet by looking four times a turn;
 * brisk ones they leave alone for 0.5 us, 1 us ..., and after 4 us they claim the mutex, and wait
 * on the mark's line. Lock, increment, unlock by two threads on two Zen 4 cores took 12 ns with
 * looks from 25 ns on, 3.6 from 0.2 us on, 2.6 from 0.5 us on (alone: 2.2; pthread_mutex: 19).
 * Who only watches (rwmutex_slots' readers) finds brisk owners gone at most looks, and once inside
 * costs each of them a line or two, so it stays away for longer: with one write in ten, two threads
 * did 6.3 ns an operation after 0.5 us, 5.0 after 2 us, 5.8 after 4 us (alone: 3.4).
 */
#include "sync/mutex_asym_private.h"

/* True where a waiter that was handed the mutex can only run once the caller stops. */
static bool must_yield(struct ct_mutex_asym *m)
{
        uint32_t to = ct_load_u32_relaxed(&m->yield_to);

        return to && ct_parker_behind_caller(to - 1);
}

/* Takes the agent's duty on if nobody has it, so that unlock wakes nobody while this context is
   awake; and, if it may, claims the mutex. */
static void announce(struct ct_mutex_asym *m, struct attempt *a, bool may_claim)
{
        uint32_t old = ct_load_u32_relaxed(&m->mark), new = old;

        if ((old & WANT) && !a->watch)
                new = (new & ~WANT) | AGENT;
        if (may_claim && !(old & (CLAIM | GRANT)))
                new |= CLAIM;
        if (new == old || !ct_cas_u32_relaxed(&m->mark, &old, new))
                return;
        a->agent = a->agent || (new &AGENT & ~old);
        a->claim = new &CLAIM & ~old;
}

/* A spinner has become the owner: perhaps it is the queue's turn. */
static void took_over(struct ct_mutex_asym *m)
{
        uint32_t old = ct_load_u32_relaxed(&m->mark);

        m->swapped = true;
        if (old < WAITER || ct_now_ns() - m->handed_at < LEASE_NS)
                return;
        while (old >= WAITER && !ct_cas_u32_relaxed(&m->mark, &old, old | DUE))
                ;
}

/* One look of a spinner. The acquire pairs with the CAS that grants. */
static bool look(struct ct_mutex_asym *m, struct attempt *a)
{
        if (a->claim && (ct_load_u32_acquire(&m->mark) & GRANT)) {
                drop_mine(m, a);
                a->owns = true;
        } else if (ct_load_u32_relaxed(&m->held)) {
                return false;
        } else if (a->watch) {
                return true;
        } else if (!take(m, a)) {
                return false;
        }
        took_over(m);
        return true;
}

/* How long to wait until the next look, from the turns that were seen in `spent` pauses. */
static uint32_t next_step(struct ct_mutex_asym *m, uint32_t spent, uint32_t turns, uint32_t claim)
{
        bool brisk = spent < turns * BRISK_TURN(claim);
        uint32_t step = brisk ? BRISK_STEP(claim) : spent / (turns + 1) / 4;

        if (brisk != ct_load_u32_relaxed(&m->brisk))
                ct_store_u32_relaxed(&m->brisk, brisk);
        if (brisk && spent > step)
                step = spent;
        return step ? step : 1;
}

bool ct_mutex_asym_spin_(struct ct_mutex_asym *m, struct attempt *a)
{
        uint32_t first_turn = ct_load_u32_relaxed(&m->turns), all, claim;
        bool brisk = ct_load_u32_relaxed(&m->brisk), got = false;

        if (must_yield(m))
                return false;
        ct_spin_start(&a->spin, CT_SPIN_FOR_OWNER, a->deadline, CLAIM_NS);
        all = a->spin.left;
        if (!all)
                return false;
        claim = a->spin.max_step;
        a->spin.step =
                brisk ? (a->watch ? WATCH_STEP(claim) : BRISK_STEP(claim)) : FIRST_STEP(claim);
        announce(m, a, false); /* at once: the new owner may be waiting to see it */
        while (ct_spin_wait(&a->spin)) {
                uint32_t spent = all - a->spin.left;

                got = look(m, a);
                if (got || must_yield(m))
                        break;
                if (a->claim)
                        continue;
                a->spin.step =
                        next_step(m, spent, ct_load_u32_relaxed(&m->turns) - first_turn, claim);
                announce(m, a, spent > (ct_load_u32_relaxed(&m->brisk) ? claim : all / 2));
                if (a->claim)
                        a->spin.step = 1;
        }
        ct_spin_end(&a->spin, got);
        return got;
}

enum ct_mutex_asym_seen_ ct_mutex_asym_watch_(struct ct_mutex_asym *m, int64_t deadline)
{
        struct attempt a = {.deadline = deadline, .watch = true};
        uint32_t old;

        if (ct_mutex_asym_spin_(m, &a) && !a.claim)
                return a.owns ? CT_MUTEX_ASYM_OURS_ : CT_MUTEX_ASYM_FREE_;
        old = ct_load_u32_acquire(&m->mark); /* pairs with the CAS that grants */
        do {
                if (a.claim && (old & GRANT)) {
                        drop_mine(m, &a);
                        took_over(m);
                        return CT_MUTEX_ASYM_OURS_;
                }
        } while (a.claim && !ct_cas_u32_acq_rel(&m->mark, &old, less_mine(&a, old)));
        return ct_load_u32_relaxed(&m->held) ? CT_MUTEX_ASYM_BUSY_ : CT_MUTEX_ASYM_FREE_;
}
