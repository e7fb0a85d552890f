/* A crew of ct_spawn_guide; LIMITED says whether p_workers limits it. No include guard: one file,
   one contestant. */
#include "pool/pool.h"

#include "flow/spawn_guide.h"

static int start(void **self, unsigned workers, size_t queue)
{
        (void)queue;
        return ct_spawn_guide_new((struct ct_spawn_guide **)self, LIMITED ? workers : 0);
}

static int submit(void *self, ct_pool_guide_job *job, void *arg)
{
        return ct_spawn_guide_submit(self, job, arg);
}

static uint64_t finish(void *self)
{
        struct ct_spawn_guide_stats stats;

        ct_spawn_guide_wait(self);
        ct_spawn_guide_stats(self, &stats);
        return stats.done;
}

static void release(void *self)
{
        ct_spawn_guide_free(self);
}

static const struct crew crew = {LIMITED, start, submit, finish, release};

static int overhead(const struct topology *t, const struct params *p, int64_t window_ns,
                    struct measurement *m)
{
        (void)t;
        return pool_overhead(&crew, p, window_ns, m);
}
