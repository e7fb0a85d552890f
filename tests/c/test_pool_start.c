/* ct_pool: retry's law, configurations that are refused, threads that cannot be had, misuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/panic.h"
#include "flow/pool_private.h"

#include "panics.h"
#include "watchdog.h"

#include <errno.h>
#include <sys/resource.h>

static int nothing(void *arg, void *local)
{
        (void)arg, (void)local;
        return 0;
}

static int no_init(void *ctx, unsigned worker, void **local)
{
        (void)ctx, (void)worker, (void)local;
        return 0;
}

static void no_exit(void *ctx, unsigned worker, void *local)
{
        (void)ctx, (void)worker, (void)local;
}

/* ---- retry's law ---- */

static void backoff_doubles_and_is_shortened(void **state)
{
        struct ct_rng rng, same;
        int64_t full = 10 * CT_NS_PER_MS, least = INT64_MAX, most = 0;

        (void)state;
        ct_rng_seed(&rng, 1);
        for (unsigned n = 0; n < 40; n++) {
                for (int i = 0; i < 100; i++) {
                        int64_t ns = ct_pool_backoff_ns_(n, &rng);

                        assert_true(ns <= full && ns >= full / 2);
                }
                full = full * 2 < CT_NS_PER_S ? full * 2 : CT_NS_PER_S;
        }
        for (int i = 0; i < 1000; i++) {
                int64_t ns = ct_pool_backoff_ns_(0, &rng);

                least = ns < least ? ns : least;
                most = ns > most ? ns : most;
        }
        assert_true(least < 6 * CT_NS_PER_MS && most > 9 * CT_NS_PER_MS);
        ct_rng_seed(&rng, 7);
        ct_rng_seed(&same, 7);
        for (unsigned n = 0; n < 10; n++)
                assert_int_equal(ct_pool_backoff_ns_(n, &rng), ct_pool_backoff_ns_(n, &same));
        assert_int_equal(ct_pool_backoff_ns_(UINT32_MAX, &rng) <= CT_NS_PER_S, 1);
}

/* ---- configurations ---- */

static void refused(struct ct_pool_config config)
{
        struct ct_pool *p = (void *)&config;

        assert_int_equal(ct_pool_start(&p, &config), -EINVAL);
        assert_null(p);
}

static void bad_configurations_are_refused(void **state)
{
        const struct ct_pool_config good = {
                .kind = CT_POOL_CHANNEL, .spawn = CT_SPAWN_THREAD, .workers = 1};
        struct ct_pool_config c;

        (void)state;
#define REFUSED(...) (c = good, __VA_ARGS__, refused(c))
        REFUSED(c.workers = 0);
        REFUSED(c.workers_min = 1);
        REFUSED(c.idle_ns = 1);
        REFUSED(c.levels = 1);
        REFUSED(c.aging_ns = 1);
        REFUSED(c.kind = (enum ct_pool_kind)77);
        REFUSED(c.spawn = (enum ct_spawn)77);
        REFUSED(c.kind = CT_POOL_STEALING);
        REFUSED(c.kind = CT_POOL_FIXED);
        REFUSED(c.kind = CT_POOL_UNBOUNDED);
        REFUSED(c.kind = CT_POOL_UNBOUNDED, c.workers = 0, c.queue = 1);
        REFUSED(c.kind = CT_POOL_UNBOUNDED, c.workers = 0, c.worker_init = no_init);
        REFUSED(c.kind = CT_POOL_SEMAPHORE, c.queue = 1);
        REFUSED(c.kind = CT_POOL_SEMAPHORE, c.workers = 0);
        REFUSED(c.kind = CT_POOL_SEMAPHORE, c.worker_exit = no_exit);
        REFUSED(c.kind = CT_POOL_DYNAMIC, c.workers_min = 1);
        REFUSED(c.kind = CT_POOL_DYNAMIC, c.idle_ns = 1);
        REFUSED(c.kind = CT_POOL_DYNAMIC, c.workers_min = 2, c.idle_ns = 1);
        REFUSED(c.kind = CT_POOL_PRIORITY, c.levels = 3, c.aging_ns = 1);
        REFUSED(c.kind = CT_POOL_PRIORITY, c.queue = 1, c.levels = 65, c.aging_ns = 1);
        REFUSED(c.kind = CT_POOL_PRIORITY, c.queue = 1, c.levels = 0, c.aging_ns = 1);
        REFUSED(c.kind = CT_POOL_PRIORITY, c.queue = 1, c.levels = 1);
#undef REFUSED
}

