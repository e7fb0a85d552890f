/* The kinds of worker pools by their traits, for the tests that hold for all that share one. */
#ifndef CT_TESTS_POOL_KINDS_H
#define CT_TESTS_POOL_KINDS_H

#include "flow/pool.h"

enum pool_traits {
        HAS_WORKERS = 1, /* that live on between jobs: with worker_init and worker_exit */
        HAS_QUEUE = 2,   /* of at least 1, where jobs wait to be started */
        HANDS_OVER = 4,  /* its queue may be 0 */
        IS_EXACT = 8,    /* the queue holds exactly as many as the configuration says */
        IN_ORDER = 16,   /* one worker starts jobs in the order of acceptance */
        IS_FULL = 32     /* submit may have to wait */
};

struct pool_kind {
        const char *name;
        enum ct_pool_kind kind;
        unsigned traits;
};

static const struct pool_kind POOL_KINDS[] = {
        {"channel", CT_POOL_CHANNEL,
         HAS_WORKERS | HAS_QUEUE | HANDS_OVER | IS_EXACT | IN_ORDER | IS_FULL},
        {"stealing", CT_POOL_STEALING, HAS_WORKERS | HAS_QUEUE | IS_FULL},
        {"fixed", CT_POOL_FIXED, HAS_WORKERS | HAS_QUEUE | IN_ORDER | IS_FULL},
        {"dynamic", CT_POOL_DYNAMIC,
         HAS_WORKERS | HAS_QUEUE | HANDS_OVER | IS_EXACT | IN_ORDER | IS_FULL},
        {"priority", CT_POOL_PRIORITY, HAS_WORKERS | HAS_QUEUE | IS_EXACT | IN_ORDER | IS_FULL},
        {"unbounded", CT_POOL_UNBOUNDED, 0},
        {"semaphore", CT_POOL_SEMAPHORE, IS_FULL},
};

#define FOR_EACH_POOL_KIND(k)                                                                      \
        for (const struct pool_kind *k = POOL_KINDS;                                               \
             k < POOL_KINDS + sizeof POOL_KINDS / sizeof *POOL_KINDS; k++)

/* A plain pool of the kind: what a kind has no use for is 0. dynamic keeps all its workers, and
   priority has 4 levels, of which none ages. */
static inline struct ct_pool_config plain_config(const struct pool_kind *k, enum ct_spawn spawn,
                                                 unsigned workers, size_t queue)
{
        struct ct_pool_config c = {.kind = k->kind, .spawn = spawn, .workers = workers};

        if (k->traits & HAS_QUEUE)
                c.queue = queue;
        if (k->kind == CT_POOL_UNBOUNDED)
                c.workers = 0;
        if (k->kind == CT_POOL_DYNAMIC) {
                c.workers_min = workers;
                c.idle_ns = 3600 * CT_NS_PER_S;
        }
        if (k->kind == CT_POOL_PRIORITY) {
                c.levels = 4;
                c.aging_ns = 3600 * CT_NS_PER_S;
        }
        return c;
}

#endif
