/*
 * Who runs next, and what goes wrong on the way.
 *
 * Every decision has a default: the current task goes on, nothing goes wrong; where the current
 * task cannot go on, the next one in turn that can. A schedule is the list of its decisions that
 * differ from the default, which is how it is written down and replayed, whatever strategy found
 * it.
 *
 * Exhaustive: depth first. The path is kept as (chosen, of how many) per decision; the next
 * schedule repeats it up to the last decision that has something left to try. Leaving a task that
 * could go on costs one of `bound` preemptions; leaving one that waits, spins or has ended is free.
 * A time-out of a waiting task is a switch to it like any other. Musuvathi and Qadeer: most bugs
 * need two preemptions at most.
 *
 * Random: at each point the current task is left with a probability drawn once per schedule.
 *
 * PCT: tasks have random priorities and the highest runs, but for two random steps at which the
 * running one falls below all others: a bug that needs d = 3 events in order is hit with a
 * probability of at least 1 in tasks * length^2.
 */
#include "sim/engine.h"

#include "base/rng.h"

#include <stddef.h>

#define MAX_PATH 4096
#define MAX_OPTIONS (3 * SIM_TASKS)
#define RANDOM_FAULTS 2 /* in one random schedule */

struct option {
        struct task *task;
        enum cause cause;
};

struct chooser chooser;
static struct {
        uint8_t chosen, of;
} path[MAX_PATH];
static unsigned depth, known; /* decisions of the path made so far; of the last schedule */

static uint32_t draw(void)
{
        return (uint32_t)(ct_splitmix64(&chooser.rng) >> 32);
}

static uint32_t draw_below(uint32_t n)
{
        return (uint32_t)((uint64_t)draw() * n >> 32);
}

void choose_start(uint64_t seed, uint64_t index)
{
        static const uint32_t stay[] = {1u << 31, 3u << 30, 7u << 29, 15u << 28};

        chooser.preemptions = chooser.used = 0;
        depth = 0;
        schedule_start(chooser.replaying);
        if (chooser.replaying || chooser.strategy == SIM_EXHAUSTIVE)
                return;
        chooser.rng = seed;
        chooser.rng = ct_splitmix64(&chooser.rng) + index * UINT64_C(0xd1342543de82ef95);
        chooser.stay = stay[draw() & 3];
        chooser.lowest = 0;
        for (unsigned i = 0; i < 2; i++)
                chooser.change[i] = 1 + draw_below((uint32_t)chooser.length);
        for (unsigned i = 0; i < SIM_TASKS; i++)
                sim.task[i].priority = 1 + (int)(draw() >> 2);
}

/* ---- what is possible ---- */

static bool spins(const struct task *t)
{
        return t->yielded && t->yielded_at == sim.changes;
}

static unsigned add_ready(struct option *o, unsigned n, bool spinning)
{
        for (unsigned i = 1; i <= sim.tasks; i++) {
                struct task *t = &sim.task[(sim.current->number + i) % sim.tasks];

                if (t->state == READY && spins(t) == spinning)
                        o[n++] = (struct option){t, RUN};
        }
        return n;
}

static uint64_t changes_of_others(const struct task *t)
{
        return sim.changes - t->own_changes;
}

static bool only_polls(const struct task *t)
{
        return t->polls >= MAX_POLLS && t->polled_at == changes_of_others(t);
}

static unsigned add_timeouts(struct option *o, unsigned n, bool others_ready)
{
        for (unsigned i = 0; i < sim.tasks; i++) {
                struct task *t = &sim.task[i];

                if (t->state != READY && t->state != DONE && t->deadline != CT_FOREVER &&
                    !(others_ready && only_polls(t)))
                        o[n++] = (struct option){t, TIMEOUT};
        }
        return n;
}

static unsigned add_spurious(struct option *o, unsigned n)
{
        int limit = chooser.strategy == SIM_EXHAUSTIVE ? chooser.faults : RANDOM_FAULTS;

        if (chooser.used >= limit && !chooser.replaying)
                return n;
        for (unsigned i = 0; i < sim.tasks; i++)
                if (sim.task[i].state == FUTEX)
                        o[n++] = (struct option){&sim.task[i], SPURIOUS};
        return n;
}

/* Everybody who could run spins: time passes. */
static unsigned idle(struct option *o, unsigned n)
{
        unsigned timeouts = n;

        n = add_ready(o, n, true);
        if (n == timeouts)
                return n; /* nobody spins */
        if (sim.idle_changes != sim.changes)
                sim.idle_rounds = 0;
        sim.idle_changes = sim.changes;
        if (++sim.idle_rounds > MAX_IDLE_ROUNDS)
                sim_fail(SIM_LIVELOCK, "everybody spins and nothing changes");
        if (timeouts && sim.idle_rounds > FREE_ROUNDS)
                return timeouts;
        sim.now += INT64_C(1) << (sim.idle_rounds < 40 ? sim.idle_rounds : 40);
        return n;
}

/* Those that can run when the current one cannot, best guess first. */
static unsigned others(struct option *o)
{
        unsigned ready = add_ready(o, 0, false), n = add_timeouts(o, ready, ready > 0);

        if (!ready)
                n = idle(o, n);
        return n ? add_spurious(o, n) : 0;
}

static unsigned all(struct option *o)
{
        unsigned n = 1;

        o[0] = (struct option){sim.current, RUN};
        n = add_ready(o, n, false);
        if (n > 1 && o[n - 1].task == sim.current) /* the turn ends with the current one */
                n--;
        n = add_timeouts(o, n, true);
        return add_spurious(o, n);
}

