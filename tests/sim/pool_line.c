/*
 * The line of the priority and the dynamic pool (pool_line_programs.h): levels, and submitters at
 * the door.
 */
#include "pool_line_programs.h"

static void make_priority(void *state)
{
        struct state *s = state;

        make(s, &(struct ct_pool_config){.workers = 1, .levels = 3, .aging_ns = AGING, .queue = 2},
             NULL, 2);
        s->in_order = true;
}

/* Level 0 for as long as it lasts, and one job of level 2. */
static void probe_task(void *state, unsigned self)
{
        struct state *s = state;

        switch (self) {
        case 0:
                work(s);
                return;
        case 1:
                for (unsigned i = 0; i < 4; i++) {
                        put(s, i, 1, 0, CT_FOREVER);
                        sim_advance(2);
                }
                break;
        default:
                put(s, 4, 1, 2, CT_FOREVER);
                break;
        }
        submitter_ends(s);
}

/* Room for one. */
static void make_door(void *state)
{
        struct state *s = state;

        make(s, &(struct ct_pool_config){.workers = 1, .levels = 3, .aging_ns = AGING, .queue = 1},
             NULL, 2);
}

static void door_task(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                work(s);
                return;
        }
        if (self == 1)
                sim_saw(put(s, 1, 1, 2, ct_deadline_after(SIM_TIMEOUT_NS)) == CT_POOL_TIMED_OUT);
        else
                put(s, 2, 2, 0, CT_FOREVER);
        submitter_ends(s);
}

/* A close while a batch waits at the door. */
static void closed_task(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0)
                work(s);
        else if (self == 1)
                sim_saw(put(s, 0, 3, 1, CT_FOREVER) == CT_POOL_SHUTTING_DOWN);
        else
                ct_pool_line_close_(s->line);
}

const struct sim_program pool_line_programs[] = {
        LINE_PROGRAM("pool_line_probe", struct state, 3, make_priority, probe_task, 3,
                     "level 0 without end, and one job of level 2"),
        LINE_PROGRAM("pool_line_door", struct state, 3, make_door, door_task, 3,
                     "submitters of two levels and room for one, one may give up"),
        LINE_PROGRAM("pool_line_close", struct state, 3, make_door, closed_task, 3,
                     "closed under a batch"),
        {0}};
