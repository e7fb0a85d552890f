/*
 * A slot: a small number for the calling OS thread, for what is kept once per thread to stay off
 * shared cache lines: reader counts, caches of free objects, the cells of a counter.
 *
 * Unique among the threads that live, dense from 0, given again after a thread has ended; what the
 * earlier owner wrote to the slot's memory, the later one sees. Where more than CT_SLOTS threads
 * live, the rest get CT_SLOT_NONE and use whatever the caller keeps for all.
 *
 * A task has the slot of the thread that runs it, so only until it parks, yields or ends: use the
 * slot and be done with it, or keep something there that any other slot can take back (a count
 * that is summed over all).
 *
 * Cost: one thread-local load after the first call. Blocks and wakes: nobody. Not from signal
 * handlers.
 */
#ifndef CT_BASE_SLOT_H
#define CT_BASE_SLOT_H

#ifdef CT_SIM
#define CT_SLOTS 8u /* what is kept for each need not be made anew 256 times in each schedule */
#else
#define CT_SLOTS 256u
#endif
#define CT_SLOT_NONE CT_SLOTS

#ifdef CT_SIM
unsigned ct_slot(void); /* the simulated task's number */
#else

extern _Thread_local unsigned ct_slot_plus_1_; /* 0: not asked yet */

unsigned ct_slot_take_(void);

static inline unsigned ct_slot(void)
{
        unsigned s = ct_slot_plus_1_;

        return __builtin_expect(s != 0, 1) ? s - 1 : ct_slot_take_();
}

#endif

/* One more than the highest slot ever given: how far a scan over all slots has to go. A thread that
   takes its first slot later than this load has not used it yet at the time of the load. */
unsigned ct_slots_used(void);

#endif
