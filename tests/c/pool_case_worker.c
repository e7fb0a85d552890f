/* The pool contract: what a worker has of its own, and jobs that fail or submit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pool_cases.h"

#include <string.h>

/* That it is used in the worker's own context only, and between init and exit, jobs and callbacks
   check (pool_cases.h). */
static void a_job_gets_its_workers_local(struct scene *s, unsigned me)
{
        unsigned jobs = 0;

        (void)me;
        start_pool(s, 3, 8);
        for (unsigned i = 0; i < 60; i++)
                submit_ok(s, plain_job, i);
        end_pool(s);
        for (unsigned i = 0; i < 3; i++) {
                CASE_EQUAL(s->local[i].alive, 0);
                jobs += s->local[i].jobs;
        }
        CASE_EQUAL(jobs, 60);
        CASE_EQUAL(count_of(&s->inits), 3);
        CASE_EQUAL(count_of(&s->exits), 3);
}

static void exit_without_local(void *ctx, unsigned worker, void *local)
{
        struct scene *s = ctx;

        CASE_CHECK(!local);
        CASE_CHECK(worker < 2);
        ct_add_u32_acq_rel(&s->exits, 1);
}

static int job_without_local(void *arg, void *local)
{
        CASE_CHECK(!local);
        return plain_job(arg, local);
}

static void without_an_init_there_is_no_local(struct scene *s, unsigned me)
{
        struct ct_pool_config c = config_of(s, 2, 4);

        (void)me;
        if (s->kind->traits & HAS_WORKERS) {
                c.worker_init = NULL;
                c.worker_exit = exit_without_local;
        }
        s->pool = start_with(&c);
        for (unsigned i = 0; i < 6; i++)
                submit_ok(s, job_without_local, i);
        end_pool(s);
        CASE_EQUAL(count_of(&s->exits), s->kind->traits & HAS_WORKERS ? 2 : 0);
        CASE_EQUAL(run_once(s, 0, 6), 6);
}

static void exit_comes_after_the_last_job(struct scene *s, unsigned me)
{
        (void)me;
        ct_semaphore_acquire(&s->gate, GATE);
        start_pool(s, 2, 4);
        submit_ok(s, gate_job, 0);
        submit_ok(s, gate_job, 1);
        CONTEXT_UNTIL(count_of(&s->begun) == 2);
        CASE_EQUAL(ct_pool_shutdown_until(s->pool, 1), 0);
        CASE_EQUAL(count_of(&s->exits), 0);
        open_gate(s, 2);
        ct_pool_free(s->pool);
        CASE_EQUAL(count_of(&s->exits), 2);
        CASE_EQUAL(run_once(s, 0, 2), 2);
}

/* ---- failures ---- */

/* One after the other, so that it is known which was the first. */
static void run_one(struct scene *s, ct_pool_job *job, unsigned mark, int error)
{
        uint64_t before = stats_of(s->pool).done + stats_of(s->pool).failed;

        s->mark[mark].error = error;
        submit_ok(s, job, mark);
        CONTEXT_UNTIL(stats_of(s->pool).done + stats_of(s->pool).failed == before + 1);
}

static void a_returned_error_is_counted_and_kept(struct scene *s, unsigned me)
{
        struct ct_pool_stats t;
        struct ct_failure f;

        (void)me;
        start_pool(s, 1, 4);
        run_one(s, plain_job, 0, 0);
        run_one(s, plain_job, 1, -7);
        run_one(s, plain_job, 2, 8);
        run_one(s, plain_job, 3, -9);
        run_one(s, plain_job, 4, 0);
        t = stats_of(s->pool);
        CASE_EQUAL(t.run, 5);
        CASE_EQUAL(t.done, 2);
        CASE_EQUAL(t.failed, 3);
        CASE_EQUAL(t.first_error, -7);
        CASE_EQUAL(t.last_error, -9);
        ct_pool_first_failure(s->pool, &f);
        CASE_EQUAL(f.code, -7);
        CASE_EQUAL(f.message[0], 0);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, 5), 5);
        if (s->kind->traits & HAS_WORKERS)
                CASE_EQUAL(s->local[0].jobs, 5);
}

static void a_job_may_fail_deep_down(struct scene *s, unsigned me)
{
        struct ct_pool_stats t;
        struct ct_failure f;

        (void)me;
        start_pool(s, 1, 4);
        run_one(s, failing_job, 1, -71);
        run_one(s, plain_job, 2, 0);
        run_one(s, failing_job, 3, 0); /* becomes -ECANCELED */
        run_one(s, plain_job, 4, 0);
        t = stats_of(s->pool);
        CASE_EQUAL(t.run, 4);
        CASE_EQUAL(t.done, 2);
        CASE_EQUAL(t.failed, 2);
        CASE_EQUAL(t.first_error, -71);
        CASE_EQUAL(t.last_error, -ECANCELED);
        ct_pool_first_failure(s->pool, &f);
        CASE_EQUAL(f.code, -71);
        CASE_CHECK(!strcmp(f.message, "mark 1 is bad"));
        end_pool(s);
        CASE_EQUAL(run_once(s, 1, 5), 4);
        if (s->kind->traits & HAS_WORKERS) { /* the same worker all along, and ended once */
                CASE_EQUAL(s->local[0].jobs, 4);
                CASE_EQUAL(count_of(&s->inits), 1);
                CASE_EQUAL(count_of(&s->exits), 1);
        }
}

