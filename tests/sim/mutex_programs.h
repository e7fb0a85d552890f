/*
 * What every mutex has to stand: exclusion, order, hand-over, time-outs that race with wakes,
 * misuse. Included once per mutex, with
 *      MUTEX(suffix)   its names: struct MUTEX(), MUTEX(_lock)
 *      MUTEX_NAME      a string, the prefix of the programs' names
 *      MUTEX_BOUND     preemptions in the search with three tasks
 *      MUTEX_PROGRAMS  the array's name
 *      MUTEX_ASYMMETRIC  it uses asymmetric fences: once more with them
 */
#include "programs.h"

#include <errno.h>

struct state {
        struct MUTEX() m;
        int inside, total, failed;
};

static void turn(struct state *s)
{
        SIM_CHECK(SIM_READ(s->inside) == 0);
        SIM_WRITE(s->inside, 1);
        SIM_WRITE(s->total, s->total + 1);
        SIM_WRITE(s->inside, 0);
}

static void lock_once(void *state, unsigned self)
{
        struct state *s = state;

        (void)self;
        sim_at("lock");
        MUTEX(_lock)(&s->m);
        turn(s);
        sim_at("unlock");
        MUTEX(_unlock)(&s->m);
}

static void lock_twice(void *state, unsigned self)
{
        lock_once(state, self);
        lock_once(state, self);
}

static void all_had_it(void *state)
{
        struct state *s = state;

        SIM_CHECK(s->inside == 0);
        SIM_CHECK(MUTEX(_waiters)(&s->m) == 0);
        SIM_CHECK(MUTEX(_try_lock)(&s->m));
        MUTEX(_unlock)(&s->m);
}

static void two_turns(void *state)
{
        SIM_CHECK(((struct state *)state)->total == 2);
        all_had_it(state);
}

static void three_turns(void *state)
{
        SIM_CHECK(((struct state *)state)->total == 3);
        all_had_it(state);
}

static void four_turns(void *state)
{
        SIM_CHECK(((struct state *)state)->total == 4);
        all_had_it(state);
}

/* Task 2 gives up some time; whatever it met, the others get through. Task 0 comes back: a woken
   waiter whose time is up may find the mutex taken once more. */
static void one_timed(void *state, unsigned self)
{
        struct state *s = state;
        int r;

        if (self != 2) {
                lock_once(state, self);
                if (self == 0)
                        lock_once(state, self);
                return;
        }
        sim_at("lock_until");
        r = MUTEX(_lock_until)(&s->m, ct_deadline_after(SIM_TIMEOUT_NS));
        SIM_CHECK(r == 0 || r == -ETIMEDOUT);
        sim_saw(r != 0);
        if (r)
                return;
        turn(s);
        MUTEX(_unlock)(&s->m);
}

static void one_tries(void *state, unsigned self)
{
        struct state *s = state;
        bool got;

        if (self != 2) {
                lock_once(state, self);
                return;
        }
        got = MUTEX(_try_lock)(&s->m);
        sim_saw(got);
        if (!got)
                return;
        turn(s);
        MUTEX(_unlock)(&s->m);
}

/* The owner keeps it for so long that who waits turns the mutex to starving mode. */
static void long_hold(void *state, unsigned self)
{
        struct state *s = state;

        (void)self;
        sim_at("lock");
        MUTEX(_lock)(&s->m);
        turn(s);
        sim_advance(2 * CT_NS_PER_MS);
        sim_at("unlock");
        MUTEX(_unlock)(&s->m);
}

static void long_hold_timed(void *state, unsigned self)
{
        if (self == 2)
                one_timed(state, self);
        else
                long_hold(state, self);
}

static void long_hold_twice(void *state, unsigned self)
{
        long_hold(state, self);
        long_hold(state, self);
}

/* A hand-over by an unlock that is late: task 0 has released the mutex but not looked at the queue
   when task 1 takes it, twice, and makes task 2 wait for so long that it asks for a hand-over. What
   task 1 did must reach task 2 through task 0. The naps make way for others without preemption. */
static void late_hand_over(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 1)
                ct_sleep_until(ct_deadline_after(4 * CT_NS_PER_MS));
        for (unsigned i = 0; i < (self == 1 ? 2u : 1u); i++) {
                sim_at("lock");
                MUTEX(_lock)(&s->m);
                turn(s);
                if (self != 2)
                        ct_sleep_until(ct_deadline_after(2 * CT_NS_PER_MS));
                sim_at("unlock");
                MUTEX(_unlock)(&s->m);
        }
}

/* The owner naps, so that who spins does so to the end of its budget. */
static void nap_inside(void *state, unsigned self)
{
        struct state *s = state;

        sim_at("lock");
        MUTEX(_lock)(&s->m);
        turn(s);
        if (self == 0)
                ct_sleep_until(ct_deadline_after(SIM_TIMEOUT_NS));
        sim_at("unlock");
        MUTEX(_unlock)(&s->m);
}