static void impossible_sizes_are_refused(void **state)
{
        struct ct_pool_config c = {
                .kind = CT_POOL_CHANNEL, .spawn = CT_SPAWN_THREAD, .workers = 1, .queue = SIZE_MAX};
        struct ct_pool *p;

        (void)state;
        assert_int_equal(ct_pool_start(&p, &c), -EOVERFLOW);
        c.kind = CT_POOL_FIXED;
        assert_int_equal(ct_pool_start(&p, &c), -EOVERFLOW);
        c.queue = 8;
        c.workers = UINT32_MAX;
        assert_int_equal(ct_pool_start(&p, &c), -EOVERFLOW);
        assert_null(p);
        ct_pool_free(NULL);
}

/* ---- no threads to be had ---- */

static int wait_for_end(void *arg, void *local)
{
        (void)local;
        ct_latch_wait(arg);
        return 0;
}

/* In a child: address space for some threads only. Ends by a panic that says what it saw. */
static void run_out_of_threads(void)
{
        struct ct_pool_config c = {.kind = CT_POOL_UNBOUNDED, .spawn = CT_SPAWN_THREAD};
        struct rlimit space = {1u << 30, 1u << 30};
        static struct ct_latch end = CT_LATCH_INIT(1);
        struct ct_pool_stats stats;
        enum ct_pool_status status;
        struct ct_pool *p;
        uint64_t ok = 0;

        if (ct_pool_start(&p, &c) || setrlimit(RLIMIT_AS, &space))
                return;
        while ((status = ct_pool_submit(p, wait_for_end, &end)) == CT_POOL_OK && ok < 100000)
                ok++;
        ct_pool_stats(p, &stats);
        ct_latch_count_down(&end, 1);
        if (status != CT_POOL_NO_CONTEXT || !ok || stats.submitted != ok ||
            (stats.start_error != EAGAIN && stats.start_error != ENOMEM))
                return;
        ct_pool_shutdown(p);
        ct_pool_stats(p, &stats);
        if (stats.run != ok || stats.done != ok || stats.workers_most != ok)
                return;
        ct_pool_free(p);
        ct_panic("test", NULL, "as it should be");
}

static void too_many_threads_are_an_answer(void **state)
{
        (void)state;
#ifdef WATCHDOG_SANITIZED
        skip(); /* sanitizers need more address space than there is */
#endif
        assert_panics(run_out_of_threads, "as it should be");
}

/* ---- misuse ---- */

static struct ct_pool *one_worker(void)
{
        struct ct_pool_config c = {
                .kind = CT_POOL_CHANNEL, .spawn = CT_SPAWN_THREAD, .workers = 1, .queue = 1};
        struct ct_pool *p;

        if (ct_pool_start(&p, &c))
                abort();
        return p;
}

static void shut_down_twice(void)
{
        struct ct_pool *p = one_worker();

        ct_pool_shutdown(p);
        ct_pool_shutdown(p);
}

static void free_at_work(void)
{
        ct_pool_free(one_worker());
}

static void no_such_level(void)
{
        struct ct_pool *p = one_worker();

        (void)ct_pool_submit_at(p, 1, nothing, NULL, CT_FOREVER);
}

static void no_runtime(void)
{
        struct ct_pool_config c = {.kind = CT_POOL_CHANNEL, .spawn = CT_SPAWN_TASK, .workers = 1};
        struct ct_pool *p;

        (void)ct_pool_start(&p, &c);
}

static void misuse_dies(void **state)
{
        (void)state;
        assert_panics(shut_down_twice, "shut down twice");
        assert_panics(shut_down_twice, "panic: ct_pool 0x");
        assert_panics(free_at_work, "freed without a shutdown");
        assert_panics(no_such_level, "submit at level 1, the last is 0");
        assert_panics(no_runtime, "panic: ");
}
int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(misuse_dies),
                cmocka_unit_test(too_many_threads_are_an_answer),
                cmocka_unit_test(bad_configurations_are_refused),
                cmocka_unit_test(impossible_sizes_are_refused),
                cmocka_unit_test(backoff_doubles_and_is_shortened),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
