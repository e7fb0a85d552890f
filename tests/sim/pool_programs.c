/* What every program about whole pools does, and what must hold when all is over. */
#include "pool_programs.h"

#include <errno.h>

static void discard(void *ctx, void *arg)
{
        struct pool_job *j = arg;

        SIM_CHECK(ctx == j->state);
        j->discarded++;
}

static int worker_init(void *ctx, unsigned worker, void **local)
{
        struct pool_state *s = ctx;
        struct pool_local *l = &s->local[worker];

        SIM_CHECK(worker < POOL_WORKERS);
        if (s->refuse_init == worker + 1)
                return -EXDEV;
        SIM_CHECK(!l->alive);
        l->alive = true;
        *local = l;
        return 0;
}

static void worker_exit(void *ctx, unsigned worker, void *local)
{
        struct pool_state *s = ctx;
        struct pool_local *l = local;

        SIM_CHECK(l == &s->local[worker]);
        SIM_CHECK(l->alive);
        l->alive = false;
}

void pool_setup(struct pool_state *s, enum ct_pool_kind kind, unsigned workers, size_t queue,
                unsigned tasks, unsigned others)
{
        bool spawns = kind == CT_POOL_UNBOUNDED || kind == CT_POOL_SEMAPHORE;
        struct ct_pool_config *c = &s->config;

        *c = (struct ct_pool_config){.kind = kind, .spawn = CT_SPAWN_TASK, .discard = discard};
        c->ctx = s;
        c->workers = kind == CT_POOL_UNBOUNDED ? 0 : workers;
        if (!spawns) {
                c->queue = queue;
                c->worker_init = worker_init;
                c->worker_exit = worker_exit;
        }
        if (kind == CT_POOL_DYNAMIC) {
                c->workers_min = workers;
                c->idle_ns = SIM_TIMEOUT_NS;
        }
        if (kind == CT_POOL_PRIORITY) {
                c->levels = 2;
                c->aging_ns = SIM_TIMEOUT_NS;
        }
        for (unsigned i = 0; i < POOL_JOBS; i++)
                s->job[i].state = s;
        ct_latch_init(&s->ready, 1);
        if (others)
                ct_waitgroup_add(&s->others, (int32_t)others);
        s->first_other = tasks - others;
        spawn_setup(1, s->first_other - 1);
}

bool pool_spare(struct pool_state *s, unsigned self)
{
        return self > 0 && self < s->first_other && spawn_spare(self);
}

void pool_begin(struct pool_state *s)
{
        sim_calm(true);
        SIM_CHECK(ct_pool_start(&s->pool, &s->config) == 0);
        ct_latch_count_down(&s->ready, 1);
        sim_calm(false);
}

void pool_come(struct pool_state *s)
{
        ct_latch_wait(&s->ready);
}

void pool_go(struct pool_state *s)
{
        ct_waitgroup_done(&s->others);
}

void pool_end(struct pool_state *s)
{
        sim_at("wait for the others");
        ct_waitgroup_wait(&s->others);
        sim_at("free");
        ct_pool_free(s->pool);
        sim_calm(true);
        spawn_dismiss();
}

/* ---- jobs ---- */

int pool_run_job(void *arg, void *local)
{
        struct pool_job *j = arg;
        struct pool_state *s = j->state;
        struct pool_local *l = local;

        if (l) {
                SIM_CHECK(l->alive);
                l->jobs++;
        }
        j->run++;
        if (j->child)
                pool_try(s, (unsigned)(j->child - s->job));
        sim_step();
        if (l)
                SIM_CHECK(l->alive);
        if (j->error > 0)
                ct_task_fail_code(-j->error, "job %d", (int)(j - s->job));
        return j->error;
}

void pool_count(struct pool_state *s, unsigned job, enum ct_pool_status status)
{
        SIM_CHECK(status == CT_POOL_OK || status == CT_POOL_SHUTTING_DOWN ||
                  status == CT_POOL_QUEUE_FULL || status == CT_POOL_TIMED_OUT);
        s->job[job].accepted = status == CT_POOL_OK;
        if (status == CT_POOL_SHUTTING_DOWN)
                sim_saw(0);
        if (status == CT_POOL_QUEUE_FULL)
                sim_saw(1);
        if (status == CT_POOL_TIMED_OUT)
                sim_saw(2);
}

void pool_submit(struct pool_state *s, unsigned job)
{
        sim_at("submit");
        pool_count(s, job, ct_pool_submit(s->pool, pool_run_job, &s->job[job]));
}

void pool_try(struct pool_state *s, unsigned job)
{
        sim_at("try_submit");
        pool_count(s, job, ct_pool_try_submit(s->pool, pool_run_job, &s->job[job]));
}

void pool_submit_timed(struct pool_state *s, unsigned job)
{
        sim_at("submit_until");
        pool_count(s, job,
                   ct_pool_submit_until(s->pool, pool_run_job, &s->job[job],
                                        ct_deadline_after(SIM_TIMEOUT_NS)));
}

/* ---- the end ---- */

static void note_stats(struct pool_state *s)
{
        ct_pool_stats(s->pool, &s->stats);
        SIM_CHECK(s->left == s->stats.submitted - s->stats.run);
        if (s->left)
                sim_saw(3);
}

void pool_shut_down(struct pool_state *s)
{
        sim_at("shutdown");
        ct_pool_shutdown(s->pool);
        note_stats(s);
        SIM_CHECK(s->stats.done + s->stats.failed == s->stats.run);
}

void pool_cut(struct pool_state *s, int64_t deadline)
{
        sim_at("shutdown_until");
        s->left = ct_pool_shutdown_until(s->pool, deadline);
        note_stats(s);
}

void pool_check(void *state)
{
        struct pool_state *s = state;
        uint64_t accepted = 0, run = 0, discarded = 0;

        for (unsigned i = 0; i < POOL_JOBS; i++) {
                struct pool_job *j = &s->job[i];

                SIM_CHECK(j->run + j->discarded == (int)j->accepted);
                accepted += j->accepted;
                run += (uint64_t)j->run;
                discarded += (uint64_t)j->discarded;
        }
        SIM_CHECK(accepted == s->stats.submitted);
        SIM_CHECK(run == s->stats.run);
        SIM_CHECK(discarded == s->left);
        for (unsigned i = 0; i < POOL_WORKERS; i++)
                SIM_CHECK(!s->local[i].alive);
}
