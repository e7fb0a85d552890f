/* The `overhead` measurement, see pool.h. */
#include <pthread.h>
#include <stdlib.h>

#include "base/cacheline.h"
#include "base/clock.h"
#include "flow/pool.h"
#include "pool/pool.h"
#include "sync/latch.h"
#include "task/task.h"

/* A submitter and the context that it is. */
struct caller {
        CT_ALIGN_PAIR struct submitter submitter;
        struct flood *flood;
        pthread_t thread;
        struct ct_task_handle task;
};

struct flood {
        const struct crew *crew;
        submit_fn *submit;
        void *self;
        unsigned batch, started;
        bool tasks;
        struct ct_latch gate;
        struct caller *caller;
};

/* Too few calls of this to be worth a loop of each contestant's own. */
static void submit_in_batches(const struct flood *f, struct submitter *s)
{
        struct ct_pool_item *items = calloc(f->batch, sizeof *items);

        s->rc = items ? 0 : -ENOMEM;
        while (!s->rc && ct_now_ns() < s->until_ns) {
                for (unsigned i = 0; i < f->batch; i++)
                        items[i] = (struct ct_pool_item){pool_count_job,
                                                         (void *)(uintptr_t)(s->first + s->n + i)};
                s->rc = f->crew->submit_batch(s->self, items, f->batch);
                s->n += s->rc ? 0 : f->batch;
                pool_checkpoint();
        }
        free(items);
}

static void submit(struct caller *c)
{
        if (c->flood->batch > 1)
                submit_in_batches(c->flood, &c->submitter);
        else
                c->flood->submit(&c->submitter);
}

static int caller_main(void *arg)
{
        struct caller *c = arg;

        ct_latch_wait(&c->flood->gate);
        submit(c);
        return 0;
}

static void *caller_on_thread(void *arg)
{
        (void)caller_main(arg);
        return NULL;
}

static int start_callers(struct flood *f, unsigned n)
{
        int rc = 0;

        for (unsigned i = 0; i < n && !rc; i++) {
                struct caller *c = &f->caller[i];

                rc = f->tasks ? ct_task_start(&c->task, caller_main, c)
                              : -pthread_create(&c->thread, NULL, caller_on_thread, c);
                f->started += !rc;
        }
        return rc;
}

static void join_callers(struct flood *f)
{
        for (unsigned i = 0; i < f->started; i++)
                if (f->tasks)
                        (void)ct_task_join(&f->caller[i].task);
                else
                        pthread_join(f->caller[i].thread, NULL);
}

/* One thread that submits is this one. */
static int submit_all(struct flood *f, unsigned n, int64_t window_ns, int64_t *start)
{
        bool by_itself = n == 1 && !f->tasks;
        int rc;

        ct_latch_init(&f->gate, 1);
        rc = by_itself ? 0 : start_callers(f, n);
        *start = ct_now_ns();
        for (unsigned i = 0; i < n; i++) /* where one could not start, the others leave at once */
                f->caller[i].submitter.until_ns = rc ? 0 : *start + window_ns;
        ct_latch_count_down(&f->gate, 1);
        if (by_itself)
                submit(&f->caller[0]);
        join_callers(f);
        for (unsigned i = 0; i < n && !rc; i++)
                rc = f->caller[i].submitter.rc;
        return rc;
}

static void prepare(struct flood *f, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                f->caller[i] = (struct caller){
                        .flood = f,
                        .submitter = {.self = f->self, .first = (uint64_t)(i + 1) << 40},
                };
}

static int flood(struct flood *f, unsigned submitters, int64_t window_ns, struct measurement *m)
{
        struct pool_count expected = {0}, ran;
        int64_t start, end;
        uint64_t said;
        int rc;

        prepare(f, submitters);
        pool_count_take(&ran); /* what a failed window may have left */
        rc = submit_all(f, submitters, window_ns, &start);
        said = f->crew->finish(f->self);
        end = ct_now_ns();
        pool_count_take(&ran);
        for (unsigned i = 0; i < submitters; i++)
                pool_count_add(&expected, f->caller[i].submitter.first, f->caller[i].submitter.n);
        m->ops = (double)expected.jobs;
        m->window_ns = (double)(end - start);
        m->verified = (said == expected.jobs || said == CREW_UNCOUNTED) &&
                      pool_count_equal(&ran, &expected);
        return rc;
}

int pool_overhead(const struct crew *crew, submit_fn *submit_jobs, const struct topology *t,
                  const struct params *p, int64_t window_ns, struct measurement *m)
{
        unsigned submitters = (unsigned)p->value[P_SUBMITTERS];
        struct crew_spec spec = {.workers = (unsigned)p->value[P_WORKERS],
                                 .queue = (size_t)p->value[P_QUEUE],
                                 .tasks = m->exec == BY_TASKS};
        struct flood f = {.crew = crew,
                          .submit = submit_jobs,
                          .batch = (unsigned)p->value[P_BATCH],
                          .tasks = spec.tasks};
        struct pool_switches before;
        int rc = pool_stage_begin(m->exec, t), left;

        if (rc)
                return rc;
        f.caller = aligned_alloc(CT_CACHE_PAIR, submitters * sizeof *f.caller);
        rc = f.caller ? crew->start(&f.self, &spec) : -ENOMEM;
        if (!rc) {
                pool_switches_read(&before);
                rc = flood(&f, submitters, window_ns, m);
                crew->free(f.self);
                pool_finish_row(&before, t, spec.workers, m);
        }
        free(f.caller);
        left = pool_stage_end(m->exec);
        return rc ? rc : left;
}
