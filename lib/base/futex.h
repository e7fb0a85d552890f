/*
 * The futex system call, as two functions. Only the parker and the guard in this folder wait on
 * futexes; everything else in lib/ blocks through parker.h.
 *
 * Process-private words only. Both return -errno instead of setting errno for the caller to read.
 * Source: futex(2); Drepper, "Futexes Are Tricky" (2011).
 */
#ifndef CT_BASE_FUTEX_H
#define CT_BASE_FUTEX_H

#include "base/atomic.h"
#include "base/clock.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Sleeps while *word == expected, until a wake or the absolute CLOCK_MONOTONIC deadline in ns
 * (CT_FOREVER: none). Returns 0 when woken, which may be spurious or meant for an earlier user of
 * the same address, -EAGAIN when the word already differed, -EINTR, or -ETIMEDOUT. So: call it in
 * a loop that re-reads the word. Establishes no order by itself: the caller's loads do.
 */
static inline int ct_futex_wait(ct_atomic_u32 *word, uint32_t expected, int64_t deadline)
{
#ifdef CT_SIM
        return ct_sim_futex_wait_((void *)word, expected, deadline);
#else
        struct timespec t, *limit = NULL;

        if (deadline != CT_FOREVER) {
                t = ct_timespec(deadline);
                limit = &t;
        }
        /* WAIT_BITSET, because plain FUTEX_WAIT takes a relative time, which EINTR would extend. */
        return syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, limit, NULL,
                       FUTEX_BITSET_MATCH_ANY) == -1
                       ? -errno
                       : 0;
#endif
}

/*
 * Wakes up to n sleepers on the word; returns how many. The kernel uses the address only as a key,
 * so a waker may call this after the word's owner has gone: at worst it wakes a later user of that
 * address, who looks at its own word and sleeps again.
 */
static inline int ct_futex_wake(ct_atomic_u32 *word, int n)
{
#ifdef CT_SIM
        return ct_sim_futex_wake_((void *)word, n);
#else
        long woken = syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);

        return woken == -1 ? -errno : (int)woken;
#endif
}

#endif
