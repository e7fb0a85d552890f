/* ct_chan, open all the time: rendezvous, the ring, tries, time-outs, memory order. */
#include "chan_programs.h"

#include "chan/chan_private.h"

CHAN_SETUP(rendezvous, 0)
CHAN_SETUP(room_for_1, 1)
CHAN_SETUP(room_for_2, 2)
CHAN_SETUP(two_rendezvous, 0, 0)

static void put_numbered(struct chan_state *s, unsigned self, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                chan_put(s, self, s->a, (int)(8 * self + i + 1));
}

/* Receives n values; those of each sender come in their order. */
static void take_in_order(struct chan_state *s, unsigned self, unsigned n)
{
        int last[VALUES / 8] = {0};

        for (unsigned i = 0; i < n; i++) {
                int v = chan_take(s, self, s->a);

                SIM_CHECK(v > last[v / 8]);
                last[v / 8] = v;
        }
}

static void one_each(void *state, unsigned self)
{
        if (self == 0)
                put_numbered(state, self, 1);
        else
                take_in_order(state, self, 1);
}

static void three_values(void *state, unsigned self)
{
        if (self == 0)
                put_numbered(state, self, 3);
        else
                take_in_order(state, self, 3);
}

static void two_senders(void *state, unsigned self)
{
        if (self < 2)
                put_numbered(state, self, 1);
        else
                take_in_order(state, self, 2);
}

static void two_receivers(void *state, unsigned self)
{
        if (self < 2)
                take_in_order(state, self, 1);
        else
                put_numbered(state, self, 2);
}

static void two_senders_three(void *state, unsigned self)
{
        if (self < 2)
                put_numbered(state, self, 1 + self);
        else
                take_in_order(state, self, 3);
}

static void there_and_back(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 0) {
                chan_put(s, self, s->a, 1);
                SIM_CHECK(chan_take(s, self, s->b) == 2);
        } else {
                SIM_CHECK(chan_take(s, self, s->a) == 1);
                chan_put(s, self, s->b, 2);
        }
}

/* Nobody waits: the tries meet or they do not, but both say the same. */
static void tries_meet(void *state, unsigned self)
{
        struct chan_state *s = state;
        bool r = self == 0 ? chan_put_try(s, self, s->a, 1) : chan_take_try(s, self, s->a);

        sim_saw(r);
        s->turn[self] = r;
}

static void no_meeting(void *state)
{
        struct chan_state *s = state;

        SIM_CHECK(!s->turn[0] && !s->turn[1]); /* neither was there before the other came */
        chan_all_received(state);
}

static void try_send_to_receiver(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 1) {
                chan_take(s, self, s->a);
                return;
        }
        if (chan_put_try(s, self, s->a, 1)) {
                sim_saw(0);
                return;
        }
        sim_saw(1);
        chan_put(s, self, s->a, 2);
}

static void try_recv_from_sender(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 1) {
                chan_put(s, self, s->a, 1);
                return;
        }
        if (chan_take_try(s, self, s->a)) {
                sim_saw(0);
                return;
        }
        sim_saw(1);
        chan_take(s, self, s->a);
}

/* Three tries at one place: exactly one gets it. */
static void tries_fill(void *state, unsigned self)
{
        struct chan_state *s = state;

        s->turn[self] = chan_put_try(s, self, s->a, 1 + (int)self);
}

static void one_filled(void *state)
{
        struct chan_state *s = state;

        SIM_CHECK(ct_chan_len(s->a) == 1);
        SIM_CHECK(s->turn[0] + s->turn[1] + s->turn[2] == 1);
        chan_conserved(state);
}

/* A receive that gives up; the value is not lost with it. */
static void recv_gives_up(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 0) {
                chan_put(s, self, s->a, 1);
                return;
        }
        if (chan_take_timed(s, self, s->a) == CHAN_VALUE) {
                sim_saw(0);
                return;
        }
        sim_saw(1);
        chan_take(s, self, s->a);
}

