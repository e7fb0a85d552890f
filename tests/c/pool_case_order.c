/* The pool contract: which job starts first, and on which worker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pool_cases.h"

/* One worker at the gate with job 0; what is submitted meanwhile waits. */
static void hold(struct scene *s, struct ct_pool_config c)
{
        ct_semaphore_acquire(&s->gate, GATE);
        s->pool = start_with(&c);
        submit_ok(s, gate_job, 0);
        CONTEXT_UNTIL(count_of(&s->begun) == 1);
}

static void started_in_order(struct scene *s, const unsigned *order, unsigned n)
{
        open_gate(s, 1);
        ct_pool_shutdown(s->pool);
        CASE_EQUAL(count_of(&s->places), n + 1);
        for (unsigned i = 0; i < n && i + 1 < count_of(&s->places); i++)
                CASE_EQUAL(s->order[i + 1]->number, order[i]);
        ct_pool_free(s->pool);
}

static void one_worker_starts_in_order_of_acceptance(struct scene *s, unsigned me)
{
        unsigned order[MARKS];

        (void)me;
        hold(s, config_of(s, 1, MARKS));
        for (unsigned i = 1; i < MARKS; i++) {
                submit_ok(s, plain_job, i);
                order[i - 1] = i;
        }
        started_in_order(s, order, MARKS - 1);
}

static void a_batch_keeps_its_order(struct scene *s, unsigned me)
{
        struct ct_pool_item items[MARKS];
        unsigned order[MARKS];

        (void)me;
        hold(s, config_of(s, 1, MARKS));
        submit_ok(s, plain_job, 1);
        for (unsigned i = 2; i < MARKS; i++)
                items[i] = (struct ct_pool_item){plain_job, &s->mark[i]};
        CASE_EQUAL(ct_pool_submit_batch(s->pool, items + 2, 62, NULL), CT_POOL_OK);
        CASE_EQUAL(ct_pool_submit_batch(s->pool, items + 64, MARKS - 64, NULL), CT_POOL_OK);
        for (unsigned i = 1; i < MARKS; i++)
                order[i - 1] = i;
        started_in_order(s, order, MARKS - 1);
}

static void order_holds_through_a_small_queue(struct scene *s, unsigned me)
{
        (void)me;
        start_pool(s, 1, 2);
        for (unsigned i = 0; i < MARKS; i++)
                submit_ok(s, plain_job, i);
        ct_pool_shutdown(s->pool);
        for (unsigned i = 0; i < MARKS; i++)
                CASE_EQUAL(s->order[i]->number, i);
        ct_pool_free(s->pool);
}

/* ---- fixed ---- */

static void job_n_belongs_to_worker_n(struct scene *s, unsigned me)
{
        struct ct_pool_item items[30];

        (void)me;
        start_pool(s, 3, 64);
        for (unsigned i = 0; i < 30; i++)
                submit_ok(s, plain_job, i);
        for (unsigned i = 30; i < 60; i++)
                items[i - 30] = (struct ct_pool_item){plain_job, &s->mark[i]};
        CASE_EQUAL(ct_pool_submit_batch(s->pool, items, 30, NULL), CT_POOL_OK);
        for (unsigned i = 60; i < 70; i++)
                CASE_EQUAL(ct_pool_submit_until(s->pool, plain_job, &s->mark[i], CT_FOREVER),
                           CT_POOL_OK);
        end_pool(s);
        for (unsigned i = 0; i < 70; i++)
                CASE_EQUAL(s->mark[i].worker, i % 3);
        CASE_EQUAL(run_once(s, 0, 70), 70);
}

