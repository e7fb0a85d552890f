#include "harness/block.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/parker.h"
#include "harness/noise.h"
#include "harness/outside.h"
#include "harness/topology.h"
#include "harness/window.h"

enum { TRIES = 4 }; /* a noisy window is repeated up to 3 times, then kept and flagged */

static const double min_scaling = 0.9;

struct lab {                 /* what the child works with */
        struct sweep *sweep; /* its own copy since the fork */
        const struct block *block;
        struct executor executor;
        struct window *window;
        uint64_t *batch; /* by item of the block; 0: not known yet */
        double hop_ns, scaling;
        int fd;
};

static void tell(int fd, const struct message *m)
{
        /* The parent is gone: nobody is left to measure for. */
        if (write(fd, m, sizeof *m) != (ssize_t)sizeof *m)
                _exit(EXIT_BENCHMARK);
}

static _Noreturn void fail(int fd, const char *why)
{
        struct message m = {.kind = MSG_FAIL};

        snprintf(m.why, sizeof m.why, "%s", why);
        tell(fd, &m);
        _exit(EXIT_BENCHMARK);
}

static void storage_needs(const struct sweep *s, const struct block *b, size_t *size, size_t *align)
{
        *size = *align = 1;
        for (size_t i = 0; i < b->n_items; i++) {
                const struct contestant *c = s->item[b->first_item + i].contestant;

                *size = c->size > *size ? c->size : *size;
                *align = c->align > *align ? c->align : *align;
        }
}

/* What its block says of a window. */
static void flag_block(const struct lab *lab, const struct item *item, struct measurement *m)
{
        if (lab->sweep->options->slow && item->work_pct != 100)
                m->flags |= ROW_PLANTED;
        if (lab->scaling > 0) {
                m->scaling_ratio = lab->scaling;
                m->flags |= lab->scaling < min_scaling ? ROW_SCALING : 0;
        }
}

static int measure_window(struct lab *lab, size_t k, const struct item *item, struct measurement *m)
{
        const struct sweep *s = lab->sweep;
        struct window_spec spec = {
                .family = s->family,
                .contestant = item->contestant,
                .params = &item->params,
                .workload = lab->block->workload,
                .window_ns = sweep_window_ns(s, lab->block),
                .sample_every = lab->block->sample_every,
                .work_pct = item->work_pct,
                .stuck_after_ns = s->options->watchdog_ns,
        };
        int rc = 0;

        for (size_t i = 0; i < lab->block->n_items && !lab->batch[k]; i++) {
                const struct item *other = &s->item[lab->block->first_item + i];

                if (other->contestant == item->contestant &&
                    !memcmp(&other->params, &item->params, sizeof item->params))
                        lab->batch[k] = lab->batch[i]; /* the two sides of a control */
        }
        if (!lab->batch[k])
                rc = window_warm(lab->window, &spec, s->options->warmup_ns, &lab->batch[k]);
        for (unsigned try = 1; !rc && try <= TRIES; try++) {
                spec.hop_before_ns = lab->hop_ns;
                rc = window_run(lab->window, &spec, lab->batch[k], m);
                m->attempts = try;
                if (m->hop_after_ns > 0)
                        lab->hop_ns = m->hop_after_ns;
                if (!m->noise || (m->flags & ROW_FAILED))
                        break;
        }
        flag_block(lab, item, m);
        return rc;
}

/* A contestant that measures by itself: what the host did meanwhile is still ours to judge. */
static int measure_by_itself(struct lab *lab, measure_fn *measure, const struct params *params,
                             struct measurement *m)
{
        const struct sweep *s = lab->sweep;
        struct ct_host_usage before, after;
        struct ct_host_delta host;
        cpu_set_t cpus;
        int rc = 0;

        sched_getaffinity(0, sizeof cpus, &cpus);
        for (unsigned try = 1; !rc && try <= TRIES; try++) {
                struct ct_noise_input noise = {
                        .threads = 1, .pus = 1, .overlap_ratio = 1, .parks = true};

                measurement_clear(m);
                m->exec = lab->block->exec;
                ct_host_usage_read(&before, &cpus);
                rc = measure(s->topology, params, s->window_ns, m);
                ct_host_usage_read(&after, &cpus);
                ct_host_usage_between(&before, &after, &host);
                noise.window_ns = (double)(after.when_ns - before.when_ns);
                if (host.has_cpu_time) {
                        m->steal_pct = noise.steal_pct = host.steal_pct;
                        m->other_cpu_pct = noise.other_cpu_pct = host.other_cpu_pct;
                }
                if (host.has_throttled)
                        m->throttled = (double)(noise.throttled = host.throttled);
                m->noise |= ct_noise_judge(&noise); /* it may have said something itself */
                m->attempts = try;
                if (!rc && !m->verified)
                        m->flags |= ROW_FAILED | ROW_WRONG;
                if (!m->noise || (m->flags & ROW_FAILED))
                        break;
        }
        return rc;
}

