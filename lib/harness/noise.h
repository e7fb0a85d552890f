/*
 * What disturbed a window: the readings, and the judgement.
 *
 * A caller reads thread and host usage before and after a window, turns the differences into a
 * ct_noise_input, and ct_noise_judge() says which disturbances are big enough to make the window
 * worth repeating. Readings are cheap (a few /proc files) but are system calls: outside the window
 * only.
 */
#ifndef CT_HARNESS_NOISE_H
#define CT_HARNESS_NOISE_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

/* Totals of one thread since it started; differences are what matters. */
struct ct_thread_usage {
        uint64_t voluntary_switches;
        uint64_t involuntary_switches;
        uint64_t migrations;
        int64_t run_delay_ns; /* runnable, but waiting for a CPU */
        int64_t cpu_ns;
        bool has_migrations, has_run_delay; /* false where the kernel does not tell */
};

/* Reads the calling thread's totals. */
void ct_thread_usage_read(struct ct_thread_usage *u);

/* The same with /proc below another root ("" is this machine): for tests. */
void ct_thread_usage_read_from(struct ct_thread_usage *u, const char *root);

/* Another living thread's of this process, without cpu_ns; all 0 once it has gone. */
void ct_thread_usage_read_of(struct ct_thread_usage *u, int tid);

/* Totals of the machine's CPUs in a set, and of this process. A tick is 1/sysconf(_SC_CLK_TCK) s.
 */
struct ct_host_usage {
        int64_t when_ns;
        uint64_t steal_ticks, busy_ticks, total_ticks; /* all 0 where /proc/stat cannot be read */
        int64_t process_cpu_ns;
        uint64_t throttled; /* times that this process's cgroups ran out of CPU quota */
        bool has_throttled;
        unsigned cpus; /* CPUs of the set that were found */
};

void ct_host_usage_read(struct ct_host_usage *u, const cpu_set_t *cpus);
void ct_host_usage_read_from(struct ct_host_usage *u, const cpu_set_t *cpus, const char *root);

/* What happened between two readings of the same CPUs. */
struct ct_host_delta {
        double steal_pct;     /* share of those CPUs' time that the hypervisor gave to others */
        double other_cpu_pct; /* share that other processes (and interrupts) used */
        uint64_t throttled;
        bool has_cpu_time, has_throttled; /* false: the fields above them are 0 and mean nothing */
};

void ct_host_usage_between(const struct ct_host_usage *before, const struct ct_host_usage *after,
                           struct ct_host_delta *delta);

/* The current PU's frequency: a chain of dependent register adds retires one a cycle on every CPU
   this suite knows. Takes about 20 us. */
double ct_measure_mhz(void);

/*
 * The thresholds, each above what an idle machine shows in a 100 ms window and below what moves a
 * contended median by more than its own spread.
 */
/* Any steal is somebody else's work; 1 % of a window is one scheduling slice in a hundred. */
#define CT_NOISE_STEAL_PCT 1.0
/* On a quiet 2-core VM 95 % of windows show less than 1.4 %; 5 % is a neighbour. */
#define CT_NOISE_OTHER_CPU_PCT 5.0
/* /proc/stat counts in 10 ms ticks: one tick may be rounding, two are not. */
#define CT_NOISE_OTHER_CPU_TICKS 2.0
/* With a PU for each thread nobody should wait for one; 2 % is a few slices of 1 ms in 100 ms. */
#define CT_NOISE_RUN_DELAY_PCT 2.0
/* A sleeper that is woken waits a little by design; a quarter of the window is a neighbour's. */
#define CT_NOISE_RUN_DELAY_PARKS_PCT 25.0
/* A quiet 25 ms window has one (the coordinator's, at its end), 95 % of them at most four. */
#define CT_NOISE_INVOLUNTARY_BASE 2.0
#define CT_NOISE_INVOLUNTARY_PER_S 50.0
/* The add loop repeats to 1.2 % in 99 % of quiet windows; 3 % is a step of the clock. */
#define CT_NOISE_FREQ_DRIFT_PCT 3.0
/* A hop repeats to 10 % in 98 % of quiet windows; a moved virtual CPU changes it 2-10x. Below 15 ns
 * a ratio is rounding. */
#define CT_NOISE_HOP_RATIO 1.5
#define CT_NOISE_HOP_NS 15.0
/* The gate opens within 25 ns in 99 % of quiet windows; 20 us means that a worker was not on its
 * PU. */
#define CT_NOISE_SKEW_NS 20000
/* One late or early worker of a 100 ms window costs 1 % overlap per ms. */
#define CT_NOISE_MIN_OVERLAP 0.99

/* Disturbances, as a bit set. */
enum {
        CT_NOISE_STEAL = 1u << 0,
        CT_NOISE_OTHER_CPU = 1u << 1,
        CT_NOISE_RUN_DELAY = 1u << 2,
        CT_NOISE_INVOLUNTARY = 1u << 3,
        CT_NOISE_MIGRATED = 1u << 4,
        CT_NOISE_FREQ = 1u << 5,
        CT_NOISE_THROTTLED = 1u << 6,
        CT_NOISE_HOP = 1u << 7,
        CT_NOISE_SKEW = 1u << 8,
        CT_NOISE_OVERLAP = 1u << 9,
};
#define CT_NOISE_BITS 10

/* One window, sums over all workers. Zero means quiet for every field except overlap_ratio (1). */
struct ct_noise_input {
        unsigned threads;
        unsigned pus; /* PUs that the workers may use: more threads than these is oversubscribed */
        double window_ns;
        double overlap_ratio;
        uint64_t start_skew_ns;
        uint64_t involuntary_switches, migrations;
        uint64_t own_switches; /* involuntary ones that what is measured has brought about itself */
        double steal_pct, other_cpu_pct, run_delay_pct, freq_drift_pct;
        bool has_freq, has_run_delay;
        uint64_t throttled;
        double hop_before_ns, hop_after_ns; /* 0 = none */
        bool parks;    /* the contestant sleeps and wakes by design: some run delay is part of it */
        bool unpinned; /* the scheduler places the workers: migrations are no news */
};

/* Pure. 0 = quiet. Oversubscribed windows get no verdict on skew, overlap, involuntary switches and
   run delay: there those are what is measured. */
unsigned ct_noise_judge(const struct ct_noise_input *in);

/* The word for one bit in the CSV's flags column ("steal", "other_cpu" ...); NULL for no such bit.
 */
const char *ct_noise_name(unsigned bit);

#endif
