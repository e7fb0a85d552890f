/* ct_chan_new_spsc: the ring of one sender and one receiver, with everything that a channel has. */
#include "chan_programs.h"

static void ring_of(void *state, size_t capacity)
{
        struct chan_state *s = state;

        chan_make_spsc(&s->a, capacity);
}

static void room_for_1(void *state)
{
        ring_of(state, 1);
}

static void room_for_2(void *state)
{
        ring_of(state, 2);
}

static void ring_and_rendezvous(void *state)
{
        room_for_1(state);
        chan_make(&((struct chan_state *)state)->b, 0);
}

static void in_order(void *state, unsigned self)
{
        struct chan_state *s = state;

        for (int v = 1; v <= 3; v++) {
                if (self == 0)
                        chan_put(s, self, s->a, v);
                else
                        SIM_CHECK(chan_take(s, self, s->a) == v);
        }
}

static void then_closed(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 0) {
                chan_put(s, self, s->a, 1);
                chan_put(s, self, s->a, 2);
                SIM_WRITE(s->told, 1);
                sim_at("close");
                ct_chan_close(s->a);
                return;
        }
        SIM_CHECK(chan_take_all(s, self, s->a) == 2);
        SIM_CHECK(SIM_READ(s->told) == 1);
}

/* Somebody else closes, while nothing is on its way. */
static void closed_by_another(void *state, unsigned self)
{
        struct chan_state *s = state;
        enum chan_end end;

        if (self == 0) {
                SIM_WRITE(s->told, 1);
                sim_at("close");
                ct_chan_close(s->a);
                return;
        }
        end = chan_take_timed(s, self, s->a);
        SIM_CHECK(end != CHAN_VALUE);
        if (end == CHAN_CLOSED)
                SIM_CHECK(SIM_READ(s->told) == 1);
        sim_saw(end == CHAN_CLOSED);
}

static void send_or_panic(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 0) {
                sim_at("close");
                ct_chan_close(s->a);
                return;
        }
        chan_put(s, self, s->a, 1);
        chan_put(s, self, s->a, 2); /* nobody receives: it never comes to an end but by a panic */
        SIM_CHECK(!"a send to nobody has returned");
}

static void recv_gives_up(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 0) {
                chan_put(s, self, s->a, 1);
                chan_put(s, self, s->a, 2);
                return;
        }
        for (int v = 1; v <= 2; v++) {
                enum chan_end end = chan_take_timed(s, self, s->a);

                SIM_CHECK(end != CHAN_CLOSED);
                sim_saw(end == CHAN_VALUE);
                if (end == CHAN_TIMED_OUT)
                        SIM_CHECK(chan_take(s, self, s->a) == v);
        }
}

static void send_gives_up(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 1) {
                SIM_CHECK(chan_take(s, self, s->a) == 1);
                s->turn[1] = chan_take(s, self, s->a);
                return;
        }
        chan_put(s, self, s->a, 1);
        s->turn[0] = 2;
        if (chan_put_timed(s, self, s->a, 2)) {
                sim_saw(0);
                return;
        }
        sim_saw(1);
        s->turn[0] = 3;
        chan_put(s, self, s->a, 3);
}

static void same_value(void *state)
{
        struct chan_state *s = state;

        SIM_CHECK(s->turn[0] == s->turn[1]);
        chan_all_received(state);
}

static void tries(void *state, unsigned self)
{
        struct chan_state *s = state;

        for (int v = 1; v <= 2; v++) {
                bool r = self == 0 ? chan_put_try(s, self, s->a, v) : chan_take_try(s, self, s->a);

                sim_saw(2 * self + r);
        }
}

static void select_receives(void *state, unsigned self)
{
        struct chan_state *s = state;
        int out[2] = {-1, -1};

        if (self > 0) {
                chan_put(s, self, self == 1 ? s->a : s->b, (int)self);
                return;
        }
        for (int i = 0; i < 2; i++) {
                struct ct_select_case c[] = {chan_recv_case(s->b, &out[0]),
                                             chan_recv_case(s->a, &out[1])};

                out[0] = out[1] = -1;
                sim_saw((unsigned)chan_select(s, self, c, 2));
        }
}

