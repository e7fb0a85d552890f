/*
 * ct_deque: whoever gets a job is the only one, and sees what was done before the push. The deque
 * has two cells here.
 */
#include "flow/deque.h"

#include "programs.h"

#include <string.h>

#define JOBS 4

struct state {
        struct ct_deque deque;
        int data[JOBS]; /* plain: written before the push, read and written by whoever got it */
        int got[JOBS];
};

static int job(void *arg, void *local)
{
        (void)arg, (void)local;
        return 0;
}

static void push(struct state *s, int n)
{
        struct ct_pool_item item = {job, &s->data[n]};

        SIM_WRITE(s->data[n], n + 1);
        sim_at("push");
        SIM_CHECK(ct_deque_push(&s->deque, &item));
}

static void got(struct state *s, const struct ct_pool_item *item)
{
        int *data = item->arg, n = (int)(data - s->data);

        SIM_CHECK(item->job == job);
        SIM_CHECK(n >= 0 && n < JOBS);
        SIM_CHECK(SIM_READ(*data) == n + 1);
        SIM_CHECK(SIM_READ(s->got[n]) == 0);
        SIM_WRITE(s->got[n], 1);
}

static bool take(struct state *s)
{
        struct ct_pool_item item;

        sim_at("take");
        if (!ct_deque_take(&s->deque, &item))
                return false;
        got(s, &item);
        return true;
}

static bool steal(struct state *s, unsigned bit)
{
        struct ct_pool_item item;

        sim_at("steal");
        if (!ct_deque_steal(&s->deque, &item))
                return false;
        got(s, &item);
        sim_saw(bit);
        return true;
}

/* All that were pushed, whoever got them; the owner has taken until there was nothing. */
static void all_got(struct state *s, int n)
{
        for (int i = 0; i < JOBS; i++)
                SIM_CHECK(s->got[i] == (i < n));
        SIM_CHECK(ct_deque_size(&s->deque) == 0);
}

static void one_got(void *state)
{
        all_got(state, 1);
}

static void two_got(void *state)
{
        all_got(state, 2);
}

static void three_got(void *state)
{
        all_got(state, 3);
}

static void four_got(void *state)
{
        all_got(state, 4);
}

static void last(void *state, unsigned self)
{
        struct state *s = state;

        if (self) {
                steal(s, self);
                return;
        }
        push(s, 0);
        if (take(s))
                sim_saw(0);
        SIM_CHECK(!take(s));
}

static void two(void *state, unsigned self)
{
        struct state *s = state;

        if (self) {
                steal(s, self);
                steal(s, self + 1);
                return;
        }
        push(s, 0);
        push(s, 1);
        while (take(s))
                sim_saw(0);
}

/* The third and the fourth come into the cells of the first two. */
static void wraps(void *state, unsigned self)
{
        struct state *s = state;

        if (self) {
                steal(s, self);
                return;
        }
        push(s, 0);
        push(s, 1);
        if (take(s))
                sim_saw(0);
        for (int n = 2; n < 4; n++) {
                struct ct_pool_item item = {job, &s->data[n]};

                SIM_WRITE(s->data[n], n + 1);
                while (!ct_deque_push(&s->deque, &item))
                        take(s);
        }
        while (take(s))
                ;
}

static void all_at_once(void *state, unsigned self)
{
        struct state *s = state;
        struct ct_pool_item item[3];

        if (self) {
                steal(s, self);
                return;
        }
        for (int n = 0; n < 3; n++) {
                SIM_WRITE(s->data[n], n + 1);
                item[n] = (struct ct_pool_item){job, &s->data[n]};
        }
        sim_at("push_all");
        SIM_CHECK(ct_deque_push_all(&s->deque, item, 3) == 2);
        if (take(s) && ct_deque_push(&s->deque, &item[2])) {
                sim_saw(0);
        } else {
                while (!ct_deque_push(&s->deque, &item[2]))
                        take(s);
        }
        while (take(s))
                ;
}

#define DEQUE(id, text, n, task_fn, check_fn)                                                      \
        .name = id, .what = text, .tasks = n, .size = sizeof(struct state), .task = task_fn,       \
        .check = check_fn

const struct sim_program deque_programs[] = {
        {DEQUE("deque_last", "the last job: taken, or stolen", 2, last, one_got), .must_see = 3},
        {DEQUE("deque_last_3", "the last job: taken, or stolen by one of two", 3, last, one_got),
         .must_see = 7},
        {DEQUE("deque_two", "two jobs, a thief comes twice", 2, two, two_got), .must_see = 7},
        {DEQUE("deque_wraps", "four jobs through two cells, and a thief", 2, wraps, four_got),
         .must_see = 3},
        {DEQUE("deque_wraps_3", "four jobs through two cells, and two thieves", 3, wraps, four_got),
         .must_see = 7, .bound = 2},
        {DEQUE("deque_push_all", "more than fit, and a thief", 2, all_at_once, three_got),
         .must_see = 3},
        {DEQUE("deque_last_asymmetric", "the last job, with asymmetric fences", 2, last, one_got),
         .asymmetric = true, .must_see = 3},
        {DEQUE("deque_two_asymmetric", "two jobs, a thief comes twice, with asymmetric fences", 2,
               two, two_got),
         .asymmetric = true, .must_see = 7},
        {DEQUE("deque_wraps_asymmetric", "four jobs through two cells, with asymmetric fences", 3,
               wraps, four_got),
         .asymmetric = true, .must_see = 7, .bound = 2},
        {0}};
