/*
 * The contract of lib/flow/pool.h as a table of cases, which test_pool_contract.c runs: each case
 * for every kind that it applies to, submitted to by threads and by tasks, run by threads and by
 * tasks, in each placement.
 *
 * Nothing sleeps: a job that must stay stands at the gate, which is a semaphore without permits,
 * until the case lets it through.
 */
#ifndef CT_TESTS_POOL_CASES_H
#define CT_TESTS_POOL_CASES_H

#include "pool_kinds.h"

#include "sync/semaphore.h"

#include "contexts.h"

#include <errno.h>

enum { MARKS = 128, WORKERS_MOST = 16, GATE = 1 << 20 };

/* How many more than `queue` a kind that is not exact may accept. */
#define POOL_SLACK(workers) (8 * (workers))

struct scene;

/* One job's argument, and what became of it. */
struct mark {
        struct scene *scene;
        struct mark *next; /* for jobs that submit */
        unsigned number;
        int error;  /* that it returns, or fails with */
        int before; /* plain: written by the submitter */
        int after;  /* plain: written by the job */
        ct_atomic_u32 run, discarded;
        unsigned place; /* in scene.order */
        unsigned worker;
        enum ct_pool_status status; /* of what the job submitted */
};

struct local {
        struct scene *scene;
        unsigned worker;
        uint64_t self; /* the context that runs it */
        ct_atomic_u32 alive;
        unsigned jobs;
};

struct scene {
        const struct pool_kind *kind;
        enum ct_spawn spawn;
        unsigned contexts, workers; /* of the case; of the placement */
        struct ct_pool *pool, *other;
        struct ct_semaphore gate;
        ct_atomic_u32 step; /* what the contexts tell each other */
        ct_atomic_u32 begun, ended, inits, exits, discards;
        ct_atomic_u32 places;
        int refuse_init; /* this worker's init fails, from 1; 0: none */
        struct local local[WORKERS_MOST];
        struct mark mark[MARKS];
        struct mark *order[MARKS];
};

struct pool_case {
        const char *name;
        void (*body)(struct scene *s, unsigned me);
        unsigned traits; /* that a kind must have, */
        unsigned not ;   /* or must not */
        unsigned only;   /* 1 << kind, or 0 for any */
        unsigned contexts;
};

struct pool_cases {
        const struct pool_case *cases;
        size_t n;
};

#define POOL_CASES(group, table)                                                                   \
        const struct pool_cases group = {table, sizeof table / sizeof *table}

extern const struct pool_cases pool_start_cases, pool_submit_cases, pool_wait_cases,
        pool_order_cases, pool_worker_cases, pool_result_cases, pool_shutdown_cases;

extern ct_atomic_u32 case_failures;
extern const char *case_where;

#define CASE_CHECK(condition)                                                                      \
        do {                                                                                       \
                if (!(condition) && ct_add_u32_relaxed(&case_failures, 1) < 5)                     \
                        fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, case_where,         \
                                #condition);                                                       \
        } while (0)

