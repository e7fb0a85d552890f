#include "harness/sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "harness/placement.h"
#include "harness/sweep_private.h"
#include "harness/topology.h"

static void *grow(void *p, size_t n, size_t size)
{
        void *q = realloc(p, (n + 1) * size);

        if (!q)
                abort(); /* a few kilobytes at start-up */
        return q;
}

static void add_count(unsigned *counts, size_t *n, unsigned v)
{
        for (size_t i = 0; i < *n; i++)
                if (counts[i] == v)
                        return;
        if (v && *n < MAX_THREAD_COUNTS)
                counts[(*n)++] = v;
}

static int by_number(const void *a, const void *b)
{
        unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

        return (x > y) - (x < y);
}

/* 1, 2 .. cores (every count to 8, then by octave, with its middle in a full sweep), then cores +
   1, 2 x and 4 x cores. */
static size_t sweep_threads(unsigned cores, bool full, unsigned *counts)
{
        size_t n = 0;

        for (unsigned t = 1; t <= cores; t = t < 8 && full ? t + 1 : t * 2) {
                add_count(counts, &n, t);
                if (full && t >= 8 && t + t / 2 <= cores)
                        add_count(counts, &n, t + t / 2);
        }
        add_count(counts, &n, cores);
        add_count(counts, &n, cores + 1);
        add_count(counts, &n, 2 * cores);
        add_count(counts, &n, 4 * cores);
        qsort(counts, n, sizeof *counts, by_number);
        return n;
}

/* Unless tasks are asked for, a quick run has the time for a few points of theirs. */
static bool key_counts_only(const struct sweep *s, enum exec_kind exec)
{
        return exec == BY_TASKS && !s->options->full && !s->options->has_exec;
}

static size_t thread_counts(const struct sweep *s, const struct point *p, enum exec_kind exec,
                            unsigned *counts)
{
        const struct options *o = s->options;
        unsigned cores = topology_cores(s->topology);
        size_t n = 0;

        if (p->workers) {
                counts[0] = p->workers;
                return 1;
        }
        if (p->threads == THREADS_ONE || p->threads == THREADS_TWO) {
                counts[0] = p->threads == THREADS_ONE ? 1 : 2;
                return 1;
        }
        if (o->n_threads) {
                for (size_t i = 0; i < o->n_threads; i++)
                        add_count(counts, &n, o->threads[i]);
                return n;
        }
        if (p->threads == THREADS_CONTENDED && cores < 2)
                cores = 2;
        if (p->threads == THREADS_SWEEP && !key_counts_only(s, exec))
                return sweep_threads(cores, o->full, counts);
        if (p->threads == THREADS_SWEEP || p->threads == THREADS_KEY)
                add_count(counts, &n, 1);
        add_count(counts, &n, cores);
        if (p->threads != THREADS_CORES)
                add_count(counts, &n, 2 * cores);
        return n;
}

static bool exec_wanted(const struct sweep *s, const struct point *p, enum exec_kind exec)
{
        const struct options *o = s->options;

        if (exec == BY_TASKS ? !o->task_executor || p->threads_only : p->tasks_only)
                return false;
        if (o->has_exec)
                return o->exec[exec];
        return exec == BY_THREADS || o->full || p->tasks;
}

static bool takes_part(const struct sweep *s, const struct contestant *c, const struct point *p,
                       enum exec_kind exec)
{
        const struct options *o = s->options;

        if (!c->run[p->workload] && !c->measure[p->workload] && !c->outside[p->workload])
                return false;
        if (contestant_is_peer(c) && !o->with_peers)
                return false;
        if (!contestant_runs_by(s->family, c, exec))
                return false;
        if ((c->caps & p->needs) != p->needs || c->caps & p->without)
                return false;
        return !o->has_contestants || !regexec(&o->contestants, c->name, 0, NULL, 0);
}