static void many_failures_cost_no_worker(struct scene *s, unsigned me)
{
        struct ct_pool_stats t;

        (void)me;
        start_pool(s, s->workers, 8);
        for (unsigned i = 0; i < MARKS; i++) {
                s->mark[i].error = i % 3 ? -(int)i : 0;
                submit_ok(s, i % 3 == 2 ? failing_job : plain_job, i);
        }
        ct_pool_shutdown(s->pool);
        t = stats_of(s->pool);
        CASE_EQUAL(t.done, (MARKS + 2) / 3);
        CASE_EQUAL(t.failed, MARKS - (MARKS + 2) / 3);
        CASE_CHECK(t.first_error < 0 && t.last_error < 0);
        ct_pool_free(s->pool);
        CASE_EQUAL(run_once(s, 0, MARKS), MARKS);
}

/* ---- jobs that submit ---- */

static int submitting_job(void *arg, void *local)
{
        struct mark *m = arg;

        job_begins(m, local);
        for (struct mark *next = m->next; next; next = next->next)
                m->status = ct_pool_try_submit(m->scene->pool, plain_job, next);
        return job_ends(m);
}

static void a_job_may_submit(struct scene *s, unsigned me)
{
        (void)me;
        start_pool(s, 2, 64);
        s->mark[0].next = &s->mark[1];
        for (unsigned i = 1; i < 20; i++)
                s->mark[i].next = &s->mark[i + 1];
        submit_ok(s, submitting_job, 0);
        if (s->kind->kind != CT_POOL_SEMAPHORE)
                CONTEXT_UNTIL(stats_of(s->pool).done == 21);
        ct_pool_shutdown(s->pool);
        if (s->kind->kind == CT_POOL_SEMAPHORE) /* two permits, and the job has one */
                CASE_CHECK(run_once(s, 0, 21) == stats_of(s->pool).submitted);
        else
                CASE_EQUAL(run_once(s, 0, 21), 21);
        CASE_EQUAL(stats_of(s->pool).run, stats_of(s->pool).submitted);
        ct_pool_free(s->pool);
}

static int chain_job(void *arg, void *local)
{
        struct mark *m = arg;

        job_begins(m, local);
        if (m->next)
                while ((m->status = ct_pool_try_submit(m->scene->pool, chain_job, m->next)) ==
                       CT_POOL_QUEUE_FULL)
                        ct_parker_ops_self()->yield();
        return job_ends(m);
}

/* Each job submits the next; nobody else keeps the pool busy. */
static void a_chain_of_jobs_runs_to_its_end(struct scene *s, unsigned me)
{
        (void)me;
        start_pool(s, 2, 1);
        for (unsigned i = 0; i + 1 < MARKS; i++)
                s->mark[i].next = &s->mark[i + 1];
        submit_ok(s, chain_job, 0);
        CONTEXT_UNTIL(stats_of(s->pool).done == MARKS);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, MARKS), MARKS);
}

static int late_job(void *arg, void *local)
{
        struct mark *m = arg;

        (void)gate_job(arg, local);
        while ((m->status = ct_pool_try_submit(m->scene->pool, plain_job, m->next)) ==
               CT_POOL_QUEUE_FULL)
                ct_parker_ops_self()->yield();
        return 0;
}

static int counting_job(void *arg, void *local)
{
        (void)local;
        ct_add_u32_acq_rel((ct_atomic_u32 *)arg, 1);
        return 0;
}

/* Whatever a job is told while the pool shuts down is true. */
static void a_job_that_submits_during_shutdown_is_told(struct scene *s, unsigned me)
{
        uint32_t run;

        if (me) { /* context 1 */
                hear(s, 1);
                /* until it says so, the shutdown has not begun */
                while (ct_pool_try_submit(s->pool, counting_job, &s->places) !=
                       CT_POOL_SHUTTING_DOWN)
                        ct_parker_ops_self()->yield();
                open_gate(s, 2);
                return;
        }
        ct_semaphore_acquire(&s->gate, GATE);
        start_pool(s, 3, 8);
        for (unsigned i = 0; i < 2; i++) {
                s->mark[i].next = &s->mark[10 + i];
                submit_ok(s, late_job, i);
        }
        CONTEXT_UNTIL(count_of(&s->begun) == 2);
        say(s, 1);
        ct_pool_shutdown(s->pool);
        for (unsigned i = 0; i < 2; i++) {
                CASE_EQUAL(s->mark[i].status, CT_POOL_SHUTTING_DOWN);
                CASE_EQUAL(count_of(&s->mark[10 + i].run), 0);
        }
        run = count_of(&s->places) - 2;
        CASE_EQUAL(stats_of(s->pool).submitted, 2 + run);
        CASE_EQUAL(stats_of(s->pool).done, 2 + run);
        ct_pool_free(s->pool);
}

