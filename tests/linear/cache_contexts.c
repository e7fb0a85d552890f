/*
 * Histories recorded of real threads and of tasks on every kind of cache, checked key by key. The
 * number of histories is shared out among the kinds, most of it to those that take no lock to read.
 *
 *      linear_cache_contexts [--kind NAME] [--seed S] [--histories N]
 *
 * Exit codes: 0 all histories are right, 1 one is wrong, 2 usage.
 */
#include "arguments.h"
#include "cache_perform.h"

#include "contexts.h"
#include "stress.h"
#include "watchdog.h"

#include "sync/barrier.h"
#include "sync/reclaim.h"

#include <inttypes.h>

/* What one context has found; added up at the end. */
struct tally {
        CT_ALIGN_PAIR uint64_t histories, wrong, events;
        uint64_t met; /* histories in which a change overlapped another operation on its key */
        struct cache_checker *checker;
};

struct scene {
        enum exec exec;
        struct ct_barrier barrier;
        struct cache_stage stage;
        uint64_t batches, left; /* in all; of this life of the cache */
        uint64_t lives;
        struct ct_rng rng;
        struct tally tally[CACHE_CONTEXTS];
};

/* ---- a cache's life ---- */

static int64_t virtual_now(void *clock)
{
        return (int64_t)ct_load_u64_acquire(clock); /* pairs with the step that advances it */
}

static void begin_life(struct scene *s, const struct cache_kind *k)
{
        struct ct_cache_options o = cache_stage_options(&s->stage, k, &s->rng);

        o.now_ns = virtual_now;
        o.clock = &s->stage.clock;
        ct_store_u64_relaxed(&s->stage.clock, 1000);
        for (unsigned i = 0; i < CACHE_CONTEXTS; i++)
                s->stage.performer[i].gets = 0;
        if (any_init_with(&s->stage.cache, k, o)) {
                fprintf(stderr, "%s: cannot be made\n", k->name);
                abort();
        }
        s->left = 1 + ct_rng_below(&s->rng, 4);
        s->lives++;
}

static void end_life(struct scene *s)
{
        struct cache_stage *stage = &s->stage;
        struct ct_cache_stats stats;
        uint64_t gets = 0;

        for (unsigned i = 0; i < CACHE_CONTEXTS; i++)
                gets += stage->performer[i].gets;
        stage->cache.kind->stats(&stage->cache, &stats);
        if (stats.hits + stats.misses != gets) {
                ct_add_u32_relaxed(&stage->surprises, 1);
                printf("%s: %" PRIu64 " hits, %" PRIu64 " misses, but %" PRIu64 " gets\n",
                       stage->cache.kind->name, stats.hits, stats.misses, gets);
        }
        stage->cache.kind->destroy(&stage->cache);
}

/* While nobody performs: to the next batch, with new keys, perhaps on a new cache. */
static void next_batch(struct scene *s)
{
        const struct cache_kind *k = s->stage.cache.kind;

        s->stage.serial += (uint64_t)CACHE_BATCH * CACHE_KEYS;
        ct_store_u32_relaxed(&s->stage.moment, 0);
        ct_store_u32_relaxed(&s->stage.came_to_batch, 0);
        memset((void *)s->stage.pair, 0, sizeof s->stage.pair);
        if (--s->left)
                return;
        end_life(s);
        begin_life(s, k);
}

/* ---- judging ---- */

static void gather(const struct cache_stage *s, unsigned history, unsigned key,
                   struct cache_history *h)
{
        h->n = 0;
        h->may_evict = s->bounded;
        for (unsigned i = 0; i < CACHE_CONTEXTS; i++) {
                const struct cache_performer *p = &s->performer[i];
                const struct cache_log *log = &p->log[history];

                if (h->n + log->n + p->clears > CACHE_MOST_EVENTS)
                        abort();
                for (unsigned k = 0; k < log->n; k++)
                        if (log->key[k] == key)
                                h->event[h->n++] = log->event[k];
                for (unsigned k = 0; k < p->clears; k++)
                        h->event[h->n++] = p->clear[k];
        }
}

static bool changes_meet(const struct cache_history *h)
{
        for (unsigned i = 0; i < h->n; i++)
                for (unsigned k = 0; k < h->n; k++) {
                        const struct cache_event *a = &h->event[i], *b = &h->event[k];

                        if ((a->what == CACHE_SET || a->what == CACHE_DELETE) &&
                            a->context != b->context && !cache_precedes(a, b) &&
                            !cache_precedes(b, a))
                                return true;
                }
        return false;
}

/* No two loaders of one key at a time. */
static bool loads_one_by_one(const struct cache_stage *s, unsigned history)
{
        const struct cache_load *all[CACHE_CONTEXTS * CACHE_CONTEXT_OPS];
        unsigned n = 0;

        for (unsigned i = 0; i < CACHE_CONTEXTS; i++)
                for (unsigned k = 0; k < s->performer[i].log[history].loads; k++)
                        all[n++] = &s->performer[i].log[history].load[k];
        for (unsigned i = 0; i < n; i++)
                for (unsigned k = 0; k < i; k++)
                        if (all[i]->key == all[k]->key && all[i]->ended >= all[k]->begun &&
                            all[k]->ended >= all[i]->begun)
                                return false;
        return true;
}

static void complain(const struct cache_stage *s, const struct cache_history *h)
{
        printf("%s%s: wrong\n", s->cache.kind->name, s->ttl ? ", with a TTL" : "");
        cache_history_print(stdout, h);
}

