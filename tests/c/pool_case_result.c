/* The pool contract: the channel of results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pool_cases.h"

static void start_with_results(struct scene *s, unsigned workers, size_t queue, size_t capacity)
{
        struct ct_pool_config c = config_of(s, workers, queue);

        c.results = true;
        c.results_capacity = capacity;
        s->pool = start_with(&c);
}

/* Receives until it is closed: each mark once, with its error, and what the job wrote. */
static unsigned receive_all(struct scene *s)
{
        struct ct_receiver from = ct_pool_results(s->pool);
        bool seen[MARKS] = {false};
        struct ct_pool_result r;
        unsigned n = 0;

        while (ct_receiver_recv(from, &r)) {
                struct mark *m = r.arg;

                CASE_CHECK(!seen[m->number]);
                seen[m->number] = true;
                CASE_EQUAL(r.error, m->error);
                CASE_EQUAL(m->after, m->before + 1000);
                n++;
        }
        return n;
}

/* Context 0 submits, 1 receives. */
static void pass_results(struct scene *s, unsigned me, size_t capacity)
{
        if (me) {
                hear(s, 1);
                CASE_EQUAL(receive_all(s), MARKS);
                say(s, 2);
                return;
        }
        start_with_results(s, s->workers, 4, capacity);
        for (unsigned i = 0; i < MARKS; i++)
                s->mark[i].error = i % 5 ? 0 : -(int)i - 1;
        say(s, 1);
        for (unsigned i = 0; i < MARKS; i++) {
                s->mark[i].before = 3 * (int)i;
                submit_ok(s, i % 10 ? plain_job : failing_job, i);
        }
        ct_pool_shutdown(s->pool);
        hear(s, 2);
        CASE_EQUAL(stats_of(s->pool).results_dropped, 0);
        ct_pool_free(s->pool);
}

static void each_job_that_ran_leaves_one_result(struct scene *s, unsigned me)
{
        pass_results(s, me, 4);
}

static void results_may_be_handed_over(struct scene *s, unsigned me)
{
        pass_results(s, me, 0);
}

static void results_wait_in_their_channel(struct scene *s, unsigned me)
{
        (void)me;
        start_with_results(s, 2, 4, MARKS);
        for (unsigned i = 0; i < MARKS; i++)
                submit_ok(s, plain_job, i);
        ct_pool_shutdown(s->pool); /* nobody has received any */
        CASE_EQUAL(ct_chan_len(ct_pool_results(s->pool).chan), MARKS);
        CASE_EQUAL(receive_all(s), MARKS);
        CASE_CHECK(!ct_receiver_recv(ct_pool_results(s->pool), &(struct ct_pool_result){0}));
        ct_pool_free(s->pool);
}

static void unread_results_go_with_the_pool(struct scene *s, unsigned me)
{
        (void)me;
        start_with_results(s, 2, 4, 8);
        for (unsigned i = 0; i < 8; i++)
                submit_ok(s, plain_job, i);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, 8), 8);
}

static void workers_wait_for_room(struct scene *s, unsigned me)
{
        if (me) {
                hear(s, 1);
                CASE_EQUAL(receive_all(s), 6);
                say(s, 2);
                return;
        }
        start_with_results(s, 1, 8, 1);
        for (unsigned i = 0; i < 6; i++)
                submit_ok(s, plain_job, i);
        CONTEXT_UNTIL(count_of(&s->begun) == 2); /* one in the channel, one with the worker */
        linger();
        CASE_EQUAL(count_of(&s->begun), 2);
        say(s, 1);
        ct_pool_shutdown(s->pool);
        hear(s, 2);
        CASE_EQUAL(run_once(s, 0, 6), 6);
        ct_pool_free(s->pool);
}

/* The last result may still be on its way when the deadline comes: then it is dropped, and said. */
static void results_that_nobody_reads_are_dropped(struct scene *s, unsigned me)
{
        struct ct_pool_stats t;
        uint64_t left;

        (void)me;
        start_with_results(s, 2, 8, 1);
        for (unsigned i = 0; i < 3; i++)
                submit_ok(s, plain_job, i);
        CONTEXT_UNTIL(count_of(&s->ended) == 3);
        left = ct_pool_shutdown_until(s->pool, 1);
        CASE_EQUAL(left, 0);
        /* The drop ends the workers, which end the results. */
        while (ct_receiver_recv(ct_pool_results(s->pool), &(struct ct_pool_result){0}))
                ct_add_u32_acq_rel(&s->places, 1);
        t = stats_of(s->pool);
        CASE_EQUAL(t.run, 3);
        CASE_EQUAL(t.results_dropped + count_of(&s->places) - 3, 3);
        CASE_CHECK(t.results_dropped <= 2);
        ct_pool_free(s->pool);
}

static void free_does_not_wait_for_a_reader(struct scene *s, unsigned me)
{
        (void)me;
        ct_semaphore_acquire(&s->gate, GATE);
        start_with_results(s, 2, 8, 0);
        submit_ok(s, gate_job, 0);
        submit_ok(s, plain_job, 1);
        CONTEXT_UNTIL(count_of(&s->begun) == 2);
        CASE_EQUAL(ct_pool_shutdown_until(s->pool, 1), 0);
        open_gate(s, 1);
        ct_pool_free(s->pool);
        CASE_EQUAL(run_once(s, 0, 2), 2);
}

/* A result closes when the last worker has ended, not before the last result is in it. */
static void results_close_at_the_end(struct scene *s, unsigned me)
{
        struct ct_pool_result r;
        bool open = true;

        if (me) {
                hear(s, 1);
                CASE_CHECK(ct_receiver_recv(ct_pool_results(s->pool), &r));
                CASE_CHECK(r.arg == &s->mark[1]);
                CASE_CHECK(!ct_receiver_try_recv(ct_pool_results(s->pool), &r, &open));
                CASE_CHECK(open);
                open_gate(s, 1);
                CASE_CHECK(ct_receiver_recv(ct_pool_results(s->pool), &r));
                CASE_CHECK(r.arg == &s->mark[0]);
                CASE_CHECK(!ct_receiver_recv(ct_pool_results(s->pool), &r));
                say(s, 2);
                return;
        }
        ct_semaphore_acquire(&s->gate, GATE);
        start_with_results(s, 2, 4, 4);
        submit_ok(s, gate_job, 0);
        submit_ok(s, plain_job, 1);
        say(s, 1);
        ct_pool_shutdown(s->pool);
        hear(s, 2);
        ct_pool_free(s->pool);
}

static const struct pool_case cases[] = {
        {"each_job_that_ran_leaves_one_result", each_job_that_ran_leaves_one_result, 0, 0, 0, 2},
        {"results_may_be_handed_over", results_may_be_handed_over, 0, 0, 0, 2},
        {"results_wait_in_their_channel", results_wait_in_their_channel, 0, 0, 0, 1},
        {"unread_results_go_with_the_pool", unread_results_go_with_the_pool, 0, 0, 0, 1},
        {"workers_wait_for_room", workers_wait_for_room, HAS_WORKERS, 0, 0, 2},
        {"results_that_nobody_reads_are_dropped", results_that_nobody_reads_are_dropped,
         HAS_WORKERS, 0, 1u << CT_POOL_CHANNEL | 1u << CT_POOL_STEALING | 1u << CT_POOL_PRIORITY,
         1},
        {"free_does_not_wait_for_a_reader", free_does_not_wait_for_a_reader, 0, 0, 0, 1},
        {"results_close_at_the_end", results_close_at_the_end, 0, 0, 0, 2},
};

POOL_CASES(pool_result_cases, cases);
