/* lib/base: the threads' parker and the guard on simulated futexes. */
#include "programs.h"

#include "base/guard.h"
#include "base/parker.h"

#include <errno.h>

struct state {
        struct ct_guard guard;
        struct ct_waiter waiter;
        ct_atomic_u32 ready;
        int data, total;
};

static void park_unpark(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                ct_waiter_init(&s->waiter);
                ct_store_u32_release(&s->ready, 1); /* pairs with the other's acquire */
                ct_park(&s->waiter);
                SIM_CHECK(SIM_READ(s->data) == 1);
        } else {
                while (!ct_load_u32_acquire(&s->ready)) /* pairs with the store of ready */
                        ct_pause();
                SIM_WRITE(s->data, 1);
                ct_unpark(&s->waiter);
        }
}

/* A time-out and an unpark exclude each other: after a time-out the permit is still to come. */
static void park_timed(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                int r;

                ct_waiter_init(&s->waiter);
                ct_store_u32_release(&s->ready, 1); /* pairs with the other's acquire */
                r = ct_park_until(&s->waiter, ct_deadline_after(SIM_TIMEOUT_NS), CT_PARK_SPIN);
                SIM_CHECK(r == 0 || r == -ETIMEDOUT);
                sim_saw(r != 0);
                if (r)
                        ct_park(&s->waiter);
                SIM_CHECK(SIM_READ(s->data) == 1);
        } else {
                while (!ct_load_u32_acquire(&s->ready)) /* pairs with the store of ready */
                        ct_pause();
                SIM_WRITE(s->data, 1);
                ct_unpark(&s->waiter);
        }
}

static void guarded(void *state, unsigned self)
{
        struct state *s = state;

        (void)self;
        ct_guard_lock(&s->guard);
        SIM_WRITE(s->total, s->total + 1);
        ct_guard_unlock(&s->guard);
}

static void guarded_twice(void *state, unsigned self)
{
        guarded(state, self);
        guarded(state, self);
}

static void all_counted(void *state)
{
        struct state *s = state;

        SIM_CHECK(s->total == 3 && ct_load_u32_relaxed(&s->guard.word) == 0);
}

const struct sim_program parker_programs[] = {{.name = "parker",
                                               .what = "park and unpark, threads' back-end",
                                               .tasks = 2,
                                               .size = sizeof(struct state),
                                               .task = park_unpark,
                                               .park = SIM_PARK_THREAD,
                                               .bound = 3},
                                              {.name = "parker_spin",
                                               .what = "park and unpark, spinning first",
                                               .tasks = 2,
                                               .size = sizeof(struct state),
                                               .task = park_unpark,
                                               .park = SIM_PARK_THREAD,
                                               .spins = 1,
                                               .bound = 3},
                                              {.name = "parker_timed",
                                               .what = "an unpark races with a time-out",
                                               .tasks = 2,
                                               .size = sizeof(struct state),
                                               .task = park_timed,
                                               .park = SIM_PARK_THREAD,
                                               .bound = 3,
                                               .must_see = 3},
                                              {.name = "guard_3",
                                               .what = "three tasks under one guard",
                                               .tasks = 3,
                                               .size = sizeof(struct state),
                                               .task = guarded,
                                               .check = all_counted,
                                               .bound = 3},
                                              {.name = "guard_2x2",
                                               .what = "two tasks twice under one guard",
                                               .tasks = 2,
                                               .size = sizeof(struct state),
                                               .task = guarded_twice,
                                               .bound = 4},
                                              {0}};
