/*
 * Runs the client programs.
 *
 *      sim_explore list
 *      sim_explore exhaustive [PROGRAM ...]            every schedule with few preemptions
 *      sim_explore random [--schedules N] [--seed S] [PROGRAM ...]     random and PCT, N in all
 *      sim_explore same [--times N] [PROGRAM ...]      N runs of one seed leave one trace hash
 *      sim_explore find PROGRAM ...                    all of it until something fails
 *      ... FILE/ ...                                   instead of names: the programs of FILE.c
 *      SIM_REPLAY='PROGRAM CHOICES' sim_explore        one schedule, every step printed
 *
 * Exit codes: 0 all well, 1 a schedule failed, 2 usage.
 */
#include "programs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BOUND 3
#define MOST_BOUND 9
#define FAULTS 1
#define LIMIT UINT64_C(20000000) /* schedules of one exhaustive search */
#define FIND_LIMIT UINT64_C(2000000)
#define FIND_RANDOM UINT64_C(100000)

struct arguments {
        const char *command;
        uint64_t schedules, seed, times;
        int bound, faults;
        char **names; /* NULL-terminated; none: all */
};

static const struct {
        const char *name;
        const struct sim_program *programs;
} files[] = {
#define SIM_ENTRY(name) {#name, name##_programs},
        SIM_FILES(SIM_ENTRY)
#undef SIM_ENTRY
};

struct cursor {
        size_t file, index;
};

static const struct sim_program *next(struct cursor *c)
{
        while (c->file < sizeof files / sizeof files[0]) {
                const struct sim_program *p = &files[c->file].programs[c->index++];

                if (p->name)
                        return p;
                c->file++;
                c->index = 0;
        }
        return NULL;
}

static const struct sim_program *by_name(const char *name)
{
        const struct sim_program *p;

        for (struct cursor c = {0}; (p = next(&c));)
                if (!strcmp(p->name, name))
                        return p;
        return NULL;
}

/* Whether an argument is the program's name, or that of its file and a slash. */
static bool is_meant(const char *argument, size_t file, const struct sim_program *p)
{
        size_t n = strlen(files[file].name);

        return !strcmp(argument, p->name) ||
               (!strncmp(argument, files[file].name, n) && !strcmp(argument + n, "/"));
}

/* The next program that the arguments ask for. */
static const struct sim_program *next_wanted(struct cursor *c, const struct arguments *a)
{
        const struct sim_program *p;

        while ((p = next(c))) {
                if (!a->names[0])
                        return p;
                for (char **n = a->names; *n; n++)
                        if (is_meant(*n, c->file, p))
                                return p;
        }
        return NULL;
}

static bool is_known(const char *argument)
{
        const struct sim_program *p;

        for (struct cursor c = {0}; (p = next(&c));)
                if (is_meant(argument, c.file, p))
                        return true;
        return false;
}

static double seconds(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t); /* the real time: ct_now_ns() is the simulation's */
        return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void heading(void)
{
        printf("%-26s %-12s %10s %11s %6s %7s  %s\n", "program", "strategy", "schedules",
               "exhaustive", "steps", "s", "verdict");
}

static void line(const struct sim_program *p, const struct sim_options *o,
                 const struct sim_result *r, double took)
{
        char strategy[32], exhausted[16] = "-";

        if (o->strategy == SIM_EXHAUSTIVE) {
                snprintf(strategy, sizeof strategy, "dfs bound %d", p->bound ? p->bound : o->bound);
                snprintf(exhausted, sizeof exhausted, "%s", r->exhausted ? "yes" : "no");
        } else {
                snprintf(strategy, sizeof strategy, "%s", sim_strategy_name(o->strategy));
        }
        printf("%-26s %-12s %10" PRIu64 " %11s %6" PRIu64 " %7.2f  %s\n", p->name, strategy,
               r->schedules, exhausted, r->longest, took, sim_verdict_name(r->verdict));
        if (r->verdict == SIM_OK)
                return;
        printf("  %s: %s: %s\n", p->name, sim_verdict_name(r->verdict), r->message);
        if (o->strategy != SIM_EXHAUSTIVE)
                printf("  schedule %" PRIu64 " of seed %" PRIu64 "\n", r->index, o->seed);
        if (r->choices[0])
                printf("  replay: SIM_REPLAY='%s %s' sim_explore\n", p->name, r->choices);
}

