/* ct_chan: close against everything that may be on its way. */
#include "chan_programs.h"

#define PANIC_SEND "send on closed"
#define PANIC_CLOSE "close of closed"

CHAN_SETUP(rendezvous, 0)
CHAN_SETUP(room_for_1, 1)
CHAN_SETUP(room_for_2, 2)

static void tell_and_close(struct chan_state *s)
{
        SIM_WRITE(s->told, 1);
        sim_at("close");
        ct_chan_close(s->a);
}

static void wakes_all(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 0) {
                tell_and_close(s);
                return;
        }
        SIM_CHECK(chan_take_all(s, self, s->a) == 0);
        SIM_CHECK(SIM_READ(s->told) == 1);
}

static void drains(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 0) {
                chan_put(s, self, s->a, 1);
                chan_put(s, self, s->a, 2);
                tell_and_close(s);
                return;
        }
        SIM_CHECK(chan_take_all(s, self, s->a) == 2);
        SIM_CHECK(SIM_READ(s->told) == 1);
        SIM_CHECK(chan_take_all(s, self, s->a) == 0); /* for ever */
}

/* One value and a close for two receivers: one of them gets the value, both get the close. */
static void one_for_two(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 0) {
                chan_put(s, self, s->a, 1);
                tell_and_close(s);
                return;
        }
        s->turn[self] = (int)chan_take_all(s, self, s->a);
        SIM_CHECK(SIM_READ(s->told) == 1);
}

static void one_of_two(void *state)
{
        struct chan_state *s = state;

        SIM_CHECK(s->turn[1] + s->turn[2] == 1);
        chan_all_received(state);
}

/* The close comes before the send, and it panics, or behind it. */
static void send_or_panic(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 0)
                tell_and_close(s);
        else
                chan_put(s, self, s->a, 1);
}

static void sent_before(void *state)
{
        struct chan_state *s = state;

        SIM_CHECK(ct_chan_len(s->a) == 1);
        chan_conserved(state);
}

/* Nobody receives: the send waits until the close, and then it must panic. */
static void no_way_out(void *state)
{
        (void)state;
        SIM_CHECK(!"a send to nobody has returned");
}

static void try_or_panic(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 0)
                tell_and_close(s);
        else
                s->turn[self] = chan_put_try(s, self, s->a, 1);
}

static void timed_send_or_panic(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 0)
                tell_and_close(s);
        else
                SIM_CHECK(!chan_put_timed(s, self, s->a, 1));
}

static void twice(void *state, unsigned self)
{
        (void)self;
        sim_at("close");
        ct_chan_close(((struct chan_state *)state)->a);
}

static void timed_receive(void *state, unsigned self)
{
        struct chan_state *s = state;
        enum chan_end end;

        if (self == 0) {
                tell_and_close(s);
                return;
        }
        end = chan_take_timed(s, self, s->a);
        SIM_CHECK(end != CHAN_VALUE);
        if (end == CHAN_CLOSED)
                SIM_CHECK(SIM_READ(s->told) == 1);
        sim_saw(end == CHAN_CLOSED);
}

/* A value, a close and a time-out at once: the value is received, or still there. */
static void timed_value(void *state, unsigned self)
{
        struct chan_state *s = state;
        enum chan_end end;

        if (self == 0) {
                chan_put(s, self, s->a, 1);
                tell_and_close(s);
                return;
        }
        end = chan_take_timed(s, self, s->a);
        sim_saw(end);
        s->turn[self] = end;
}

/* Who found it closed and drained was behind the one that had the value. */
static void closed_behind_value(void *state)
{
        struct chan_state *s = state;

        if (s->turn[1] == CHAN_CLOSED)
                SIM_CHECK(s->got[2]);
        if (s->turn[2] == CHAN_CLOSED)
                SIM_CHECK(s->got[1]);
        chan_conserved(state);
}

