/*
 * Busy work of known length: the hold and think times of a workload.
 *
 * work_spin(n) is n turns of a dependent chain that no compiler folds and that touches no memory.
 * work_calibrate() measures a turn on this CPU; work_turns() converts ns. Call both outside
 * windows.
 */
#ifndef CT_HARNESS_WORK_H
#define CT_HARNESS_WORK_H

#include <stdint.h>

static inline void work_spin(uint64_t turns)
{
        uint64_t x = turns;

        for (; turns; turns--)
                __asm__ __volatile__("" : "+r"(x));
}

/* ns per turn on the calling CPU: the least of several tries. */
double work_calibrate(void);

uint64_t work_turns(int64_t ns, double ns_per_turn);

#endif
