/* ct_latch and ct_barrier. */
#include "programs.h"

#include "sync/barrier.h"
#include "sync/latch.h"

#include <errno.h>

struct state {
        struct ct_latch latch;
        struct ct_barrier barrier;
        int data[3 * SIM_TASKS];
        ct_atomic_u32 last, gave_up;
};

static void close_for_2(void *state)
{
        ct_latch_init(&((struct state *)state)->latch, 2);
}

static void close_for_1(void *state)
{
        ct_latch_init(&((struct state *)state)->latch, 1);
}

static void two_open_one_waits(void *state, unsigned self)
{
        struct state *s = state;

        if (self < 2) {
                SIM_WRITE(s->data[self], 1);
                ct_latch_count_down(&s->latch, 1);
                return;
        }
        sim_at("wait");
        ct_latch_wait(&s->latch);
        SIM_CHECK(SIM_READ(s->data[0]) && SIM_READ(s->data[1]));
}

static void one_opens_two_wait(void *state, unsigned self)
{
        struct state *s = state;
        int r = 0;

        if (self == 0) {
                SIM_WRITE(s->data[0], 1);
                ct_latch_count_down(&s->latch, 1);
                return;
        }
        sim_at("wait");
        if (self == 1)
                ct_latch_wait(&s->latch);
        else
                r = ct_latch_wait_until(&s->latch, ct_deadline_after(SIM_TIMEOUT_NS));
        sim_saw(r != 0);
        if (!r)
                SIM_CHECK(SIM_READ(s->data[0]));
}

static void is_open(void *state)
{
        struct state *s = state;

        SIM_CHECK(ct_latch_try_wait(&s->latch) && ct_latch_waiters(&s->latch) == 0);
        ct_latch_fini(&s->latch);
}

/* ---- barrier ---- */

static void three(void *state)
{
        ct_barrier_init(&((struct state *)state)->barrier, 3);
}

static void two(void *state)
{
        ct_barrier_init(&((struct state *)state)->barrier, 2);
}

static void meet(struct state *s, unsigned self, unsigned round)
{
        int *data = s->data + round * SIM_TASKS;

        SIM_WRITE(data[self], 1);
        sim_at("meet");
        if (ct_barrier_wait(&s->barrier))
                ct_add_u32_relaxed(&s->last, 1);
        for (unsigned i = 0; i < s->barrier.parties; i++)
                SIM_CHECK(SIM_READ(data[i]) == 1);
}

static void meet_once(void *state, unsigned self)
{
        meet(state, self, 0);
}

static void meet_twice(void *state, unsigned self)
{
        meet(state, self, 0);
        meet(state, self, 1);
}

static void meet_three_times(void *state, unsigned self)
{
        meet_twice(state, self);
        meet(state, self, 2);
}

static void one_last(void *state)
{
        struct state *s = state;

        SIM_CHECK(ct_load_u32_relaxed(&s->last) == 1);
        SIM_CHECK(ct_barrier_arrived(&s->barrier) == 0);
        ct_barrier_fini(&s->barrier);
}

static void two_last(void *state)
{
        SIM_CHECK(ct_load_u32_relaxed(&((struct state *)state)->last) == 2);
}

static void three_last(void *state)
{
        SIM_CHECK(ct_load_u32_relaxed(&((struct state *)state)->last) == 3);
}

/* Three come, of two that are needed; the one that is left, or gave up, counts as not there. */
static void one_gives_up(void *state, unsigned self)
{
        struct state *s = state;
        int r;

        (void)self;
        sim_at("meet until");
        r = ct_barrier_wait_until(&s->barrier, ct_deadline_after(SIM_TIMEOUT_NS));
        if (r == -ETIMEDOUT)
                ct_add_u32_relaxed(&s->gave_up, 1);
        else if (r == CT_BARRIER_LAST)
                ct_add_u32_relaxed(&s->last, 1);
        sim_saw(r == -ETIMEDOUT);
}

static void pairs_met(void *state)
{
        struct state *s = state;
        uint32_t last = ct_load_u32_relaxed(&s->last), gave_up = ct_load_u32_relaxed(&s->gave_up);

        SIM_CHECK(ct_barrier_arrived(&s->barrier) == 0);
        SIM_CHECK(2 * last + gave_up == 3);
}

const struct sim_program latch_programs[] = {
        {.name = "latch_2c1w",
         .what = "two count down, one waits",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = close_for_2,
         .task = two_open_one_waits,
         .check = is_open},
        {.name = "latch_timed",
         .what = "one counts down, two wait, one may time out",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = close_for_1,
         .task = one_opens_two_wait,
         .check = is_open,
         .must_see = 3},
        {.name = "barrier_3",
         .what = "three meet",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = three,
         .task = meet_once,
         .check = one_last},
        {.name = "barrier_3_spin",
         .what = "three meet, spinning first",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = three,
         .task = meet_once,
         .check = one_last,
         .spins = 1},
        {.name = "barrier_rounds",
         .what = "two meet three times",
         .tasks = 2,
         .size = sizeof(struct state),
         .setup = two,
         .task = meet_three_times,
         .check = three_last,
         .spins = 1},
        {.name = "barrier_3_rounds",
         .what = "three meet twice; who spins may be ahead of who wakes the sleepers",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = three,
         .task = meet_twice,
         .check = two_last,
         .spins = 1,
         .bound = 2,
         .faults = -1},
        {.name = "barrier_timed",
         .what = "three come, two are needed, all may give up",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = two,
         .task = one_gives_up,
         .check = pairs_met,
         .bound = 2,
         .must_see = 3},
        {0}};