/* A send that gives up has sent nothing: the receiver then gets the next value instead. */
static void send_gives_up(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 1) {
                s->turn[1] = chan_take(s, self, s->a);
                return;
        }
        s->turn[0] = 1;
        if (chan_put_timed(s, self, s->a, 1)) {
                sim_saw(0);
                return;
        }
        sim_saw(1);
        s->turn[0] = 2;
        chan_put(s, self, s->a, 2);
}

static void same_value(void *state)
{
        struct chan_state *s = state;

        SIM_CHECK(s->turn[0] == s->turn[1]);
        chan_all_received(state);
}

/* Both may give up, but not one of them alone. */
static void both_give_up(void *state, unsigned self)
{
        struct chan_state *s = state;
        bool r = self == 0 ? chan_put_timed(s, self, s->a, 1)
                           : chan_take_timed(s, self, s->a) == CHAN_VALUE;

        sim_saw(r);
        s->turn[self] = r;
}

static void full(void *state)
{
        struct chan_state *s = state;
        int v = 9;

        room_for_1(state);
        SIM_CHECK(ct_chan_try_send(s->a, chan_fresh(s, &v)));
        chan_sent(s, 0, v);
}

/* A full ring, two senders of whom one may give up, two receives: if it gives up, its place in the
   queue goes to the other. */
static void full_one_gives_up(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 0) {
                sim_saw(chan_put_timed(s, self, s->a, 1));
        } else if (self == 1) {
                chan_put(s, self, s->a, 2);
        } else {
                SIM_CHECK(chan_take(s, self, s->a) == 9);
                chan_take(s, self, s->a);
        }
}

/* One value for two receivers of whom one may give up, and then one more. */
static void empty_one_gives_up(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 0) {
                bool got = chan_take_timed(s, self, s->a) == CHAN_VALUE;

                sim_saw(got);
                if (!got)
                        chan_take(s, self, s->a);
        } else if (self == 1) {
                chan_take(s, self, s->a);
        } else {
                chan_put(s, self, s->a, 1);
                chan_put(s, self, s->a, 2);
        }
}

/* The k-th receive happens before the (k + capacity)-th send completes. */
static void receive_before_send(void *state, unsigned self)
{
        struct chan_state *s = state;
        int sends = 1 + (int)ct_chan_cap(s->a);

        if (self == 0) {
                for (int v = 1; v <= sends; v++)
                        chan_put(s, self, s->a, v);
                SIM_CHECK(SIM_READ(s->told) == 1);
                return;
        }
        SIM_WRITE(s->told, 1);
        for (int v = 1; v <= sends; v++)
                chan_take(s, self, s->a);
}

static void length(void *state, unsigned self)
{
        struct chan_state *s = state;
        size_t before, after;

        if (self < 2) {
                one_each(state, self);
                return;
        }
        before = ct_chan_len(s->a);
        after = ct_chan_len(s->a);
        SIM_CHECK(before <= 1 && after <= 1 && ct_chan_cap(s->a) == 1);
        sim_saw((unsigned)before);
}

/* Whoever finds the other one waiting comes after it: those that wait are served in order. */
static void receivers_in_line(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 2) {
                chan_put(s, self, s->a, 1);
                chan_put(s, self, s->a, 2);
                return;
        }
        s->second[self] = ct_chan_waiting_(s->a, false);
        s->turn[self] = chan_take(s, self, s->a);
}

static void senders_in_line(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 2) {
                s->turn[chan_take(s, self, s->a) - 1] = 1;
                s->turn[chan_take(s, self, s->a) - 1] = 2;
                return;
        }
        s->second[self] = ct_chan_waiting_(s->a, true);
        chan_put(s, self, s->a, 1 + (int)self);
}

static void in_line(void *state)
{
        struct chan_state *s = state;

        sim_saw(s->second[0] || s->second[1]);
        SIM_CHECK(!s->second[0] || s->turn[1] < s->turn[0]);
        SIM_CHECK(!s->second[1] || s->turn[0] < s->turn[1]);
        chan_all_received(state);
}

