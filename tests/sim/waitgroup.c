/* ct_waitgroup: release of all waiters, order, rounds, time-outs, and when its memory may go. */
#include "programs.h"

#include "sync/waitgroup.h"

#include <errno.h>

struct state {
        struct ct_waitgroup wg, *heap;
        int data[SIM_TASKS];
};

static void expect(void *state, int32_t n)
{
        ct_waitgroup_add(&((struct state *)state)->wg, n);
}

static void expect_1(void *state)
{
        expect(state, 1);
}

static void expect_2(void *state)
{
        expect(state, 2);
}

static void work(struct state *s, unsigned self)
{
        SIM_WRITE(s->data[self], 1);
        sim_at("done");
        ct_waitgroup_done(&s->wg);
}

static void is_idle(void *state)
{
        struct state *s = state;

        SIM_CHECK(ct_waitgroup_waiters(&s->wg) == 0);
        SIM_CHECK(ct_waitgroup_try_wait(&s->wg));
        ct_waitgroup_fini(&s->wg);
}

static void two_done_one_waits(void *state, unsigned self)
{
        struct state *s = state;

        if (self < 2) {
                work(s, self);
                return;
        }
        sim_at("wait");
        ct_waitgroup_wait(&s->wg);
        SIM_CHECK(SIM_READ(s->data[0]) && SIM_READ(s->data[1]));
}

static void one_done_two_wait(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                work(s, self);
                return;
        }
        sim_at("wait");
        ct_waitgroup_wait(&s->wg);
        SIM_CHECK(SIM_READ(s->data[0]));
}

static void one_may_time_out(void *state, unsigned self)
{
        struct state *s = state;
        int r;

        if (self < 2) {
                one_done_two_wait(state, self);
                return;
        }
        sim_at("wait_until");
        r = ct_waitgroup_wait_until(&s->wg, ct_deadline_after(SIM_TIMEOUT_NS));
        sim_saw(r != 0);
        if (!r) {
                SIM_CHECK(SIM_READ(s->data[0]));
        } else {
                SIM_CHECK(r == -ETIMEDOUT);
                SIM_CHECK(ct_waitgroup_waiters(&s->wg) <= 1); /* the other one */
        }
}

/* Whoever was released starts the next round at once. */
static void two_rounds(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                work(s, self);
                return;
        }
        sim_at("wait 1");
        ct_waitgroup_wait(&s->wg);
        ct_waitgroup_add(&s->wg, 1);
        sim_at("done 2");
        ct_waitgroup_done(&s->wg);
        sim_at("wait 2");
        ct_waitgroup_wait(&s->wg);
}

static void make_heap(void *state)
{
        struct state *s = state;

        s->heap = calloc(1, sizeof *s->heap);
        ct_waitgroup_add(s->heap, 2);
}

/* Once wait has returned, the group may go: a done must not touch it afterwards. */
static void freed_after_wait(void *state, unsigned self)
{
        struct state *s = state;

        if (self < 2) {
                sim_at("done");
                ct_waitgroup_done(s->heap);
                return;
        }
        sim_at("wait");
        ct_waitgroup_wait(s->heap);
        free(s->heap);
}

/* A time-out that comes with the release: still nobody touches it afterwards. */
static void freed_after_time_out(void *state, unsigned self)
{
        struct state *s = state;

        if (self < 2) {
                sim_at("done");
                ct_waitgroup_done(s->heap);
                return;
        }
        sim_at("wait_until");
        if (ct_waitgroup_wait_until(s->heap, ct_deadline_after(SIM_TIMEOUT_NS))) {
                sim_saw(0);
                ct_waitgroup_wait(s->heap);
        }
        free(s->heap);
}

static void one_too_many(void *state, unsigned self)
{
        struct state *s = state;

        (void)self;
        ct_waitgroup_done(&s->wg);
}

const struct sim_program waitgroup_programs[] = {
        {.name = "waitgroup_2d1w",
         .what = "two are done, one waits",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = expect_2,
         .task = two_done_one_waits,
         .check = is_idle},
        {.name = "waitgroup_1d2w",
         .what = "one is done, two wait",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = expect_1,
         .task = one_done_two_wait,
         .check = is_idle},
        {.name = "waitgroup_timed",
         .what = "two wait, one may time out",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = expect_1,
         .task = one_may_time_out,
         .check = is_idle,
         .must_see = 3},
        {.name = "waitgroup_rounds",
         .what = "the next round starts while the last is being released",
         .tasks = 2,
         .size = sizeof(struct state),
         .setup = expect_1,
         .task = two_rounds,
         .check = is_idle},
        {.name = "waitgroup_freed",
         .what = "freed as soon as wait has returned",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = make_heap,
         .task = freed_after_wait},
        {.name = "waitgroup_freed_timed",
         .what = "freed after waits that time out",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = make_heap,
         .task = freed_after_time_out,
         .bound = 2,
         .must_see = 1},
        {.name = "waitgroup_misuse",
         .what = "one done too many",
         .tasks = 2,
         .size = sizeof(struct state),
         .setup = expect_1,
         .task = one_too_many,
         .panic = "makes the counter -1"},
        {0}};
