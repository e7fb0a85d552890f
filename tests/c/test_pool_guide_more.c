/* Results, retries and state of the workers of a pool: one behaviour a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "panics.h"
#include "pool_guide_help.h"

/* ---- results ---- */

static void each_job_has_a_result_until_the_channel_closes(void **state)
{
        struct ct_pool_guide_config config = {
                .workers = 3, .queue = 30, .results = true, .results_capacity = 30};
        struct ct_pool_guide_result r;
        struct ct_pool_guide *p;
        unsigned n = 0, failed = 0;
        int number[25];
        uint64_t seen = 0;

        (void)state;
        assert_int_equal(ct_pool_guide_start(&p, &config), 0);
        for (int i = 0; i < 25; i++) {
                number[i] = i;
                ct_pool_guide_submit(p, count_job, &number[i]);
        }
        ct_pool_guide_submit(p, fail_job, NULL);
        ct_pool_guide_shutdown(p);
        for (; ct_chan_guide_recv(ct_pool_guide_results(p), &r); n++) {
                failed += r.error == -EIO;
                seen |= r.error ? 0 : UINT64_C(1) << *(int *)r.arg;
        }
        assert_int_equal(n, 26);
        assert_int_equal(failed, 1);
        assert_int_equal(seen, (UINT64_C(1) << 25) - 1);
        ct_pool_guide_free(p);
}

static void read_results(void *ctx, unsigned index)
{
        struct ct_pool_guide_result r;
        unsigned n = 0;

        (void)index;
        while (ct_chan_guide_recv(ctx, &r))
                n++;
        CROWD_CHECK(n == 500);
}

static void results_may_be_a_rendezvous(void **state)
{
        struct ct_pool_guide_config config = {.workers = 2, .queue = 1, .results = true};
        struct ct_pool_guide *p;
        struct crowd *reader;

        (void)state;
        assert_int_equal(ct_pool_guide_start(&p, &config), 0);
        reader = crowd_start(1, read_results, ct_pool_guide_results(p));
        for (int i = 0; i < 500; i++)
                ct_pool_guide_submit(p, count_job, NULL);
        ct_pool_guide_shutdown(p);
        crowd_join(reader);
        ct_pool_guide_free(p);
}

static void unread_results_do_not_hold_up_a_deadline(void **state)
{
        struct ct_pool_guide_config config = {.workers = 2, .queue = 10, .results = true};
        struct ct_pool_guide *p;
        struct ct_pool_guide_result r;

        (void)state;
        assert_int_equal(ct_pool_guide_start(&p, &config), 0);
        for (int i = 0; i < 10; i++)
                ct_pool_guide_submit(p, count_job, NULL);
        AWAIT(ran() == 2);
        assert_int_equal(ct_pool_guide_shutdown_until(p, ct_now_ns()), 8);
        while (ct_chan_guide_recv(ct_pool_guide_results(p), &r))
                ;
        ct_pool_guide_free(p);
        assert_int_equal(ran(), 2);
}

static void no_results_unless_asked_for(void **state)
{
        struct ct_pool_guide *p = pool(1, 1);

        (void)state;
        assert_null(ct_pool_guide_results(p));
        finish(p);
}

/* ---- retry ---- */

static void backoff_doubles_from_10_ms_to_1_s(void **state)
{
        static const int64_t ms[] = {10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000};

        (void)state;
        for (unsigned i = 0; i < 10; i++)
                assert_int_equal(ct_pool_guide_backoff_ns(i), ms[i] * CT_NS_PER_MS);
        assert_int_equal(ct_pool_guide_backoff_ns(4000000000u), CT_NS_PER_S);
}

static void retry_gives_up_after_its_attempts(void **state)
{
        struct ct_pool_guide *p = full_pool(1);
        int64_t before = ct_now_ns(), took;

        (void)state;
        assert_int_equal(ct_pool_guide_submit_retry(p, count_job, NULL, 3, CT_FOREVER),
                         CT_POOL_QUEUE_FULL);
        took = ct_now_ns() - before;
        assert_true(took >= 30 * CT_NS_PER_MS); /* 10 + 20, none after the last */
        assert_int_equal(stats_of(p).refused_full, 3);
        assert_int_equal(ct_pool_guide_submit_retry(p, count_job, NULL, 0, CT_FOREVER),
                         CT_POOL_QUEUE_FULL);
        finish(p);
        assert_int_equal(ran(), 2);
}

static void retry_gives_up_at_its_deadline(void **state)
{
        struct ct_pool_guide *p = full_pool(1);
        int64_t deadline = ct_deadline_after(15 * CT_NS_PER_MS);

        (void)state;
        assert_int_equal(ct_pool_guide_submit_retry(p, count_job, NULL, 1000, deadline),
                         CT_POOL_TIMED_OUT);
        assert_true(ct_now_ns() >= deadline);
        finish(p);
}

