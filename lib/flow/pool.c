/*
 * Worker pools as their users know them: start, submit, shut down, ask. How jobs are brought to
 * workers is each kind's own file; how they are run is in pool_work.c.
 *
 * How a shutdown loses nothing. Whether a job is accepted is decided under its kind's own lock, by
 * put and close alone; what close finds accepted, the workers take before their take says that it
 * is over. So nothing has to count submitters in and out.
 *
 * How many are left where a deadline cuts that short: close has made the number of accepted jobs
 * final, the cut (pool_work.c) makes that of the started ones final.
 */
#include "flow/pool_private.h"

#include "base/panic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char object[] = "ct_pool";

#define LEVELS_MOST 64
#define WORKERS_MOST (1u << 24)
#define BACKOFF_FIRST_NS (10 * CT_NS_PER_MS)
#define BACKOFF_MOST_NS CT_NS_PER_S

static const struct ct_pool_ops_ *const kinds[] = {
        [CT_POOL_CHANNEL] = &ct_pool_channel_ops_,
        [CT_POOL_STEALING] = &ct_pool_stealing_ops_,
        [CT_POOL_FIXED] = &ct_pool_fixed_ops_,
        [CT_POOL_DYNAMIC] = &ct_pool_dynamic_ops_,
        [CT_POOL_PRIORITY] = &ct_pool_priority_ops_,
        [CT_POOL_UNBOUNDED] = &ct_pool_unbounded_ops_,
        [CT_POOL_SEMAPHORE] = &ct_pool_semaphore_ops_,
};

/* ---- start ---- */

static bool has_workers(const struct ct_pool_config *c)
{
        return c->kind != CT_POOL_UNBOUNDED && c->kind != CT_POOL_SEMAPHORE;
}

/* Whether what only one kind has is set where it belongs. */
static bool own_values_fit(const struct ct_pool_config *c)
{
        if (c->kind == CT_POOL_DYNAMIC
                    ? !c->workers_min || c->workers_min > c->workers || c->idle_ns < 1
                    : c->workers_min || c->idle_ns)
                return false;
        return c->kind == CT_POOL_PRIORITY
                       ? c->levels >= 1 && c->levels <= LEVELS_MOST && c->aging_ns >= 1
                       : !c->levels && !c->aging_ns;
}

static bool queue_fits(const struct ct_pool_config *c)
{
        switch (c->kind) {
        case CT_POOL_STEALING:
        case CT_POOL_FIXED:
        case CT_POOL_PRIORITY:
                return c->queue >= 1;
        case CT_POOL_UNBOUNDED:
        case CT_POOL_SEMAPHORE:
                return c->queue == 0;
        default:
                return true;
        }
}

static int check(const struct ct_pool_config *c)
{
        if ((unsigned)c->kind > CT_POOL_SEMAPHORE || (unsigned)c->spawn > CT_SPAWN_THREAD)
                return -EINVAL;
        if ((c->kind == CT_POOL_UNBOUNDED) != (c->workers == 0))
                return -EINVAL;
        if (!own_values_fit(c) || !queue_fits(c))
                return -EINVAL;
        if (!has_workers(c) && (c->worker_init || c->worker_exit))
                return -EINVAL;
        return c->workers > WORKERS_MOST ? -EOVERFLOW : 0;
}

static int make_channels(struct ct_pool *p)
{
        const struct ct_pool_config *c = &p->config;
        int rc = ct_chan_new(&p->closing, 0, 0);

        if (!rc)
                rc = ct_chan_new(&p->cut_off, 0, 0);
        if (!rc && c->results)
                rc = ct_chan_new(&p->results, sizeof(struct ct_pool_result), c->results_capacity);
        return rc;
}

static int make_workers(struct ct_pool *p)
{
        size_t bytes = p->config.workers * sizeof *p->workers;

        if (!has_workers(&p->config))
                return 0;
        p->workers = aligned_alloc(_Alignof(struct ct_pool_worker_), bytes);
        if (!p->workers)
                return -ENOMEM;
        memset(p->workers, 0, bytes);
        for (unsigned i = 0; i < p->config.workers; i++) {
                p->workers[i].pool = p;
                p->workers[i].index = i;
        }
        return 0;
}

static void release(struct ct_pool *p)
{
        ct_chan_free(p->results);
        ct_chan_free(p->closing);
        ct_chan_free(p->cut_off);
        free(p->workers);
        free(p);
}