static int measure_outside(struct lab *lab, const struct item *item, struct measurement *m)
{
        const struct sweep *s = lab->sweep;
        struct outside_spec spec = {
                .topology = s->topology,
                .placement = s->options->placement,
                .family = s->family,
                .contestant = item->contestant,
                .workload = lab->block->workload,
                .params = &item->params,
                .exec = lab->block->exec,
                .threads = lab->block->threads,
                .sample_every = lab->block->sample_every,
                .work_pct = item->work_pct,
                .window_ns = sweep_window_ns(s, lab->block),
                .warmup_ns = s->options->warmup_ns,
                .stuck_after_ns = s->options->watchdog_ns,
                .seed = s->options->seed,
        };
        int rc = outside_measure(&lab->executor, &spec, TRIES, &lab->hop_ns, m);

        flag_block(lab, item, m);
        return rc;
}

static void measure_item(struct lab *lab, size_t k, unsigned rep)
{
        const struct block *b = lab->block;
        struct item *item = &lab->sweep->item[b->first_item + k];
        struct message m = {.kind = MSG_BEGIN, .item = b->first_item + k, .rep = rep};
        const struct contestant *c = item->contestant;
        int rc;

        tell(lab->fd, &m);
        m.kind = MSG_ROW;
        measurement_clear(&m.result);
        if (c->measure[b->workload])
                rc = measure_by_itself(lab, c->measure[b->workload], &item->params, &m.result);
        else if (c->outside[b->workload])
                rc = measure_outside(lab, item, &m.result);
        else
                rc = measure_window(lab, k, item, &m.result);
        if (rc) {
                m.result.error = rc;
                m.result.verified = false;
                m.result.flags |= ROW_FAILED | (rc == -ETIMEDOUT ? ROW_STUCK : 0);
        }
        item->given_up = (m.result.flags & ROW_FAILED) != 0;
        if (rc == -ETIMEDOUT && lab->executor.ops && !c->outside[b->workload]) {
                outside_end();
                executor_dump(&lab->executor);
                tell(lab->fd, &m);
                _exit(EXIT_BENCHMARK); /* the stuck thread cannot be joined */
        }
        tell(lab->fd, &m);
}

static void shuffle(size_t *order, size_t n, struct ct_rng *rng)
{
        for (size_t i = 0; i < n; i++)
                order[i] = i;
        for (size_t i = n; i > 1; i--) {
                size_t k = (size_t)ct_rng_below(rng, i), t = order[i - 1];

                order[i - 1] = order[k];
                order[k] = t;
        }
}

static bool block_has_runs(const struct sweep *s, const struct block *b)
{
        for (size_t i = 0; i < b->n_items; i++)
                if (s->item[b->first_item + i].contestant->run[b->workload])
                        return true;
        return false;
}

static bool block_has_outsiders(const struct sweep *s, const struct block *b)
{
        for (size_t i = 0; i < b->n_items; i++)
                if (s->item[b->first_item + i].contestant->outside[b->workload])
                        return true;
        return false;
}

/* Contestants that measure by themselves have their own runtime: the block starts none beside it,
   and whoever runs outside gets along with the team. */
static const struct executor_ops *block_executor(const struct sweep *s, const struct block *b)
{
        return b->exec == BY_TASKS && block_has_runs(s, b) ? s->options->task_executor
                                                           : &executor_threads;
}

static void open_lab(struct lab *lab)
{
        const struct sweep *s = lab->sweep;
        const struct block *b = lab->block;
        struct executor *e = &lab->executor;
        size_t size, align;
        char why[WHY_SIZE];

        if (executor_start(e, block_executor(s, b), s->topology, s->options->placement, b->threads,
                           why, sizeof why))
                fail(lab->fd, why);
        if (team_pinned(e->team)) /* spinning for somebody who needs this very CPU is waste */
                ct_parker_set_cpus(
                        e->pus > 1 || !executor_oversubscribed(e) ? topology_pus(s->topology) : 1);
        storage_needs(s, b, &size, &align);
        if (window_alloc(&lab->window, e, s->family, s->options->seed, size, align))
                fail(lab->fd, "out of memory for the contestants' storage");
        lab->scaling = team_scaling(e->team);
        lab->hop_ns = team_hop(e->team);
}

_Noreturn void block_measure(struct sweep *s, const struct block *b, int pipe_fd)
{
        struct lab lab = {.sweep = s, .block = b, .fd = pipe_fd};
        size_t *order = calloc(b->n_items, sizeof *order);
        struct ct_rng rng;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        lab.batch = calloc(b->n_items, sizeof *lab.batch);
        if (!order || !lab.batch)
                fail(pipe_fd, "out of memory");
        if (block_has_runs(s, b) || block_has_outsiders(s, b))
                open_lab(&lab);
        for (unsigned rep = 0; rep < s->reps; rep++) {
                /* The order depends on the seed, the block and the repetition, not on what a
                   resumed run still has to do. */
                ct_rng_seed(&rng, s->options->seed ^ ((uint64_t)(b - s->block) << 32) ^ rep);
                shuffle(order, b->n_items, &rng);
                for (size_t k = 0; k < b->n_items; k++) {
                        const struct item *item = &s->item[b->first_item + order[k]];

                        if (item->selected && !item->given_up && !item->done[rep])
                                measure_item(&lab, order[k], rep);
                }
        }
        outside_end();
        window_free(lab.window);
        executor_stop(&lab.executor);
        free(lab.batch);
        free(order);
        _exit(EXIT_OK);
}
