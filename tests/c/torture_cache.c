/*
 * torture_cache [--ops N] [--kind NAME] [--exec thread|task] [--seed N]: N operations in all, on
 * caches of every kind that live for some hundred thousand of them each, with random options, on
 * one CPU, two CPUs and eight times too many; cache_storm.h judges each life.
 */
#include <errno.h>

/* cmocka's, which stress.h wants for a skipped placement; this is no cmocka program */
#define print_message(...) printf(__VA_ARGS__)

#include "cache_storm.h"
#include "stress.h"
#include "watchdog.h"

enum { LIFE = ROUNDS(400000) }; /* operations at most */

static cpu_set_t all_cpus;

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

/* Operations done; 0 if the oracle objects. */
static uint64_t run_lives(const struct cache_kind *k, enum exec exec,
                          const struct stress_placement *at, uint64_t ops, struct ct_rng *rng)
{
        static struct storm s;
        uint64_t done = 0, hits = 0, gets = 0, evicted = 0, expired = 0, loads = 0;
        unsigned lives = 0;
        int64_t start = ct_now_ns();

        for (; done < ops; lives++) {
                storm_draw(&s, k, rng);
                s.contexts = at->threads;
                s.ops = (ops - done < LIFE ? ops - done : LIFE) / s.contexts + 1;
                storm_begin(&s);
                contexts_run(exec, s.contexts, storm_context, &s);
                storm_end(&s);
                if (ct_load_u32_relaxed(&s.wrong)) {
                        printf("%s, %s, %s, policy %d, %zu entries, %zu bytes, TTL %lld, %llu "
                               "keys: "
                               "WRONG\n",
                               k->name, EXEC_NAMES[exec], at->name, (int)s.options.policy,
                               s.options.max_entries, s.options.max_bytes,
                               (long long)s.options.ttl_ns, (unsigned long long)s.keys);
                        return 0;
                }
                done += s.ops * s.contexts;
                hits += s.hits;
                gets += s.gets;
                evicted += s.evicted;
                expired += s.expired;
                loads += s.loads;
        }
        printf("%-18s %-7s %-26s %9llu operations in %4u lives, %4.1f %% hits, %8llu evicted, "
               "%8llu "
               "expired, %7llu loads  %6.1f ns each\n",
               k->name, EXEC_NAMES[exec], at->name, (unsigned long long)done, lives,
               100 * (double)hits / (double)(gets ? gets : 1), (unsigned long long)evicted,
               (unsigned long long)expired, (unsigned long long)loads,
               (double)(ct_now_ns() - start) / (double)done);
        fflush(stdout);
        return done;
}

static uint64_t run_in_places(const struct cache_kind *k, enum exec exec, uint64_t ops,
                              struct ct_rng *rng)
{
        uint64_t all = 0;

        FOR_EACH_PLACEMENT(at)
        {
                uint64_t done;

                use_cpus(at->cpus);
                watchdog_start(NULL);
                if (exec == EXEC_TASK && ct_runtime_start(NULL))
                        contexts_failed("ct_runtime_start", 0);
                done = run_lives(k, exec, at, ops / 3 + 1, rng);
                if (exec == EXEC_TASK && ct_runtime_stop())
                        contexts_failed("tasks left", 0);
                watchdog_stop(NULL);
                use_cpus((unsigned)CPU_COUNT(&all_cpus));
                if (!done)
                        return 0;
                all += done;
        }
        return all;
}

/* Of all operations; those of the guides' that cross the kernel all the time are few. */
static unsigned share(const struct cache_kind *k, enum exec e)
{
        if (!k->tasks)
                return e == EXEC_THREAD;
        return strcmp(k->name, "concurrent") ? 6 : 24;
}

static int usage(void)
{
        fprintf(stderr,
                "usage: torture_cache [--ops N] [--kind NAME] [--exec thread|task] [--seed N]\n");
        return 2;
}

int main(int argc, char **argv)
{
        bool by[2] = {true, true}, good = true;
        double ops = 1e6, seed = 1, shares = 0;
        const char *kind = NULL;
        struct ct_rng rng;
        uint64_t all = 0;

        for (int i = 1; i + 1 < argc; i += 2) {
                if (!strcmp(argv[i], "--ops"))
                        ops = strtod(argv[i + 1], NULL);
                else if (!strcmp(argv[i], "--seed"))
                        seed = strtod(argv[i + 1], NULL);
                else if (!strcmp(argv[i], "--kind"))
                        kind = argv[i + 1];
                else if (!strcmp(argv[i], "--exec"))
                        by[strcmp(argv[i + 1], "task") == 0 ? EXEC_THREAD : EXEC_TASK] = false;
                else
                        return usage();
        }
        if (argc % 2 == 0 || !(ops >= 0 && ops <= 1e12) ||
            sched_getaffinity(0, sizeof all_cpus, &all_cpus))
                return usage();
        setenv("CT_WATCHDOG_S", "200", 0); /* a part runs long when it is right, too */
        ct_rng_seed(&rng, (uint64_t)seed);
        for (unsigned pass = 0; pass < 2; pass++) {
                FOR_EACH_KIND(k)
                {
                        FOR_EACH_EXEC(e)
                        {
                                unsigned part = by[e] && (!kind || !strcmp(kind, k->name))
                                                        ? share(k, e)
                                                        : 0;
                                uint64_t done;

                                if (pass == 0 || !part) {
                                        shares += part;
                                        continue;
                                }
                                done = run_in_places(k, e, (uint64_t)(ops * part / shares), &rng);
                                good &= done > 0;
                                all += done;
                        }
                }
        }
        if (!all && good)
                return usage();
        ct_retired_drain();
        printf("%llu operations: %s\n", (unsigned long long)all, good ? "nothing wrong" : "WRONG");
        return good ? 0 : 1;
}
