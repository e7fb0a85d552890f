/* ct_once: once, and nobody goes on before it is done. */
#include "programs.h"

#include "sync/once.h"

struct state {
        struct ct_once once;
        int data, runs;
};

static void make(void *arg)
{
        struct state *s = arg;

        SIM_WRITE(s->runs, s->runs + 1);
        sim_step(); /* others may look now */
        SIM_WRITE(s->data, 1);
}

static void use(void *state, unsigned self)
{
        struct state *s = state;

        (void)self;
        sim_at("do");
        ct_once_do(&s->once, make, s);
        SIM_CHECK(SIM_READ(s->data) == 1);
}

static void use_or_look(void *state, unsigned self)
{
        struct state *s = state;
        bool done;

        if (self < 2) {
                use(state, self);
                return;
        }
        done = ct_once_done(&s->once);
        sim_saw(done);
        if (done)
                SIM_CHECK(SIM_READ(s->data) == 1);
}

static void ran_once(void *state)
{
        struct state *s = state;

        SIM_CHECK(s->runs == 1 && ct_once_done(&s->once));
        ct_once_fini(&s->once);
}

static void call_self(void *arg)
{
        struct state *s = arg;

        ct_once_do(&s->once, call_self, s);
}

static void from_inside(void *state, unsigned self)
{
        struct state *s = state;

        (void)self;
        ct_once_do(&s->once, call_self, s);
}

const struct sim_program once_programs[] = {
        {.name = "once_3",
         .what = "three first calls",
         .tasks = 3,
         .size = sizeof(struct state),
         .task = use,
         .check = ran_once},
        {.name = "once_looks",
         .what = "two first calls, and one who asks whether it is done",
         .tasks = 3,
         .size = sizeof(struct state),
         .task = use_or_look,
         .check = ran_once,
         .must_see = 3},
        {.name = "once_misuse",
         .what = "the function calls its own once",
         .tasks = 2,
         .size = sizeof(struct state),
         .task = from_inside,
         .panic = "do called by its own function"},
        {0}};
