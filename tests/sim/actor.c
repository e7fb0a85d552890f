/* Actors: batched, whose owner is task 0, and combining, which has none. What was accepted is
   handled once, by one at a time, in its sender's order; nobody is forgotten. */
#include "programs.h"

#include "flow/actor_private.h"

enum { SENDERS = 4 };

struct message {
        unsigned sender;
        int seq;
        int reply;
};

struct state {
        struct ct_actor_base_ *base;
        int handled, last[SENDERS], late; /* the owner's */
        ct_atomic_u32 accepted, gave_up, ended;
};

static void handle(void *state, void *message)
{
        struct state *s = state;
        struct message *m = message;
        int seq = m->seq;

        SIM_WRITE(s->handled, s->handled + 1);
        sim_step(); /* another one inside would show */
        SIM_CHECK(seq > s->last[m->sender]);
        s->last[m->sender] = seq;
        m->reply = seq + 10;
}

static void late(void *state, void *message)
{
        struct state *s = state;

        SIM_CHECK(((struct message *)message)->reply == ((struct message *)message)->seq + 10);
        s->late++;
}

static void make(struct state *s, enum ct_actor_kind kind, size_t capacity)
{
        struct ct_actor_config c = {.kind = kind,
                                    .owner = CT_ACTOR_CALLER,
                                    .handle = handle,
                                    .late = late,
                                    .state = s,
                                    .message_size = sizeof(struct message),
                                    .capacity = capacity};

        SIM_CHECK(!(kind == CT_ACTOR_BATCHED ? ct_actor_batched_new_(&s->base, &c)
                                             : ct_actor_combining_new_(&s->base, &c)));
}

static void batched(void *state)
{
        make(state, CT_ACTOR_BATCHED, 1);
}

static void combining(void *state)
{
        make(state, CT_ACTOR_COMBINING, 0);
}

static struct ct_actor *actor(struct state *s)
{
        return &s->base->face;
}

static void went_well(void *state)
{
        struct state *s = state;

        SIM_CHECK(s->handled == (int)ct_load_u32_relaxed(&s->accepted));
        SIM_CHECK(ct_load_u64_relaxed(&s->base->late) == ct_load_u32_relaxed(&s->gave_up));
        SIM_CHECK(s->late == (int)ct_load_u32_relaxed(&s->gave_up));
        actor(s)->ops->free(actor(s));
}

/* ---- senders ---- */

static void count(struct state *s, int rc)
{
        SIM_CHECK(rc == 0 || rc == -ESHUTDOWN || rc == -ETIMEDOUT || rc == -EINPROGRESS);
        if (rc == 0 || rc == -EINPROGRESS)
                ct_add_u32_relaxed(&s->accepted, 1);
        if (rc == -EINPROGRESS)
                ct_add_u32_relaxed(&s->gave_up, 1);
        if (rc == -ESHUTDOWN)
                sim_saw(0);
        if (rc == -ETIMEDOUT)
                sim_saw(1);
        if (rc == -EINPROGRESS)
                sim_saw(2);
}

static void ask(struct state *s, unsigned self, int seq)
{
        struct message m = {self, seq, 0};
        int rc;

        sim_at("ask");
        rc = ct_actor_ask(actor(s), &m);
        count(s, rc);
        SIM_CHECK(m.reply == (rc ? 0 : seq + 10));
}

static void ask_timed(struct state *s, unsigned self, int seq)
{
        struct message m = {self, seq, 0};
        int rc;

        sim_at("ask_until");
        rc = ct_actor_ask_until(actor(s), &m, ct_deadline_after(SIM_TIMEOUT_NS));
        count(s, rc);
        SIM_CHECK(m.reply == (rc ? 0 : seq + 10));
        sim_step(); /* a reply after the time-out would be seen here */
        SIM_CHECK(m.reply == (rc ? 0 : seq + 10));
}

static void tell(struct state *s, unsigned self, int seq)
{
        struct message m = {self, seq, 0};

        sim_at("tell");
        count(s, ct_actor_tell(actor(s), &m));
}

