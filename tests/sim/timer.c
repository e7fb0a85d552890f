/* ct_timer on a service with a virtual clock: stop, reset and free against the service. */
#include "chan_programs.h"

#include "chan/timer.h"

struct timer_state {
        struct chan_state s; /* a: a channel beside the timer's */
        struct ct_timers *service;
        struct ct_timer *timer, *second;
        ct_atomic_u32 calls, inside;
        bool stopped;
};

static void make_service(struct timer_state *t)
{
        SIM_CHECK(ct_timers_new(&t->service, 0) == 0);
}

static void timer_at_10(void *state)
{
        struct timer_state *t = state;

        make_service(t);
        chan_make(&t->s.a, 0);
        SIM_CHECK(ct_timer_new(&t->timer, t->service, 10) == 0);
}

static void ticker_of_10(void *state)
{
        struct timer_state *t = state;

        make_service(t);
        SIM_CHECK(ct_ticker_new(&t->timer, t->service, 10) == 0);
}

static void called(void *arg)
{
        struct timer_state *t = arg;

        SIM_CHECK(ct_add_u32_relaxed(&t->inside, 1) == 0);
        sim_step();
        ct_add_u32_relaxed(&t->calls, 1);
        ct_sub_u32_relaxed(&t->inside, 1);
}

static void func_at_10(void *state)
{
        struct timer_state *t = state;

        make_service(t);
        SIM_CHECK(ct_timer_new_func(&t->timer, t->service, 10, called, t) == 0);
}

static void clean(void *state)
{
        struct timer_state *t = state;

        ct_timer_free(t->timer);
        SIM_CHECK(ct_timers_next(t->service) == CT_FOREVER);
        ct_timers_free(t->service);
        chan_conserved(&t->s);
}

static size_t advance(struct timer_state *t, int64_t now)
{
        sim_at("advance");
        return ct_timers_advance(t->service, now);
}

static bool received(struct timer_state *t, int64_t *when)
{
        bool open = false, r;

        *when = -1;
        sim_at("try_recv");
        r = ct_chan_try_recv(ct_timer_chan(t->timer), when, &open);
        SIM_CHECK(r == open);
        return r;
}

/* Stopped before it fired, or after: nothing is received any more, and a time that nobody has
   received counts as kept from firing. */
static void stop_or_fire(void *state, unsigned self)
{
        struct timer_state *t = state;
        int64_t when;

        if (self == 0) {
                t->s.turn[0] = (int)advance(t, 10);
                return;
        }
        sim_at("stop");
        SIM_CHECK(ct_timer_stop(t->timer));
        SIM_CHECK(!received(t, &when));
        SIM_CHECK(!ct_timer_stop(t->timer));
}

static void nothing_comes(void *state)
{
        struct timer_state *t = state;
        int64_t when;

        sim_saw((unsigned)t->s.turn[0]);
        advance(t, 30);
        SIM_CHECK(!received(t, &when));
        clean(state);
}

/* Set to a later time while it fires: only the later time is received. */
static void reset_or_fire(void *state, unsigned self)
{
        struct timer_state *t = state;
        int64_t when;

        if (self == 0) {
                t->s.turn[0] = (int)advance(t, 10);
                return;
        }
        sim_at("reset");
        SIM_CHECK(ct_timer_reset(t->timer, 20));
        SIM_CHECK(!received(t, &when));
}

static void later_time(void *state)
{
        struct timer_state *t = state;
        int64_t when;

        sim_saw((unsigned)t->s.turn[0]);
        SIM_CHECK(!received(t, &when));
        SIM_CHECK(advance(t, 20) == 1 && received(t, &when) && when == 20);
        clean(state);
}

/* Somebody waits for the time while it is stopped: either it has the time, or the stop was first.
 */
static void receive_or_stop(void *state, unsigned self)
{
        struct timer_state *t = state;
        int64_t when = -1;
        bool open = false;

        if (self == 0) {
                t->s.turn[0] = (int)advance(t, 10);
        } else if (self == 1) {
                sim_at("recv_until");
                t->s.turn[1] = ct_chan_recv_until(ct_timer_chan(t->timer), &when, &open,
                                                  ct_deadline_after(SIM_TIMEOUT_NS)) == 0;
                SIM_CHECK(!t->s.turn[1] || (open && when == 10));
        } else {
                sim_at("stop");
                t->s.turn[2] = ct_timer_stop(t->timer);
                sim_saw((unsigned)t->s.turn[2]);
        }
}

static void one_of_them(void *state)
{
        struct timer_state *t = state;

        SIM_CHECK(t->s.turn[1] + t->s.turn[2] == 1);
        SIM_CHECK(t->s.turn[1] <= t->s.turn[0]);
        clean(state);
}

