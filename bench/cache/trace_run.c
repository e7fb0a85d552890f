#include "cache/trace_run.h"

#include <sched.h>

#include "base/clock.h"
#include "cache/trace_synthetic.h"
#include "harness/record.h"
#include "harness/topology.h"

enum { TRACE_SEED = 1 };

static const struct trace *used;

void trace_file_use(const struct trace *t)
{
        used = t;
}

const struct trace *trace_file_used(void)
{
        return used;
}

/* The workload's trace, kept until another is asked for: a block's windows all have the same. */
static int trace_for(unsigned workload, int64_t keys, const struct trace **out)
{
        static struct trace made;
        static unsigned made_for;
        static int64_t made_keys;
        int rc;

        if (workload == CACHE_TRACE_FILE) {
                *out = used;
                return used ? 0 : -EINVAL;
        }
        if (!made.n || made_for != workload || made_keys != keys) {
                trace_free(&made);
                rc = trace_make(&made, (enum trace_kind)(workload - CACHE_TRACE_ZIPF),
                                (uint32_t)keys, TRACE_SEED);
                if (rc)
                        return rc;
                made_for = workload;
                made_keys = keys;
        }
        *out = &made;
        return 0;
}

static bool adds_up(const struct trace *t, size_t capacity, const struct trace_pass *pass)
{
        return pass->hits + pass->evicted + pass->left == t->n && pass->left <= capacity;
}

static int timed_pass(const struct trace *t, trace_pass_fn *fn, const struct params *p,
                      struct measurement *m)
{
        size_t capacity = (size_t)p->value[P_CAPACITY];
        struct trace_pass pass = {0};
        int64_t start = ct_now_ns();
        int rc = fn(t, capacity, p, &pass);

        if (rc && rc != -EBADMSG)
                return rc;
        m->window_ns = (double)(ct_now_ns() - start);
        m->ops = (double)t->n;
        m->ns_per_op = m->window_ns / m->ops;
        m->ops_per_s = 1e9 / m->ns_per_op;
        m->own[M_HIT_RATIO] = (double)pass.hits / m->ops;
        m->own[M_EVICTED_PCT] = 100 * (double)pass.evicted / m->ops;
        m->verified = !rc && adds_up(t, capacity, &pass);
        return 0;
}

/* On the first PU, so that the thread stays on one. */
int trace_window(unsigned workload, trace_pass_fn *pass, const struct topology *topology,
                 const struct params *p, struct measurement *m)
{
        const struct trace *t;
        cpu_set_t before;
        int rc = trace_for(workload, p->value[P_KEYS], &t);
        bool bound;

        if (rc)
                return rc;
        bound = !sched_getaffinity(0, sizeof before, &before) &&
                !topology_bind_self(topology, &topology->pus[0]);
        rc = timed_pass(t, pass, p, m);
        if (bound)
                sched_setaffinity(0, sizeof before, &before);
        else
                m->flags |= ROW_UNPINNED;
        return rc;
}
