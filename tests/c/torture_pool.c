/*
 * torture_pool [--jobs N] [--kind NAME] [--exec thread|task] [--seed N]: N accepted jobs in all,
 * through pools of every kind that live for some hundred to some ten thousand jobs each and are
 * shut down at a random moment; pool_storm.h judges each life.
 *
 * Fails when a job was lost, run twice or discarded though it ran, when what a shutdown reported as
 * left is not what was, or when a counter is wrong.
 */
#include "pool_storm.h"
#include "stress.h"
#include "watchdog.h"

/* What share of all jobs goes where: threads that block pay the kernel for each of them. */
struct part {
        const char *kind;
        enum exec exec;
        unsigned share; /* per 1,000 */
        unsigned most;  /* jobs in one life */
};

static const struct part PARTS[] = {
        {"channel", EXEC_TASK, 220, 40000},  {"channel", EXEC_THREAD, 20, 10000},
        {"stealing", EXEC_TASK, 400, 80000}, {"stealing", EXEC_THREAD, 60, 40000},
        {"fixed", EXEC_TASK, 120, 40000},    {"fixed", EXEC_THREAD, 15, 10000},
        {"dynamic", EXEC_TASK, 60, 20000},   {"dynamic", EXEC_THREAD, 10, 5000},
        {"priority", EXEC_TASK, 75, 20000},  {"priority", EXEC_THREAD, 10, 5000},
        {"unbounded", EXEC_TASK, 6, 3000},   {"unbounded", EXEC_THREAD, 1, 500},
        {"semaphore", EXEC_TASK, 2, 3000},   {"semaphore", EXEC_THREAD, 1, 500},
};

static cpu_set_t all_cpus;

/* A context for each job: under a sanitizer its start takes up to a millisecond. */
static unsigned most_jobs(const struct storm *s, unsigned most)
{
        if (s->kind->traits & HAS_WORKERS)
                return ROUNDS(most);
        if (s->spawn == CT_SPAWN_THREAD || ROUNDS(4) < 4)
                return 500;
        return most;
}

static void use_cpus(unsigned n)
{
        cpu_set_t set;

        CPU_ZERO(&set);
        for (int cpu = 0; cpu < CPU_SETSIZE && (unsigned)CPU_COUNT(&set) < n; cpu++)
                if (CPU_ISSET(cpu, &all_cpus))
                        CPU_SET(cpu, &set);
        if (sched_setaffinity(0, sizeof set, &set))
                contexts_failed("sched_setaffinity", errno);
        ct_parker_set_cpus((unsigned)CPU_COUNT(&set));
}

static const struct pool_kind *find_kind(const char *name)
{
        FOR_EACH_POOL_KIND(k)
        {
                if (!strcmp(k->name, name))
                        return k;
        }
        return NULL;
}

static void prepare(struct storm *s, const struct part *p, const struct stress_placement *at,
                    struct ct_rng *rng)
{
        bool crowded = at->threads > 8;

        memset(s, 0, sizeof *s);
        s->kind = find_kind(p->kind);
        s->seed = ct_rng_next(rng);
        /* now and then by the other kind of contexts than those that submit */
        s->spawn = (p->exec == EXEC_TASK) == (ct_rng_below(rng, 8) != 0) ? CT_SPAWN_TASK
                                                                         : CT_SPAWN_THREAD;
        s->submitters = crowded ? STORM_SUBMITTERS : 1 + (unsigned)ct_rng_below(rng, 4);
        s->workers = crowded ? STORM_WORKERS : 1 + (unsigned)ct_rng_below(rng, 4);
        s->queue = 1 + ct_rng_below(rng, ct_rng_below(rng, 2) ? 8 : 1024);
        s->jobs = 200 + (unsigned)ct_rng_below(rng, most_jobs(s, p->most) - 200);
        if (s->queue <= 8 && p->exec == EXEC_THREAD && s->jobs > 2000)
                s->jobs = 2000; /* the kernel switches for each of them */
        s->stop_at = (unsigned)ct_rng_below(rng, s->jobs + s->jobs / 2);
        s->stop_at = s->stop_at < s->jobs ? s->stop_at : s->jobs;
        s->graceful = ct_rng_below(rng, 2);
        s->grace_ns = (int64_t)ct_rng_below(rng, 4) * 20000 - 1;
        s->batches = ct_rng_below(rng, 2);
        s->results = ct_rng_below(rng, 4) == 0;
        if (s->kind->traits & IN_ORDER && s->kind->kind != CT_POOL_PRIORITY)
                s->ordered = s->kind->kind == CT_POOL_FIXED || s->workers == 1;
}

