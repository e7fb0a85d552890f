/* Ordered stream: two workers and a receiver; results in order, errors in their place, nothing
   left over at a cancel. */
#include "programs.h"

#include "flow/ordered_private.h"

#include <errno.h>

enum { VALUES = 3 };

struct state {
        struct ct_ordered *o;
        struct ct_chan *in;
        int fails_at; /* -1: nowhere */
        bool cancels;
        uint32_t made, got, discarded, received; /* bits; received: how many */
};

/* Not looked at for races: tasks switch at atomic operations only, so what is plain here is whole.
 */
#define BOOKS __attribute__((no_sanitize_thread, noinline))

static BOOKS void once(uint32_t *bits, int v)
{
        SIM_CHECK(!(*bits >> v & 1));
        *bits |= 1u << v;
}

static int work(void *arg, void *in, void *out)
{
        struct state *s = arg;
        int v = *(int *)in;

        sim_step();
        if (v == s->fails_at)
                return -EIO;
        *(int *)out = v;
        once(&s->made, v);
        return 0;
}

static void discard(void *arg, void *result)
{
        once(&((struct state *)arg)->discarded, *(int *)result);
}

static void make(struct state *s, int values, size_t window, int fails_at)
{
        struct ct_ordered_config c = {.workers = 2,
                                      .window = window,
                                      .out_size = sizeof(int),
                                      .work = work,
                                      .discard = discard,
                                      .arg = s};

        sim_calm(true);
        SIM_CHECK(ct_chan_new(&s->in, sizeof(int), VALUES) == 0);
        for (int v = 0; v < values; v++)
                ct_chan_send(s->in, &v);
        ct_chan_close(s->in);
        c.in = s->in;
        s->fails_at = fails_at;
        SIM_CHECK(ct_ordered_make_(&s->o, &c) == 0);
        SIM_CHECK(ct_context_with_cancel(&s->o->crew.context, ct_context_background()) == 0);
        sim_calm(false);
}

static void one_place(void *state)
{
        make(state, 2, 1, -1);
}

static void two_places(void *state)
{
        make(state, 3, 2, -1);
}

static void first_fails(void *state)
{
        make(state, 2, 2, 0);
}

static void second_fails(void *state)
{
        make(state, 3, 2, 1);
}

static void cancelled(void *state)
{
        ((struct state *)state)->cancels = true;
        make(state, 2, 2, -1);
}

static void stream(void *state, unsigned self)
{
        struct state *s = state;
        int v;

        if (self == 3) {
                sim_at("cancel");
                ct_context_cancel(s->o->crew.context);
        } else if (self) {
                struct ct_ordered_worker_ *w = &s->o->worker[self - 1];

                sim_at("work");
                ct_ordered_leave_(w, ct_ordered_loop_(w));
        } else {
                sim_at("receive");
                while (ct_receiver_recv(ct_ordered_results(s->o), &v)) {
                        SIM_CHECK((uint32_t)v == s->received);
                        s->received++;
                        s->got |= 1u << v;
                }
        }
}

static void went_well(void *state)
{
        struct state *s = state;
        int error = (int)ct_load_u32_relaxed(&s->o->crew.error);
        int want = s->fails_at >= 0 ? -EIO : 0, values = s->cancels ? 2 : (int)s->received;
        struct ct_context *context = s->o->crew.context;

        if (s->cancels) {
                SIM_CHECK(error == -ECANCELED || (error == 0 && s->received == 2));
                sim_saw((unsigned)(error != 0));
        } else {
                SIM_CHECK(error == want);
                if (s->fails_at >= 0)
                        SIM_CHECK(values == s->fails_at); /* all before it, and none behind */
                else
                        SIM_CHECK(ct_chan_len(s->in) == 0 && s->made == s->got);
        }
        ct_ordered_unmake_(s->o);
        SIM_CHECK(!(s->got & s->discarded) && (s->got | s->discarded) == s->made);
        ct_context_cancel(context);
        ct_context_release(context);
        ct_chan_free(s->in);
}

#define PROGRAM(n, w, t, up)                                                                       \
        .name = n, .what = w, .tasks = t, .size = sizeof(struct state), .setup = up,               \
        .task = stream, .check = went_well, .faults = -1

const struct sim_program ordered_programs[] = {
        {PROGRAM("ordered_window_1", "two workers share one place", 3, one_place), .bound = 1},
        {PROGRAM("ordered_window_2", "two workers, three values", 3, two_places), .bound = 1},
        {PROGRAM("ordered_first_fails", "the first value fails", 3, first_fails), .bound = 2},
        {PROGRAM("ordered_second_fails", "the second value fails", 3, second_fails), .bound = 1},
        {PROGRAM("ordered_cancel", "a cancel at any moment", 4, cancelled), .bound = 1,
         .must_see = 3},
        {0}};
