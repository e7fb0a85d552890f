/* The pool contract: the end of a pool, graceful or by a deadline. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pool_cases.h"

static void a_graceful_shutdown_runs_all(struct scene *s, unsigned me)
{
        struct ct_pool_stats t;
        unsigned n;

        (void)me;
        ct_semaphore_acquire(&s->gate, GATE);
        start_pool(s, 2, 100);
        n = fill_pool(s, 2);
        open_gate(s, 2);
        ct_pool_shutdown(s->pool);
        t = stats_of(s->pool);
        CASE_EQUAL(run_once(s, 0, MARKS), n);
        CASE_EQUAL(t.submitted, n);
        CASE_EQUAL(t.run, n);
        CASE_EQUAL(t.done, n);
        CASE_EQUAL(t.workers, 0);
        CASE_EQUAL(ct_pool_queued(s->pool), 0);
        ct_pool_free(s->pool);
        CASE_EQUAL(count_of(&s->discards), 0);
}

static void shutdown_waits_for_a_job_that_runs(struct scene *s, unsigned me)
{
        if (me) {
                hear(s, 1);
                linger();
                CASE_EQUAL(count_of(&s->step), 1);
                open_gate(s, 1);
                return;
        }
        ct_semaphore_acquire(&s->gate, GATE);
        start_pool(s, 2, 4);
        submit_ok(s, gate_job, 0);
        CONTEXT_UNTIL(count_of(&s->begun) == 1);
        say(s, 1);
        ct_pool_shutdown(s->pool);
        CASE_EQUAL(count_of(&s->mark[0].run), 1);
        say(s, 2);
        ct_pool_free(s->pool);
}

static void afterwards_nothing_is_taken(struct scene *s, unsigned me)
{
        struct ct_pool_item item = {plain_job, &s->mark[1]};
        size_t accepted = 77;

        (void)me;
        start_pool(s, 2, 4);
        ct_pool_shutdown(s->pool);
        CASE_EQUAL(ct_pool_submit(s->pool, plain_job, &s->mark[1]), CT_POOL_SHUTTING_DOWN);
        CASE_EQUAL(ct_pool_try_submit(s->pool, plain_job, &s->mark[1]), CT_POOL_SHUTTING_DOWN);
        CASE_EQUAL(ct_pool_submit_until(s->pool, plain_job, &s->mark[1], 1), CT_POOL_SHUTTING_DOWN);
        CASE_EQUAL(ct_pool_submit_until(s->pool, plain_job, &s->mark[1], CT_FOREVER),
                   CT_POOL_SHUTTING_DOWN);
        CASE_EQUAL(ct_pool_submit_retry(s->pool, plain_job, &s->mark[1], 9, CT_FOREVER),
                   CT_POOL_SHUTTING_DOWN);
        CASE_EQUAL(ct_pool_submit_batch(s->pool, &item, 1, &accepted), CT_POOL_SHUTTING_DOWN);
        CASE_EQUAL(accepted, 0);
        if (s->kind->kind == CT_POOL_PRIORITY)
                CASE_EQUAL(ct_pool_submit_at(s->pool, 0, plain_job, &s->mark[1], CT_FOREVER),
                           CT_POOL_SHUTTING_DOWN);
        CASE_EQUAL(stats_of(s->pool).submitted, 0);
        ct_pool_free(s->pool);
        CASE_EQUAL(run_once(s, 0, MARKS), 0);
}

static void in_time_nothing_is_left(struct scene *s, unsigned me)
{
        (void)me;
        start_pool(s, 2, 32);
        for (unsigned i = 0; i < 40; i++)
                submit_ok(s, plain_job, i);
        CASE_EQUAL(ct_pool_shutdown_until(s->pool, ct_deadline_after(3600 * CT_NS_PER_S)), 0);
        CASE_EQUAL(run_once(s, 0, 40), 40);
        CASE_EQUAL(stats_of(s->pool).workers, 0);
        ct_pool_free(s->pool);
}

/* Those at the gate run on; the others are left, each discarded once. */
static void a_deadline_says_how_many_are_left(struct scene *s, unsigned me, int64_t deadline)
{
        struct ct_pool_stats t;
        uint64_t left;
        unsigned n;

        (void)me;
        ct_semaphore_acquire(&s->gate, GATE);
        start_pool(s, 2, 20);
        n = fill_pool(s, 2);
        left = ct_pool_shutdown_until(s->pool, deadline);
        CASE_CHECK(ct_now_ns() >= deadline);
        t = stats_of(s->pool);
        CASE_EQUAL(left, n - 2);
        CASE_EQUAL(t.submitted, n);
        CASE_EQUAL(t.run, 2);
        open_gate(s, GATE); /* whoever starts one now would get through */
        ct_pool_free(s->pool);
        CASE_EQUAL(run_once(s, 0, 2), 2);
        CASE_EQUAL(count_of(&s->begun), 2);
        CASE_EQUAL(count_of(&s->discards), n - 2);
        for (unsigned i = 0; i < MARKS; i++)
                CASE_EQUAL(count_of(&s->mark[i].discarded), i >= 2 && i < n);
}

static void a_deadline_cuts_off(struct scene *s, unsigned me)
{
        a_deadline_says_how_many_are_left(s, me, ct_deadline_after(2 * CT_NS_PER_MS));
}