static int crossing_job(void *arg, void *local)
{
        struct mark *m = arg;

        job_begins(m, local);
        m->status = ct_pool_submit(m->scene->other, plain_job, m->next);
        return job_ends(m);
}

static void a_job_may_submit_to_another_pool(struct scene *s, unsigned me)
{
        struct ct_pool_config c = config_of(s, 2, 1);

        (void)me;
        c.worker_init = NULL;
        c.worker_exit = NULL;
        s->other = start_with(&c);
        start_pool(s, 2, 1);
        for (unsigned i = 0; i < 40; i++) {
                s->mark[i].next = &s->mark[i + 40];
                submit_ok(s, crossing_job, i);
        }
        end_pool(s);
        ct_pool_shutdown(s->other);
        CASE_EQUAL(stats_of(s->other).done, 40);
        ct_pool_free(s->other);
        CASE_EQUAL(run_once(s, 0, 80), 80);
}

/* ---- dynamic ---- */

static void a_queue_that_backs_up_brings_workers(struct scene *s, unsigned me)
{
        struct ct_pool_config c = config_of(s, 3, 8);

        (void)me;
        c.workers_min = 1;
        c.idle_ns = 1;
        ct_semaphore_acquire(&s->gate, GATE);
        s->pool = start_with(&c);
        CASE_EQUAL(count_of(&s->inits), 1);
        for (unsigned i = 0; i < 6; i++)
                submit_ok(s, gate_job, i);
        CONTEXT_UNTIL(count_of(&s->begun) == 3);
        CASE_EQUAL(stats_of(s->pool).workers_most, 3);
        open_gate(s, 6);
        CONTEXT_UNTIL(stats_of(s->pool).workers == 1); /* and of those that idle, one stays */
        linger();
        CASE_EQUAL(stats_of(s->pool).workers, 1);
        submit_ok(s, plain_job, 6);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, 7), 7);
        CASE_EQUAL(count_of(&s->inits), count_of(&s->exits));
}

static void a_late_worker_whose_init_fails_does_not_come(struct scene *s, unsigned me)
{
        struct ct_pool_config c = config_of(s, 2, 8);

        (void)me;
        c.workers_min = 1;
        s->refuse_init = 2;
        ct_semaphore_acquire(&s->gate, GATE);
        s->pool = start_with(&c);
        for (unsigned i = 0; i < 5; i++)
                submit_ok(s, gate_job, i);
        CONTEXT_UNTIL(count_of(&s->begun) == 1);
        linger();
        CASE_EQUAL(count_of(&s->begun), 1);
        open_gate(s, 5);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, 5), 5);
        CASE_EQUAL(count_of(&s->exits), 1);
}

static const struct pool_case cases[] = {
        {"a_job_gets_its_workers_local", a_job_gets_its_workers_local, HAS_WORKERS, 0, 0, 1},
        {"without_an_init_there_is_no_local", without_an_init_there_is_no_local, 0, 0, 0, 1},
        {"exit_comes_after_the_last_job", exit_comes_after_the_last_job, HAS_WORKERS, 0, 0, 1},
        {"a_returned_error_is_counted_and_kept", a_returned_error_is_counted_and_kept, 0, 0, 0, 1},
        {"a_job_may_fail_deep_down", a_job_may_fail_deep_down, 0, 0, 0, 1},
        {"many_failures_cost_no_worker", many_failures_cost_no_worker, 0, 0, 0, 1},
        {"a_job_may_submit", a_job_may_submit, 0, 0, 0, 1},
        {"a_chain_of_jobs_runs_to_its_end", a_chain_of_jobs_runs_to_its_end, 0, 0, 0, 1},
        {"a_job_that_submits_during_shutdown_is_told", a_job_that_submits_during_shutdown_is_told,
         0, 0, 0, 2},
        {"a_job_may_submit_to_another_pool", a_job_may_submit_to_another_pool, 0, 0, 0, 1},
        {"a_queue_that_backs_up_brings_workers", a_queue_that_backs_up_brings_workers, 0, 0,
         1u << CT_POOL_DYNAMIC, 1},
        {"a_late_worker_whose_init_fails_does_not_come",
         a_late_worker_whose_init_fails_does_not_come, 0, 0, 1u << CT_POOL_DYNAMIC, 1},
};

POOL_CASES(pool_worker_cases, cases);