/* A select waits for a value and for the time. */
static void in_a_select(void *state, unsigned self)
{
        struct timer_state *t = state;
        struct chan_state *s = &t->s;
        int64_t when = -1;
        int out = -1, fired;
        struct ct_select_case c[] = {
                chan_recv_case(s->a, &out),
                {.op = CT_SELECT_RECV, .chan = ct_timer_chan(t->timer), .out = &when},
        };

        if (self == 0) {
                advance(t, 10);
        } else if (self == 1) {
                s->turn[1] = chan_put_timed(s, self, s->a, 1);
        } else {
                sim_at("select");
                fired = ct_select(c, 2);
                sim_saw((unsigned)fired);
                SIM_CHECK(fired == 0 ? when == -1 : when == 10 && out == -1);
                if (fired == 0)
                        chan_got(s, self, out);
        }
}

/* A second timer is started while the first one fires: it fires now or at the next look, once. */
static void start_or_fire(void *state, unsigned self)
{
        struct timer_state *t = state;

        if (self == 0) {
                t->s.turn[0] = (int)advance(t, 10);
                return;
        }
        sim_at("new");
        SIM_CHECK(ct_timer_new(&t->second, t->service, 5) == 0);
}

static void both_fired(void *state)
{
        struct timer_state *t = state;
        int64_t when;
        bool open;

        sim_saw((unsigned)t->s.turn[0] - 1);
        SIM_CHECK(t->s.turn[0] + (int)advance(t, 20) == 2);
        SIM_CHECK(received(t, &when) && when == 10);
        SIM_CHECK(ct_chan_try_recv(ct_timer_chan(t->second), &when, &open) && open);
        ct_timer_free(t->second);
        clean(state);
}

/* A slow reader loses ticks and is not late: what it gets are times of ticks, one at most after the
   stop. */
static void ticks(void *state, unsigned self)
{
        struct timer_state *t = state;
        int64_t when, last = 0;

        if (self == 0) {
                advance(t, 10);
                advance(t, 30);
                return;
        }
        for (int i = 0; i < 2; i++) {
                if (!received(t, &when))
                        continue;
                SIM_CHECK(when > last && when % 10 == 0 && when <= 30);
                last = when;
        }
        sim_at("stop");
        SIM_CHECK(ct_timer_stop(t->timer));
        SIM_CHECK(!received(t, &when));
        sim_saw((unsigned)last / 10);
}

static void stopped_ticker(void *state)
{
        struct timer_state *t = state;
        int64_t when;

        SIM_CHECK(!received(t, &when));
        clean(state);
}

/* A function: called, or kept from being called. */
static void stop_or_call(void *state, unsigned self)
{
        struct timer_state *t = state;

        if (self == 0) {
                advance(t, 10);
                return;
        }
        sim_at("stop");
        t->stopped = ct_timer_stop(t->timer);
        sim_saw(t->stopped);
}

static void called_or_stopped(void *state)
{
        struct timer_state *t = state;

        SIM_CHECK(ct_load_u32_relaxed(&t->calls) == !t->stopped);
        clean(state);
}

/* free waits for the function: once it has returned, nothing of it runs any more. */
static void free_or_call(void *state, unsigned self)
{
        struct timer_state *t = state;
        uint32_t calls;

        if (self == 0) {
                advance(t, 10);
                return;
        }
        sim_at("free");
        ct_timer_free(t->timer);
        SIM_CHECK(ct_load_u32_relaxed(&t->inside) == 0);
        calls = ct_load_u32_relaxed(&t->calls);
        sim_step();
        SIM_CHECK(ct_load_u32_relaxed(&t->calls) == calls);
        sim_saw(calls);
}

static void freed(void *state)
{
        struct timer_state *t = state;

        ct_timers_free(t->service);
        chan_conserved(&t->s);
}

#define TIMER_PROGRAM(n, w, t, s, f, c)                                                            \
        .name = (n), .what = (w), .tasks = (t), .size = sizeof(struct timer_state), .setup = (s),  \
        .task = (f), .check = (c), .bound = 2

const struct sim_program timer_programs[] = {
        {TIMER_PROGRAM("timer_stop", "a stop while the timer fires", 2, timer_at_10, stop_or_fire,
                       nothing_comes),
         .must_see = 3},
        {TIMER_PROGRAM("timer_reset", "a reset while the timer fires", 2, timer_at_10,
                       reset_or_fire, later_time),
         .must_see = 3},
        {TIMER_PROGRAM("timer_receive", "a receiver waits while the timer fires and is stopped", 3,
                       timer_at_10, receive_or_stop, one_of_them),
         .must_see = 3},
        {TIMER_PROGRAM("timer_select", "a select on a value and a timer", 3, timer_at_10,
                       in_a_select, clean),
         .must_see = 3},
        {TIMER_PROGRAM("timer_start", "a timer is started while another one fires", 2, timer_at_10,
                       start_or_fire, both_fired),
         .must_see = 3},
        {TIMER_PROGRAM("timer_ticker", "a ticker, a slow reader and a stop", 2, ticker_of_10, ticks,
                       stopped_ticker)},
        {TIMER_PROGRAM("timer_func_stop", "a stop while the function is called", 2, func_at_10,
                       stop_or_call, called_or_stopped),
         .must_see = 3},
        {TIMER_PROGRAM("timer_func_free", "a free while the function is called", 2, func_at_10,
                       free_or_call, freed),
         .must_see = 3},
        {0}};
