/* What a worker pool promises of jobs and of its shutdown: one behaviour a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "panics.h"
#include "pool_guide_help.h"

static int note_job(void *arg, void *local)
{
        (void)local;
        shop.order[ct_add_u32_relaxed(&shop.run, 1)] = *(int *)arg;
        return 0;
}

static void every_accepted_job_runs_once(void **state)
{
        struct ct_pool_guide *p = pool(3, 10);
        struct ct_pool_guide_stats s;

        (void)state;
        for (int i = 0; i < 1000; i++)
                assert_int_equal(ct_pool_guide_submit(p, count_job, NULL), CT_POOL_OK);
        ct_pool_guide_shutdown(p);
        s = stats_of(p);
        assert_int_equal(ran(), 1000);
        assert_int_equal(s.submitted, 1000);
        assert_int_equal(s.run, 1000);
        assert_int_equal(s.done, 1000);
        assert_int_equal(s.failed, 0);
        assert_int_equal(s.first_error, 0);
        ct_pool_guide_free(p);
}

static void one_worker_runs_in_order(void **state)
{
        struct ct_pool_guide *p = pool(1, 4);
        int number[64];

        (void)state;
        for (int i = 0; i < 64; i++) {
                number[i] = i;
                ct_pool_guide_submit(p, note_job, &number[i]);
        }
        ct_pool_guide_shutdown(p);
        for (int i = 0; i < 64; i++)
                assert_int_equal(shop.order[i], i);
        ct_pool_guide_free(p);
}

static void jobs_run_on_all_workers_at_once(void **state)
{
        struct ct_pool_guide *p = pool(5, 5);

        (void)state;
        for (int i = 0; i < 7; i++)
                ct_pool_guide_submit(p, wait_job, NULL);
        AWAIT(ct_load_u32_acquire(&shop.waiting) == 5);
        AWAIT(ct_pool_guide_queued(p) == 2); /* never more than there are workers */
        assert_int_equal(ct_load_u32_acquire(&shop.waiting), 5);
        finish(p);
        assert_int_equal(ran(), 7);
}

static void try_submit_says_queue_full(void **state)
{
        struct ct_pool_guide *p = full_pool(2);

        (void)state;
        assert_int_equal(ct_pool_guide_queued(p), 2);
        assert_int_equal(ct_pool_guide_try_submit(p, count_job, NULL), CT_POOL_QUEUE_FULL);
        assert_int_equal(CT_POOL_QUEUE_FULL, -EAGAIN);
        assert_int_equal(stats_of(p).refused_full, 1);
        finish(p);
        assert_int_equal(ran(), 3);
}

static void submit_one(void *ctx, unsigned index)
{
        (void)index;
        CROWD_CHECK(ct_pool_guide_submit(ctx, count_job, NULL) == CT_POOL_OK);
}

static void submit_waits_for_room(void **state)
{
        struct ct_pool_guide *p = full_pool(1);
        struct crowd *submitters = crowd_start(4, submit_one, p);

        (void)state;
        assert_int_equal(ct_pool_guide_queued(p), 1);
        ct_chan_guide_close(shop.gate);
        crowd_join(submitters);
        ct_pool_guide_shutdown(p);
        assert_int_equal(ran(), 6);
        ct_pool_guide_free(p);
}

static void a_queue_of_none_hands_jobs_over(void **state)
{
        struct ct_pool_guide *p = full_pool(0);

        (void)state;
        assert_int_equal(ct_pool_guide_try_submit(p, count_job, NULL), CT_POOL_QUEUE_FULL);
        finish(p);
        assert_int_equal(ran(), 1);
}

static void after_shutdown_says_shutting_down(void **state)
{
        struct ct_pool_guide *p = pool(2, 2);

        (void)state;
        ct_pool_guide_shutdown(p);
        assert_int_equal(ct_pool_guide_submit(p, count_job, NULL), CT_POOL_SHUTTING_DOWN);
        assert_int_equal(ct_pool_guide_try_submit(p, count_job, NULL), CT_POOL_SHUTTING_DOWN);
        assert_int_equal(ct_pool_guide_submit_retry(p, count_job, NULL, 3, CT_FOREVER),
                         CT_POOL_SHUTTING_DOWN);
        assert_int_equal(stats_of(p).submitted, 0);
        assert_int_equal(ran(), 0);
        ct_pool_guide_free(p);
}

static void submit_refused(void *ctx, unsigned index)
{
        if (index % 2)
                CROWD_CHECK(ct_pool_guide_submit(ctx, count_job, NULL) == CT_POOL_SHUTTING_DOWN);
        else
                CROWD_CHECK(ct_pool_guide_submit_retry(ctx, count_job, NULL, 1000, CT_FOREVER) ==
                            CT_POOL_SHUTTING_DOWN);
}

static void shut_down(void *ctx, unsigned index)
{
        (void)index;
        ct_pool_guide_shutdown(ctx);
}