static void retry_once(void *ctx, unsigned index)
{
        (void)index;
        CROWD_CHECK(ct_pool_guide_submit_retry(ctx, count_job, NULL, 1000, CT_FOREVER) ==
                    CT_POOL_OK);
}

static void retry_gets_in_when_there_is_room(void **state)
{
        struct ct_pool_guide *p = full_pool(1);
        struct crowd *submitter = crowd_start(1, retry_once, p);

        (void)state;
        AWAIT(stats_of(p).refused_full >= 1);
        ct_chan_guide_close(shop.gate);
        crowd_join(submitter);
        ct_pool_guide_shutdown(p);
        assert_int_equal(ran(), 3);
        ct_pool_guide_free(p);
}

/* ---- per-worker state ---- */

static int hire(void *ctx, unsigned worker, void **local)
{
        *local = malloc(sizeof(unsigned));
        *(unsigned *)*local = worker;
        return ct_add_u32_relaxed(&shop.hired, 1) >= *(uint32_t *)ctx ? -EMFILE : 0;
}

static void fire(void *ctx, unsigned worker, void *local)
{
        (void)ctx;
        CROWD_CHECK(*(unsigned *)local == worker);
        ct_add_u32_relaxed(&shop.left_, 1);
        free(local);
}

static int use_local(void *arg, void *local)
{
        return *(unsigned *)local < 3 ? count_job(arg, local) : -EINVAL;
}

static void each_worker_has_its_own_state(void **state)
{
        uint32_t most = 3;
        struct ct_pool_guide_config config = {
                .workers = 3, .queue = 5, .worker_init = hire, .worker_exit = fire, .ctx = &most};
        struct ct_pool_guide *p;

        (void)state;
        assert_int_equal(ct_pool_guide_start(&p, &config), 0);
        assert_int_equal(ct_load_u32_relaxed(&shop.hired), 3); /* start waits for all of them */
        for (int i = 0; i < 100; i++)
                ct_pool_guide_submit(p, use_local, NULL);
        ct_pool_guide_shutdown(p);
        assert_int_equal(stats_of(p).failed, 0);
        assert_int_equal(ct_load_u32_relaxed(&shop.left_), 3);
        ct_pool_guide_free(p);
}

static int hire_nobody(void *ctx, unsigned worker, void **local)
{
        (void)ctx;
        *local = NULL;
        ct_add_u32_relaxed(&shop.hired, 1);
        return worker == 2 ? -EMFILE : 0;
}

static void say_goodbye(void *ctx, unsigned worker, void *local)
{
        (void)ctx;
        (void)local;
        CROWD_CHECK(worker != 2);
        ct_add_u32_relaxed(&shop.left_, 1);
}

static void start_fails_with_its_workers_init(void **state)
{
        struct ct_pool_guide_config config = {
                .workers = 4, .queue = 5, .worker_init = hire_nobody, .worker_exit = say_goodbye};
        struct ct_pool_guide *p = (void *)1;

        (void)state;
        assert_int_equal(ct_pool_guide_start(&p, &config), -EMFILE);
        assert_null(p);
        assert_int_equal(ct_load_u32_relaxed(&shop.hired), 4);
        assert_int_equal(ct_load_u32_relaxed(&shop.left_),
                         3); /* and those that had started left again */
        assert_int_equal(ct_load_u32_relaxed(&crowd_failures), 0);
        config.workers = 0;
        assert_int_equal(ct_pool_guide_start(&p, &config), -EINVAL);
        config.workers = 1;
        config.queue = SIZE_MAX / 4;
        assert_int_equal(ct_pool_guide_start(&p, &config), -EOVERFLOW);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(each_job_has_a_result_until_the_channel_closes),
                TEST(results_may_be_a_rendezvous),
                TEST(unread_results_do_not_hold_up_a_deadline),
                TEST(no_results_unless_asked_for),
                TEST(backoff_doubles_from_10_ms_to_1_s),
                TEST(retry_gives_up_after_its_attempts),
                TEST(retry_gives_up_at_its_deadline),
                TEST(retry_gets_in_when_there_is_room),
                TEST(each_worker_has_its_own_state),
                TEST(start_fails_with_its_workers_init),
        };
        int failed;

        crowd_cpus(1);
        failed = cmocka_run_group_tests_name("pool, more, one CPU", tests, NULL, NULL);
        crowd_cpus(0);
        return failed + cmocka_run_group_tests_name("pool, more, all CPUs", tests, NULL, NULL);
}