void sweep_add_item(struct sweep *s, const struct contestant *c, const struct params *params,
                    const char *name, unsigned work_pct)
{
        const struct options *o = s->options;

        s->item = grow(s->item, s->n_items, sizeof *s->item);
        s->item[s->n_items++] = (struct item){
                .block = s->n_blocks - 1,
                .contestant = c,
                .params = *params,
                .name = name,
                .work_pct = o->slow && !strcmp(o->slow, c->name) ? o->slow_pct : work_pct,
        };
        s->block[s->n_blocks - 1].n_items++;
}

struct block *sweep_add_block(struct sweep *s, unsigned workload, const char *name,
                              enum exec_kind exec, unsigned threads)
{
        s->block = grow(s->block, s->n_blocks, sizeof *s->block);
        s->block[s->n_blocks] = (struct block){
                .workload = workload,
                .workload_name = name,
                .exec = exec,
                .threads = threads,
                .first_item = s->n_items,
        };
        return &s->block[s->n_blocks++];
}

/* A point and the n - 1 that join it, run one way. */
static void add_block_of(struct sweep *s, const struct point *p, size_t n_joined,
                         enum exec_kind exec, unsigned threads)
{
        const struct family *f = s->family;
        const struct options *o = s->options;
        struct block *b = sweep_add_block(s, p->workload, f->workloads[p->workload], exec, threads);
        int sample = f->sample_param ? family_param_index(f, f->sample_param) : -1;

        if (sample >= 0 && p->params.value[sample] > 0)
                b->sample_every = (unsigned)p->params.value[sample];
        for (size_t k = 0; k < n_joined; k++)
                for (size_t i = 0; f->contestants[i]; i++)
                        if (options_where(o, f, &p[k].params) &&
                            takes_part(s, f->contestants[i], &p[k], exec))
                                sweep_add_item(s, f->contestants[i], &p[k].params,
                                               f->contestants[i]->name, 100);
        if (!s->block[s->n_blocks - 1].n_items)
                s->n_blocks--;
}

static bool has_count(const unsigned *counts, size_t n, unsigned v)
{
        for (size_t i = 0; i < n; i++)
                if (counts[i] == v)
                        return true;
        return false;
}

/* Threads and tasks of the same count stand next to each other in time. */
static void add_points(struct sweep *s, const struct point *p, size_t n_joined)
{
        const struct options *o = s->options;
        unsigned counts[EXEC_KINDS][MAX_THREAD_COUNTS], all[MAX_THREAD_COUNTS];
        size_t n[EXEC_KINDS], n_all = 0;

        if (o->has_workloads &&
            regexec(&o->workloads, s->family->workloads[p->workload], 0, NULL, 0))
                return;
        for (enum exec_kind e = 0; e < EXEC_KINDS; e++) {
                n[e] = exec_wanted(s, p, e) ? thread_counts(s, p, e, counts[e]) : 0;
                for (size_t t = 0; t < n[e]; t++)
                        add_count(all, &n_all, counts[e][t]);
        }
        for (size_t t = 0; t < n_all; t++)
                for (enum exec_kind e = 0; e < EXEC_KINDS; e++)
                        if (has_count(counts[e], n[e], all[t]))
                                add_block_of(s, p, n_joined, e, all[t]);
}

/* ---- the whole ---- */

static int check_placement(const struct sweep *s)
{
        struct placement plan;
        char why[WHY_SIZE];
        int rc = placement_plan(s->topology, s->options->placement, 1, &plan, why, sizeof why);

        if (!rc) {
                placement_free(&plan);
                return 0;
        }
        fprintf(stderr, "contend: %s\n", why);
        return placement_exit_code(rc);
}

int sweep_build(struct sweep *s, const struct family *f, const struct options *o,
                const struct topology *topology)
{
        struct point_list list = {0};
        int rc;

        *s = (struct sweep){
                .family = f, .options = o, .topology = topology, .window_ns = o->window_ns};
        rc = check_placement(s);
        if (rc)
                return rc;
        if (o->control) {
                sweep_add_controls(s);
        } else {
                f->points(topology, o->full, &list);
                for (size_t i = 0, n; i < list.n; i += n) {
                        for (n = 1; i + n < list.n && list.points[i + n].joins; n++)
                                ;
                        add_points(s, &list.points[i], n);
                }
                free(list.points);
        }
        if (!s->n_items) {
                fprintf(stderr,
                        "contend: bench_%s: nothing to measure is left by --contestants, "
                        "--workloads, --where, --exec; see --list\n",
                        f->name);
                return EXIT_USAGE;
        }
        return 0;
}

