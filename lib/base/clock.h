/*
 * The monotonic clock, in ns, and the TSC where it is invariant.
 *
 * All deadlines in this library are absolute ct_now_ns() values. CT_FOREVER never comes;
 * ct_deadline_after() saturates there instead of overflowing. Any thread may call any of these.
 */
#ifndef CT_BASE_CLOCK_H
#define CT_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#ifdef CT_SIM
#include "base/sim.h" /* time is virtual there */
#endif

#define CT_FOREVER INT64_MAX
#define CT_NS_PER_S INT64_C(1000000000)
#define CT_NS_PER_MS INT64_C(1000000)
#define CT_NS_PER_US INT64_C(1000)

/* ns since an arbitrary start, never going back. A vDSO call: 20-30 ns on most machines. */
static inline int64_t ct_now_ns(void)
{
#ifdef CT_SIM
        return ct_sim_now_();
#else
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * CT_NS_PER_S + t.tv_nsec;
#endif
}

/* The deadline `ns` from now; CT_FOREVER where that does not fit; now for ns <= 0. */
int64_t ct_deadline_after(int64_t ns);

struct timespec ct_timespec(int64_t ns);

/* CPU time of the calling thread in ns. */
int64_t ct_thread_cpu_ns(void);

/* CPU time of the whole process in ns. */
int64_t ct_process_cpu_ns(void);

/* Sleeps until the absolute deadline; resumes after signals without extending it. */
void ct_sleep_until(int64_t deadline_ns);

/* True where the CPU promises a TSC of constant rate that does not stop in idle states. */
bool ct_tsc_invariant(void);

/* Ticks per second of the TSC, measured against ct_now_ns() over about 10 ms on the first call;
   0 where ct_tsc_invariant() is false. */
double ct_tsc_hz(void);

/* The time-stamp counter; on other architectures than x86-64 and arm64, ct_now_ns(). Not ordered
   with the instructions around it. */
static inline uint64_t ct_tsc(void)
{
#if defined(CT_SIM)
        return (uint64_t)ct_sim_now_();
#elif defined(__x86_64__)
        return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
        uint64_t v;

        __asm__ __volatile__("mrs %0, cntvct_el0" : "=r"(v));
        return v;
#else
        return (uint64_t)ct_now_ns();
#endif
}

#endif