/* Everything but the contexts. NULL: *rc says why. */
static struct ct_pool *make(const struct ct_pool_config *c, int *rc)
{
        struct ct_pool *p = aligned_alloc(_Alignof(struct ct_pool), sizeof *p);

        *rc = -ENOMEM;
        if (!p)
                return NULL;
        memset(p, 0, sizeof *p);
        p->ops = kinds[c->kind];
        p->config = *c;
        p->seed = (uint64_t)ct_now_ns();
        ct_store_u32_relaxed(&p->alive, 1); /* the pool's own stake; published by the first start */
        ct_latch_init(&p->ended, 1);
        *rc = make_channels(p);
        if (!*rc)
                *rc = make_workers(p);
        if (!*rc)
                *rc = p->ops->init(p);
        if (!*rc)
                return p;
        release(p);
        return NULL;
}

static void end(struct ct_pool *p)
{
        ct_latch_wait(&p->ended);
        p->ops->fini(p);
        release(p);
}

static unsigned first_workers(const struct ct_pool_config *c)
{
        if (!has_workers(c))
                return 0;
        return c->kind == CT_POOL_DYNAMIC ? c->workers_min : c->workers;
}

int ct_pool_start(struct ct_pool **out, const struct ct_pool_config *config)
{
        struct ct_pool *p;
        int rc = check(config);

        *out = NULL;
        if (rc)
                return rc;
        p = make(config, &rc);
        if (!p)
                return rc;
        rc = ct_pool_hire_first_(p, first_workers(config));
        if (rc) {
                p->ops->close(p);
                ct_pool_leave_(p);
                end(p);
                return rc;
        }
        *out = p;
        return 0;
}

/* ---- submit ---- */

static void refuse(struct ct_pool *p)
{
        (void)ct_add_u64_relaxed(&p->refused_full, 1);
}

static unsigned last_level(const struct ct_pool *p)
{
        return p->config.levels ? p->config.levels - 1 : 0;
}

static enum ct_pool_status put(struct ct_pool *p, unsigned level, ct_pool_job *job, void *arg,
                               int64_t deadline)
{
        struct ct_pool_item item = {.job = job, .arg = arg};
        size_t accepted;

        return p->ops->put(p, level, &item, 1, deadline, &accepted);
}

enum ct_pool_status ct_pool_submit(struct ct_pool *p, ct_pool_job *job, void *arg)
{
        return put(p, last_level(p), job, arg, CT_FOREVER);
}

enum ct_pool_status ct_pool_try_submit(struct ct_pool *p, ct_pool_job *job, void *arg)
{
        enum ct_pool_status status = put(p, last_level(p), job, arg, 0);

        if (status != CT_POOL_TIMED_OUT)
                return status;
        refuse(p);
        return CT_POOL_QUEUE_FULL;
}

enum ct_pool_status ct_pool_submit_until(struct ct_pool *p, ct_pool_job *job, void *arg,
                                         int64_t deadline)
{
        return put(p, last_level(p), job, arg, deadline);
}

enum ct_pool_status ct_pool_submit_at(struct ct_pool *p, unsigned level, ct_pool_job *job,
                                      void *arg, int64_t deadline)
{
        if (level > last_level(p))
                ct_panic(object, p, "submit at level %u, the last is %u", level, last_level(p));
        return put(p, level, job, arg, deadline);
}

enum ct_pool_status ct_pool_submit_batch(struct ct_pool *p, const struct ct_pool_item *items,
                                         size_t n, size_t *accepted)
{
        enum ct_pool_status status;
        size_t unused;

        accepted = accepted ? accepted : &unused;
        *accepted = 0;
        if (n)
                status = p->ops->put(p, last_level(p), items, n, CT_FOREVER, accepted);
        else
                status = CT_POOL_OK;
        return status;
}

/* ---- retry ---- */

int64_t ct_pool_backoff_ns_(unsigned n, struct ct_rng *rng)
{
        int64_t ns = BACKOFF_FIRST_NS;

        while (n-- && ns < BACKOFF_MOST_NS)
                ns *= 2;
        if (ns > BACKOFF_MOST_NS)
                ns = BACKOFF_MOST_NS;
        return ns - (int64_t)ct_rng_below(rng, (uint64_t)ns / 2 + 1);
}