static void stop(struct state *s)
{
        sim_at("close");
        actor(s)->ops->close(actor(s));
}

/* The last of n senders closes. */
static void done(struct state *s, unsigned n)
{
        if (ct_add_u32_acq_rel(&s->ended, 1) + 1 == n)
                stop(s);
}

static bool owns(struct state *s, unsigned self)
{
        if (self != 0)
                return false;
        sim_at("own");
        actor(s)->ops->run(actor(s));
        return true;
}

/* ---- what the tasks do ---- */

static void two_ask(void *state, unsigned self)
{
        if (owns(state, self))
                return;
        ask(state, self, 1);
        done(state, 2);
}

static void one_tells(void *state, unsigned self)
{
        if (owns(state, self))
                return;
        tell(state, self, 1);
        tell(state, self, 2);
        ask(state, self, 3);
        done(state, 1);
}

static void one_gives_up(void *state, unsigned self)
{
        if (owns(state, self))
                return;
        if (self == 1)
                ask_timed(state, self, 1);
        else
                ask(state, self, 1);
        done(state, 2);
}

static void closed_meanwhile(void *state, unsigned self)
{
        if (owns(state, self))
                return;
        if (self == 2) {
                stop(state);
                return;
        }
        tell(state, self, 1);
        ask(state, self, 2);
}

static void asks(void *state, unsigned self)
{
        ask(state, self, 1);
}

static void asks_twice(void *state, unsigned self)
{
        ask(state, self, 1);
        ask(state, self, 2);
}

static void asks_timed(void *state, unsigned self)
{
        if (self == 2)
                ask_timed(state, self, 1);
        else
                ask(state, self, 1);
}

static void asks_and_closes(void *state, unsigned self)
{
        if (self == 0) {
                stop(state);
                return;
        }
        ask(state, self, 1);
        tell(state, self, 2);
}

/* One has a lease and goes away; the others come later. */
static void keeps_lease(void *state, unsigned self)
{
        if (self == 0) {
                ask(state, self, 1);
                ask(state, self, 2);
                ask(state, self, 3);
                return;
        }
        ask(state, self, 1);
}

#define PROGRAM(n, w, t, up, body)                                                                 \
        .name = n, .what = w, .tasks = t, .size = sizeof(struct state), .setup = up, .task = body, \
        .check = went_well

const struct sim_program actor_programs[] = {
        {PROGRAM("actor_batched_2", "two ask, the last one closes", 3, batched, two_ask),
         .bound = 2},
        {PROGRAM("actor_batched_tells", "tells and an ask, in order", 2, batched, one_tells)},
        {PROGRAM("actor_batched_timed", "one of two gives up", 3, batched, one_gives_up),
         .bound = 2, .must_see = 6},
        {PROGRAM("actor_batched_close", "closed while one tells and asks", 3, batched,
                 closed_meanwhile),
         .must_see = 1},
        {PROGRAM("actor_combining_3", "three ask", 3, combining, asks), .bound = 2},
        {PROGRAM("actor_combining_timed", "one of three gives up", 3, combining, asks_timed),
         .bound = 2, .must_see = 6},
        {PROGRAM("actor_combining_close", "closed while two ask and tell", 3, combining,
                 asks_and_closes),
         .bound = 2, .must_see = 1},
        {PROGRAM("actor_combining_lease_2", "two ask thrice and once, with leases", 2, combining,
                 keeps_lease),
         .asymmetric = true},
        {PROGRAM("actor_combining_lease_3", "three ask, with leases", 3, combining, asks_twice),
         .asymmetric = true, .bound = 2},
        {PROGRAM("actor_combining_spin", "two ask twice, with leases, spinning", 2, combining,
                 asks_twice),
         .asymmetric = true, .spins = 1, .bound = 2},
        {PROGRAM("actor_combining_lease_timed", "one of three gives up, with leases", 3, combining,
                 asks_timed),
         .asymmetric = true, .bound = 1, .faults = -1},
        {0}};
