#include "pool/pool.h"
#include "pool/sizing.h"

static int start(void **self, unsigned workers, size_t queue)
{
        struct ct_pool_guide_config config = {.workers = workers, .queue = queue};

        return ct_pool_guide_start((struct ct_pool_guide **)self, &config);
}

static int submit(void *self, ct_pool_guide_job *job, void *arg)
{
        return ct_pool_guide_submit(self, job, arg);
}

static uint64_t finish(void *self)
{
        struct ct_pool_guide_stats stats;

        ct_pool_guide_shutdown(self);
        ct_pool_guide_stats(self, &stats);
        return stats.done == stats.submitted ? stats.run : 0;
}

static void release(void *self)
{
        ct_pool_guide_free(self);
}

static const struct crew crew = {true, start, submit, finish, release};

static int overhead(const struct topology *t, const struct params *p, int64_t window_ns,
                    struct measurement *m)
{
        (void)t;
        return pool_overhead(&crew, p, window_ns, m);
}

static int memory(const struct topology *t, const struct params *p, int64_t window_ns,
                  struct measurement *m)
{
        (void)t;
        (void)window_ns;
        return pool_memory(&crew, p, m);
}

extern const struct contestant pool_guide;
const struct contestant pool_guide = {
        .name = "guide",
        .source = "worker pool over a bounded channel, from \"Go Concurrency Patterns: A Practical "
                  "Walkthrough\"",
        .caps = CAP_PARKS,
        .measure = {[OVERHEAD] = overhead, [SIZING] = pool_sizing, [MEMORY] = memory},
};