/* OK: the time has come for another attempt. */
static enum ct_pool_status wait_to_retry(struct ct_pool *p, int64_t ns, int64_t deadline)
{
        int64_t next = ct_deadline_after(ns);

        if (!ct_chan_recv_until(p->closing, NULL, NULL, next < deadline ? next : deadline))
                return CT_POOL_SHUTTING_DOWN;
        return next < deadline ? CT_POOL_OK : CT_POOL_TIMED_OUT;
}

enum ct_pool_status ct_pool_submit_retry(struct ct_pool *p, ct_pool_job *job, void *arg,
                                         unsigned attempts, int64_t deadline)
{
        enum ct_pool_status status = ct_pool_try_submit(p, job, arg);
        struct ct_rng rng;

        if (status != CT_POOL_QUEUE_FULL)
                return status;
        ct_rng_seed(&rng, p->seed + ct_add_u64_relaxed(&p->retries, 1));
        for (unsigned n = 1; n < attempts && status == CT_POOL_QUEUE_FULL; n++) {
                status = wait_to_retry(p, ct_pool_backoff_ns_(n - 1, &rng), deadline);
                if (status == CT_POOL_OK)
                        status = ct_pool_try_submit(p, job, arg);
        }
        return status;
}

/* ---- shutdown ---- */

static void close_pool(struct ct_pool *p)
{
        if (ct_exchange_u32_acq_rel(&p->state, CT_POOL_CLOSED_) != CT_POOL_OPEN_)
                ct_panic(object, p, "shut down twice");
        ct_chan_close(p->closing);
#ifdef CT_PLANT_pool_state_freed_early
        for (unsigned i = 0; p->config.worker_exit && i < p->config.workers; i++)
                p->config.worker_exit(p->config.ctx, i, p->workers[i].local);
#endif
#ifdef CT_PLANT_pool_results_close_early
        if (p->results)
                ct_chan_close(p->results);
#endif
        p->ops->close(p);
        ct_pool_leave_(p);
}

static void count(struct ct_pool *p, struct ct_pool_stats *stats)
{
        memset(stats, 0, sizeof *stats);
        if (p->ops->count)
                p->ops->count(p, stats);
        else
                ct_pool_count_workers_(p, stats);
        stats->submitted = p->ops->accepted(p);
        if (p->ops->count && stats->submitted < stats->run)
                stats->submitted = stats->run; /* begun before its submitter has counted it */
}

uint64_t ct_pool_shutdown_until(struct ct_pool *p, int64_t deadline)
{
        struct ct_pool_stats stats;

        close_pool(p);
        if (ct_latch_wait_until(&p->ended, deadline)) {
                if (p->ops->cut)
                        p->ops->cut(p);
                else
                        ct_pool_cut_workers_(p);
                ct_chan_close(p->cut_off);
        }
        count(p, &stats);
        return stats.submitted - stats.run;
}

void ct_pool_shutdown(struct ct_pool *p)
{
        (void)ct_pool_shutdown_until(p, CT_FOREVER);
}

void ct_pool_free(struct ct_pool *p)
{
        if (!p)
                return;
        if (ct_load_u32_acquire(&p->state) == CT_POOL_OPEN_)
                ct_panic(object, p, "freed without a shutdown");
        end(p);
}

/* ---- the rest ---- */

struct ct_receiver ct_pool_results(struct ct_pool *p)
{
        return ct_chan_receiver(p->results);
}

void ct_pool_stats(struct ct_pool *p, struct ct_pool_stats *out)
{
        count(p, out);
        out->workers = ct_load_u32_relaxed(&p->contexts);
        out->workers_most = ct_load_u32_relaxed(&p->contexts_most);
        out->refused_full = ct_load_u64_relaxed(&p->refused_full);
        out->results_dropped = ct_load_u64_relaxed(&p->results_dropped);
        ct_guard_lock(&p->guard);
        out->first_error = p->first_failure.code;
        out->last_error = p->last_error;
        out->start_error = p->start_error;
        ct_guard_unlock(&p->guard);
}

void ct_pool_first_failure(struct ct_pool *p, struct ct_failure *out)
{
        ct_guard_lock(&p->guard);
        *out = p->first_failure;
        ct_guard_unlock(&p->guard);
}

size_t ct_pool_queued(struct ct_pool *p)
{
        struct ct_pool_stats stats;

        count(p, &stats);
        return (size_t)(stats.submitted - stats.run);
}
