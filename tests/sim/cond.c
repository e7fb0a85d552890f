/* ct_cond: no signal is lost, given twice, or taken by a time-out. */
#include "programs.h"

#include "sync/cond.h"

#include <errno.h>

struct state {
        struct ct_mutex m;
        struct ct_cond c;
        int items, taken, timed_out;
        bool open;
};

static void put_item(struct state *s, bool unlocked_signal)
{
        ct_mutex_lock(&s->m);
        s->items++;
        if (!unlocked_signal) {
                sim_at("signal");
                ct_cond_signal(&s->c);
        }
        ct_mutex_unlock(&s->m);
        if (unlocked_signal) {
                sim_at("signal");
                ct_cond_signal(&s->c);
        }
}

static void take_item(struct state *s)
{
        ct_mutex_lock(&s->m);
        while (!s->items) {
                sim_at("wait");
                ct_cond_wait(&s->c, &s->m);
        }
        s->items--;
        s->taken++;
        ct_mutex_unlock(&s->m);
}

static void one_puts_two(void *state, unsigned self)
{
        struct state *s = state;

        if (self > 0) {
                take_item(s);
                return;
        }
        put_item(s, false);
        put_item(s, true);
}

static void both_taken(void *state)
{
        struct state *s = state;

        SIM_CHECK(s->items == 0 && s->taken == 2);
        ct_cond_fini(&s->c);
}

static void open_gate(void *state, unsigned self)
{
        struct state *s = state;

        ct_mutex_lock(&s->m);
        if (self == 0) {
                s->open = true;
                sim_at("broadcast");
                ct_cond_broadcast(&s->c);
        }
        while (!s->open) {
                sim_at("wait");
                ct_cond_wait(&s->c, &s->m);
        }
        ct_mutex_unlock(&s->m);
}

static void nobody_waits(void *state)
{
        ct_cond_fini(&((struct state *)state)->c);
}

/* One item for two takers, one of whom may give up: if it does, the other gets the item. */
static void one_item_two_takers(void *state, unsigned self)
{
        struct state *s = state;
        int r = 0;

        if (self == 0) {
                put_item(s, true);
                return;
        }
        ct_mutex_lock(&s->m);
        while (!s->items && !s->taken && !r) {
                sim_at(self == 1 ? "wait" : "wait_until");
                if (self == 1)
                        ct_cond_wait(&s->c, &s->m);
                else
                        r = ct_cond_wait_until(&s->c, &s->m, ct_deadline_after(SIM_TIMEOUT_NS));
        }
        sim_saw(r != 0);
        if (s->items) {
                s->items--;
                s->taken++;
                ct_cond_broadcast(&s->c); /* the other need not wait any longer */
        }
        ct_mutex_unlock(&s->m);
}

/* The same, but who gives up does not look again: a signal that came with its time-out must not be
   lost with it, since the other would wait for ever. */
static void gives_up_blindly(void *state, unsigned self)
{
        struct state *s = state;
        int r = 0;

        if (self == 0) {
                put_item(s, false);
                return;
        }
        ct_mutex_lock(&s->m);
        while (!s->items && !s->taken && !r) {
                sim_at(self == 1 ? "wait" : "wait_until");
                if (self == 1)
                        ct_cond_wait(&s->c, &s->m);
                else
                        r = ct_cond_wait_until(&s->c, &s->m, ct_deadline_after(SIM_TIMEOUT_NS));
        }
        sim_saw(r != 0);
        if (s->items && !r) {
                s->items--;
                s->taken++;
                ct_cond_broadcast(&s->c);
        }
        ct_mutex_unlock(&s->m);
}

/* A signal ends a wait with 0, and one that timed out has had none: two signals for two waiters. */
static void count_signals(void *state, unsigned self)
{
        struct state *s = state;
        int r;

        if (self == 0) {
                put_item(s, false);
                return;
        }
        ct_mutex_lock(&s->m);
        sim_at("wait_until");
        r = ct_cond_wait_until(&s->c, &s->m, ct_deadline_after(SIM_TIMEOUT_NS));
        if (r)
                s->timed_out++;
        else
                s->taken++;
        sim_saw(r != 0);
        ct_mutex_unlock(&s->m);
}

static void signals_add_up(void *state)
{
        struct state *s = state;

        SIM_CHECK(s->taken + s->timed_out == 2 && s->taken <= 1);
        SIM_CHECK(ct_cond_waiters(&s->c) == 0);
        ct_cond_fini(&s->c);
}

const struct sim_program cond_programs[] = {
        {.name = "cond_signal",
         .what = "two items, two takers",
         .tasks = 3,
         .size = sizeof(struct state),
         .task = one_puts_two,
         .check = both_taken,
         .bound = 2},
        {.name = "cond_broadcast",
         .what = "a gate opens for two",
         .tasks = 3,
         .size = sizeof(struct state),
         .task = open_gate,
         .check = nobody_waits,
         .bound = 2},
        {.name = "cond_timed",
         .what = "one item, two takers, one may time out",
         .tasks = 3,
         .size = sizeof(struct state),
         .task = one_item_two_takers,
         .check = nobody_waits,
         .bound = 2,
         .must_see = 3},
        {.name = "cond_gives_up",
         .what = "a signal that comes with a time-out is not lost",
         .tasks = 3,
         .size = sizeof(struct state),
         .task = gives_up_blindly,
         .check = nobody_waits,
         .bound = 2,
         .must_see = 3},
        {.name = "cond_both_timed",
         .what = "one signal, two waits that may time out",
         .tasks = 3,
         .size = sizeof(struct state),
         .task = count_signals,
         .check = signals_add_up,
         .bound = 2,
         .must_see = 3},
        {0}};