static void shutdown_calls_off_waiting_submitters(void **state)
{
        struct ct_pool_guide *p = full_pool(1);
        struct crowd *submitters = crowd_start(6, submit_refused, p), *closer;

        (void)state;
        AWAIT(stats_of(p).refused_full >= 3);
        closer = crowd_start(1, shut_down, p);
        crowd_join(submitters); /* though the worker still stands at the gate */
        ct_chan_guide_close(shop.gate);
        crowd_join(closer);
        assert_int_equal(ran(), 2);
        assert_int_equal(stats_of(p).submitted, 2);
        ct_pool_guide_free(p);
}

static void graceful_shutdown_finishes_the_queue(void **state)
{
        struct ct_pool_guide *p = full_pool(50);

        (void)state;
        ct_chan_guide_close(shop.gate);
        ct_pool_guide_shutdown(p);
        assert_int_equal(ran(), 51);
        assert_int_equal(stats_of(p).run, stats_of(p).submitted);
        ct_pool_guide_free(p);
}

static void discard(void *ctx, void *arg)
{
        (void)ctx;
        (void)arg;
        ct_add_u32_relaxed(&shop.dropped, 1);
}

static void shutdown_with_deadline_says_how_many_are_left(void **state)
{
        struct ct_pool_guide_config config = {.workers = 2, .queue = 20, .discard = discard};
        struct ct_pool_guide *p;
        int64_t deadline;

        (void)state;
        assert_int_equal(ct_pool_guide_start(&p, &config), 0);
        for (int i = 0; i < 12; i++)
                ct_pool_guide_submit(p, wait_job, NULL);
        AWAIT(ct_load_u32_acquire(&shop.waiting) == 2);
        deadline = ct_deadline_after(5 * CT_NS_PER_MS);
        assert_int_equal(ct_pool_guide_shutdown_until(p, deadline), 10);
        assert_true(ct_now_ns() >= deadline);
        ct_chan_guide_close(shop.gate);
        ct_pool_guide_free(p);
        assert_int_equal(ran(), 2); /* those that were running ran to their end */
        assert_int_equal(ct_load_u32_relaxed(&shop.dropped), 10);
}

static void shutdown_in_time_leaves_none(void **state)
{
        struct ct_pool_guide *p = pool(2, 20);

        (void)state;
        for (int i = 0; i < 20; i++)
                ct_pool_guide_submit(p, count_job, NULL);
        assert_int_equal(ct_pool_guide_shutdown_until(p, ct_deadline_after(3600 * CT_NS_PER_S)), 0);
        assert_int_equal(ran(), 20);
        ct_pool_guide_free(p);
}

static void failed_jobs_are_counted_and_their_errors_kept(void **state)
{
        struct ct_pool_guide *p = pool(1, 10);
        int first = -7, last = -9;
        struct ct_pool_guide_stats s;

        (void)state;
        ct_pool_guide_submit(p, count_job, NULL);
        ct_pool_guide_submit(p, fail_job, &first);
        ct_pool_guide_submit(p, fail_job, NULL);
        ct_pool_guide_submit(p, fail_job, &last);
        ct_pool_guide_submit(p, count_job, NULL);
        ct_pool_guide_shutdown(p);
        s = stats_of(p);
        assert_int_equal(s.done, 2);
        assert_int_equal(s.failed, 3);
        assert_int_equal(s.first_error, -7);
        assert_int_equal(s.last_error, -9);
        assert_int_equal(ran(), 5);
        ct_pool_guide_free(p);
}

/* ---- misuse ---- */

static void shut_down_twice(void)
{
        struct ct_pool_guide *p = pool(1, 1);

        ct_pool_guide_shutdown(p);
        ct_pool_guide_shutdown(p);
}

static void free_while_open(void)
{
        ct_pool_guide_free(pool(1, 1));
}

static void misuse_panics(void **state)
{
        (void)state;
        assert_panics(shut_down_twice, "panic: worker pool 0x");
        assert_panics(shut_down_twice, "shut down twice");
        assert_panics(free_while_open, "freed without a shutdown");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(every_accepted_job_runs_once),
                TEST(one_worker_runs_in_order),
                TEST(jobs_run_on_all_workers_at_once),
                TEST(try_submit_says_queue_full),
                TEST(submit_waits_for_room),
                TEST(a_queue_of_none_hands_jobs_over),
                TEST(after_shutdown_says_shutting_down),
                TEST(shutdown_calls_off_waiting_submitters),
                TEST(graceful_shutdown_finishes_the_queue),
                TEST(shutdown_with_deadline_says_how_many_are_left),
                TEST(shutdown_in_time_leaves_none),
                TEST(failed_jobs_are_counted_and_their_errors_kept),
                cmocka_unit_test(misuse_panics),
        };
        int failed;

        crowd_cpus(1);
        failed = cmocka_run_group_tests_name("pool, one CPU", tests, NULL, NULL);
        crowd_cpus(0);
        return failed + cmocka_run_group_tests_name("pool, all CPUs", tests, NULL, NULL);
}
