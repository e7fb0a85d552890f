#include "base/clock.h"

#include <errno.h>
#include <stdatomic.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

int64_t ct_deadline_after(int64_t ns)
{
        int64_t now = ct_now_ns(), sum;

        if (ns <= 0)
                return now;
        return __builtin_add_overflow(now, ns, &sum) ? CT_FOREVER : sum;
}

struct timespec ct_timespec(int64_t ns)
{
        if (ns < 0)
                ns = 0;
        return (struct timespec){.tv_sec = (time_t)(ns / CT_NS_PER_S), .tv_nsec = ns % CT_NS_PER_S};
}

static int64_t read_clock(clockid_t id)
{
        struct timespec t;

        if (clock_gettime(id, &t))
                return 0;
        return (int64_t)t.tv_sec * CT_NS_PER_S + t.tv_nsec;
}

int64_t ct_thread_cpu_ns(void)
{
        return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

int64_t ct_process_cpu_ns(void)
{
        return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

void ct_sleep_until(int64_t deadline_ns)
{
        struct timespec t = ct_timespec(deadline_ns);

        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
                ;
}

bool ct_tsc_invariant(void)
{
#if defined(__x86_64__)
        unsigned a, b, c, d;

        return __get_cpuid(0x80000007u, &a, &b, &c, &d) && (d & (1u << 8));
#elif defined(__aarch64__)
        return true; /* the generic timer's rate is fixed by the architecture */
#else
        return false;
#endif
}

static double measure_tsc_hz(void)
{
        int64_t t0 = ct_now_ns(), t1;
        uint64_t c0 = ct_tsc(), c1;

        do {
                t1 = ct_now_ns();
                c1 = ct_tsc();
        } while (t1 - t0 < 10 * CT_NS_PER_MS);
        return (double)(c1 - c0) * 1e9 / (double)(t1 - t0);
}

double ct_tsc_hz(void)
{
        static _Atomic(double) cached; /* two first callers may both measure; either is right */
        double hz = atomic_load_explicit(&cached, memory_order_relaxed);

        if (hz == 0 && ct_tsc_invariant()) {
                hz = measure_tsc_hz();
                atomic_store_explicit(&cached, hz, memory_order_relaxed);
        }
        return hz;
}