/* One unlock too many panics, whatever the other does meanwhile. */
static void unlock_too_many(void *state, unsigned self)
{
        struct state *s = state;

        lock_once(state, self);
        if (self == 0)
                MUTEX(_unlock)(&s->m);
}

/* clang-format off */
const struct sim_program MUTEX_PROGRAMS[] = {
        {.name = MUTEX_NAME "_2x2",
         .what = "two tasks lock twice",
         .tasks = 2,
         .size = sizeof(struct state),
         .task = lock_twice,
         .check = four_turns,
         .bound = 3},
        {.name = MUTEX_NAME "_3",
         .what = "three tasks lock once",
         .tasks = 3,
         .size = sizeof(struct state),
         .bound = MUTEX_BOUND,
         .task = lock_once,
         .check = three_turns},
        {.name = MUTEX_NAME "_3_spin",
         .what = "three tasks lock once and spin before they park",
         .tasks = 3,
         .size = sizeof(struct state),
         .bound = MUTEX_BOUND,
         .task = lock_once,
         .check = three_turns,
         .spins = 1},
        {.name = MUTEX_NAME "_3_thread",
         .what = "three tasks lock once; threads' parker on futexes",
         .tasks = 3,
         .size = sizeof(struct state),
         .bound = MUTEX_BOUND,
         .task = lock_once,
         .check = three_turns,
         .park = SIM_PARK_THREAD},
        {.name = MUTEX_NAME "_3_place",
         .what = "three tasks of one place lock once",
         .tasks = 3,
         .size = sizeof(struct state),
         .bound = MUTEX_BOUND,
         .task = lock_once,
         .check = three_turns,
         .one_place = true},
        {.name = MUTEX_NAME "_3_timed",
         .what = "three tasks, one may time out",
         .tasks = 3,
         .size = sizeof(struct state),
         .bound = MUTEX_BOUND,
         .task = one_timed,
         .check = all_had_it,
         .must_see = 3},
        {.name = MUTEX_NAME "_3_try",
         .what = "three tasks, one only tries",
         .tasks = 3,
         .size = sizeof(struct state),
         .bound = MUTEX_BOUND,
         .task = one_tries,
         .check = all_had_it,
         .must_see = 3},
        {.name = MUTEX_NAME "_3_starving",
         .what = "three tasks, long holds: hand-over",
         .tasks = 3,
         .size = sizeof(struct state),
         .bound = MUTEX_BOUND,
         .task = long_hold,
         .check = three_turns},
        {.name = MUTEX_NAME "_2x2_starving",
         .what = "two tasks twice, long holds: into and out of hand-over",
         .tasks = 2,
         .size = sizeof(struct state),
         .task = long_hold_twice,
         .check = four_turns,
         .bound = 3},
        {.name = MUTEX_NAME "_3_starving_timed",
         .what = "hand-over to a task that may time out",
         .tasks = 3,
         .size = sizeof(struct state),
         .bound = MUTEX_BOUND,
         .task = long_hold_timed,
         .check = all_had_it,
         .must_see = 3},
        {.name = MUTEX_NAME "_2_nap",
         .what = "two tasks that spin, an owner that sleeps",
         .tasks = 2,
         .size = sizeof(struct state),
         .task = nap_inside,
         .check = two_turns,
         .spins = 2},
        {.name = MUTEX_NAME "_3_late",
         .what = "hand-over by an unlock that others have overtaken",
         .tasks = 3,
         .size = sizeof(struct state),
         .bound = 2,
         .task = late_hand_over,
         .check = four_turns},
#ifdef MUTEX_ASYMMETRIC
        {.name = MUTEX_NAME "_2x2_fences",
         .what = "two tasks lock twice; membarrier",
         .tasks = 2,
         .size = sizeof(struct state),
         .task = lock_twice,
         .check = four_turns,
         .asymmetric = true},
        {.name = MUTEX_NAME "_3_fences",
         .what = "three tasks lock once; membarrier",
         .tasks = 3,
         .size = sizeof(struct state),
         .bound = MUTEX_BOUND,
         .task = lock_once,
         .check = three_turns,
         .asymmetric = true},
        {.name = MUTEX_NAME "_3_fences_spin",
         .what = "three tasks lock once and spin; membarrier",
         .tasks = 3,
         .size = sizeof(struct state),
         .task = lock_once,
         .check = three_turns,
         .asymmetric = true,
         .bound = 2,
         .spins = 1},
        {.name = MUTEX_NAME "_3_fences_timed",
         .what = "three tasks, one may time out; membarrier",
         .tasks = 3,
         .size = sizeof(struct state),
         .task = one_timed,
         .check = all_had_it,
         .asymmetric = true,
         .bound = 2,
         .must_see = 3},
#endif
        {.name = MUTEX_NAME "_misuse",
         .what = "one unlock too many",
         .tasks = 2,
         .size = sizeof(struct state),
         .task = unlock_too_many,
         .panic = "unlock of unlocked mutex"},
        {0}};
/* clang-format on */