static void tries(void *state, unsigned self)
{
        struct chan_state *s = state;
        bool open = true, closed = false;
        int v = -1;

        if (self == 0) {
                chan_put(s, self, s->a, 1);
                tell_and_close(s);
                return;
        }
        for (unsigned i = 0; i < 3; i++) {
                if (!ct_chan_try_recv(s->a, &v, &open)) {
                        SIM_CHECK(!closed);
                        continue;
                }
                SIM_CHECK(!closed || !open);
                closed = !open;
                if (open)
                        chan_got(s, self, v);
        }
        if (closed)
                SIM_CHECK(SIM_READ(s->told) == 1 && s->got[self] == 2 && v == 0);
        sim_saw(closed);
}

/* A receiver takes the sender's value out of a full ring, so that the sender's next one goes in
   while the channel is closed behind it. */
static void sender_closes(void *state, unsigned self)
{
        struct chan_state *s = state;

        if (self == 0) {
                for (int v = 1; v <= 3; v++)
                        chan_put(s, self, s->a, v);
                tell_and_close(s);
        } else {
                s->turn[self] = (int)chan_take_all(s, self, s->a);
        }
}

static void three_of_two(void *state)
{
        struct chan_state *s = state;

        SIM_CHECK(s->turn[1] + s->turn[2] == 3);
        chan_all_received(state);
}

static void left_where_it_is(void *state)
{
        struct chan_state *s = state;

        SIM_CHECK(!chan_once(s->sent));
        chan_conserved(state);
}

const struct sim_program chan_close_programs[] = {
        {CHAN_PROGRAM("chan_close_all", "close wakes two receivers", 3, rendezvous, wakes_all,
                      chan_all_received)},
        {CHAN_PROGRAM("chan_close_all_ring", "close wakes two receivers, ring", 3, room_for_1,
                      wakes_all, chan_all_received)},
        {CHAN_PROGRAM("chan_close_all_spin", "close wakes two receivers that spin first", 3,
                      room_for_1, wakes_all, chan_all_received),
         .spins = 1},
        {CHAN_PROGRAM("chan_close_drains", "two values, then closed", 2, room_for_2, drains,
                      chan_all_received)},
        {CHAN_PROGRAM("chan_close_handed", "two values from hand to hand, then closed", 2,
                      rendezvous, drains, chan_all_received)},
        {CHAN_PROGRAM("chan_close_one_value", "one value and a close for two receivers", 3,
                      room_for_1, one_for_two, one_of_two)},
        {CHAN_PROGRAM("chan_close_one_handed", "one value and a close for two, rendezvous", 3,
                      rendezvous, one_for_two, one_of_two)},
        {CHAN_PROGRAM("chan_close_three", "three values through a ring of one, then a close", 3,
                      room_for_1, sender_closes, three_of_two)},
        {CHAN_PROGRAM("chan_close_send", "a send before a close, or a panic", 2, room_for_1,
                      send_or_panic, sent_before),
         .panic = PANIC_SEND},
        {CHAN_PROGRAM("chan_close_blocked", "a send waits while the channel is closed", 2,
                      rendezvous, send_or_panic, no_way_out),
         .panic = PANIC_SEND},
        {CHAN_PROGRAM("chan_close_try_send", "a try to send before a close, or a panic", 2,
                      rendezvous, try_or_panic, left_where_it_is),
         .panic = PANIC_SEND},
        {CHAN_PROGRAM("chan_close_send_timed", "a send gives up before a close, or panics", 2,
                      rendezvous, timed_send_or_panic, left_where_it_is),
         .panic = PANIC_SEND},
        {CHAN_PROGRAM("chan_close_twice", "two closes", 2, room_for_1, twice, no_way_out),
         .panic = PANIC_CLOSE},
        {CHAN_PROGRAM("chan_close_timed", "a receive gives up or finds the channel closed", 2,
                      room_for_1, timed_receive, chan_all_received),
         .must_see = 3},
        {CHAN_PROGRAM("chan_close_timed_value", "value, close and time-out for two receivers", 3,
                      room_for_1, timed_value, closed_behind_value),
         .must_see = 7},
        {CHAN_PROGRAM("chan_close_tries", "tries to receive while a value comes and a close", 2,
                      room_for_1, tries, chan_conserved),
         .must_see = 3},
        {0}};