#define CASE_EQUAL(a, b)                                                                           \
        do {                                                                                       \
                long long a_ = (long long)(a), b_ = (long long)(b);                                \
                if (a_ != b_ && ct_add_u32_relaxed(&case_failures, 1) < 5)                         \
                        fprintf(stderr, "%s:%d: %s: %s is %lld, not %s = %lld\n", __FILE__,        \
                                __LINE__, case_where, #a, a_, #b, b_);                             \
        } while (0)

/* One context says what the others wait for. */
static inline void say(struct scene *s, uint32_t step)
{
        ct_store_u32_release(&s->step, step); /* pairs with hear */
}

static inline void hear(struct scene *s, uint32_t step)
{
        CONTEXT_UNTIL(ct_load_u32_acquire(&s->step) >= step); /* pairs with say */
}

/* Lets others run for a while: whatever was to happen without being let through would have. Only
   for what must not happen. */
static inline void linger(void)
{
        for (int i = 0; i < 50; i++)
                ct_parker_ops_self()->yield();
}

static inline uint32_t count_of(ct_atomic_u32 *n)
{
        return ct_load_u32_acquire(n);
}

static inline void open_gate(struct scene *s, unsigned permits)
{
        ct_semaphore_release(&s->gate, permits);
}

static inline struct ct_pool_stats stats_of(struct ct_pool *p)
{
        struct ct_pool_stats s;

        ct_pool_stats(p, &s);
        return s;
}

/* ---- jobs: the argument is a mark ---- */

static inline void job_begins(struct mark *m, void *local)
{
        struct scene *s = m->scene;
        struct local *l = local;

        m->place = ct_add_u32_acq_rel(&s->places, 1);
        if (m->place < MARKS)
                s->order[m->place] = m;
        if (l) {
                CASE_CHECK(count_of(&l->alive) == 1);
                CASE_CHECK(l->self == ct_parker_ops_self()->self());
                m->worker = l->worker;
                l->jobs++;
        }
        ct_add_u32_acq_rel(&s->begun, 1);
}

static inline int job_ends(struct mark *m)
{
        int error = m->error;

        m->after = m->before + 1000;
        ct_add_u32_acq_rel(&m->run, 1);
        ct_add_u32_acq_rel(&m->scene->ended, 1);
        return error;
}

static inline int plain_job(void *arg, void *local)
{
        job_begins(arg, local);
        return job_ends(arg);
}

static inline int gate_job(void *arg, void *local)
{
        job_begins(arg, local);
        ct_semaphore_acquire(&((struct mark *)arg)->scene->gate, 1);
        return job_ends(arg);
}

static inline int failing_job(void *arg, void *local)
{
        struct mark *m = arg;

        job_begins(m, local);
        (void)job_ends(m);
        ct_task_fail_code(m->error, "mark %u is bad", m->number);
}

/* ---- pools ---- */

static inline void discard_mark(void *ctx, void *arg)
{
        struct mark *m = arg;

        CASE_CHECK(ctx == m->scene);
        ct_add_u32_acq_rel(&m->discarded, 1);
        ct_add_u32_acq_rel(&m->scene->discards, 1);
}

static inline int begin_worker(void *ctx, unsigned worker, void **local)
{
        struct scene *s = ctx;
        struct local *l = &s->local[worker % WORKERS_MOST];

        ct_add_u32_acq_rel(&s->inits, 1);
        CASE_CHECK(worker < WORKERS_MOST);
        if (s->refuse_init == (int)worker + 1)
                return -EXDEV;
        CASE_CHECK(ct_exchange_u32_acq_rel(&l->alive, 1) == 0);
        l->scene = s;
        l->worker = worker;
        l->self = ct_parker_ops_self()->self();
        *local = l;
        return 0;
}

static inline void end_worker(void *ctx, unsigned worker, void *local)
{
        struct scene *s = ctx;
        struct local *l = local;

        CASE_CHECK(l == &s->local[worker % WORKERS_MOST]);
        CASE_CHECK(ct_exchange_u32_acq_rel(&l->alive, 0) == 1);
        CASE_CHECK(l->self == ct_parker_ops_self()->self());
        ct_add_u32_acq_rel(&s->exits, 1);
}

static inline struct ct_pool_config config_of(struct scene *s, unsigned workers, size_t queue)
{
        struct ct_pool_config c = plain_config(s->kind, s->spawn, workers, queue);

        if (s->kind->traits & HAS_WORKERS) {
                c.worker_init = begin_worker;
                c.worker_exit = end_worker;
        }
        c.discard = discard_mark;
        c.ctx = s;
        return c;
}

static inline struct ct_pool *start_with(const struct ct_pool_config *c)
{
        struct ct_pool *p = NULL;
        int r = ct_pool_start(&p, c);

        if (r)
                contexts_failed("ct_pool_start", r);
        return p;
}

static inline struct ct_pool *start_pool(struct scene *s, unsigned workers, size_t queue)
{
        struct ct_pool_config c = config_of(s, workers, queue);

        return s->pool = start_with(&c);
}

static inline void end_pool(struct scene *s)
{
        ct_pool_shutdown(s->pool);
        ct_pool_free(s->pool);
}

static inline void submit_ok(struct scene *s, ct_pool_job *job, unsigned mark)
{
        CASE_EQUAL(ct_pool_submit(s->pool, job, &s->mark[mark]), CT_POOL_OK);
}

/* Jobs that stand at the gate, so that nothing else starts, and then as many as may wait: returns
   how many were accepted in all, marks 0 to that - 1. What comes next finds it full. */
static inline unsigned fill_pool(struct scene *s, unsigned workers)
{
        unsigned n = 0;

        while (n < workers) {
                submit_ok(s, gate_job, n++);
                CONTEXT_UNTIL(count_of(&s->begun) == n);
        }
        while (n < MARKS && ct_pool_try_submit(s->pool, plain_job, &s->mark[n]) == CT_POOL_OK)
                n++;
        return n;
}

/* How many of marks first to last - 1 have been run once; nothing else may have become of them. */
static inline unsigned run_once(struct scene *s, unsigned first, unsigned last)
{
        unsigned n = 0;

        for (unsigned i = first; i < last; i++) {
                uint32_t run = count_of(&s->mark[i].run);

                CASE_CHECK(run + count_of(&s->mark[i].discarded) <= 1);
                n += run == 1;
        }
        return n;
}

#endif
