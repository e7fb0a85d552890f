/*
 * ct_breaker: a circuit breaker. Stops calling what keeps failing, and tries now and then whether
 * it works again.
 *
 *      struct ct_breaker b;
 *      ct_breaker_init(&b, &(struct ct_breaker_config){.failures = 5, .open_ns = CT_NS_PER_S,
 *                                                      .probes = 1});
 *      int r = ct_breaker_call(&b, query, &request);           // CT_BREAKER_OPEN_ERROR: not called
 * or, with a clock of one's own:
 *      struct ct_breaker_ticket t;
 *      if (ct_breaker_enter(&b, now, &t) == 0)
 *              ct_breaker_leave(&b, &t, now, query(&request) == 0);
 *
 * The law.
 * closed: every call is let in. It opens with the report that makes `failures` failures in a row
 *      (0: not by this), or that leaves at least rate_pct percent failures among the last `window`
 *      reports, once there have been so many since it closed (window 0: not by this).
 * open: no call is let in, for open_ns from that report's time on.
 * half-open: from then on one call at a time is let in, the probe; all others are refused. When
 *      `probes` of them have succeeded one after the other it closes, with a clean record; the
 *      first that fails opens it again, for open_ns from its report's time on.
 * Reports of calls that were let in before the last change of state are not counted. "In a row" is
 * by the order of the reports. Exactly one probe is out at any time, however many ask at once.
 *
 * Time is the caller's: every decision takes `now`, in ns of any clock; a time before one that the
 * breaker has seen counts as the later one. ct_breaker_call reads ct_now_ns().
 *
 * Blocks on: nothing but a short lock, and none where a call of a closed breaker is let in, nor
 *      where its success is reported after a success without a window.
 * Order: what was done before the report that opened or closed it, those see that find it so.
 * Who may call: any thread or task. A ticket may be reported by another than the one that entered.
 * Ownership: the caller's storage, between init and the last report. Nothing to free.
 * Failure: -EINVAL at init. A probe that is never reported keeps the breaker half-open for ever:
 *      where a call came to nothing that says anything, abandon it. Misuse panics and names the
 *      breaker: a ticket that is reported twice.
 *
 * Source: Nygard, "Release It!" (2007), as the guide's state machine; own code. The sliding window
 * by calls is that of resilience4j, late reports are told apart as in sony/gobreaker.
 */
#ifndef CT_FLOW_BREAKER_H
#define CT_FLOW_BREAKER_H

#include "base/atomic.h"
#include "sync/mutex.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

/* ErrOpen: the call was not let in. */
#define CT_BREAKER_OPEN_ERROR (-EHOSTDOWN)

enum ct_breaker_state { CT_BREAKER_CLOSED, CT_BREAKER_OPEN, CT_BREAKER_HALF_OPEN };

struct ct_breaker_config {
        unsigned failures; /* in a row; 0: no such law */
        unsigned window;   /* 1 .. 64 reports; 0: no such law. At least one of the two laws */
        unsigned rate_pct; /* 1 .. 100; 0 without a window */
        int64_t open_ns;   /* at least 1 */
        unsigned probes;   /* at least 1 */
        /* Which results of ct_breaker_call's function are failures; NULL: all but 0. */
        bool (*is_failure)(int result);
};

struct ct_breaker {
        ct_atomic_u64 word; /* private, all of it; see breaker.c */
        struct ct_mutex lock;
        struct ct_breaker_config config;
        ct_atomic_u64 reopens;
        int64_t latest;
        uint64_t outcomes; /* of the last `reports`: bit 0 the latest; 1: failed */
        unsigned reports, in_a_row, probed;
        bool probing;
        ct_atomic_u64 opened, refused;
};

struct ct_breaker_ticket {
        uint64_t era; /* private: of the state that let it in */
};

struct ct_breaker_stats {
        enum ct_breaker_state state;
        uint64_t opened;  /* times */
        uint64_t refused; /* calls */
};

int ct_breaker_init(struct ct_breaker *b, const struct ct_breaker_config *config);

/* 0: go ahead, and report; or CT_BREAKER_OPEN_ERROR. */
int ct_breaker_enter(struct ct_breaker *b, int64_t now, struct ct_breaker_ticket *t);
void ct_breaker_leave(struct ct_breaker *b, struct ct_breaker_ticket *t, int64_t now, bool success);

/* Reports that the call says nothing. If it was the probe, another one may come. */
void ct_breaker_abandon(struct ct_breaker *b, struct ct_breaker_ticket *t);

/* enter, fn(arg), leave: what fn returned, or CT_BREAKER_OPEN_ERROR. Where fn fails by
   ct_task_fail, that counts as a failure and goes on to the caller's guard. */
int ct_breaker_call(struct ct_breaker *b, int (*fn)(void *arg), void *arg);

/* As a call at `now` would find it; old when it arrives. */
enum ct_breaker_state ct_breaker_state(struct ct_breaker *b, int64_t now);
void ct_breaker_stats(struct ct_breaker *b, int64_t now, struct ct_breaker_stats *out);

#endif
