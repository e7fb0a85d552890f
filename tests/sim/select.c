/* select: exactly one case is done, whoever else selects, sends, closes or gives up. */
#include "chan_programs.h"

CHAN_SETUP(rendezvous, 0)
CHAN_SETUP(two_rendezvous, 0, 0)
CHAN_SETUP(two_rooms, 1, 1)
CHAN_SETUP(room_for_1, 1)
CHAN_SETUP(room_and_rendezvous, 1, 0)

/* Both values at hand for a select that sends v to a, w to b. */
#define SEND_BOTH(s, v, w)                                                                         \
        chan_send_case((s)->a, chan_fresh(s, &(v))), chan_send_case((s)->b, chan_fresh(s, &(w)))

/* Two selects on the same two channels, named in opposite order: one value passes. */
static void opposite(void *state, unsigned self)
{
        struct chan_state *s = state;
        int v = 1, w = 2, out[2] = {-1, -1};

        if (self == 0) {
                struct ct_select_case c[] = {SEND_BOTH(s, v, w)};

                chan_select(s, self, c, 2);
        } else {
                struct ct_select_case c[] = {chan_recv_case(s->b, &out[0]),
                                             chan_recv_case(s->a, &out[1])};

                chan_select(s, self, c, 2);
        }
}

static void one_passed(void *state)
{
        struct chan_state *s = state;
        uint32_t got = chan_once(s->got);

        SIM_CHECK(got && !(got & (got - 1)));
        chan_all_received(state);
}

/* Each would send to the other or receive from it. */
static void exchange(void *state, unsigned self)
{
        struct chan_state *s = state;
        int v = 1 + (int)self, out = -1;
        struct ct_select_case c[] = {
                chan_send_case(self ? s->b : s->a, chan_fresh(s, &v)),
                chan_recv_case(self ? s->a : s->b, &out),
        };

        sim_saw((unsigned)chan_select(s, self, c, 2));
}

/* A select with a default against a send that waits. */
static void default_or_value(void *state, unsigned self)
{
        struct chan_state *s = state;
        int out[2] = {-1, -1};
        struct ct_select_case c[] = {chan_recv_case(s->a, &out[0]), chan_recv_case(s->b, &out[1])};

        if (self == 1) {
                chan_put(s, self, s->a, 1);
                return;
        }
        if (chan_select_try(s, self, c, 2) == CT_SELECT_NONE) {
                sim_saw(0);
                chan_take(s, self, s->a);
        } else {
                sim_saw(1);
        }
}

/* Defaults on both sides never meet, and nobody waits. */
static void defaults(void *state, unsigned self)
{
        struct chan_state *s = state;
        int v = 1, w = 2, out[2] = {-1, -1};

        if (self == 0) {
                struct ct_select_case c[] = {SEND_BOTH(s, v, w)};

                SIM_CHECK(chan_select_try(s, self, c, 2) == CT_SELECT_NONE);
        } else {
                struct ct_select_case c[] = {chan_recv_case(s->b, &out[0]),
                                             chan_recv_case(s->a, &out[1])};

                SIM_CHECK(chan_select_try(s, self, c, 2) == CT_SELECT_NONE);
        }
}

static void close_one(void *state, unsigned self)
{
        struct chan_state *s = state;
        int out[2] = {-1, -1};
        struct ct_select_case c[] = {chan_recv_case(s->a, &out[0]), chan_recv_case(s->b, &out[1])};

        if (self == 0) {
                SIM_WRITE(s->told, 1);
                sim_at("close");
                ct_chan_close(s->b);
                return;
        }
        SIM_CHECK(chan_select(s, self, c, 2) == 1 && !c[1].open);
        SIM_CHECK(SIM_READ(s->told) == 1);
}

/* One channel is closed, on the other comes a value: one of the two is the answer. */
static void close_or_value(void *state, unsigned self)
{
        struct chan_state *s = state;
        int out[2] = {-1, -1}, fired;
        struct ct_select_case c[] = {chan_recv_case(s->a, &out[0]), chan_recv_case(s->b, &out[1])};

        if (self == 0) {
                sim_at("close");
                ct_chan_close(s->b);
        } else if (self == 1) {
                chan_put(s, self, s->a, 1);
        } else {
                fired = chan_select(s, self, c, 2);
                sim_saw((unsigned)fired);
                SIM_CHECK(c[fired].open == (fired == 0));
                if (fired == 1)
                        chan_take(s, self, s->a);
        }
}

