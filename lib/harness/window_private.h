/*
 * What window.c (the window's course), window_worker.c (its workers' side) and window_result.c
 * (what it amounts to) share.
 */
#ifndef CT_HARNESS_WINDOW_PRIVATE_H
#define CT_HARNESS_WINDOW_PRIVATE_H

#include "base/atomic.h"
#include "base/clock.h"
#include "harness/histogram.h"
#include "harness/noise.h"
#include "harness/window.h"

struct usage_span {
        struct ct_thread_usage before, after;
};

/* One worker's side of a window, on lines of its own. */
struct slot {
        struct worker worker;
        CT_ALIGN_PAIR ct_atomic_u64 published; /* counted operations, after every batch */
        CT_ALIGN_PAIR int64_t start_ns;
        uint64_t counted_from, counted_to; /* published, at the window's two ends */
        uint64_t ops, effects;             /* exact, all that was done */
        int init_result;                   /* of worker_init() */
        struct usage_span usage;           /* of its own thread, where it has one */
        uint32_t place;                    /* where mhz_before was measured; */
        bool moved;                        /* mhz_after is another place's */
        double mhz_before, mhz_after;
        struct ct_histogram *latency;
        uint8_t draws[DRAWS];
};

struct window {
        struct executor *executor;
        const struct family *family;
        struct slot *slot;
        struct usage_span *carrier; /* of the threads below tasks, and of the one that helps them;
                                       NULL where workers have their own */
        unsigned n_carriers;
        void *storage;
        size_t storage_size;
        double ns_per_turn;
        bool tsc; /* asked once: CPUID leaves a virtual machine, which takes longer than a window's
                     gate */
        double ns_per_stamp, clock_ns;
        const struct window_spec *spec;
        uint64_t batch;
        run_fn *run;
        int init_result;
        CT_ALIGN_PAIR ct_atomic_u32 arrived;
        CT_ALIGN_PAIR ct_atomic_u64 start_at; /* 0 until the last worker has arrived */
        CT_ALIGN_PAIR ct_atomic_u32 stop;
        CT_ALIGN_PAIR ct_atomic_u32 started; /* workers past the gate */
        int64_t began_ns, ended_ns;          /* of what the rate is computed from */
        CT_ALIGN_PAIR ct_atomic_u32 opened;  /* start_at is set: a futex word for the coordinator */
};

/* The latency windows' clock: the TSC where it can be trusted, at half the price of the vDSO. */
static inline uint64_t window_stamp(bool tsc)
{
        return tsc ? ct_tsc() : (uint64_t)ct_now_ns();
}

/* One worker's part: a team_job, ctx is the window. */
void window_worker(void *ctx, unsigned index);

/* After the workers have stopped; each fills its part of *m. */
void window_rates(struct window *, struct measurement *m);
void window_latencies(struct window *, struct measurement *m);
void window_judge(struct window *, const struct ct_host_usage *before,
                  const struct ct_host_usage *after, struct measurement *m);

/* Asks the contestant, then ends it. */
void window_oracle(struct window *, struct measurement *m);

#endif