/* Accepted jobs, at least `jobs`; 0 if the oracle objects. Lives that are cut off go on until one
   has had jobs left, or they would have tested nothing. */
static uint64_t run_part(const struct part *p, const struct stress_placement *at, uint64_t jobs,
                         struct ct_rng *rng, struct storm *s)
{
        bool bounded = find_kind(p->kind)->traits & HAS_QUEUE;
        uint64_t got = 0, left = 0, lives = 0, failed = 0;
        int64_t start = ct_now_ns();

        while (got < jobs || (bounded && !left)) {
                uint64_t n;

                prepare(s, p, at, rng);
                n = storm_run(s, p->exec);
                if (ct_load_u32_relaxed(&s->wrong)) {
                        printf("%s, %u submitters, %u workers, queue %llu: WRONG\n", p->kind,
                               s->submitters, s->workers, (unsigned long long)s->queue);
                        return 0;
                }
                got += n;
                left += s->left;
                failed += s->stats.failed;
                lives++;
        }
        printf("%-9s %-7s %-26s %8llu jobs in %5llu lives, %6llu failed, %6llu left  %7.1f ns "
               "each\n",
               p->kind, EXEC_NAMES[p->exec], at->name, (unsigned long long)got,
               (unsigned long long)lives, (unsigned long long)failed, (unsigned long long)left,
               (double)(ct_now_ns() - start) / (double)got);
        fflush(stdout);
        return got;
}

static uint64_t run_in_places(const struct part *p, uint64_t jobs, struct ct_rng *rng,
                              struct storm *s)
{
        uint64_t all = 0;

        for (size_t i = 0; i < sizeof STRESS_PLACEMENTS / sizeof *STRESS_PLACEMENTS; i++) {
                const struct stress_placement *at = &STRESS_PLACEMENTS[i];
                uint64_t got;

                if (usable_cpus() < at->cpus) {
                        printf("SKIPPED: %s: only %u usable\n", at->name, usable_cpus());
                        continue;
                }
                use_cpus(at->cpus);
                watchdog_start(NULL);
                if (ct_runtime_start(NULL))
                        contexts_failed("ct_runtime_start", 0);
                got = run_part(p, at, jobs / 3 + 1, rng, s);
                if (ct_runtime_stop())
                        contexts_failed("tasks left", 0);
                watchdog_stop(NULL);
                use_cpus((unsigned)CPU_COUNT(&all_cpus));
                if (!got)
                        return 0;
                all += got;
        }
        return all;
}

static int usage(void)
{
        fprintf(stderr,
                "usage: torture_pool [--jobs N] [--kind NAME] [--exec thread|task] [--seed N]\n");
        return 2;
}

int main(int argc, char **argv)
{
        bool by[2] = {true, true}, good = true;
        double jobs = 1e6, seed = 1, share = 0;
        const char *kind = NULL;
        struct storm *s = malloc(sizeof *s);
        struct ct_rng rng;
        uint64_t all = 0;

        for (int i = 1; i + 1 < argc; i += 2) {
                if (!strcmp(argv[i], "--jobs"))
                        jobs = strtod(argv[i + 1], NULL);
                else if (!strcmp(argv[i], "--seed"))
                        seed = strtod(argv[i + 1], NULL);
                else if (!strcmp(argv[i], "--kind"))
                        kind = argv[i + 1];
                else if (!strcmp(argv[i], "--exec"))
                        by[strcmp(argv[i + 1], "task") == 0 ? EXEC_THREAD : EXEC_TASK] = false;
                else
                        return usage();
        }
        if (argc % 2 == 0 || !(jobs >= 0 && jobs <= 1e12) || (kind && !find_kind(kind)) || !s ||
            sched_getaffinity(0, sizeof all_cpus, &all_cpus))
                return usage();
        setenv("CT_WATCHDOG_S", "60", 0); /* a part runs long when it is right, too */
        ct_rng_seed(&rng, (uint64_t)seed);
        for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
                if (by[PARTS[i].exec] && (!kind || !strcmp(kind, PARTS[i].kind)))
                        share += PARTS[i].share;
        for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++) {
                const struct part *p = &PARTS[i];
                uint64_t got;

                if (!by[p->exec] || (kind && strcmp(kind, p->kind) != 0))
                        continue;
                got = run_in_places(p, (uint64_t)(jobs * p->share / share), &rng, s);
                all += got;
                good &= got > 0;
        }
        printf("%llu accepted jobs, each run once or left and discarded once\n",
               (unsigned long long)all);
        free(s);
        return good ? 0 : 1;
}