/* ---- the strategies ---- */

static unsigned next_of_path(unsigned n)
{
        if (n < 2)
                return 0;
        if (depth == MAX_PATH) {
                sim_fail(SIM_LIVELOCK, "more than %u decisions", MAX_PATH);
                return 0;
        }
        if (depth == known) {
                path[known].chosen = 0;
                path[known++].of = (uint8_t)n;
        }
        if (path[depth].of != n) {
                sim_fail(SIM_BROKEN, "the program is not deterministic (decision %u)", depth);
                return 0;
        }
        return path[depth++].chosen;
}

static unsigned by_priority(const struct option *o, unsigned n)
{
        unsigned best = 0, unusual = 0;

        for (unsigned i = 0; i < n; i++) {
                if (o[i].cause != RUN)
                        unusual++;
                else if (o[best].cause != RUN || o[i].task->priority > o[best].task->priority)
                        best = i;
        }
        if (unusual && (unusual == n || draw_below(16) == 0)) {
                unsigned pick = draw_below(unusual);

                for (unsigned i = 0; i < n; i++)
                        if (o[i].cause != RUN && pick-- == 0)
                                return i;
        }
        return best;
}

static unsigned at_random(const struct option *o, unsigned n)
{
        unsigned i = draw_below(n);

        /* What is unusual, half as often. */
        return o[i].cause != RUN && (draw() & 1) ? draw_below(n) : i;
}

static const char kinds[] = {[RUN] = 'r', [TIMEOUT] = 't', [SPURIOUS] = 's'};

static unsigned replay(const struct option *o, unsigned n)
{
        const struct departure *d = schedule_departure();

        if (!d)
                return 0;
        for (unsigned i = 0; i < n; i++)
                if (o[i].task->number == d->value && kinds[o[i].cause] == d->kind)
                        return i;
        schedule_misfit();
        return 0;
}

static struct task *take(const struct option *o, unsigned i)
{
        struct task *t = o[i].task;

        if (i > 0)
                schedule_note(kinds[o[i].cause], t->number);
        if (o[i].cause == SPURIOUS)
                chooser.used++;
        if (o[i].cause != RUN) {
                t->state = READY;
                t->cause = o[i].cause;
        }
        if (o[i].cause == TIMEOUT) {
                t->polls = t->polled_at == changes_of_others(t) ? t->polls + 1 : 1;
                t->polled_at = changes_of_others(t);
                if (sim.now < t->deadline)
                        sim.now = t->deadline;
        }
        return t;
}

/* PCT's changes, and the fall of those that spin. */
static void lower_current(bool current_can_run)
{
        if (sim.steps == chooser.change[0] || sim.steps == chooser.change[1] ||
            (!current_can_run && sim.current->yielded))
                sim.current->priority = --chooser.lowest;
}

struct task *choose_next(bool current_can_run)
{
        struct option o[MAX_OPTIONS];
        unsigned n, i;

        sim.decisions++;
        if (sim.calm) {
                if (current_can_run)
                        return sim.current;
                return others(o) ? take(o, 0) : NULL;
        }
        if (current_can_run && !chooser.replaying) {
                if (chooser.strategy == SIM_EXHAUSTIVE && chooser.preemptions >= chooser.bound)
                        return sim.current;
                if (chooser.strategy == SIM_RANDOM && draw() < chooser.stay)
                        return sim.current;
        }
        n = current_can_run ? all(o) : others(o);
        if (!n)
                return NULL;
        if (chooser.replaying) {
                i = replay(o, n);
        } else if (chooser.strategy == SIM_EXHAUSTIVE) {
                i = next_of_path(n);
        } else if (chooser.strategy == SIM_PCT) {
                lower_current(current_can_run);
                i = by_priority(o, n);
        } else {
                i = at_random(o, n);
        }
        if (i > 0 && current_can_run)
                chooser.preemptions++;
        return take(o, i);
}

bool choose_fault(void)
{
        const struct departure *d;
        bool fault;

        sim.decisions++;
        if (sim.calm)
                return false;
        if (chooser.replaying) {
                d = schedule_departure();
                if (d && d->kind != 'f')
                        schedule_misfit();
                return d != NULL;
        }
        if (chooser.strategy == SIM_EXHAUSTIVE)
                fault = chooser.used < chooser.faults && next_of_path(2) == 1;
        else
                fault = chooser.used < RANDOM_FAULTS && draw_below(32) == 0;
        if (fault) {
                chooser.used++;
                schedule_note('f', 0);
        }
        return fault;
}

unsigned choose_value(unsigned n)
{
        const struct departure *d;
        unsigned i;

        sim.decisions++;
        if (sim.calm)
                return 0;
        if (chooser.replaying) {
                d = schedule_departure();
                if (!d)
                        return 0;
                if (d->kind == 'v' && d->value < n)
                        return d->value;
                schedule_misfit();
                return 0;
        }
        i = chooser.strategy == SIM_EXHAUSTIVE ? next_of_path(n) : draw_below(n);
        if (i > 0)
                schedule_note('v', i);
        return i;
}

void choose_reset_search(void)
{
        known = 0;
}

bool choose_backtrack(void)
{
        known = depth; /* a schedule that failed may have been cut short */
        while (known && path[known - 1].chosen + 1 == path[known - 1].of)
                known--;
        if (!known)
                return false;
        path[known - 1].chosen++;
        return true;
}