static void closed_while_sending(void *state, unsigned self)
{
        struct chan_state *s = state;
        int v = 1, out = -1;

        if (self == 0) {
                sim_at("close");
                ct_chan_close(s->a);
        } else {
                struct ct_select_case c[] = {chan_send_case(s->a, chan_fresh(s, &v)),
                                             chan_recv_case(s->b, &out)};

                chan_select(s, self, c, 2);
                SIM_CHECK(!"a send to a closed channel has returned");
        }
}

/* A select that may give up, against a send that may give up: both say the same. */
static void both_give_up(void *state, unsigned self)
{
        struct chan_state *s = state;
        int out[2] = {-1, -1};
        struct ct_select_case c[] = {chan_recv_case(s->b, &out[0]), chan_recv_case(s->a, &out[1])};
        bool r = self == 0 ? chan_put_timed(s, self, s->a, 1)
                           : chan_select_timed(s, self, c, 2) == 1;

        sim_saw(r);
        s->turn[self] = r;
}

static void select_sends_to_timed(void *state, unsigned self)
{
        struct chan_state *s = state;
        int v = 1, w = 2;

        if (self == 0) {
                struct ct_select_case c[] = {SEND_BOTH(s, v, w)};

                s->turn[0] = chan_select_timed(s, self, c, 2) == 1;
        } else {
                s->turn[1] = chan_take_timed(s, self, s->b) == CHAN_VALUE;
        }
        sim_saw((unsigned)s->turn[self]);
}

static void both_or_neither(void *state)
{
        struct chan_state *s = state;

        SIM_CHECK(s->turn[0] == s->turn[1]);
        chan_all_received(state);
}

/* Two selects, one value: the one that did not get it gives up. */
static void compete(void *state, unsigned self)
{
        struct chan_state *s = state;
        int out[2] = {-1, -1};
        struct ct_select_case c[] = {chan_recv_case(self == 1 ? s->a : s->b, &out[0]),
                                     chan_recv_case(self == 1 ? s->b : s->a, &out[1])};

        if (self == 0)
                chan_put(s, self, s->a, 1);
        else
                s->turn[self] = chan_select_timed(s, self, c, 2) >= 0;
}

static void not_both(void *state)
{
        struct chan_state *s = state;

        SIM_CHECK(s->turn[1] + s->turn[2] <= 1);
        chan_conserved(state);
}

/* ... and where they wait for ever, two senders on two channels serve both. */
static void two_senders(void *state, unsigned self)
{
        struct chan_state *s = state;
        int out[2] = {-1, -1};

        if (self > 0) {
                chan_put(s, self, self == 1 ? s->a : s->b, (int)self);
                return;
        }
        for (int i = 0; i < 2; i++) {
                struct ct_select_case c[] = {chan_recv_case(s->a, &out[0]),
                                             chan_recv_case(s->b, &out[1])};

                out[0] = out[1] = -1;
                sim_saw((unsigned)chan_select(s, self, c, 2));
        }
}

/* The cases that were not done are gone: a late sender does not reach the select any more. */
static void nothing_stays(void *state, unsigned self)
{
        struct chan_state *s = state;
        int out[2] = {-1, -1};
        struct ct_select_case c[] = {chan_recv_case(s->a, &out[0]), chan_recv_case(s->b, &out[1])};

        if (self > 0) {
                s->turn[self] = chan_put_timed(s, self, self == 1 ? s->a : s->b, (int)self);
                return;
        }
        s->turn[0] = chan_select_timed(s, self, c, 2) >= 0;
}

static void at_most_one(void *state)
{
        struct chan_state *s = state;

        SIM_CHECK(s->turn[0] == s->turn[1] + s->turn[2]);
        chan_all_received(state);
}

/* The same channel in both cases, one value. */
static void duplicate(void *state, unsigned self)
{
        struct chan_state *s = state;
        int out[2] = {-1, -1};

        if (self == 0) {
                chan_put(s, self, s->a, 1);
                chan_put(s, self, s->a, 2);
                return;
        }
        for (int i = 0; i < 2; i++) {
                struct ct_select_case c[] = {chan_recv_case(s->a, &out[0]),
                                             chan_recv_case(s->a, &out[1])};

                out[0] = out[1] = -1;
                sim_saw((unsigned)chan_select(s, self, c, 2));
        }
}

/* Sender and receiver of one channel in one select: it does not meet itself. */
static void alone(void *state, unsigned self)
{
        struct chan_state *s = state;
        int v = 1 + (int)self, out = -1;
        struct ct_select_case c[] = {chan_send_case(s->a, chan_fresh(s, &v)),
                                     chan_recv_case(s->a, &out)};

        s->turn[self] = 1 + chan_select_timed(s, self, c, 2);
        sim_saw((unsigned)s->turn[self]);
}