static void nobody_takes_over_anothers_share(struct scene *s, unsigned me)
{
        (void)me;
        ct_semaphore_acquire(&s->gate, GATE);
        start_pool(s, 2, 64);
        submit_ok(s, gate_job, 0);
        for (unsigned i = 1; i < 16; i++)
                submit_ok(s, plain_job, i);
        CONTEXT_UNTIL(count_of(&s->ended) == 8); /* the odd ones */
        CONTEXT_UNTIL(count_of(&s->begun) == 9);
        linger();
        CASE_EQUAL(count_of(&s->begun), 9);
        CASE_EQUAL(ct_pool_queued(s->pool), 7);
        open_gate(s, 1);
        ct_pool_shutdown(s->pool);
        for (unsigned i = 2; i < 16; i++) /* each worker's in order of acceptance */
                CASE_CHECK(s->mark[i].place > s->mark[i - 2].place);
        ct_pool_free(s->pool);
        CASE_EQUAL(run_once(s, 0, 16), 16);
}

/* ---- priority ---- */

static void at(struct scene *s, unsigned level, unsigned mark)
{
        CASE_EQUAL(ct_pool_submit_at(s->pool, level, plain_job, &s->mark[mark], CT_FOREVER),
                   CT_POOL_OK);
}

static void the_lowest_level_goes_first(struct scene *s, unsigned me)
{
        static const unsigned order[] = {3, 7, 2, 6, 1, 5, 8, 9, 10};

        (void)me;
        hold(s, config_of(s, 1, 64));
        for (unsigned i = 1; i <= 3; i++)
                at(s, 3 - i, i);
        at(s, 2, 5);
        at(s, 1, 6);
        at(s, 0, 7);
        submit_ok(s, plain_job, 8); /* the others submit at the last level */
        CASE_EQUAL(ct_pool_try_submit(s->pool, plain_job, &s->mark[9]), CT_POOL_OK);
        at(s, 3, 10);
        started_in_order(s, order, 9);
}

static void who_has_waited_long_enough_goes_first(struct scene *s, unsigned me)
{
        struct ct_pool_config c = config_of(s, 1, 64);
        unsigned order[20];

        (void)me;
        c.aging_ns = 1;
        hold(s, c);
        for (unsigned i = 1; i <= 20; i++) { /* each is due before the next one comes */
                int64_t later = ct_now_ns() + 10;

                at(s, (20 - i) % 4, i);
                order[i - 1] = i;
                while (ct_now_ns() <= later + 10)
                        ;
        }
        started_in_order(s, order, 20);
}

static void each_level_counts_in_one_queue(struct scene *s, unsigned me)
{
        (void)me;
        hold(s, config_of(s, 1, 4));
        for (unsigned i = 1; i <= 4; i++)
                at(s, i - 1, i);
        for (unsigned level = 0; level < 4; level++)
                CASE_EQUAL(ct_pool_submit_at(s->pool, level, plain_job, &s->mark[9], 1),
                           CT_POOL_TIMED_OUT);
        open_gate(s, 1);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, 10), 5);
}

static const struct pool_case cases[] = {
        {"one_worker_starts_in_order_of_acceptance", one_worker_starts_in_order_of_acceptance,
         IN_ORDER, 0, 0, 1},
        {"a_batch_keeps_its_order", a_batch_keeps_its_order, IN_ORDER, 0, 0, 1},
        {"order_holds_through_a_small_queue", order_holds_through_a_small_queue, IN_ORDER, 0, 0, 1},
        {"job_n_belongs_to_worker_n", job_n_belongs_to_worker_n, 0, 0, 1u << CT_POOL_FIXED, 1},
        {"nobody_takes_over_anothers_share", nobody_takes_over_anothers_share, 0, 0,
         1u << CT_POOL_FIXED, 1},
        {"the_lowest_level_goes_first", the_lowest_level_goes_first, 0, 0, 1u << CT_POOL_PRIORITY,
         1},
        {"who_has_waited_long_enough_goes_first", who_has_waited_long_enough_goes_first, 0, 0,
         1u << CT_POOL_PRIORITY, 1},
        {"each_level_counts_in_one_queue", each_level_counts_in_one_queue, 0, 0,
         1u << CT_POOL_PRIORITY, 1},
};

POOL_CASES(pool_order_cases, cases);
