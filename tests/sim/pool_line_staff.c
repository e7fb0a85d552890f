/*
 * The line of the priority and the dynamic pool (pool_line_programs.h): workers that come and go
 * leave nobody waiting, never too few and never too many.
 */
#include "pool_line_programs.h"

#include <errno.h>

enum { SPARE = 1 };

struct staff {
        struct state state;
        ct_atomic_u32 alive; /* workers and submitters */
        ct_atomic_u32 hires;
        struct ct_latch hired[SPARE]; /* a task waits at each to become a worker */
        bool refuse;                  /* nobody can be started */
        bool no_init;                 /* whoever is does not become a worker */
        struct ct_latch both;         /* for programs whose jobs run together */
};

static int started(struct ct_pool *pool);

static void make_dynamic(struct staff *s, unsigned least, unsigned most, unsigned here,
                         size_t queue)
{
        struct ct_pool_config c = {
                .workers = most, .workers_min = least, .idle_ns = SIM_TIMEOUT_NS, .queue = queue};

        make(&s->state, &c, started, 1);
        s->state.line->staff.workers = here;
        s->state.line->staff.coming = 0; /* they are there */
        ct_store_u32_relaxed(&s->alive, here + 1);
        for (unsigned i = 0; i < SPARE; i++)
                ct_latch_init(&s->hired[i], 1);
}

/* Two workers of whom `least` stay, and nobody can be started. */
static struct staff *make_two(void *state, unsigned least, size_t queue)
{
        struct staff *s = state;

        make_dynamic(s, least, 2, 2, queue);
        s->refuse = true;
        return s;
}

static void make_leaving(void *state)
{
        make_two(state, 1, 2);
}

static void make_leaving_rendezvous(void *state)
{
        make_two(state, 1, 0);
}

/* Two jobs of which each waits for the other. */
static void make_together(void *state)
{
        struct staff *s = make_two(state, 2, 2);

        s->state.together = &s->both;
        ct_latch_init(&s->both, 2);
}

static void make_growing(void *state)
{
        make_dynamic(state, 1, 2, 1, 1);
}

static void make_growing_rendezvous(void *state)
{
        make_dynamic(state, 1, 2, 1, 0);
}

static void make_absent(void *state)
{
        make_dynamic(state, 1, 2, 1, 1);
        ((struct staff *)state)->no_init = true;
}

/* Whoever may start others is alive, so the last to end knows that nobody is started any more. */
static void somebody_ends(struct staff *s)
{
        uint32_t hires;

        if (ct_sub_u32_acq_rel(&s->alive, 1) != 1)
                return;
        hires = ct_load_u32_relaxed(&s->hires);
        for (uint32_t i = hires < SPARE ? hires : SPARE; i < SPARE; i++)
                ct_latch_count_down(&s->hired[i], 1);
}

static int started(struct ct_pool *pool)
{
        struct staff *s = (struct staff *)pool;
        uint32_t turn;

        if (s->refuse)
                return -EAGAIN;
        ct_add_u32_relaxed(&s->alive, 1);
        turn = ct_add_u32_relaxed(&s->hires, 1);
        if (turn < SPARE) {
                ct_latch_count_down(&s->hired[turn], 1);
                return 0;
        }
        somebody_ends(s);
        return -EAGAIN;
}

static void spare(struct staff *s, uint32_t turn)
{
        sim_at("wait to be hired");
        ct_latch_wait(&s->hired[turn]);
        if (ct_load_u32_relaxed(&s->hires) <= turn)
                return; /* it is over */
        sim_saw(0);
        if (s->no_init) {
                ct_pool_line_absent_(s->state.line);
        } else {
                ct_pool_line_arrive_(s->state.line);
                work(&s->state);
        }
        somebody_ends(s);
}

static void leaving_task(void *state, unsigned self)
{
        struct staff *s = state;

        if (self < 2) {
                work(&s->state);
                somebody_ends(s);
                return;
        }
        for (unsigned i = 0; i < 2; i++) {
                put(&s->state, i, 1, 0, CT_FOREVER);
                sim_saw(ct_load_u32_relaxed(&s->state.told) ? 0 : 1); /* 0: one has gone */
        }
        if (s->state.together)
                ct_latch_wait(&s->both); /* a close would wake everybody */
        submitter_ends(&s->state);
        somebody_ends(s);
}

/* A batch that makes one come. */
static void growing_task(void *state, unsigned self)
{
        struct staff *s = state;

        if (self == 0) {
                work(&s->state);
                somebody_ends(s);
        } else if (self == 1) {
                put(&s->state, 0, 3, 0, CT_FOREVER);
                sim_saw(ct_load_u32_relaxed(&s->state.told) ? 1 : 2);
                submitter_ends(&s->state);
                somebody_ends(s);
        } else {
                spare(s, self - 2);
        }
}

const struct sim_program pool_line_staff_programs[] = {
        LINE_PROGRAM("pool_line_leaving", struct staff, 3, make_leaving, leaving_task, 3,
                     "two workers, of whom one may go when it has idled; two jobs"),
        LINE_PROGRAM("pool_line_leaving_0", struct staff, 3, make_leaving_rendezvous, leaving_task,
                     3, "the same, from hand to hand"),
        LINE_PROGRAM("pool_line_together", struct staff, 3, make_together, leaving_task, 2,
                     "two workers, two jobs that need each other"),
        LINE_PROGRAM("pool_line_growing", struct staff, 3, make_growing, growing_task, 7,
                     "one worker, one that may come and go, three jobs"),
        LINE_PROGRAM("pool_line_growing_0", struct staff, 3, make_growing_rendezvous, growing_task,
                     7, "the same, from hand to hand"),
        LINE_PROGRAM("pool_line_absent", struct staff, 3, make_absent, growing_task, 5,
                     "one that is started does not come"),
        {0}};