void sweep_free(struct sweep *s)
{
        for (size_t i = 0; i < s->n_items; i++) {
                free(s->item[i].result);
                free(s->item[i].done);
        }
        free(s->item);
        free(s->block);
}

size_t sweep_open(const struct sweep *s)
{
        size_t n = 0;

        for (size_t i = 0; i < s->n_items; i++)
                for (unsigned r = 0; s->item[i].selected && !s->item[i].given_up && r < s->reps;
                     r++)
                        n += !s->item[i].done[r];
        return n;
}

int64_t sweep_window_ns(const struct sweep *s, const struct block *b)
{
        return b->threads > topology_pus(s->topology) ? 2 * s->window_ns : s->window_ns;
}

double sweep_seconds(const struct sweep *s)
{
        double seconds = 0;

        for (size_t i = 0; i < s->n_items; i++) {
                const struct item *item = &s->item[i];
                double window = (double)sweep_window_ns(s, &s->block[item->block]) * 1e-9;

                /* A quiet quick run on 2 cores: 9 ms around each window (gate, hops, usage,
                   preparation, its share of a process), and 9 % of windows repeated. */
                for (unsigned r = 0; item->selected && !item->given_up && r < s->reps; r++)
                        if (!item->done || !item->done[r])
                                seconds += (window + 0.009) * 1.09;
                seconds += item->selected ? (double)s->options->warmup_ns * 1e-9 : 0;
        }
        return seconds;
}

static void apply_budget(struct sweep *s)
{
        double budget = (double)s->options->budget_ns * 1e-9;

        while (s->window_ns > 10 * CT_NS_PER_MS && sweep_seconds(s) > budget)
                s->window_ns -= CT_NS_PER_MS;
        while (s->reps > MIN_REPS_FOR_VERDICT && sweep_seconds(s) > budget)
                s->reps--;
        if (sweep_seconds(s) > budget)
                fprintf(stderr,
                        "contend: the budget of %.0f s is too short: windows of %.0f ms, %u "
                        "repetitions need "
                        "about %.0f s; going on\n",
                        budget, (double)s->window_ns / 1e6, s->reps, sweep_seconds(s));
}

int sweep_settle(struct sweep *s, unsigned reps)
{
        s->reps = reps;
        if (s->options->budget_ns)
                apply_budget(s);
        for (size_t i = 0; i < s->n_items; i++) {
                s->item[i].result = calloc(s->reps, sizeof *s->item[i].result);
                s->item[i].done = calloc(s->reps, sizeof *s->item[i].done);
                if (!s->item[i].result || !s->item[i].done)
                        return EXIT_ENVIRONMENT;
        }
        return 0;
}

void sweep_key(const struct sweep *s, const struct item *i, unsigned rep, struct row_key *k)
{
        const struct block *b = &s->block[i->block];

        *k = (struct row_key){
                .family = s->family,
                .run_id = s->options->run_id,
                .contestant = i->name,
                .workload = b->workload_name,
                .exec = exec_names[b->exec],
                .placement = s->options->placement,
                .word = i->contestant->word,
                .params = &i->params,
                .threads = b->threads,
                .rep = rep + 1,
        };
}

void sweep_name(const struct sweep *s, const struct item *i, char *out, size_t size)
{
        const struct block *b = &s->block[i->block];
        int used = snprintf(out, size, "%s/%s/impl:%s/exec:%s/place:%s/T:%u", s->family->name,
                            b->workload_name, i->name, exec_names[b->exec], s->options->placement,
                            b->threads);

        for (int p = 0; p < MAX_PARAMS && s->family->params[p]; p++)
                if (i->params.value[p] >= 0 && used > 0 && (size_t)used < size)
                        used += snprintf(out + used, size - (size_t)used, "/%s:%lld",
                                         s->family->params[p] + 2, (long long)i->params.value[p]);
}
