/* ct_semaphore: never too many inside, nobody forgotten, order among those that wait. */
#include "programs.h"

#include "base/pause.h"
#include "sync/semaphore.h"

#include <errno.h>

struct state {
        struct ct_semaphore sem;
        int data;
        ct_atomic_u32 out, queued;
};

static void one_permit(void *state)
{
        ct_semaphore_init(&((struct state *)state)->sem, 1);
}

static void two_permits(void *state)
{
        ct_semaphore_init(&((struct state *)state)->sem, 2);
}

/* Two permits, one of which is out: task 0 will give it back. */
static void one_of_two(void *state)
{
        struct state *s = state;

        two_permits(state);
        SIM_CHECK(ct_semaphore_try_acquire(&s->sem, 1));
        ct_store_u32_relaxed(&s->out, 1);
}

static void is_full(void *state)
{
        struct state *s = state;

        SIM_CHECK(ct_semaphore_free(&s->sem) == s->sem.size && !ct_semaphore_waited(&s->sem));
        SIM_CHECK(ct_load_u32_relaxed(&s->out) == 0);
        ct_semaphore_fini(&s->sem);
}

/* With n permits in the hand: never more are out than there are. */
static void hold(struct state *s, uint32_t n)
{
        uint32_t out = ct_add_u32_relaxed(&s->out, n) + n;

        SIM_CHECK(out <= s->sem.size);
        if (s->sem.size == n)
                SIM_WRITE(s->data,
                          s->data + 1); /* alone: ordered with all others that were alone */
        ct_sub_u32_relaxed(&s->out, n);
        sim_at("release");
        ct_semaphore_release(&s->sem, n);
}

static void acquire(struct state *s, uint32_t n)
{
        sim_at("acquire");
        ct_semaphore_acquire(&s->sem, n);
        hold(s, n);
}

static void as_mutex(void *state, unsigned self)
{
        (void)self;
        acquire(state, 1);
}

static void weighted(void *state, unsigned self)
{
        acquire(state, self == 2 ? 2 : 1);
}

static void acquire_timed(struct state *s, uint32_t n)
{
        int r;

        sim_at("acquire_until");
        r = ct_semaphore_acquire_until(&s->sem, n, ct_deadline_after(SIM_TIMEOUT_NS));
        SIM_CHECK(r == 0 || r == -ETIMEDOUT);
        sim_saw(r != 0);
        if (!r)
                hold(s, n);
}

static void timed(void *state, unsigned self)
{
        if (self == 2)
                acquire_timed(state, 1);
        else
                acquire(state, 1);
}

/* A head that needs two stands in front of one that needs one, which is free: once the head has
   given up, the other must get it though nobody releases any more. */
static void head_leaves(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0)
                acquire_timed(s, 2);
        else
                acquire(s, 1);
}

static void give_back_late(void *state)
{
        struct state *s = state;

        /* The permit that setup took was never given back: it belongs to nobody here. */
        ct_sub_u32_relaxed(&s->out, 1);
        ct_semaphore_release(&s->sem, 1);
        is_full(state);
}

static void none_of_two(void *state)
{
        struct state *s = state;

        two_permits(state);
        SIM_CHECK(ct_semaphore_try_acquire(&s->sem, 2));
}

/* One release of two for two that wait: both must get theirs, as each waits for the other. */
static void both_inside(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                sim_at("release 2");
                ct_semaphore_release(&s->sem, 2);
                return;
        }
        sim_at("acquire");
        ct_semaphore_acquire(&s->sem, 1);
        ct_add_u32_relaxed(&s->queued, 1);
        sim_at("await the other");
        while (ct_load_u32_relaxed(&s->queued) < 2)
                ct_pause();
        ct_semaphore_release(&s->sem, 1);
}

static void tries(void *state, unsigned self)
{
        struct state *s = state;
        bool got;

        if (self < 2) {
                acquire(s, 1 + self);
                return;
        }
        got = ct_semaphore_try_acquire(&s->sem, 1);
        sim_saw(got);
        if (got)
                hold(s, 1);
}

/* While somebody waits, a try must fail: task 0 holds all until it has seen task 1 waiting and has
   tried, one permit being given back meanwhile. */
static void nobody_barges(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 1) {
                acquire(s, 2);
                return;
        }
        ct_semaphore_acquire(&s->sem, 2);
        sim_step();
        ct_semaphore_release(&s->sem, 1);
        if (ct_semaphore_waited(&s->sem)) {
                sim_saw(0);
                SIM_CHECK(!ct_semaphore_try_acquire(&s->sem, 1));
        }
        ct_semaphore_release(&s->sem, 1);
}

static void release_too_many(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0)
                acquire(s, 1);
        ct_semaphore_release(&s->sem, 1);
}

const struct sim_program semaphore_programs[] = {
        {.name = "semaphore_3",
         .what = "one permit, three tasks",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = one_permit,
         .task = as_mutex,
         .check = is_full},
        {.name = "semaphore_3_spin",
         .what = "one permit, three tasks that spin first",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = one_permit,
         .task = as_mutex,
         .check = is_full,
         .bound = 2,
         .spins = 1},
        {.name = "semaphore_weighted",
         .what = "two permits, requests of 1, 1 and 2",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = two_permits,
         .task = weighted,
         .check = is_full},
        {.name = "semaphore_both",
         .what = "one release of 2 lets two in that wait for 1 each",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = none_of_two,
         .task = both_inside,
         .check = is_full},
        {.name = "semaphore_timed",
         .what = "one permit, three tasks, one may time out",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = one_permit,
         .task = timed,
         .check = is_full,
         .must_see = 3},
        {.name = "semaphore_head_leaves",
         .what = "a large head gives up in front of a small one",
         .tasks = 2,
         .size = sizeof(struct state),
         .setup = one_of_two,
         .task = head_leaves,
         .check = give_back_late,
         .must_see = 2},
        {.name = "semaphore_try",
         .what = "two permits, requests of 1 and 2, and a try",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = two_permits,
         .task = tries,
         .check = is_full,
         .must_see = 3},
        {.name = "semaphore_barge",
         .what = "nobody passes the queue",
         .tasks = 2,
         .size = sizeof(struct state),
         .setup = two_permits,
         .task = nobody_barges,
         .check = is_full,
         .must_see = 1},
        {.name = "semaphore_misuse",
         .what = "a permit too many is released",
         .tasks = 2,
         .size = sizeof(struct state),
         .setup = one_permit,
         .task = release_too_many,
         .panic = "release of 1 permits while 0 are out"},
        {0}};
