/* The pool contract: submitting, as far as it does not wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pool_cases.h"

static void every_accepted_job_runs_once(struct scene *s, unsigned me)
{
        struct ct_pool_stats t;

        (void)me;
        start_pool(s, s->workers, 8);
        for (unsigned i = 0; i < MARKS; i++) {
                s->mark[i].before = (int)i; /* the submit and the shutdown alone order these */
                submit_ok(s, plain_job, i);
        }
        ct_pool_shutdown(s->pool);
        t = stats_of(s->pool);
        CASE_EQUAL(run_once(s, 0, MARKS), MARKS);
        for (unsigned i = 0; i < MARKS; i++)
                CASE_EQUAL(s->mark[i].after, (int)i + 1000);
        CASE_EQUAL(t.submitted, MARKS);
        CASE_EQUAL(t.run, MARKS);
        CASE_EQUAL(t.done, MARKS);
        CASE_EQUAL(t.failed, 0);
        ct_pool_free(s->pool);
        CASE_EQUAL(count_of(&s->discards), 0);
}

static enum ct_pool_status submit_in_way(struct scene *s, unsigned way, unsigned mark)
{
        struct mark *m = &s->mark[mark];
        struct ct_pool_item one = {plain_job, m};
        unsigned level = s->kind->kind == CT_POOL_PRIORITY ? mark % 4 : 0;

        switch (way % 6) {
        case 0:
                return ct_pool_submit(s->pool, plain_job, m);
        case 1:
                return ct_pool_submit_until(s->pool, plain_job, m, CT_FOREVER);
        case 2:
                return ct_pool_submit_batch(s->pool, &one, 1, NULL);
        case 3:
                return ct_pool_submit_retry(s->pool, plain_job, m, 1000000, CT_FOREVER);
        case 4:
                if (s->kind->kind == CT_POOL_PRIORITY)
                        return ct_pool_submit_at(s->pool, level, plain_job, m, CT_FOREVER);
                return ct_pool_submit(s->pool, plain_job, m);
        default:
                return ct_pool_try_submit(s->pool, plain_job, m);
        }
}

static void each_way_of_submitting_is_accepted(struct scene *s, unsigned me)
{
        (void)me;
        start_pool(s, s->workers, 64);
        for (unsigned i = 0; i < 12; i++) {
                CASE_EQUAL(submit_in_way(s, i, i), CT_POOL_OK);
                CONTEXT_UNTIL(stats_of(s->pool).done == i + 1);
        }
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, 12), 12);
}

static void a_full_pool_says_so(struct scene *s, unsigned me)
{
        unsigned n;

        (void)me;
        ct_semaphore_acquire(&s->gate, GATE);
        start_pool(s, 2, 6);
        n = fill_pool(s, 2);
        if (!(s->kind->traits & HAS_QUEUE))
                CASE_EQUAL(n, 2);
        else if (s->kind->traits & IS_EXACT)
                CASE_EQUAL(n, 2 + 6);
        else
                CASE_CHECK(n >= 2 + 6 && n <= 2 + 6 + POOL_SLACK(2));
        CASE_EQUAL(ct_pool_queued(s->pool), n - 2);
        CASE_EQUAL(stats_of(s->pool).refused_full, 1);
        CASE_EQUAL(ct_pool_try_submit(s->pool, plain_job, &s->mark[n]), CT_POOL_QUEUE_FULL);
        CASE_EQUAL(CT_POOL_QUEUE_FULL, -EAGAIN);
        CASE_EQUAL(stats_of(s->pool).refused_full, 2);
        CASE_EQUAL(stats_of(s->pool).submitted, n);
        CASE_EQUAL(stats_of(s->pool).run, 2);
        open_gate(s, GATE);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, n), n);
        CASE_EQUAL(run_once(s, n, n + 1), 0);
}

/* Before any worker has got at it, too. */
static void a_queue_of_one_holds_one(struct scene *s, unsigned me)
{
        unsigned n;

        (void)me;
        ct_semaphore_acquire(&s->gate, GATE);
        start_pool(s, 1, 1);
        n = fill_pool(s, 1);
        CASE_CHECK(s->kind->traits & IS_EXACT ? n == 2 : n >= 2 && n <= 2 + POOL_SLACK(1));
        open_gate(s, 1);
        CONTEXT_UNTIL(stats_of(s->pool).done == n);
        CASE_EQUAL(ct_pool_queued(s->pool), 0);
        CASE_EQUAL(ct_pool_try_submit(s->pool, plain_job, &s->mark[n]), CT_POOL_OK);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, n + 1), n + 1);
}

static void a_queue_of_none_hands_over(struct scene *s, unsigned me)
{
        (void)me;
        ct_semaphore_acquire(&s->gate, GATE);
        start_pool(s, 2, 0);
        for (unsigned i = 0; i < 2; i++) {
                submit_ok(s, gate_job, i);
                CONTEXT_UNTIL(count_of(&s->begun) == i + 1);
        }
        CASE_EQUAL(ct_pool_try_submit(s->pool, plain_job, &s->mark[2]), CT_POOL_QUEUE_FULL);
        CASE_EQUAL(ct_pool_submit_until(s->pool, plain_job, &s->mark[2], 1), CT_POOL_TIMED_OUT);
        CASE_EQUAL(ct_pool_queued(s->pool), 0);
        open_gate(s, 1);
        submit_ok(s, gate_job, 3);
        CONTEXT_UNTIL(count_of(&s->begun) == 3);
        open_gate(s, GATE - 1);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, 4), 3);
        CASE_EQUAL(run_once(s, 2, 3), 0);
}