/* A failing schedule must fail in the same way again, or the report is worth nothing. */
static void confirm(const struct sim_program *p, const struct sim_options *o, struct sim_result *r)
{
        struct sim_result again;

        if (r->verdict == SIM_OK || r->verdict == SIM_NOT_SEEN || !r->choices[0])
                return;
        sim_replay(p, o, r->choices, false, &again);
        if (again.verdict == r->verdict && !strcmp(again.message, r->message))
                return;
        printf("  %s: the replay ends otherwise: %s: %s\n", p->name,
               sim_verdict_name(again.verdict), again.message);
        r->verdict = SIM_BROKEN;
}

static bool explore(const struct sim_program *p, const struct sim_options *o, struct sim_result *r)
{
        double started = seconds();

        sim_explore(p, o, r);
        line(p, o, r, seconds() - started);
        confirm(p, o, r);
        fflush(stdout);
        return r->verdict == SIM_OK;
}

static int exhaustive(const struct arguments *a)
{
        struct sim_options o = {SIM_EXHAUSTIVE, 0, 0, LIMIT, a->bound, a->faults};
        unsigned programs = 0, bad = 0, with[MOST_BOUND + 1] = {0};
        uint64_t schedules = 0;
        double started = seconds();
        const struct sim_program *p;

        heading();
        for (struct cursor c = {0}; (p = next_wanted(&c, a));) {
                int bound = p->bound ? p->bound : a->bound;
                struct sim_result r;

                if (!explore(p, &o, &r) || !r.exhausted)
                        bad++;
                else
                        with[bound < MOST_BOUND ? bound : MOST_BOUND]++;
                programs++;
                schedules += r.schedules;
        }
        printf("%u of %u programs exhaustive,", programs - bad, programs);
        for (int b = 0; b <= MOST_BOUND; b++)
                if (with[b])
                        printf(" %u with %d preemptions,", with[b], b);
        printf(" %" PRIu64 " schedules, %.1f s\n", schedules, seconds() - started);
        return bad > 0;
}

static unsigned count(const struct arguments *a)
{
        unsigned n = 0;

        for (struct cursor c = {0}; next_wanted(&c, a);)
                n++;
        return n;
}

static int sample(const struct arguments *a)
{
        unsigned programs = count(a), bad = 0;
        uint64_t schedules = 0, each = a->schedules / (programs ? 2 * programs : 1) + 1;
        double started = seconds(), took;
        const struct sim_program *p;

        printf("seed %" PRIu64 "\n", a->seed);
        heading();
        for (struct cursor c = {0}; (p = next_wanted(&c, a));) {
                for (enum sim_strategy s = SIM_RANDOM; s <= SIM_PCT; s++) {
                        struct sim_options o = {s, a->seed, 0, each, a->bound, a->faults};
                        struct sim_result r;

                        bad += !explore(p, &o, &r);
                        schedules += r.schedules;
                }
        }
        took = seconds() - started;
        printf("%" PRIu64 " random schedules of %u programs, %u failed, %.1f s, %.0f schedules/s\n",
               schedules, programs, bad, took, (double)schedules / took);
        return bad > 0;
}

/* One seed, many times, with other schedules in between: the hash over all steps must stay. */
static int same(const struct arguments *a)
{
        unsigned programs = 0, bad = 0;
        const struct sim_program *p;

        for (struct cursor c = {0}; (p = next_wanted(&c, a));) {
                uint64_t first[2] = {0}, equal = 0;

                for (uint64_t i = 0; i < a->times; i++) {
                        struct sim_options o = {i & 1 ? SIM_PCT : SIM_RANDOM, a->seed, 7, 4, 0, 0};
                        struct sim_options other = {SIM_RANDOM, a->seed + i, 0, 1, 0, 0};
                        struct sim_result r;

                        sim_explore(p, &o, &r);
                        if (i < 2)
                                first[i] = r.hash;
                        equal += r.hash == first[i & 1] && r.verdict == SIM_OK;
                        sim_explore(p, &other, &r);
                }
                printf("%-26s same trace hash %" PRIu64 " of %" PRIu64 "  (%016" PRIx64 ")\n",
                       p->name, equal, a->times, first[0]);
                programs++;
                bad += equal != a->times;
        }
        printf("%u programs, %u of them not the same\n", programs, bad);
        return bad > 0;
}

