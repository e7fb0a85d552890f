/*
 * A crew of ct_pool. KIND says of which kind; SPAWNS is 1 where each job has a context of its own.
 * No include guard: one file, one contestant.
 */
#include "flow/pool.h"

#include "pool/crew.h"

enum { AGING_LEVELS = 4 };

static void configure(struct ct_pool_config *c, const struct crew_spec *spec)
{
        *c = (struct ct_pool_config){
                .kind = KIND,
                .spawn = spec->tasks ? CT_SPAWN_TASK : CT_SPAWN_THREAD,
                .workers = KIND == CT_POOL_UNBOUNDED ? 0 : spec->workers,
                .queue = SPAWNS ? 0 : spec->queue,
                .worker_init = spec->worker_init,
                .worker_exit = spec->worker_exit,
                .discard = spec->discard,
                .ctx = spec->ctx,
        };
        if (KIND == CT_POOL_DYNAMIC) {
                c->workers_min = 1;
                c->idle_ns = 100 * CT_NS_PER_MS;
        }
        if (KIND == CT_POOL_PRIORITY) {
                c->levels = AGING_LEVELS;
                c->aging_ns = 100 * CT_NS_PER_MS;
        }
}

static int start(void **self, const struct crew_spec *spec)
{
        struct ct_pool_config config;

        configure(&config, spec);
        return ct_pool_start((struct ct_pool **)self, &config);
}

/* NO_CONTEXT alone does not say whether it was memory or threads. */
static int refusal(struct ct_pool *p, enum ct_pool_status status)
{
        struct ct_pool_stats stats;

        if (status != CT_POOL_NO_CONTEXT)
                return status;
        ct_pool_stats(p, &stats);
        return stats.start_error < 0 ? stats.start_error : -stats.start_error;
}

static inline int submit(void *self, pool_job *job, void *arg)
{
        enum ct_pool_status status = ct_pool_submit(self, job, arg);

        return __builtin_expect(!status, 1) ? 0 : refusal(self, status);
}

static int try_submit(void *self, pool_job *job, void *arg)
{
        return ct_pool_try_submit(self, job, arg);
}

static int submit_batch(void *self, const struct ct_pool_item *items, size_t n)
{
        enum ct_pool_status status = ct_pool_submit_batch(self, items, n, NULL);

        return status ? refusal(self, status) : 0;
}

static uint64_t finish(void *self)
{
        struct ct_pool_stats stats;

        ct_pool_shutdown(self);
        ct_pool_stats(self, &stats);
        return stats.done == stats.submitted ? stats.run : 0;
}

static uint64_t cut(void *self, uint64_t *run)
{
        uint64_t left = ct_pool_shutdown_until(self, ct_now_ns());
        struct ct_pool_stats stats;

        ct_pool_stats(self, &stats);
        *run = stats.run;
        return stats.submitted == stats.run + left ? left : 0;
}

static void release(void *self)
{
        ct_pool_free(self);
}

static const struct crew crew = {.limited = KIND != CT_POOL_UNBOUNDED,
                                 .start = start,
                                 .submit = submit,
                                 .try_submit = try_submit,
                                 .submit_batch = submit_batch,
                                 .finish = finish,
                                 .cut = cut,
                                 .free = release};

#include "pool/loop.h"
