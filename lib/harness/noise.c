#include "harness/noise.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "harness/cgroup.h"
#include "harness/sysfile.h"

enum { STAT_TEXT = 256 << 10 }; /* 80 bytes a CPU, and one long line of interrupts */

/* Run delay and migrations, from the thread's folder in /proc. */
static void read_scheduler(struct ct_thread_usage *u, const char *root, const char *folder)
{
        char text[4096], value[32];

        /* "<ns on CPU> <ns waiting for one> <slices>" */
        if (ct_sysfile_read(text, sizeof text, root, "%s/schedstat", folder) > 0)
                u->has_run_delay = sscanf(text, "%*s %" SCNd64, &u->run_delay_ns) == 1;
        if (ct_sysfile_read(text, sizeof text, root, "%s/sched", folder) > 0 &&
            ct_sysfile_field(text, "se.nr_migrations", value, sizeof value)) {
                u->has_migrations = true;
                u->migrations = strtoull(value, NULL, 10);
        }
}

void ct_thread_usage_read_from(struct ct_thread_usage *u, const char *root)
{
        struct rusage usage;

        *u = (struct ct_thread_usage){.cpu_ns = ct_thread_cpu_ns()};
        if (!getrusage(RUSAGE_THREAD, &usage)) {
                u->voluntary_switches = (uint64_t)usage.ru_nvcsw;
                u->involuntary_switches = (uint64_t)usage.ru_nivcsw;
        }
        read_scheduler(u, root, "/proc/thread-self");
}

void ct_thread_usage_read(struct ct_thread_usage *u)
{
        ct_thread_usage_read_from(u, "");
}

void ct_thread_usage_read_of(struct ct_thread_usage *u, int tid)
{
        char text[4096], value[32], folder[48];

        *u = (struct ct_thread_usage){0};
        snprintf(folder, sizeof folder, "/proc/self/task/%d", tid);
        if (ct_sysfile_read(text, sizeof text, "", "%s/status", folder) > 0) {
                if (ct_sysfile_field(text, "voluntary_ctxt_switches", value, sizeof value))
                        u->voluntary_switches = strtoull(value, NULL, 10);
                if (ct_sysfile_field(text, "nonvoluntary_ctxt_switches", value, sizeof value))
                        u->involuntary_switches = strtoull(value, NULL, 10);
        }
        read_scheduler(u, "", folder);
}

/* "cpu3 user nice system idle iowait irq softirq steal guest guest_nice": guest is in user already.
 */
static bool stat_line(struct ct_host_usage *u, const char *line, const cpu_set_t *cpus)
{
        uint64_t v[8] = {0};
        unsigned cpu;
        int n = sscanf(line,
                       "cpu%u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                       " %" SCNu64 " %" SCNu64,
                       &cpu, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]);

        if (n < 5 || cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, cpus))
                return false;
        u->cpus++;
        u->busy_ticks += v[0] + v[1] + v[2] + v[5] + v[6];
        u->steal_ticks += v[7];
        for (int i = 0; i < 8; i++)
                u->total_ticks += v[i];
        return true;
}

void ct_host_usage_read_from(struct ct_host_usage *u, const cpu_set_t *cpus, const char *root)
{
        char *text = malloc(STAT_TEXT), *rest, *line;
        struct ct_cgroup_cpu cgroup;

        *u = (struct ct_host_usage){0};
        ct_cgroup_throttled_read(&cgroup, root);
        u->throttled = cgroup.throttled;
        u->has_throttled = cgroup.has_throttled;
        if (text && ct_sysfile_read(text, STAT_TEXT, root, "/proc/stat") > 0) {
                line = strtok_r(text, "\n", &rest);
                for (; line && !strncmp(line, "cpu", 3); line = strtok_r(NULL, "\n", &rest))
                        stat_line(u, line, cpus);
        }
        free(text);
        /* Last, so that the clocks and the ticks are of one moment. */
        u->process_cpu_ns = ct_process_cpu_ns();
        u->when_ns = ct_now_ns();
}

void ct_host_usage_read(struct ct_host_usage *u, const cpu_set_t *cpus)
{
        ct_host_usage_read_from(u, cpus, "");
}

/* Counters of a CPU may step back a little (idle and iowait do); that is no time at all. */
static double risen(uint64_t before, uint64_t after)
{
        return after > before ? (double)(after - before) : 0;
}

void ct_host_usage_between(const struct ct_host_usage *before, const struct ct_host_usage *after,
                           struct ct_host_delta *delta)
{
        double total = risen(before->total_ticks, after->total_ticks);
        double wall = (double)(after->when_ns - before->when_ns) * after->cpus;

        *delta = (struct ct_host_delta){0};
        if (before->has_throttled && after->has_throttled) {
                delta->has_throttled = true;
                delta->throttled = (uint64_t)risen(before->throttled, after->throttled);
        }
        if (total <= 0 || wall <= 0 || before->cpus != after->cpus)
                return;
        delta->has_cpu_time = true;
#ifndef CT_PLANT_noise_blind_to_steal
        delta->steal_pct = 100 * risen(before->steal_ticks, after->steal_ticks) / total;
#endif
        /*
         * Shares of ticks and shares of time, not ticks and time: a window of 101 ms may hold 11
         * ticks of each busy CPU, which against 101 ms would look like 9 % of somebody else.
         */
        delta->other_cpu_pct =
                100 * (risen(before->busy_ticks, after->busy_ticks) / total -
                       (double)(after->process_cpu_ns - before->process_cpu_ns) / wall);
        if (delta->other_cpu_pct < 0)
                delta->other_cpu_pct = 0;
}

