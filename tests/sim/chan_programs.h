/*
 * What the channels' client programs share: up to two channels, values that are sent once each, and
 * the books. A value is a small number; what is written for it before the send must be readable
 * after the receive, and at the end whatever was sent has been received once or is still in its
 * channel.
 */
#ifndef CT_TESTS_SIM_CHAN_PROGRAMS_H
#define CT_TESTS_SIM_CHAN_PROGRAMS_H

#include "programs.h"

#include "chan/chan.h"
#include "chan/select.h"

#include <errno.h>

#define VALUES 32

struct chan_state {
        struct ct_chan *a, *b;
        uint32_t sent[SIM_TASKS], got[SIM_TASKS]; /* bit v: value v; each task has its own */
        int data[VALUES];                         /* written before v is sent, read afterwards */
        int told;                                 /* written before a close, read afterwards */
        int turn[SIM_TASKS];                      /* what a task has to say at the end */
        bool second[SIM_TASKS];                   /* it came while another one waited */
};

static inline void chan_make(struct ct_chan **out, size_t capacity)
{
        SIM_CHECK(ct_chan_new(out, sizeof(int), capacity) == 0);
}

static inline void chan_make_spsc(struct ct_chan **out, size_t capacity)
{
        SIM_CHECK(ct_chan_new_spsc(out, sizeof(int), capacity) == 0);
}

/* Setups: capacities of a and b. */
#define CHAN_SETUP(name, ...)                                                                      \
        static void name(void *state)                                                              \
        {                                                                                          \
                static const size_t capacity[] = {__VA_ARGS__};                                    \
                struct chan_state *s = state;                                                      \
                                                                                                   \
                chan_make(&s->a, capacity[0]);                                                     \
                if (sizeof capacity > sizeof capacity[0])                                          \
                        chan_make(&s->b, capacity[sizeof capacity / sizeof capacity[0] - 1]);      \
        }

static inline int *chan_fresh(struct chan_state *s, int *v)
{
        SIM_WRITE(s->data[*v], 100 + *v);
        return v;
}

static inline void chan_sent(struct chan_state *s, unsigned self, int v)
{
        s->sent[self] |= 1u << v;
}

static inline void chan_got(struct chan_state *s, unsigned self, int v)
{
        SIM_CHECK(v > 0 && v < VALUES && !(s->got[self] >> v & 1));
        SIM_CHECK(SIM_READ(s->data[v]) == 100 + v);
        s->got[self] |= 1u << v;
}

static inline void chan_put(struct chan_state *s, unsigned self, struct ct_chan *c, int v)
{
        chan_fresh(s, &v);
        sim_at("send");
        ct_chan_send(c, &v);
        chan_sent(s, self, v);
}

static inline int chan_take(struct chan_state *s, unsigned self, struct ct_chan *c)
{
        int v = 0;

        sim_at("recv");
        SIM_CHECK(ct_chan_recv(c, &v));
        chan_got(s, self, v);
        return v;
}

/* True: sent. Any deadline; a time-out leaves nothing behind. */
static inline bool chan_put_timed(struct chan_state *s, unsigned self, struct ct_chan *c, int v)
{
        int r;

        chan_fresh(s, &v);
        sim_at("send_until");
        r = ct_chan_send_until(c, &v, ct_deadline_after(SIM_TIMEOUT_NS));
        SIM_CHECK(r == 0 || r == -ETIMEDOUT);
        if (r == 0)
                chan_sent(s, self, v);
        return r == 0;
}

enum chan_end { CHAN_VALUE, CHAN_CLOSED, CHAN_TIMED_OUT };

static inline enum chan_end chan_take_timed(struct chan_state *s, unsigned self, struct ct_chan *c)
{
        bool open = false;
        int v = -1, r;

        sim_at("recv_until");
        r = ct_chan_recv_until(c, &v, &open, ct_deadline_after(SIM_TIMEOUT_NS));
        SIM_CHECK(r == 0 || r == -ETIMEDOUT);
        if (r) {
                SIM_CHECK(v == -1 && !open);
                return CHAN_TIMED_OUT;
        }
        if (open)
                chan_got(s, self, v);
        else
                SIM_CHECK(v == 0);
        return open ? CHAN_VALUE : CHAN_CLOSED;
}

static inline bool chan_put_try(struct chan_state *s, unsigned self, struct ct_chan *c, int v)
{
        bool r;

        chan_fresh(s, &v);
        sim_at("try_send");
        r = ct_chan_try_send(c, &v);
        if (r)
                chan_sent(s, self, v);
        return r;
}