const struct sim_program chan_programs[] = {
        {CHAN_PROGRAM("chan_rendezvous", "one value from hand to hand", 2, rendezvous, one_each,
                      chan_all_received)},
        {CHAN_PROGRAM("chan_rendezvous_spin", "one value from hand to hand, both spin first", 2,
                      rendezvous, one_each, chan_all_received),
         .spins = 1},
        {CHAN_PROGRAM("chan_rendezvous_3", "three values from hand to hand", 2, rendezvous,
                      three_values, chan_all_received)},
        {CHAN_PROGRAM("chan_rendezvous_2s", "a rendezvous with two senders", 3, rendezvous,
                      two_senders, chan_all_received)},
        {CHAN_PROGRAM("chan_rendezvous_2r", "a rendezvous with two receivers", 3, rendezvous,
                      two_receivers, chan_all_received)},
        {CHAN_PROGRAM("chan_there_and_back", "a request and its reply", 2, two_rendezvous,
                      there_and_back, chan_all_received)},
        {CHAN_PROGRAM("chan_wrap_1", "three values through a ring of one", 2, room_for_1,
                      three_values, chan_all_received)},
        {CHAN_PROGRAM("chan_wrap_1_spin", "three values through a ring of one, both spin first", 2,
                      room_for_1, three_values, chan_all_received),
         .spins = 1},
        {CHAN_PROGRAM("chan_wrap_2", "three values through a ring of two", 2, room_for_2,
                      three_values, chan_all_received)},
        {CHAN_PROGRAM("chan_wrap_2s", "three values of two senders through a ring of one", 3,
                      room_for_1, two_senders_three, chan_all_received)},
        {CHAN_PROGRAM("chan_wrap_2r", "two values for two receivers through a ring of one", 3,
                      room_for_1, two_receivers, chan_all_received)},
        {CHAN_PROGRAM("chan_tries_meet", "two tries never meet on a rendezvous", 2, rendezvous,
                      tries_meet, no_meeting),
         .must_see = 1},
        {CHAN_PROGRAM("chan_tries_ring", "a try to send and a try to receive, a ring of one", 2,
                      room_for_1, tries_meet, chan_conserved),
         .must_see = 3},
        {CHAN_PROGRAM("chan_tries_fill", "three tries at one place of a ring", 3, room_for_1,
                      tries_fill, one_filled)},
        {CHAN_PROGRAM("chan_try_send", "a try to send meets a receiver", 2, rendezvous,
                      try_send_to_receiver, chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("chan_try_recv", "a try to receive meets a sender", 2, rendezvous,
                      try_recv_from_sender, chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("chan_recv_timed", "a receive that may give up, rendezvous", 2, rendezvous,
                      recv_gives_up, chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("chan_recv_timed_ring", "a receive that may give up, ring", 2, room_for_1,
                      recv_gives_up, chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("chan_send_timed", "a send that may give up, rendezvous", 2, rendezvous,
                      send_gives_up, same_value),
         .must_see = 3},
        {CHAN_PROGRAM("chan_both_timed", "both may give up on a rendezvous", 2, rendezvous,
                      both_give_up, same_value),
         .must_see = 3},
        {CHAN_PROGRAM("chan_full_timed", "a full ring, one of two senders may give up", 3, full,
                      full_one_gives_up, chan_conserved),
         .must_see = 3},
        {CHAN_PROGRAM("chan_empty_timed", "one of two receivers may give up", 3, rendezvous,
                      empty_one_gives_up, chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("chan_empty_timed_ring", "one of two receivers may give up, ring", 3,
                      room_for_1, empty_one_gives_up, chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("chan_order_0", "what a receiver did is seen after the send, rendezvous", 2,
                      rendezvous, receive_before_send, chan_all_received)},
        {CHAN_PROGRAM("chan_order_1",
                      "what a receiver did is seen after the second send, ring of one", 2,
                      room_for_1, receive_before_send, chan_all_received)},
        {CHAN_PROGRAM("chan_line_receivers", "receivers are served in the order of their coming", 3,
                      rendezvous, receivers_in_line, in_line),
         .must_see = 3},
        {CHAN_PROGRAM("chan_line_senders", "senders are served in the order of their coming", 3,
                      rendezvous, senders_in_line, in_line),
         .must_see = 3},
        {CHAN_PROGRAM("chan_length", "the length is 0 or 1", 3, room_for_1, length,
                      chan_all_received),
         .must_see = 3},
        {0}};
