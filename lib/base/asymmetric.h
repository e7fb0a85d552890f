/*
 * Asymmetric fences: when one side of a "write mine, then read yours" pair runs a million times for
 * each time the other does, let the other side pay for both.
 *
 *      fast side                               slow side
 *      store_relaxed(mine)                     store_relaxed(yours)
 *      ct_asymmetric_light()                   ct_asymmetric_heavy()
 *      load_acquire(yours)                     load_acquire(mine)
 *
 * At least one of the two sees the other's store, as if both had a sequentially consistent fence
 * there; but the light one only keeps the compiler from reordering, and the heavy one is a system
 * call that runs a full barrier on every CPU that runs a thread of this process (some us).
 *
 * Only where ct_asymmetric_ready(): elsewhere (an older kernel, or a ThreadSanitizer build, which
 * cannot see such fences) the fast side must do its store as a _seq read-modify-write, and the
 * heavy fence is a no-op since the slow side does likewise. The answer never changes during a
 * process, so both sides always agree. In the simulator each program says which of the two it is to
 * be.
 *
 * Cost here: light 0; ready one load. Order between other pairs: none.
 * Source: membarrier(2), private expedited; liburcu's memb flavour; folly's AsymmetricThreadFence.
 */
#ifndef CT_BASE_ASYMMETRIC_H
#define CT_BASE_ASYMMETRIC_H

#include <stdbool.h>

#if defined(__SANITIZE_THREAD__)
#define CT_NO_ASYMMETRIC_ 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CT_NO_ASYMMETRIC_ 1
#endif
#endif
#ifdef CT_SIM
#undef CT_NO_ASYMMETRIC_
#define CT_NO_ASYMMETRIC_ 1
#include "base/sim.h"

static inline bool ct_asymmetric_ready(void)
{
        return ct_sim_membarrier_ready_();
}

static inline void ct_asymmetric_light(void)
{
}

static inline void ct_asymmetric_heavy(void)
{
#ifndef CT_PLANT_asymmetric_heavy_does_nothing
        if (ct_asymmetric_ready())
                ct_sim_membarrier_();
#endif
}

#elif defined(CT_NO_ASYMMETRIC_)

static inline bool ct_asymmetric_ready(void)
{
        return false;
}

static inline void ct_asymmetric_light(void)
{
}

static inline void ct_asymmetric_heavy(void)
{
}

#else

extern bool ct_asymmetric_registered_; /* set before main(), never again */

static inline bool ct_asymmetric_ready(void)
{
        return ct_asymmetric_registered_;
}

static inline void ct_asymmetric_light(void)
{
        __asm__ __volatile__("" ::: "memory");
}

void ct_asymmetric_heavy(void);

#endif

#endif