/* 256 adds, each waiting for the one before. A register operand: newer cores fold small immediates
   away before they reach the adder. */
#define ADD4(a) a a a a
#define ADD256(a) ADD4(ADD4(ADD4(ADD4(a))))
enum { ADDS = 256, ROUNDS = 75 };

static inline uint64_t add_chain(uint64_t v, uint64_t step)
{
#if defined(__x86_64__)
        __asm__ __volatile__(ADD256("add %1, %0\n\t") : "+r"(v) : "r"(step) : "cc");
#elif defined(__aarch64__)
        __asm__ __volatile__(ADD256("add %0, %0, %1\n\t") : "+r"(v) : "r"(step));
#elif defined(__riscv)
        __asm__ __volatile__(ADD256("add %0, %0, %1\n\t") : "+r"(v) : "r"(step));
#else
        /* The empty asm may change v, so the compiler can neither fold nor reorder the adds. */
#define ADD_STEP                                                                                   \
        v += step;                                                                                 \
        __asm__ __volatile__("" : "+r"(v));
        ADD256(ADD_STEP)
#endif
        return v;
}

double ct_measure_mhz(void)
{
        int64_t best = INT64_MAX;
        uint64_t v = 1;

        for (int attempt = 0; attempt < 3; attempt++) {
                int64_t start = ct_now_ns(), took;

                for (int i = 0; i < ROUNDS; i++)
                        v = add_chain(v, 3);
                took = ct_now_ns() - start;
                if (took < best)
                        best = took;
        }
        return best > 0 ? (double)ADDS * ROUNDS * 1e3 / (double)best : 0;
}

static bool too_much_other_cpu(const struct ct_noise_input *in)
{
        double tick_ns = 1e9 / (double)sysconf(_SC_CLK_TCK);
        double ticks = in->other_cpu_pct / 100 * in->window_ns * in->pus / tick_ns;

        return in->other_cpu_pct > CT_NOISE_OTHER_CPU_PCT && ticks >= CT_NOISE_OTHER_CPU_TICKS;
}

static bool hop_moved(double before, double after)
{
        double ratio;

        if (before <= 0 || after <= 0)
                return false;
        ratio = after / before;
        return (ratio > CT_NOISE_HOP_RATIO || ratio < 1 / CT_NOISE_HOP_RATIO) &&
               fabs(after - before) > CT_NOISE_HOP_NS;
}

/* What only means something while every thread can have a PU of its own. */
static unsigned judge_undersubscribed(const struct ct_noise_input *in)
{
        double thread_s = in->threads * in->window_ns / 1e9;
        uint64_t own = in->own_switches < in->involuntary_switches ? in->own_switches
                                                                   : in->involuntary_switches;
        unsigned bits = 0;

        if (in->has_run_delay &&
            in->run_delay_pct > (in->parks ? CT_NOISE_RUN_DELAY_PARKS_PCT : CT_NOISE_RUN_DELAY_PCT))
                bits |= CT_NOISE_RUN_DELAY;
        if ((double)(in->involuntary_switches - own) >
            CT_NOISE_INVOLUNTARY_BASE + CT_NOISE_INVOLUNTARY_PER_S * thread_s)
                bits |= CT_NOISE_INVOLUNTARY;
        if (in->start_skew_ns > CT_NOISE_SKEW_NS)
                bits |= CT_NOISE_SKEW;
        if (in->overlap_ratio < CT_NOISE_MIN_OVERLAP)
                bits |= CT_NOISE_OVERLAP;
        return bits;
}

unsigned ct_noise_judge(const struct ct_noise_input *in)
{
        unsigned bits = in->threads <= in->pus ? judge_undersubscribed(in) : 0;

#ifndef CT_PLANT_noise_blind_to_steal
        if (in->steal_pct > CT_NOISE_STEAL_PCT)
                bits |= CT_NOISE_STEAL;
#endif
        if (too_much_other_cpu(in))
                bits |= CT_NOISE_OTHER_CPU;
        if (!in->unpinned && in->migrations > 0)
                bits |= CT_NOISE_MIGRATED;
        if (in->has_freq && fabs(in->freq_drift_pct) > CT_NOISE_FREQ_DRIFT_PCT)
                bits |= CT_NOISE_FREQ;
        if (in->throttled > 0)
                bits |= CT_NOISE_THROTTLED;
        if (hop_moved(in->hop_before_ns, in->hop_after_ns))
                bits |= CT_NOISE_HOP;
        return bits;
}

const char *ct_noise_name(unsigned bit)
{
        static const char *const names[CT_NOISE_BITS] = {
                "steal", "other_cpu", "run_delay", "involuntary", "migrated",
                "freq",  "throttled", "hop",       "skew",        "overlap",
        };

        if (!bit || (bit & (bit - 1)) || bit >= 1u << CT_NOISE_BITS)
                return NULL;
        return names[__builtin_ctz(bit)];
}
