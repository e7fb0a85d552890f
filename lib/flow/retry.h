/*
 * ct_retry: calls a function again until it succeeds, with exponential backoff and jitter.
 *
 *      static const struct ct_retry_law law = {.attempts = 5, .first_ns = 10 * CT_NS_PER_MS,
 *                                              .most_ns = CT_NS_PER_S, .factor = 2,
 *                                              .jitter_pct = 50};
 *      struct ct_retry_report report;
 *      int r = ct_retry(&law, ctx, fetch, &request, &report);
 *
 * The law: after the k-th failed attempt (k = 1, 2, ...) it waits first_ns x factor^(k-1), most_ns
 * at most, shortened at random by up to jitter_pct percent of itself. ct_retry_wait_ns is that law,
 * a pure function of k and a random number.
 *
 * It ends: with 0 when an attempt returns 0; with the last attempt's error when there have been
 * `attempts`, or when `again` says that this error is final; with the context's error (-ECANCELED,
 * -ETIMEDOUT) when that ends, also in the middle of a wait, and then the report keeps the last
 * attempt's error. A context that has ended before the first attempt means no attempt.
 *
 * Blocks on: the parker, between attempts; and on whatever the function does.  Wakes: nobody.
 * Who may call: any thread or task; a law may be shared.
 * Failure: -EINVAL: a law that the comments exclude; with a timer service, -ENOMEM. The function
 *      may fail by its return value only: ct_task_fail goes through to the caller's guard.
 * Units: ns.
 *
 * Source: the retry loops of "Go Concurrency Patterns: A Practical Walkthrough" (SubmitWithRetry)
 * and of the second guide; jitter after "Exponential Backoff And Jitter" (AWS Architecture Blog,
 * 2015). Own code.
 */
#ifndef CT_FLOW_RETRY_H
#define CT_FLOW_RETRY_H

#include "chan/context.h"
#include "chan/timer.h"

#include <stdbool.h>
#include <stdint.h>

struct ct_retry_law {
        unsigned attempts;   /* the most; 0: until it succeeds or the context ends */
        int64_t first_ns;    /* at least 0 */
        int64_t most_ns;     /* at least first_ns */
        unsigned factor;     /* at least 1 */
        unsigned jitter_pct; /* 0 .. 100 */
        uint64_t seed;       /* of the jitter; 0: one of its own for each call */
        /* Whether to try again after this error; NULL: always. */
        bool (*again)(void *arg, int error);
        struct ct_timers *clock; /* waits pass by it; NULL: by ct_now_ns() */
};

struct ct_retry_report {
        unsigned attempts; /* made */
        int last_error;    /* of the last attempt that failed; 0: none did */
        int64_t waited_ns; /* the waits that it began, in all */
};

/* How long to wait after failed attempt k >= 1; `random` is uniform over all 64 bits. Never
   overflows. The longest is with 0, and the shortest with UINT64_MAX. */
int64_t ct_retry_wait_ns(const struct ct_retry_law *law, unsigned k, uint64_t random);

/* `context` may be NULL: never cancelled. `attempt` counts from 1. `report` may be NULL. */
int ct_retry(const struct ct_retry_law *law, struct ct_context *context,
             int (*fn)(void *arg, unsigned attempt), void *arg, struct ct_retry_report *report);

#endif
