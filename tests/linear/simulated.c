/*
 * Histories recorded in the simulator: random programs under random schedules, every history
 * checked.
 *
 *      linear_histories [--seed S] [--histories N]
 *      linear_histories --seed S --first P --programs 1       once more, the program of a report
 *
 * The programs are shared out among one process per CPU. Exit codes: 0 all histories are right, 1
 * one is wrong or a schedule has failed otherwise, 2 usage.
 */
#include "arguments.h"
#include "perform.h"

#include "sim/sim.h"

#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SCHEDULES 16 /* of each program and each strategy */
#define MOST_WORKERS 8

struct counts {
        uint64_t programs, histories, operations, selects, closes, ends[3], nodes, wrong;
};

static struct program program;
static struct history history;
static struct checker *checker;
static struct counts *counts;
static bool measuring; /* the simulator's own first look at a program */

static void record(void *state)
{
        struct stage *s = state;

        history = program.plan;
        SIM_CHECK(stage_open(s, &history));
        s->timeout_ns = SIM_TIMEOUT_NS;
}

static void task(void *state, unsigned self)
{
        perform(state, self);
}

static void count(void)
{
        counts->histories++;
        counts->ends[history.ending]++;
        for (unsigned i = 0; i < history.n; i++) {
                const struct op *o = &history.op[i];

                counts->operations += o->invoked != NEVER;
                counts->selects += o->select && o->outcome == OUT_DONE;
                counts->closes += o->what == OP_CLOSE && o->outcome == OUT_DONE;
        }
}

static bool is_right(enum ending ending)
{
        history.ending = ending;
        count();
        return checker_accepts(checker, &history);
}

static void check_all(void *state)
{
        stage_close(state);
        if (!measuring)
                SIM_CHECK(is_right(END_ALL));
}

static void setup(void *state)
{
        static unsigned calls;

        calls = measuring ? calls + 1 : 2;
        measuring = calls == 1;
        if (!measuring)
                calls = 0;
        record(state);
}

static void report(uint64_t index, const struct sim_options *o, const struct sim_result *r)
{
        counts->wrong++;
        printf("%s: %s\n", sim_verdict_name(r->verdict), r->message);
        printf("program %" PRIu64 ", %s schedule %" PRIu64 " of seed %" PRIu64 ", replay %s:\n",
               index, sim_strategy_name(o->strategy), r->index, o->seed, r->choices);
        history_print(stdout, &history);
        fflush(stdout);
}

/* Whether a schedule that did not end by itself has ended as it may. */
static bool may_end(const struct sim_result *r)
{
        if (r->verdict == SIM_DEADLOCK)
                return is_right(END_STUCK);
        return r->verdict == SIM_PANIC &&
               (strstr(r->message, "send on closed") || strstr(r->message, "close of closed")) &&
               is_right(END_PANIC);
}

static bool explore(const struct sim_program *p, uint64_t index, struct sim_options o)
{
        uint64_t end = o.first + o.schedules;

        while (o.first < end) {
                struct sim_result r;

                measuring = true;
                o.schedules = end - o.first;
                sim_explore(p, &o, &r);
                if (r.verdict != SIM_OK && !may_end(&r)) {
                        report(index, &o, &r);
                        return false;
                }
                o.first += r.schedules;
        }
        return true;
}

/* A program is made of seed and index alone. */
static bool run_program(uint64_t seed, uint64_t index)
{
        struct sim_program p = {.name = "linear",
                                .size = sizeof(struct stage),
                                .setup = setup,
                                .task = task,
                                .check = check_all};
        struct sim_options o = {.strategy = SIM_RANDOM, .seed = seed, .schedules = SCHEDULES};
        struct ct_rng r;

        ct_rng_seed(&r, seed + index * UINT64_C(0x9e3779b97f4a7c15));
        program_generate(&program, &r, false);
        p.tasks = program.tasks;
        p.spins = ct_rng_below(&r, 4) == 0;
        p.asymmetric = ct_rng_below(&r, 2);
        p.one_place = ct_rng_below(&r, 4) == 0;
        counts->programs++;
        if (!explore(&p, index, o))
                return false;
        o.strategy = SIM_PCT;
        return explore(&p, index, o);
}

static void work(const struct arguments *a, unsigned worker, unsigned workers)
{
        checker = checker_new();
        if (!checker)
                abort();
        for (uint64_t i = worker; counts->histories * workers < a->histories && i < a->programs;
             i += workers)
                if (!run_program(a->seed, a->first + i))
                        break;
        counts->nodes = checker_nodes(checker);
        checker_free(checker);
}

static double seconds(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t); /* ct_now_ns() is the simulation's */
        return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static unsigned worker_count(void)
{
        cpu_set_t set;
        int n = sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);

        return n < MOST_WORKERS ? (unsigned)n : MOST_WORKERS;
}

/* False where a worker died. */
static bool run_workers(const struct arguments *a, struct counts *all, unsigned workers)
{
        bool lived = true;

        fflush(stdout);
        for (unsigned i = 0; i < workers; i++) {
                pid_t child = fork();

                if (child < 0)
                        abort();
                if (child == 0) {
                        counts = &all[i];
                        work(a, i, workers);
                        fflush(stdout);
                        _exit(0);
                }
        }
        for (unsigned i = 0; i < workers; i++) {
                int status;

                if (wait(&status) < 0 || status)
                        lived = false;
        }
        return lived;
}

static void add(struct counts *to, const struct counts *from)
{
        to->programs += from->programs;
        to->histories += from->histories;
        to->operations += from->operations;
        to->selects += from->selects;
        to->closes += from->closes;
        to->nodes += from->nodes;
        to->wrong += from->wrong;
        for (unsigned i = 0; i < 3; i++)
                to->ends[i] += from->ends[i];
}

int main(int argc, char **argv)
{
        struct arguments a = {.seed = 1, .histories = 1000000, .programs = UINT64_MAX};
        unsigned workers = worker_count();
        struct counts sum = {0}, *all;
        double started = seconds(), took;
        bool lived;

        (void)argc;
        if (!arguments_read(&a, argv))
                return 2;
        all = mmap(NULL, MOST_WORKERS * sizeof *all, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (all == MAP_FAILED)
                abort();
        printf("seed %" PRIu64 "\n", a.seed);
        lived = run_workers(&a, all, workers);
        for (unsigned i = 0; i < workers; i++)
                add(&sum, &all[i]);
        took = seconds() - started;
        printf("%" PRIu64 " histories of %" PRIu64 " programs: %" PRIu64 " to the end, %" PRIu64
               " wait for ever, %" PRIu64 " panics\n",
               sum.histories, sum.programs, sum.ends[END_ALL], sum.ends[END_STUCK],
               sum.ends[END_PANIC]);
        printf("%" PRIu64 " operations, %" PRIu64 " selects done, %" PRIu64 " closes; %.1f states "
               "searched per history\n",
               sum.operations, sum.selects, sum.closes,
               (double)sum.nodes / (double)(sum.histories ? sum.histories : 1));
        printf("%" PRIu64 " wrong, %.1f s, %.0f histories/s\n", sum.wrong, took,
               (double)sum.histories / took);
        if (!lived)
                printf("a worker died\n");
        return sum.wrong > 0 || !lived;
}
