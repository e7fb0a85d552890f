/*
 * The channel's lock, when somebody else has it.
 *
 * Source: own; the pace is that of mutex_asym.c.
 *
 * A turn takes 3 to 10 ns, a look by another core takes the owner's line away for 40 to 200. Where
 * one context does operation after operation, a second one that tries each time makes all of them
 * slow: so throughput is how rarely owners change. Whoever finds the lock held looks again after a
 * while; if there were many turns in between, the owner is brisk, and is left alone for 1 us at a
 * time. What was found so is kept in the channel, for the next one that has to wait. Two carriers,
 * four sending and four receiving tasks, capacity 1024: 28 ns a message with looks 20 ns apart, 20
 * with steps that double from 0.1 us on, 15.5 with steps of 1 us (one carrier: 13).
 *
 * A thread that goes to wait in a ring that it has filled or emptied says so in `pauses`, on a line
 * of its own, which spinners watch: otherwise nobody would use the ring for the rest of the 1 us.
 *
 * The holder never parks, so who waits for long waits for an OS thread that lost its CPU, and gives
 * it his. It must be the thread that yields: a task may hold other channels' locks here (select).
 */
#include "base/parker.h"
#include "chan/chan_private.h"

#define BRISK_STEP_NS 1000
#define FIRST_STEP(brisk_step) ((brisk_step) / 8)  /* 120 ns */
#define BRISK_TURN(brisk_step) ((brisk_step) / 10) /* 100 ns */
#define BRISK_TURNS 4
#define LOOKS_MOST 32

static bool take(struct ct_chan *c)
{
        uint32_t open = 0;

        return !ct_load_u32_relaxed(&c->lock) &&
               ct_cas_u32_acquire(&c->lock, &open, 1); /* pairs with unlock */
}

#ifdef CT_SIM

/* A pause there lets others run, and comes back when something has changed. */
void ct_chan_lock_slow_(struct ct_chan *c)
{
        do
                ct_pause();
        while (!take(c));
}

#else

static void pause_for(uint32_t n)
{
        while (n--)
                ct_pause();
}

/* Leaves the owner alone for so long, or until somebody goes to wait. */
static void leave_alone(const struct ct_chan *c, uint32_t n, uint32_t look)
{
        uint32_t seen = ct_load_u32_relaxed(&c->pauses);

        for (uint32_t i = 0; i < n && ct_load_u32_relaxed(&c->pauses) == seen; i += look)
                pause_for(look);
}

/* Many turns in that time: one context does one operation after the other, and waits for nobody. */
static bool is_brisk(const struct ct_chan *c, uint32_t from, uint32_t spent, uint32_t turn)
{
        uint32_t turns = ct_load_u32_relaxed(&c->turns) - from;

        return turns >= BRISK_TURNS && spent < turns * turn;
}

void ct_chan_lock_slow_(struct ct_chan *c)
{
        uint32_t from = ct_load_u32_relaxed(&c->turns), spent = 0, looks = 0;
        bool brisk = ct_load_u32_relaxed(&c->brisk);
        struct ct_spin spin; /* for the length of a pause; the budget is for events */

        ct_spin_start(&spin, CT_SPIN_FOR_OWNER, CT_FOREVER, BRISK_STEP_NS);
        do {
                uint32_t step = brisk ? spin.max_step : FIRST_STEP(spin.max_step);

                leave_alone(c, step ? step : 1, FIRST_STEP(spin.max_step) / 2 + 1);
                if (!spin.max_step || ++looks > LOOKS_MOST)
                        ct_parker_thread_ops.yield();
                spent += step;
                brisk = is_brisk(c, from, spent, BRISK_TURN(spin.max_step));
        } while (!take(c));
        if (brisk != ct_load_u32_relaxed(&c->brisk))
                ct_store_u32_relaxed(&c->brisk, brisk);
}

#endif

/* Threads of one CPU take turns of some ms. What a channel moves in one is a tenth of what a test
   of its fairness sees, so once in a while, each 2 ms or so, whoever is in the way lets others run.
   At every 65,536th turn this leaves the slowest of 8 threads on two CPUs 0.7 of its share instead
   of 0 to 0.4, and costs a tenth of the throughput; at every 16,384th one the half of it. */
void ct_chan_breathe_(void)
{
        if (ct_parker_ops_self() == &ct_parker_thread_ops)
                ct_parker_thread_ops.yield();
}