static void judge(struct scene *s, struct tally *t, unsigned history)
{
        bool met = false, wrong = !loads_one_by_one(&s->stage, history);
        struct cache_history h;

        if (wrong)
                printf("%s: two loaders of one key at a time\n", s->stage.cache.kind->name);
        for (unsigned key = 0; key < CACHE_KEYS; key++) {
                gather(&s->stage, history, key, &h);
                met |= changes_meet(&h);
                t->events += h.n;
                if (cache_checker_accepts(t->checker, &h))
                        continue;
                if (t->wrong < 2)
                        complain(&s->stage, &h);
                wrong = true;
        }
        t->wrong += wrong;
        t->met += met;
        t->histories++;
}

/* Threads that the kernel leaves on one CPU, as it likes to do with those that wake each other,
   would never meet. (Carriers are pinned.) */
static void spread(unsigned self)
{
        cpu_set_t set;

        CPU_ZERO(&set);
        CPU_SET(crew_cpu(self, usable_cpus()), &set);
        if (sched_setaffinity(0, sizeof set, &set))
                abort();
}

static void context(void *arg, unsigned self)
{
        struct scene *s = arg;

        if (s->exec == EXEC_THREAD)
                spread(self);
        for (uint64_t i = 0; i < s->batches; i++) {
                cache_plan_batch(&s->stage, self);
                cache_perform(&s->stage, self);
                ct_barrier_wait(&s->barrier);
                for (unsigned h = self; h < CACHE_BATCH; h += CACHE_CONTEXTS)
                        judge(s, &s->tally[self], h);
                if (ct_barrier_wait(&s->barrier))
                        next_batch(s);
                ct_barrier_wait(&s->barrier);
        }
}

/* ---- all kinds ---- */

static struct tally run(const struct cache_kind *k, enum exec exec, uint64_t histories,
                        uint64_t seed)
{
        static struct scene s;
        struct tally all = {.histories = 0};

        memset(&s, 0, sizeof s);
        s.exec = exec;
        s.batches = (histories + CACHE_BATCH - 1) / CACHE_BATCH;
        for (unsigned i = 0; i < CACHE_CONTEXTS; i++) {
                s.tally[i].checker = cache_checker_new();
                if (!s.tally[i].checker)
                        abort();
                ct_rng_seed(&s.stage.performer[i].rng, seed * 64 + exec * 8 + i);
        }
        ct_rng_seed(&s.rng, seed * 64 + exec * 8 + CACHE_CONTEXTS);
        begin_life(&s, k);
        ct_barrier_init(&s.barrier, CACHE_CONTEXTS);
        contexts_run(exec, CACHE_CONTEXTS, context, &s);
        ct_barrier_fini(&s.barrier);
        end_life(&s);
        for (unsigned i = 0; i < CACHE_CONTEXTS; i++) {
                all.histories += s.tally[i].histories;
                all.wrong += s.tally[i].wrong;
                all.events += s.tally[i].events;
                all.met += s.tally[i].met;
                cache_checker_free(s.tally[i].checker);
        }
        all.wrong += ct_load_u32_relaxed(&s.stage.surprises);
        printf("%-18s %-7s %7" PRIu64 " histories, %" PRIu64 " wrong, %8" PRIu64
               " events, %5.1f %% "
               "with a change that overlapped, %4" PRIu64 " caches\n",
               k->name, EXEC_NAMES[exec], all.histories, all.wrong, all.events,
               100 * (double)all.met / (double)(all.histories ? all.histories : 1), s.lives);
        fflush(stdout);
        return all;
}

static const char *only_kind; /* NULL: all of them */

/* Reads that take no lock deserve more, the guides' few. */
static unsigned share(const struct cache_kind *k, enum exec e)
{
        if (only_kind && strcmp(k->name, only_kind) != 0)
                return 0;
        if (!k->tasks)
                return e == EXEC_TASK ? 0 : 1;
        return strncmp(k->name, "concurrent", 10) ? 4 : 20;
}

int main(int argc, char **argv)
{
        struct arguments a = {.seed = 1, .histories = 1000000};
        uint64_t shares = 0, histories = 0, wrong = 0, met = 0;

        if (argc > 2 && !strcmp(argv[1], "--kind")) {
                only_kind = argv[2];
                argv[2] = argv[0];
                argv += 2;
        }
        if (!arguments_read(&a, argv))
                return 2;
        FOR_EACH_KIND(k)
        {
                FOR_EACH_EXEC(e)
                {
                        shares += share(k, e);
                }
        }
        if (!shares) {
                fprintf(stderr, "%s: no such kind\n", only_kind);
                return 2;
        }
        setenv("CT_WATCHDOG_S", "100", 0); /* a kind takes long on a busy machine, too */
        printf("seed %" PRIu64 "\n", a.seed);
        FOR_EACH_KIND(k)
        {
                FOR_EACH_EXEC(e)
                {
                        struct tally t;

                        if (!share(k, e))
                                continue;
                        if (watchdog_start(NULL))
                                abort();
                        t = run(k, e, a.histories * share(k, e) / shares, a.seed);
                        watchdog_stop(NULL);
                        histories += t.histories;
                        wrong += t.wrong;
                        met += t.met;
                }
        }
        ct_retired_drain();
        printf("%" PRIu64 " histories, %" PRIu64 " wrong; in %" PRIu64
               " a change overlapped another operation on its key\n",
               histories, wrong, met);
        return wrong ? 1 : 0;
}
