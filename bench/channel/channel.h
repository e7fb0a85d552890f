/*
 * The channel family: values from senders to receivers.
 *
 *      stream      p_producers send as fast as they can, p_consumers receive; the channel holds
 *                  p_capacity values of p_element_bytes. An operation is a value received
 *      blocked     the same, but everybody tries first and counts how often that would have had to
 *                  wait; slower for it, so that the timed loop of stream need not do so
 *      pingpong    one asks on one channel, the other answers on another. An operation is a round
 *                  trip
 *      select      one sender, each value on one of p_cases channels drawn at random; one receiver
 *                  that selects over all of them
 *      close_wake  p_waiters wait to receive, one more closes the channel: from just before the
 *                  close to each waiter's running again, and to the last one's
 *      open_loop   as stream, but at p_rate_per_s values a second whatever becomes of them; each
 *                  latency is counted from when the value was to be sent, not from when the sender
 *                  got round to it
 *
 * How a window ends: workers notice its end between two batches. A sender then leaves, the last of
 * them closes the channel; receivers go on receiving until it is closed and drained, so nobody
 * stays behind in a send. What comes after the window's snapshot is checked but not counted as
 * speed.
 *
 * Oracle: a value says who sent it and the how-manieth it is, in its first and its last word. Each
 * receiver sees that those from one sender come in order and whole; at the end, what all have
 * received from a sender must be what it sent: the number, and the sum of squares, which no
 * combination of one value lost and another one twice leaves as it was.
 *
 * Adding a contestant: one line in contestants.h, and one file that defines what channel/loop.h
 * asks for and includes that. C and C++.
 */
#ifndef CT_BENCH_CHANNEL_H
#define CT_BENCH_CHANNEL_H

#include <errno.h>

#include "base/cacheline.h"
#include "base/clock.h"
#include "harness/contestant.h"
#include "harness/histogram.h"

enum {
        CHANNEL_STREAM,
        CHANNEL_BLOCKED,
        CHANNEL_PINGPONG,
        CHANNEL_SELECT,
        CHANNEL_CLOSE_WAKE,
        CHANNEL_OPEN_LOOP,
};
enum {
        P_CAPACITY,
        P_PRODUCERS,
        P_CONSUMERS,
        P_ELEMENT_BYTES,
        P_CASES,
        P_WAITERS,
        P_RATE_PER_S,
};
enum {
        M_BLOCKED_SEND_PCT,
        M_BLOCKED_RECV_PCT,
        M_SENDER_LEAST_SHARE,
        M_RECEIVER_LEAST_SHARE,
        M_WAKE_ALL_P50_NS,
        M_WAKE_ALL_P99_NS,
};

/* The first kind's operations are the window's. The second is who sends, answers, closes. */
enum channel_role { CHANNEL_RECEIVER, CHANNEL_SENDER };

enum { CHANNEL_MOST = 16, CHANNEL_WORDS_MAX = 32, CHANNEL_SEQ_BITS = 40 };

/* What a receiver knows of one sender (of one channel, where there are several). */
struct channel_from {
        uint64_t last, count, squares;
};

/* A worker's local. */
struct channel_party {
        CT_ALIGN_PAIR uint64_t value[CHANNEL_WORDS_MAX]; /* on its way in or out */
        uint64_t last_word;                              /* of value, by p_element_bytes */
        uint64_t next[CHANNEL_MOST];                     /* to be sent, by channel */
        uint64_t blocked;                                /* operations that had to wait */
        bool tried;                                      /* blocked is counted */
        uint64_t wrong;                                  /* values torn or out of order */
        uint64_t mask;                                   /* of from[]: a power of two - 1 */
        struct channel_from *from;
        uint64_t rounds;          /* close_wake: closes seen to their end */
        struct ct_histogram *all; /* close_wake: from the close to the last waiter */
        bool tsc;                 /* which clock, see channel_stamp() */
        double ns_per_stamp;
        uint64_t now;       /* open loop: when the clock was last read... */
        double begin, step; /* ...when the first value is due, and from one to the next */
        bool gives_way;     /* waiting for that, it lets others run */
};

/* Beside the channels: what all workers of a window share. */
struct channel_shared {
        CT_ALIGN_PAIR uint64_t senders_left;
        CT_ALIGN_PAIR uint64_t waits;           /* close_wake: times that somebody went to wait */
        CT_ALIGN_PAIR uint64_t woken;           /* who is back from this round's wait */
        CT_ALIGN_PAIR uint64_t closed_at, over; /* stamp of the close; no round comes any more */
        CT_ALIGN_PAIR double *begin;            /* open loop: by sender */
        /* Of those who have ended. */
        CT_ALIGN_PAIR uint64_t done[2], least[2], workers[2], blocked[2]; /* by role */
        bool tried;
        uint64_t wrong;
        uint64_t ids; /* of senders, or channels: the length of both */
        struct channel_from *from;
        uint64_t *sent;
        struct ct_histogram all;
        double ns_per_stamp;
};

/* The TSC where it can be trusted, at half the price of the vDSO. */
static inline uint64_t channel_stamp(const struct channel_party *p)
{
        return p->tsc ? ct_tsc() : (uint64_t)ct_now_ns();
}

/* The oracle's part in every receive. */
static inline void channel_take(struct channel_party *p)
{
        uint64_t first = p->value[0];
        struct channel_from *f = &p->from[(first >> CHANNEL_SEQ_BITS) & p->mask];

        p->wrong |= (uint64_t)(first != p->value[p->last_word]) | (uint64_t)(first <= f->last);
        f->last = first;
        f->count++;
        f->squares += first * first;
}

#ifdef __cplusplus
extern "C" {
#endif

/* Which workload it is, from the parameters that it alone has. */
unsigned channel_workload(const struct params *);

/* How many channels it has, and what they are made with. */
unsigned channel_count(const struct params *);
size_t channel_bytes(const struct params *);
size_t channel_capacity(const struct params *);

/* family->role: senders and receivers alternate on each CPU and, one after the other, over CPUs, so
   that every CPU has its share of both. */
unsigned channel_role(unsigned workload, const struct params *, unsigned index, unsigned threads,
                      unsigned pus);

/* init, worker_init, worker_fini, check and fini of every contestant, beside what it does itself.
 */
int channel_shared_begin(struct channel_shared *, const struct params *, unsigned threads);
void channel_shared_end(struct channel_shared *);
int channel_party_begin(struct channel_shared *, struct worker *);
void channel_party_end(struct channel_shared *, struct worker *);
int channel_check(const struct channel_shared *, const struct totals *, double *metrics);

/* Gives way to whatever else this place could run; and until then. */
void channel_yield(void);
void channel_sleep_until(int64_t deadline);

#ifdef __cplusplus
}
#endif

#endif