static void a_deadline_in_the_past_cuts_off(struct scene *s, unsigned me)
{
        a_deadline_says_how_many_are_left(s, me, 1);
}

static void free_waits_for_a_job_that_runs(struct scene *s, unsigned me)
{
        if (me) {
                hear(s, 1);
                linger();
                CASE_EQUAL(count_of(&s->step), 1);
                open_gate(s, 1);
                return;
        }
        ct_semaphore_acquire(&s->gate, GATE);
        start_pool(s, 1, 4);
        submit_ok(s, gate_job, 0);
        CONTEXT_UNTIL(count_of(&s->begun) == 1);
        CASE_EQUAL(ct_pool_shutdown_until(s->pool, 1), 0);
        CASE_EQUAL(stats_of(s->pool).workers, 1);
        say(s, 1);
        ct_pool_free(s->pool);
        CASE_EQUAL(count_of(&s->mark[0].run), 1);
        say(s, 2);
}

static void what_is_left_may_have_no_discard(struct scene *s, unsigned me)
{
        struct ct_pool_config c = config_of(s, 1, 4);

        (void)me;
        c.discard = NULL;
        ct_semaphore_acquire(&s->gate, GATE);
        s->pool = start_with(&c);
        CASE_EQUAL(ct_pool_shutdown_until(s->pool, fill_pool(s, 1) ? 1 : 0),
                   stats_of(s->pool).submitted - 1);
        open_gate(s, 1);
        ct_pool_free(s->pool);
        CASE_EQUAL(count_of(&s->begun), 1);
}

static void a_shutdown_after_failures_is_like_any(struct scene *s, unsigned me)
{
        (void)me;
        start_pool(s, 2, 8);
        for (unsigned i = 0; i < 20; i++) {
                s->mark[i].error = -5;
                submit_ok(s, i % 2 ? plain_job : failing_job, i);
        }
        CASE_EQUAL(ct_pool_shutdown_until(s->pool, CT_FOREVER), 0);
        CASE_EQUAL(stats_of(s->pool).failed, 20);
        CASE_EQUAL(stats_of(s->pool).done, 0);
        CASE_EQUAL(stats_of(s->pool).first_error, -5);
        ct_pool_free(s->pool);
}

static void a_pool_that_had_no_job_ends(struct scene *s, unsigned me)
{
        (void)me;
        start_pool(s, s->workers, 4);
        ct_pool_shutdown(s->pool);
        CASE_EQUAL(stats_of(s->pool).submitted, 0);
        ct_pool_free(s->pool);
        start_pool(s, s->workers, 4);
        CASE_EQUAL(ct_pool_shutdown_until(s->pool, 1), 0);
        ct_pool_free(s->pool);
        CASE_EQUAL(count_of(&s->inits), count_of(&s->exits));
}

/* Sums that hold at any moment, looked at while four submit and the last shuts down. */
static void stats_hold_at_any_moment(struct scene *s, unsigned me)
{
        struct ct_pool_stats t;
        uint64_t left;

        if (!me) {
                start_pool(s, 2, 4);
                say(s, 1);
        }
        hear(s, 1);
        if (me == 4) {
                while (count_of(&s->step) < 5) {
                        t = stats_of(s->pool);
                        CASE_CHECK(t.done + t.failed <= t.run);
                        CASE_CHECK(t.run <= t.submitted);
                        ct_parker_ops_self()->yield();
                }
                left = ct_pool_shutdown_until(s->pool, 1);
                t = stats_of(s->pool);
                CASE_EQUAL(t.submitted, 4 * 30);
                CASE_EQUAL(left, t.submitted - t.run);
                ct_pool_free(s->pool);
                CASE_EQUAL(run_once(s, 0, 120), t.run);
                CASE_EQUAL(count_of(&s->discards), left);
                return;
        }
        for (unsigned i = 30 * me; i < 30 * me + 30; i++)
                submit_ok(s, plain_job, i);
        ct_add_u32_acq_rel(&s->step, 1);
}

static const struct pool_case cases[] = {
        {"a_graceful_shutdown_runs_all", a_graceful_shutdown_runs_all, IS_FULL, 0, 0, 1},
        {"shutdown_waits_for_a_job_that_runs", shutdown_waits_for_a_job_that_runs, 0, 0, 0, 2},
        {"afterwards_nothing_is_taken", afterwards_nothing_is_taken, 0, 0, 0, 1},
        {"in_time_nothing_is_left", in_time_nothing_is_left, 0, 0, 0, 1},
        {"a_deadline_cuts_off", a_deadline_cuts_off, IS_FULL, 0, 0, 1},
        {"a_deadline_in_the_past_cuts_off", a_deadline_in_the_past_cuts_off, IS_FULL, 0, 0, 1},
        {"free_waits_for_a_job_that_runs", free_waits_for_a_job_that_runs, 0, 0, 0, 2},
        {"what_is_left_may_have_no_discard", what_is_left_may_have_no_discard, IS_FULL, 0, 0, 1},
        {"a_shutdown_after_failures_is_like_any", a_shutdown_after_failures_is_like_any, 0, 0, 0,
         1},
        {"a_pool_that_had_no_job_ends", a_pool_that_had_no_job_ends, 0, 0, 0, 1},
        {"stats_hold_at_any_moment", stats_hold_at_any_moment, 0, 0, 0, 5},
};

POOL_CASES(pool_shutdown_cases, cases);
