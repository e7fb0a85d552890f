#include "flow/pool_guide.h"

#include "base/clock.h"
#include "pool/pool.h"

static int start(void **self, const struct crew_spec *spec)
{
        struct ct_pool_guide_config config = {.workers = spec->workers,
                                              .queue = spec->queue,
                                              .worker_init = spec->worker_init,
                                              .worker_exit = spec->worker_exit,
                                              .discard = spec->discard,
                                              .ctx = spec->ctx};

        return ct_pool_guide_start((struct ct_pool_guide **)self, &config);
}

static inline int submit(void *self, pool_job *job, void *arg)
{
#ifdef CT_PLANT_pool_guide_submits_twice
        static unsigned submitted;

        if (++submitted % 100 == 50)
                (void)ct_pool_guide_submit(self, job, arg);
#endif
#ifdef CT_PLANT_pool_guide_submits_nothing
        static unsigned submitted;

        if (++submitted % 100 == 50)
                return 0;
#endif
        return ct_pool_guide_submit(self, job, arg);
}

static int try_submit(void *self, pool_job *job, void *arg)
{
        return ct_pool_guide_try_submit(self, job, arg);
}

static uint64_t finish(void *self)
{
        struct ct_pool_guide_stats stats;

        ct_pool_guide_shutdown(self);
        ct_pool_guide_stats(self, &stats);
        return stats.done == stats.submitted ? stats.run : 0;
}

static uint64_t cut(void *self, uint64_t *run)
{
        uint64_t left = ct_pool_guide_shutdown_until(self, ct_now_ns());
        struct ct_pool_guide_stats stats;

        ct_pool_guide_stats(self, &stats);
        *run = stats.run;
        return stats.submitted == stats.run + left ? left : 0;
}

static void release(void *self)
{
        ct_pool_guide_free(self);
}

static const struct crew crew = {.limited = true,
                                 .start = start,
                                 .submit = submit,
                                 .try_submit = try_submit,
                                 .finish = finish,
                                 .cut = cut,
                                 .free = release};

#include "pool/loop.h"

extern const struct contestant pool_guide;
const struct contestant pool_guide = {
        .name = "guide",
        .source = "worker pool over a bounded channel, from \"Go Concurrency Patterns: A Practical "
                  "Walkthrough\"",
        .caps = CAP_PARKS | CAP_FIFO | CAP_THREADS_ONLY,
        .measure = {POOL_FLOOD, POOL_SIZING, POOL_OPEN_LOOP, POOL_BALANCE, [MEMORY] = memory},
};
