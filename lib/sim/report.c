#include "sim/engine.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

const char *sim_verdict_name(enum sim_verdict v)
{
        static const char *const names[] = {
                [SIM_OK] = "ok",
                [SIM_DEADLOCK] = "DEADLOCK",
                [SIM_LIVELOCK] = "LIVELOCK",
                [SIM_RACE] = "DATA RACE",
                [SIM_CHECK_FAILED] = "CHECK FAILED",
                [SIM_PANIC] = "PANIC",
                [SIM_USE_AFTER_FREE] = "USE AFTER FREE",
                [SIM_LEAK] = "LEAK",
                [SIM_CRASH] = "CRASH",
                [SIM_NOT_SEEN] = "CASE NEVER SEEN",
                [SIM_BROKEN] = "BROKEN TEST",
        };

        return names[v];
}

const char *sim_strategy_name(enum sim_strategy s)
{
        return s == SIM_EXHAUSTIVE ? "exhaustive" : s == SIM_RANDOM ? "random" : "pct";
}

const char *report_place(const void *p, char *out, size_t size)
{
        const char *c = p;
        Dl_info info;

        if (c >= sim.region && c < sim.arena)
                snprintf(out, size, "state+%#zx", (size_t)(c - sim.region));
        else if (c >= sim.arena && c < sim.stacks)
                snprintf(out, size, "heap+%#zx", (size_t)(c - sim.arena));
        else if (c >= sim.stacks && c < sim.end)
                snprintf(out, size, "stack of task %u",
                         (unsigned)((size_t)(c - sim.stacks) / STACK_BYTES));
        else if (!p || !dladdr(p, &info))
                snprintf(out, size, "?");
        else if (info.dli_sname)
                snprintf(out, size, "%s+%#zx", info.dli_sname,
                         (size_t)(c - (const char *)info.dli_saddr));
        else /* a static function: for addr2line -fe sim_explore */
                snprintf(out, size, "%#zx", (size_t)(c - (const char *)info.dli_fbase));
        return out;
}

void report_step(const char *what, const void *p, const void *called_from)
{
        const struct task *t = sim.current;
        char place[96], code[96];

        fprintf(stderr, "%6llu  %*stask %u %s %s", (unsigned long long)sim.decisions,
                (int)(t->number * 4), "", t->number, what, report_place(p, place, sizeof place));
        fprintf(stderr, "   in %s%s%s\n", report_place(called_from, code, sizeof code),
                t->at ? ", at " : "", t->at ? t->at : "");
}

static const char *state_name(enum state s)
{
        static const char *const names[] = {"ready", "parked", "asleep on a futex", "sleeping",
                                            "done"};

        return names[s];
}

void report_deadlock(void)
{
        char text[900] = "", place[96], code[96];
        size_t used = 0;

        for (unsigned i = 0; i < sim.tasks && used < sizeof text - 1; i++) {
                const struct task *t = &sim.task[i];
                int n;

                if (t->state == DONE)
                        continue;
                n = snprintf(text + used, sizeof text - used, "%stask %u %s at %s (%s, in %s)",
                             used ? "; " : "", i, state_name(t->state), t->at ? t->at : "?",
                             report_place(t->on, place, sizeof place),
                             report_place(t->called_from, code, sizeof code));
                used += n > 0 ? (size_t)n : 0;
        }
        sim_fail(SIM_DEADLOCK, "all that are left wait for ever: %s", text);
}