/* The ring is full at first: the select sends when the receiver has made room, or to b. */
static void select_sends(void *state, unsigned self)
{
        struct chan_state *s = state;
        int v = 2, w = 3;

        if (self == 0) {
                struct ct_select_case c[] = {chan_send_case(s->a, chan_fresh(s, &v)),
                                             chan_send_case(s->b, chan_fresh(s, &w))};

                chan_put(s, self, s->a, 1);
                sim_saw((unsigned)chan_select(s, self, c, 2));
        } else if (self == 1) {
                SIM_CHECK(chan_take(s, self, s->a) == 1);
        } else {
                sim_saw(2 + (chan_take_timed(s, self, s->b) == CHAN_VALUE));
        }
}

/* A select that gives up leaves the value to the next receive. */
static void select_gives_up(void *state, unsigned self)
{
        struct chan_state *s = state;
        int out[2] = {-1, -1}, fired;
        struct ct_select_case c[] = {chan_recv_case(s->a, &out[0]), chan_recv_case(s->b, &out[1])};

        if (self == 0) {
                chan_put(s, self, s->a, 1);
                return;
        }
        fired = chan_select_timed(s, self, c, 2);
        sim_saw(fired == 0);
        if (fired != 0)
                chan_take(s, self, s->a);
}

static void receive_before_send(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 0) {
                chan_put(s, self, s->a, 1);
                chan_put(s, self, s->a, 2);
                SIM_CHECK(SIM_READ(s->told) == 1);
                return;
        }
        SIM_WRITE(s->told, 1);
        chan_take(s, self, s->a);
        chan_take(s, self, s->a);
}

/* Another one may look at the length. */
static void length(void *state, unsigned self)
{
        struct chan_state *s = state;
        size_t n;

        if (self < 2) {
                in_order(state, self);
                return;
        }
        n = ct_chan_len(s->a);
        SIM_CHECK(n <= ct_chan_cap(s->a));
        sim_saw((unsigned)n);
}

const struct sim_program chan_spsc_programs[] = {
        {CHAN_PROGRAM("spsc_wrap_1", "three values through a ring of one", 2, room_for_1, in_order,
                      chan_all_received)},
        {CHAN_PROGRAM("spsc_wrap_1_spin", "three values through a ring of one, both spin first", 2,
                      room_for_1, in_order, chan_all_received),
         .spins = 1},
        {CHAN_PROGRAM("spsc_wrap_2", "three values through a ring of two", 2, room_for_2, in_order,
                      chan_all_received)},
        {CHAN_PROGRAM("spsc_fences", "three values through a ring of one, asymmetric fences", 2,
                      room_for_1, in_order, chan_all_received),
         .asymmetric = true},
        {CHAN_PROGRAM("spsc_close", "two values, then closed", 2, room_for_1, then_closed,
                      chan_all_received)},
        {CHAN_PROGRAM("spsc_close_timed", "a close by another against a receive that may give up",
                      2, room_for_1, closed_by_another, chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("spsc_close_send", "a close while a send waits for room", 2, room_for_1,
                      send_or_panic, NULL),
         .panic = "send on closed"},
        {CHAN_PROGRAM("spsc_recv_timed", "a receive that may give up", 2, room_for_1, recv_gives_up,
                      chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("spsc_send_timed", "a send that may give up", 2, room_for_1, send_gives_up,
                      same_value),
         .must_see = 3},
        {CHAN_PROGRAM("spsc_tries", "two tries on both sides", 2, room_for_1, tries,
                      chan_conserved),
         .must_see = 15},
        {CHAN_PROGRAM("spsc_select_recv", "a select receives from a ring and a rendezvous", 3,
                      ring_and_rendezvous, select_receives, chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("spsc_select_send", "a select sends to a full ring or a rendezvous", 3,
                      ring_and_rendezvous, select_sends, chan_conserved),
         .must_see = 15},
        {CHAN_PROGRAM("spsc_select_timed", "a select that may give up", 2, ring_and_rendezvous,
                      select_gives_up, chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("spsc_order", "what the receiver did is seen after the second send", 2,
                      room_for_1, receive_before_send, chan_all_received)},
        {CHAN_PROGRAM("spsc_length", "a third one reads the length", 3, room_for_1, length,
                      chan_all_received),
         .must_see = 3},
        {0}};
