/* The pool contract: submitting that waits, tries again, gives up or is called off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pool_cases.h"

/* Context 0 has a full pool of n jobs; then `what` follows. */
static unsigned full_pool(struct scene *s)
{
        ct_semaphore_acquire(&s->gate, GATE);
        start_pool(s, 1, 2);
        return fill_pool(s, 1);
}

static void submit_waits_for_room(struct scene *s, unsigned me)
{
        unsigned n;

        if (me) {
                hear(s, 1);
                CASE_EQUAL(ct_pool_submit(s->pool, plain_job, &s->mark[MARKS - me]), CT_POOL_OK);
                ct_add_u32_acq_rel(&s->step, 1);
                return;
        }
        n = full_pool(s);
        say(s, 1);
        linger();
        CASE_EQUAL(count_of(&s->step), 1);
        open_gate(s, 1);
        hear(s, s->contexts);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, MARKS), n + s->contexts - 1);
}

static void submit_until_waits_for_room(struct scene *s, unsigned me)
{
        unsigned n;

        if (me) {
                hear(s, 1);
                CASE_EQUAL(ct_pool_submit_until(s->pool, plain_job, &s->mark[MARKS - me],
                                                ct_deadline_after(3600 * CT_NS_PER_S)),
                           CT_POOL_OK);
                ct_add_u32_acq_rel(&s->step, 1);
                return;
        }
        n = full_pool(s);
        say(s, 1);
        linger();
        CASE_EQUAL(count_of(&s->step), 1);
        open_gate(s, 1);
        hear(s, s->contexts);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, MARKS), n + s->contexts - 1);
}

static void submit_until_gives_up(struct scene *s, unsigned me)
{
        unsigned n = full_pool(s);
        int64_t deadline = ct_deadline_after(2 * CT_NS_PER_MS);

        (void)me;
        CASE_EQUAL(ct_pool_submit_until(s->pool, plain_job, &s->mark[n], deadline),
                   CT_POOL_TIMED_OUT);
        CASE_CHECK(ct_now_ns() >= deadline);
        CASE_EQUAL(CT_POOL_TIMED_OUT, -ETIMEDOUT);
        CASE_EQUAL(stats_of(s->pool).submitted, n);
        open_gate(s, 1);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, MARKS), n);
}

static void a_deadline_that_has_passed_tries_once(struct scene *s, unsigned me)
{
        unsigned n = full_pool(s);

        (void)me;
        CASE_EQUAL(ct_pool_submit_until(s->pool, plain_job, &s->mark[n], ct_now_ns() - 1),
                   CT_POOL_TIMED_OUT);
        CASE_EQUAL(ct_pool_submit_until(s->pool, plain_job, &s->mark[n], INT64_MIN),
                   CT_POOL_TIMED_OUT);
        open_gate(s, 1);
        CONTEXT_UNTIL(stats_of(s->pool).done == n);
        while (ct_pool_submit_until(s->pool, plain_job, &s->mark[n], 1) == CT_POOL_TIMED_OUT)
                ct_parker_ops_self()->yield(); /* semaphore: done before its permit is free */
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, MARKS), n + 1);
}

static void retry_tries_as_often_as_it_may(struct scene *s, unsigned me)
{
        unsigned n = full_pool(s);
        uint64_t before = stats_of(s->pool).refused_full;
        int64_t start;

        (void)me;
        CASE_EQUAL(ct_pool_submit_retry(s->pool, plain_job, &s->mark[n], 1, CT_FOREVER),
                   CT_POOL_QUEUE_FULL);
        CASE_EQUAL(stats_of(s->pool).refused_full - before, 1);
        CASE_EQUAL(ct_pool_submit_retry(s->pool, plain_job, &s->mark[n], 0, CT_FOREVER),
                   CT_POOL_QUEUE_FULL);
        CASE_EQUAL(stats_of(s->pool).refused_full - before, 2);
        start = ct_now_ns();
        CASE_EQUAL(ct_pool_submit_retry(s->pool, plain_job, &s->mark[n], 2, CT_FOREVER),
                   CT_POOL_QUEUE_FULL);
        CASE_CHECK(ct_now_ns() - start >= 5 * CT_NS_PER_MS); /* 10 ms, at least half of it */
        CASE_EQUAL(stats_of(s->pool).refused_full - before, 4);
        open_gate(s, 1);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, MARKS), n);
}

static void retry_ends_at_its_deadline(struct scene *s, unsigned me)
{
        unsigned n = full_pool(s);
        int64_t deadline = ct_deadline_after(CT_NS_PER_MS);

        (void)me;
        CASE_EQUAL(ct_pool_submit_retry(s->pool, plain_job, &s->mark[n], 1000000, deadline),
                   CT_POOL_TIMED_OUT);
        CASE_CHECK(ct_now_ns() >= deadline);
        CASE_EQUAL(stats_of(s->pool).submitted, n);
        open_gate(s, 1);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, MARKS), n);
}

static void retry_finds_room_that_comes(struct scene *s, unsigned me)
{
        unsigned n = full_pool(s);

        (void)me;
        open_gate(s, 1);
        CASE_EQUAL(ct_pool_submit_retry(s->pool, plain_job, &s->mark[n], 1000000, CT_FOREVER),
                   CT_POOL_OK);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, MARKS), n + 1);
}

