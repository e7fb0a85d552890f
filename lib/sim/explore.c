/*
 * Schedule after schedule.
 */
#include "sim/engine.h"

#include <stdio.h>
#include <string.h>

#define LEAST_FOR_MUST_SEE 10000u /* random schedules after which a missing case is a failure */

static void begin(const struct sim_program *p, const struct sim_options *o, struct sim_result *r)
{
        memset(r, 0, sizeof *r);
        sim_start();
        chooser = (struct chooser){.strategy = o->strategy};
        chooser.bound = p->bound ? p->bound : o->bound;
        chooser.faults = p->faults < 0 ? 0 : p->faults ? p->faults : o->faults;
        sim.trace = false;
}

/* One schedule; true when it ended well. */
static bool run_one(const struct sim_program *p, struct sim_result *r)
{
        sim.hash = 0;
        sim_run(p);
        r->schedules++;
        r->steps += sim.steps;
        if (sim.steps > r->longest)
                r->longest = sim.steps;
        r->hash = (r->hash ^ sim.hash) * UINT64_C(0x9e3779b97f4a7c15);
        r->hash ^= r->hash >> 31;
        r->seen |= sim.seen;
        if (sim.verdict == SIM_OK)
                return true;
        r->verdict = sim.verdict;
        memcpy(r->message, sim.message, sizeof r->message);
        schedule_write(r->choices, sizeof r->choices);
        return false;
}

/* Small bounds first: what fails, fails with as few preemptions as it takes. Only the last bound's
   schedules count, since the others are among them. */
static void exhaust(const struct sim_program *p, const struct sim_options *o, struct sim_result *r)
{
        int bound = chooser.bound;

        for (chooser.bound = 0; chooser.bound <= bound; chooser.bound++) {
                r->schedules = r->steps = r->hash = 0;
                choose_reset_search();
                do {
                        if (r->schedules == o->schedules)
                                return;
                        r->index = r->schedules;
                        choose_start(0, 0);
                        if (!run_one(p, r))
                                return;
                } while (choose_backtrack());
        }
        r->exhausted = true;
}

/* How long a schedule without preemptions is: PCT spreads its two changes over as much. */
static uint64_t measure(const struct sim_program *p)
{
        enum sim_strategy strategy = chooser.strategy;
        int bound = chooser.bound;

        chooser.strategy = SIM_EXHAUSTIVE;
        chooser.bound = 0;
        choose_reset_search();
        choose_start(0, 0);
        sim_run(p);
        chooser.strategy = strategy;
        chooser.bound = bound;
        return sim.steps + sim.steps / 2 + 1;
}

static void sample(const struct sim_program *p, const struct sim_options *o, struct sim_result *r)
{
        chooser.length = measure(p);
        for (uint64_t i = 0; i < o->schedules; i++) {
                r->index = o->first + i;
                choose_start(o->seed, r->index);
                if (!run_one(p, r))
                        return;
        }
}

void sim_explore(const struct sim_program *p, const struct sim_options *o, struct sim_result *r)
{
        begin(p, o, r);
        if (o->strategy == SIM_EXHAUSTIVE)
                exhaust(p, o, r);
        else
                sample(p, o, r);
        if (r->verdict == SIM_OK && (p->must_see & ~r->seen) &&
            (r->exhausted || r->schedules >= LEAST_FOR_MUST_SEE)) {
                r->verdict = SIM_NOT_SEEN;
                snprintf(r->message, sizeof r->message, "cases %#x of %#x", p->must_see & ~r->seen,
                         p->must_see);
        }
}

void sim_replay(const struct sim_program *p, const struct sim_options *o, const char *choices,
                bool trace, struct sim_result *r)
{
        begin(p, o, r);
        if (!schedule_read(choices)) {
                r->verdict = SIM_BROKEN;
                snprintf(r->message, sizeof r->message, "no schedule: %.200s", choices);
                return;
        }
        chooser.replaying = true;
        sim.trace = trace;
        choose_start(0, 0);
        run_one(p, r);
        sim.trace = false;
        if (!schedule_fits()) {
                r->verdict = SIM_BROKEN;
                snprintf(r->message, sizeof r->message, "the schedule does not fit the program");
        }
}