static void unbounded_starts_whatever_comes(struct scene *s, unsigned me)
{
        (void)me;
        ct_semaphore_acquire(&s->gate, GATE);
        start_pool(s, 0, 0);
        for (unsigned i = 0; i < 40; i++)
                CASE_EQUAL(ct_pool_try_submit(s->pool, gate_job, &s->mark[i]), CT_POOL_OK);
        CONTEXT_UNTIL(count_of(&s->begun) == 40);
        CASE_EQUAL(stats_of(s->pool).workers, 40);
        CASE_EQUAL(ct_pool_queued(s->pool), 0);
        open_gate(s, GATE);
        CONTEXT_UNTIL(stats_of(s->pool).workers == 0);
        CASE_EQUAL(stats_of(s->pool).workers_most, 40);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, 40), 40);
}

static void at_most_so_many_run_at_once(struct scene *s, unsigned me)
{
        unsigned workers = 3, n;

        (void)me;
        ct_semaphore_acquire(&s->gate, GATE);
        start_pool(s, workers, 16);
        for (n = 0; n < workers; n++)
                submit_ok(s, gate_job, n);
        CONTEXT_UNTIL(count_of(&s->begun) == workers); /* all of them */
        while (n < 8 && ct_pool_try_submit(s->pool, gate_job, &s->mark[n]) == CT_POOL_OK)
                n++;
        linger();
        CASE_EQUAL(count_of(&s->begun), workers);
        CASE_EQUAL(stats_of(s->pool).workers, workers);
        open_gate(s, GATE);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, n), n);
}

static void a_batch_is_accepted_as_a_whole(struct scene *s, unsigned me)
{
        struct ct_pool_item items[MARKS];
        size_t accepted = 77;

        (void)me;
        for (unsigned i = 0; i < MARKS; i++)
                items[i] = (struct ct_pool_item){plain_job, &s->mark[i]};
        start_pool(s, s->workers, 8); /* it waits for room as it goes */
        CASE_EQUAL(ct_pool_submit_batch(s->pool, items, 0, &accepted), CT_POOL_OK);
        CASE_EQUAL(accepted, 0);
        CASE_EQUAL(ct_pool_submit_batch(s->pool, items, MARKS - 1, &accepted), CT_POOL_OK);
        CASE_EQUAL(accepted, MARKS - 1);
        CASE_EQUAL(ct_pool_submit_batch(s->pool, items + MARKS - 1, 1, NULL), CT_POOL_OK);
        CASE_EQUAL(stats_of(s->pool).submitted, MARKS);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, MARKS), MARKS);
}

static void two_pools_do_not_mix(struct scene *s, unsigned me)
{
        struct ct_pool_config c = config_of(s, 2, 8);

        (void)me;
        c.worker_init = NULL; /* their locals are those of the other */
        c.worker_exit = NULL;
        ct_semaphore_acquire(&s->gate, GATE);
        start_pool(s, 1, 8);
        s->other = start_with(&c);
        submit_ok(s, gate_job, 0);
        for (unsigned i = 1; i < 9; i++)
                CASE_EQUAL(ct_pool_submit(s->other, plain_job, &s->mark[i]), CT_POOL_OK);
        ct_pool_shutdown(s->other); /* though the first pool stands */
        CASE_EQUAL(stats_of(s->other).done, 8);
        CASE_EQUAL(stats_of(s->pool).submitted, 1);
        ct_pool_free(s->other);
        CASE_EQUAL(count_of(&s->mark[0].run), 0);
        open_gate(s, 1);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, 9), 9);
}

static const struct pool_case cases[] = {
        {"every_accepted_job_runs_once", every_accepted_job_runs_once, 0, 0, 0, 1},
        {"each_way_of_submitting_is_accepted", each_way_of_submitting_is_accepted, 0, 0, 0, 1},
        {"a_full_pool_says_so", a_full_pool_says_so, IS_FULL, 0, 0, 1},
        {"a_queue_of_one_holds_one", a_queue_of_one_holds_one, HAS_QUEUE, 0, 0, 1},
        {"a_queue_of_none_hands_over", a_queue_of_none_hands_over, HANDS_OVER, 0, 0, 1},
        {"unbounded_starts_whatever_comes", unbounded_starts_whatever_comes, 0, IS_FULL, 0, 1},
        {"at_most_so_many_run_at_once", at_most_so_many_run_at_once, IS_FULL, 0, 0, 1},
        {"a_batch_is_accepted_as_a_whole", a_batch_is_accepted_as_a_whole, 0, 0, 0, 1},
        {"two_pools_do_not_mix", two_pools_do_not_mix, 0, 0, 0, 1},
};

POOL_CASES(pool_submit_cases, cases);