/* Three that send to or receive from each other: they meet in pairs or give up. */
static void meet_in_pairs(void *state)
{
        struct chan_state *s = state;
        int fired[3] = {0};

        for (int i = 0; i < 3; i++)
                fired[s->turn[i]]++;
        SIM_CHECK(fired[1] == fired[2]);
        chan_all_received(state);
}

static void self_select(void *state, unsigned self)
{
        struct chan_state *s = state;
        int v = 1 + (int)self, out = -1;
        struct ct_select_case c[] = {chan_recv_case(s->a, &out),
                                     chan_send_case(s->a, chan_fresh(s, &v))};

        sim_saw((unsigned)chan_select(s, self, c, 2));
}

/* Rings: selects that send until both are full, then one receives. */
static void fill(void *state, unsigned self)
{
        struct chan_state *s = state;
        int v = 1 + 2 * (int)self, w = v + 1;
        struct ct_select_case c[] = {SEND_BOTH(s, v, w)};

        if (self == 2) {
                sim_saw(chan_take_timed(s, self, s->a));
                return;
        }
        sim_saw(3 + (unsigned)chan_select(s, self, c, 2));
}

/* A value in a ring and one from hand to hand, for two selects that name them in opposite order. */
static void mixed(void *state, unsigned self)
{
        struct chan_state *s = state;
        int out[2] = {-1, -1};
        struct ct_select_case c[] = {chan_recv_case(self == 1 ? s->a : s->b, &out[0]),
                                     chan_recv_case(self == 1 ? s->b : s->a, &out[1])};

        if (self == 0) {
                chan_put(s, self, s->a, 1);
                chan_put(s, self, s->b, 2);
        } else {
                chan_select(s, self, c, 2);
        }
}

const struct sim_program select_programs[] = {
        {CHAN_PROGRAM("select_opposite", "select against select, opposite order", 2, two_rendezvous,
                      opposite, one_passed)},
        {CHAN_PROGRAM("select_opposite_spin", "select against select, both spin first", 2,
                      two_rendezvous, opposite, one_passed),
         .spins = 1},
        {CHAN_PROGRAM("select_exchange", "each sends to the other or receives from it", 2,
                      two_rendezvous, exchange, one_passed),
         .must_see = 3},
        {CHAN_PROGRAM("select_default", "a default against a send", 2, two_rendezvous,
                      default_or_value, chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("select_default_ring", "a default against a send to a ring", 2,
                      room_and_rendezvous, default_or_value, chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("select_defaults", "two defaults never meet", 2, two_rendezvous, defaults,
                      chan_all_received)},
        {CHAN_PROGRAM("select_close", "a close wakes two selects", 3, two_rooms, close_one,
                      chan_all_received)},
        {CHAN_PROGRAM("select_close_value", "a close on one channel, a value on the other", 3,
                      two_rendezvous, close_or_value, chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("select_close_send", "a select that sends while the channel is closed", 2,
                      two_rendezvous, closed_while_sending, NULL),
         .panic = "send on closed"},
        {CHAN_PROGRAM("select_recv_timed", "a select and a send that may both give up", 2,
                      two_rendezvous, both_give_up, both_or_neither),
         .must_see = 3},
        {CHAN_PROGRAM("select_send_timed", "a select that sends, a receive, both may give up", 2,
                      two_rendezvous, select_sends_to_timed, both_or_neither),
         .must_see = 3},
        {CHAN_PROGRAM("select_compete", "two selects compete for one value", 3, room_and_rendezvous,
                      compete, not_both)},
        {CHAN_PROGRAM("select_two_senders", "a select takes from two senders in turn", 3,
                      two_rendezvous, two_senders, chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("select_two_senders_ring", "a select takes from two rings in turn", 3,
                      two_rooms, two_senders, chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("select_nothing_stays", "two senders reach a select once", 3, two_rendezvous,
                      nothing_stays, at_most_one)},
        {CHAN_PROGRAM("select_duplicate", "the same channel twice", 2, rendezvous, duplicate,
                      chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("select_duplicate_ring", "the same channel twice, ring", 2, room_for_1,
                      duplicate, chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("select_self", "two that send and receive on one channel", 2, rendezvous,
                      self_select, one_passed),
         .must_see = 3},
        {CHAN_PROGRAM("select_self_3", "three that send and receive on one channel, timed", 3,
                      rendezvous, alone, meet_in_pairs),
         .must_see = 7},
        {CHAN_PROGRAM("select_fill", "two selects fill two rings while one receives", 3, two_rooms,
                      fill, chan_conserved),
         .must_see = 0x1d},
        {CHAN_PROGRAM("select_mixed", "a ring and a rendezvous, two selects", 3,
                      room_and_rendezvous, mixed, chan_all_received)},
        {0}};
