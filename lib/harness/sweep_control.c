/* The controls: pairs of windows in which the suite measures itself. */
#include <string.h>

#include "harness/sweep_private.h"
#include "harness/topology.h"

enum { PAIR_PARAM, PCT_PARAM, SLOWDOWN_TRIALS = 50, LINEARITY_TRIALS = 20 };

static void add_controls(struct sweep *s, unsigned pairs, unsigned pct, unsigned *number)
{
        const struct family *f = s->family;
        const struct options *o = s->options;
        unsigned cores = topology_cores(s->topology), made = 0;
        enum exec_kind exec = o->has_exec && !o->exec[BY_THREADS] ? BY_TASKS : BY_THREADS;

        while (made < pairs && (exec == BY_THREADS || o->task_executor)) {
                unsigned before = made;

                for (size_t i = 0; f->contestants[i] && made < pairs; i++) {
                        const struct contestant *c = f->contestants[i];
                        const char *only = o->has_contestants ? NULL : "atomic_add ref";
                        bool second = (made / 2) % 2;
                        unsigned threads = o->n_threads ? o->threads[made % o->n_threads]
                                           : second     ? cores
                                                        : 1;
                        struct params params;

                        if (!c->run[0] || !contestant_runs_by(f, c, exec) ||
                            (only ? !strstr(only, c->name)
                                  : regexec(&o->contestants, c->name, 0, NULL, 0) != 0))
                                continue;
                        sweep_add_block(s, 0, c->name, exec, threads);
                        for (int k = 0; k < MAX_PARAMS; k++)
                                params.value[k] = PARAM_UNSET;
                        params.value[PAIR_PARAM] = ++*number;
                        params.value[PCT_PARAM] = pct;
                        sweep_add_item(s, c, &params, "a", 100);
                        sweep_add_item(s, c, &params, "b", pct);
                        made++;
                }
                if (made == before)
                        return; /* no contestant left: sweep_build says so */
        }
}

void sweep_add_controls(struct sweep *s)
{
        const struct options *o = s->options;
        unsigned number = 0;

        s->control = (struct family){
                .name = "control",
                .summary = s->family->summary,
                .caps = s->family->caps,
                .contestants = s->family->contestants,
                .workloads = {s->family->workloads[0]},
                .params = {"p_pair", "p_work_pct"},
        };
        if (o->control == CONTROL_AA || o->control == CONTROL_ALL)
                add_controls(s, o->pairs, 100, &number);
        if (o->control == CONTROL_SLOWDOWN || o->control == CONTROL_ALL) {
                add_controls(s, SLOWDOWN_TRIALS, 110, &number);
                add_controls(s, LINEARITY_TRIALS, 200, &number);
        }
        s->family = &s->control;
}