static inline bool chan_take_try(struct chan_state *s, unsigned self, struct ct_chan *c)
{
        bool open = false;
        int v = -1;

        sim_at("try_recv");
        if (!ct_chan_try_recv(c, &v, &open)) {
                SIM_CHECK(v == -1 && !open);
                return false;
        }
        SIM_CHECK(open);
        chan_got(s, self, v);
        return true;
}

/* Receives until the channel is closed: how many. */
static inline unsigned chan_take_all(struct chan_state *s, unsigned self, struct ct_chan *c)
{
        unsigned n = 0;

        for (;;) {
                int v = -1;

                sim_at("recv");
                if (!ct_chan_recv(c, &v)) {
                        SIM_CHECK(v == 0);
                        return n;
                }
                chan_got(s, self, v);
                n++;
        }
}

/* ---- selects ---- */

static inline struct ct_select_case chan_recv_case(struct ct_chan *c, int *out)
{
        return (struct ct_select_case){.op = CT_SELECT_RECV, .chan = c, .out = out};
}

static inline struct ct_select_case chan_send_case(struct ct_chan *c, const int *value)
{
        return (struct ct_select_case){.op = CT_SELECT_SEND, .chan = c, .value = value};
}

/* Books what a select has done; the cases that were not done must have left their `out` at -1. */
static inline void chan_fired(struct chan_state *s, unsigned self, const struct ct_select_case *c,
                              int n, int fired)
{
        SIM_CHECK(fired >= CT_SELECT_NONE && fired < n);
        for (int i = 0; i < n; i++) {
                int v = c[i].op == CT_SELECT_SEND ? *(const int *)c[i].value : *(int *)c[i].out;

                if (c[i].op == CT_SELECT_SEND) {
                        if (i == fired)
                                chan_sent(s, self, v);
                } else if (i != fired) {
                        SIM_CHECK(v == -1);
                } else if (c[i].open) {
                        chan_got(s, self, v);
                } else {
                        SIM_CHECK(v == 0);
                }
        }
}

static inline int chan_select(struct chan_state *s, unsigned self, struct ct_select_case *c, int n)
{
        int fired;

        sim_at("select");
        fired = ct_select(c, (size_t)n);
        SIM_CHECK(fired >= 0);
        chan_fired(s, self, c, n, fired);
        return fired;
}

static inline int chan_select_timed(struct chan_state *s, unsigned self, struct ct_select_case *c,
                                    int n)
{
        int fired;

        sim_at("select_until");
        fired = ct_select_until(c, (size_t)n, ct_deadline_after(SIM_TIMEOUT_NS));
        chan_fired(s, self, c, n, fired);
        return fired;
}

static inline int chan_select_try(struct chan_state *s, unsigned self, struct ct_select_case *c,
                                  int n)
{
        int fired;

        sim_at("try_select");
        fired = ct_try_select(c, (size_t)n);
        chan_fired(s, self, c, n, fired);
        return fired;
}

/* ---- the end ---- */

static inline uint32_t chan_left(struct ct_chan *c)
{
        uint32_t left = 0;
        bool open = false;
        int v;

        while (c && ct_chan_try_recv(c, &v, &open) && open) {
                SIM_CHECK(v > 0 && v < VALUES && !(left >> v & 1));
                left |= 1u << v;
        }
        SIM_CHECK(ct_chan_len(c) == 0);
        return left;
}

static inline uint32_t chan_once(const uint32_t *bits)
{
        uint32_t all = 0;

        for (unsigned i = 0; i < SIM_TASKS; i++) {
                SIM_CHECK(!(all & bits[i]));
                all |= bits[i];
        }
        return all;
}

/* Nothing lost, nothing twice, nothing from nowhere; frees the channels. */
static inline void chan_conserved(void *state)
{
        struct chan_state *s = state;
        uint32_t left_a = chan_left(s->a), left_b = chan_left(s->b), got = chan_once(s->got);

        SIM_CHECK(!(left_a & left_b) && !((left_a | left_b) & got));
        SIM_CHECK((left_a | left_b | got) == chan_once(s->sent));
        ct_chan_free(s->a);
        ct_chan_free(s->b);
}

/* ... and all of it has been received. */
static inline void chan_all_received(void *state)
{
        struct chan_state *s = state;

        SIM_CHECK(chan_once(s->got) == chan_once(s->sent));
        chan_conserved(state);
}

#define CHAN_PROGRAM(n, w, t, s, f, c)                                                             \
        .name = (n), .what = (w), .tasks = (t), .size = sizeof(struct chan_state), .setup = (s),   \
        .task = (f), .check = (c), .bound = 2

#endif