static int find(const struct arguments *a)
{
        const struct sim_program *p;

        heading();
        for (struct cursor c = {0}; (p = next_wanted(&c, a));) {
                struct sim_options o = {SIM_EXHAUSTIVE, 0, 0, FIND_LIMIT, a->bound, a->faults};
                struct sim_result r;

                if (!explore(p, &o, &r))
                        return 1;
                o.schedules = FIND_RANDOM;
                o.seed = a->seed;
                for (o.strategy = SIM_RANDOM; o.strategy <= SIM_PCT; o.strategy++)
                        if (!explore(p, &o, &r))
                                return 1;
        }
        return 0;
}

static int list(const struct arguments *a)
{
        const struct sim_program *p;

        for (struct cursor c = {0}; (p = next_wanted(&c, a));)
                printf("%-26s %u tasks  %s\n", p->name, p->tasks, p->what);
        return 0;
}

static int replay(const char *text)
{
        struct sim_options o = {.bound = BOUND, .faults = FAULTS};
        const char *space = strchr(text, ' ');
        const struct sim_program *p;
        struct sim_result r;
        char name[64];

        snprintf(name, sizeof name, "%.*s", space ? (int)(space - text) : 0, text);
        p = by_name(name);
        if (!p) {
                fprintf(stderr, "contend: SIM_REPLAY: no program '%s'\n", name);
                return 2;
        }
        sim_replay(p, &o, space + 1, true, &r);
        printf("%s: %s: %s\ntrace hash %016" PRIx64 ", %" PRIu64 " steps\n", p->name,
               sim_verdict_name(r.verdict), r.message, r.hash, r.steps);
        return r.verdict != SIM_OK;
}

static int usage(const char *why, const char *what)
{
        fprintf(stderr,
                "contend: %s%s\nusage: sim_explore list|exhaustive|random|same|find "
                "[--schedules N] [--seed S] [--times N] [--bound N] [--faults N] [PROGRAM ...]\n",
                why, what);
        return 2;
}

static bool number(const char *text, uint64_t *out)
{
        char *end;

        *out = strtoull(text ? text : "", &end, 0);
        return text && end != text && !*end && text[0] != '-';
}

static int parse(char **argv, struct arguments *a)
{
        static char *none[] = {NULL};

        a->names = none;
        if (!argv[1])
                return usage("what to do?", "");
        a->command = argv[1];
        for (argv += 2; *argv && (*argv)[0] == '-'; argv += 2) {
                uint64_t n;

                if (!number(argv[1], &n))
                        return usage("expects a number: ", argv[0]);
                if (!strcmp(*argv, "--schedules"))
                        a->schedules = n;
                else if (!strcmp(*argv, "--seed"))
                        a->seed = n;
                else if (!strcmp(*argv, "--times"))
                        a->times = n;
                else if (!strcmp(*argv, "--bound"))
                        a->bound = (int)n;
                else if (!strcmp(*argv, "--faults"))
                        a->faults = (int)n;
                else
                        return usage("unknown argument ", *argv);
        }
        a->names = argv;
        for (; *argv; argv++)
                if (!is_known(*argv))
                        return usage("no program ", *argv);
        return 0;
}

int main(int argc, char **argv)
{
        static const struct {
                const char *name;
                int (*run)(const struct arguments *);
        } commands[] = {{"list", list},
                        {"exhaustive", exhaustive},
                        {"random", sample},
                        {"same", same},
                        {"find", find}};
        struct arguments a = {
                .schedules = 2000000, .seed = 1, .times = 1000, .bound = BOUND, .faults = FAULTS};
        int r;

        (void)argc;
        if (getenv("SIM_REPLAY"))
                return replay(getenv("SIM_REPLAY"));
        r = parse(argv, &a);
        if (r)
                return r;
        for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
                if (!strcmp(a.command, commands[i].name))
                        return commands[i].run(&a);
        return usage("unknown command ", a.command);
}