static void a_shutdown_calls_off_who_waits(struct scene *s, unsigned me)
{
        struct ct_pool_item items[] = {{plain_job, &s->mark[MARKS - 1]},
                                       {plain_job, &s->mark[MARKS - 2]}};
        enum ct_pool_status status = CT_POOL_OK;
        size_t accepted = 77;
        unsigned n;

        if (!me) {
                n = full_pool(s);
                say(s, 1);
                hear(s, 5); /* all others are about to wait, or do */
                linger();
                ct_pool_shutdown(s->pool); /* with the gate closed: context 1 opens it */
                CASE_EQUAL(stats_of(s->pool).submitted, n);
                CASE_EQUAL(run_once(s, 0, MARKS), n);
                ct_pool_free(s->pool);
                return;
        }
        hear(s, 1);
        ct_add_u32_acq_rel(&s->step, 1);
        if (me == 1) {
                status = ct_pool_submit(s->pool, plain_job, &s->mark[MARKS - 3]);
        } else if (me == 2) {
                status = ct_pool_submit_until(s->pool, plain_job, &s->mark[MARKS - 4],
                                              ct_deadline_after(3600 * CT_NS_PER_S));
        } else if (me == 3) {
                status = ct_pool_submit_retry(s->pool, plain_job, &s->mark[MARKS - 5], 1000000,
                                              CT_FOREVER);
        } else {
                status = ct_pool_submit_batch(s->pool, items, 2, &accepted);
                CASE_EQUAL(accepted, 0);
        }
        CASE_EQUAL(status, CT_POOL_SHUTTING_DOWN);
        CASE_EQUAL(CT_POOL_SHUTTING_DOWN, -ESHUTDOWN);
        ct_add_u32_acq_rel(&s->step, 10);
        if (me == 1) { /* the shutdown waits for the job, the submitters do not */
                hear(s, 45);
                open_gate(s, 1);
        }
}

/* What a batch says to have been accepted is, and nothing else. */
static void a_batch_cut_off_says_how_far_it_got(struct scene *s, unsigned me)
{
        struct ct_pool_item items[20];
        size_t accepted = 77;

        if (!me) {
                ct_semaphore_acquire(&s->gate, GATE);
                start_pool(s, 1, 4);
                submit_ok(s, gate_job, 0);
                CONTEXT_UNTIL(count_of(&s->begun) == 1);
                say(s, 1);
                CONTEXT_UNTIL(ct_pool_queued(s->pool) >= 4 || !(s->kind->traits & HAS_QUEUE));
                CASE_EQUAL(ct_pool_shutdown_until(s->pool, 1),
                           stats_of(s->pool).submitted - stats_of(s->pool).run);
                hear(s, 2);
                open_gate(s, 1);
                ct_pool_free(s->pool);
                return;
        }
        hear(s, 1);
        for (unsigned i = 0; i < 20; i++)
                items[i] = (struct ct_pool_item){plain_job, &s->mark[i + 1]};
        CASE_EQUAL(ct_pool_submit_batch(s->pool, items, 20, &accepted), CT_POOL_SHUTTING_DOWN);
        CASE_EQUAL(stats_of(s->pool).submitted, accepted + 1);
        CASE_CHECK(accepted < 20);
        say(s, 2);
}

static void others_submit_while_one_waits(struct scene *s, unsigned me)
{
        if (!me) {
                start_pool(s, 2, 2);
                say(s, 1);
        }
        hear(s, 1);
        for (unsigned i = me * 30; i < me * 30 + 30; i++)
                CASE_EQUAL(ct_pool_submit(s->pool, plain_job, &s->mark[i]), CT_POOL_OK);
        ct_add_u32_acq_rel(&s->step, 1);
        if (!me) {
                hear(s, 1 + s->contexts);
                end_pool(s);
                CASE_EQUAL(run_once(s, 0, 30 * s->contexts), 30 * s->contexts);
        }
}

static const struct pool_case cases[] = {
        {"submit_waits_for_room", submit_waits_for_room, IS_FULL, 0, 0, 3},
        {"submit_until_waits_for_room", submit_until_waits_for_room, IS_FULL, 0, 0, 3},
        {"submit_until_gives_up", submit_until_gives_up, IS_FULL, 0, 0, 1},
        {"a_deadline_that_has_passed_tries_once", a_deadline_that_has_passed_tries_once, IS_FULL, 0,
         0, 1},
        {"retry_tries_as_often_as_it_may", retry_tries_as_often_as_it_may, IS_FULL, 0, 0, 1},
        {"retry_ends_at_its_deadline", retry_ends_at_its_deadline, IS_FULL, 0, 0, 1},
        {"retry_finds_room_that_comes", retry_finds_room_that_comes, IS_FULL, 0, 0, 1},
        {"a_shutdown_calls_off_who_waits", a_shutdown_calls_off_who_waits, IS_FULL, 0, 0, 5},
        {"a_batch_cut_off_says_how_far_it_got", a_batch_cut_off_says_how_far_it_got, IS_FULL, 0, 0,
         2},
        {"others_submit_while_one_waits", others_submit_while_one_waits, 0, 0, 0, 4},
};

POOL_CASES(pool_wait_cases, cases);
