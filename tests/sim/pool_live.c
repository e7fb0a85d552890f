/* Worker pools that nobody shuts down yet: whoever waits for room is let in as soon as there is
   some, and every job is run, with no close to wake those who were forgotten. */
#include "pool_programs.h"

enum { LIVE_JOBS = 3 }; /* one in a worker's hand, one in the queue, one at the door */

static int run_and_tell(void *arg, void *local)
{
        struct pool_job *j = arg;
        int error = pool_run_job(j, local);

        pool_go(j->state);
        return error;
}

static void live(void *state, enum ct_pool_kind kind)
{
        struct pool_state *s = state;

        pool_setup(s, kind, 1, 1, 2, 0);
        ct_waitgroup_add(&s->others, LIVE_JOBS);
}

#define SETUP(kind, KIND)                                                                          \
        static void live_##kind(void *state)                                                       \
        {                                                                                          \
                live(state, KIND);                                                                 \
        }

SETUP(channel, CT_POOL_CHANNEL)
SETUP(stealing, CT_POOL_STEALING)
SETUP(fixed, CT_POOL_FIXED)
SETUP(dynamic, CT_POOL_DYNAMIC)
SETUP(priority, CT_POOL_PRIORITY)

static void submit_and_wait(void *state, unsigned self)
{
        struct pool_state *s = state;

        if (pool_spare(s, self))
                return;
        pool_begin(s);
        for (unsigned i = 0; i < LIVE_JOBS; i++) {
                sim_at("submit");
                SIM_CHECK(ct_pool_submit(s->pool, run_and_tell, &s->job[i]) == CT_POOL_OK);
                s->job[i].accepted = true;
        }
        sim_at("wait for the jobs");
        ct_waitgroup_wait(&s->others);
        pool_shut_down(s);
        pool_end(s);
}

#define LIVE(n, what_, up)                                                                         \
        .name = n, .what = what_, .tasks = 2, .size = sizeof(struct pool_state), .setup = up,      \
        .task = submit_and_wait, .check = pool_check, .bound = 2, .asymmetric = true

const struct sim_program pool_live_programs[] = {
        {LIVE("pool_live_channel", "jobs are waited for, then a shutdown", live_channel),
         .faults = -1},
        {LIVE("pool_live_stealing", "jobs are waited for, then a shutdown", live_stealing),
         .faults = -1},
        {LIVE("pool_live_fixed", "the same with late stores", live_fixed), .faults = 1},
        {LIVE("pool_live_dynamic", "jobs are waited for, then a shutdown", live_dynamic),
         .faults = -1},
        {LIVE("pool_live_priority", "jobs are waited for, then a shutdown", live_priority),
         .faults = -1},
        {0}};
