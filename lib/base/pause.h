/*
 * ct_pause(): tells the core that this is a spin loop. Not a wait of known length: 1 to 140 cycles
 * by model, so spin budgets are calibrated in ns (parker.h), never counted in pauses.
 */
#ifndef CT_BASE_PAUSE_H
#define CT_BASE_PAUSE_H

#ifdef CT_SIM
#include "base/sim.h"
#endif

static inline void ct_pause(void)
{
#if defined(CT_SIM)
        ct_sim_pause_(); /* nothing changes unless somebody else runs */
#elif defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ __volatile__("isb" ::: "memory"); /* yield is a no-op on most arm64 cores */
#else
        __asm__ __volatile__("" ::: "memory");
#endif
}

#endif
