/*
 * A million jobs, some of which fail, through pools that are shut down at random moments,
 * gracefully or by a deadline, while several threads still submit: none lost, none run twice.
 *
 * Every job marks its own byte when it runs (or is discarded), so the oracle knows each one's fate,
 * not only the sums.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/rng.h"
#include "crowd.h"
#include "flow/pool_guide.h"

enum { JOBS = 1000000 / SCALE, MOST = 12000 }; /* in all, and in one pool */

enum fate { NEVER = 0, ACCEPTED = 1, RUN = 2, RUN_FAILED = 4, DISCARDED = 8 };

struct lot {
        struct ct_pool_guide *pool;
        ct_atomic_u32 next, accepted;
        unsigned jobs;
        uint64_t seed;
        ct_atomic_u32 fate[MOST]; /* bits are added with +: a second run shows */
};

static struct lot lot;

static int mark_job(void *arg, void *local)
{
        ct_atomic_u32 *fate = arg;
        size_t i = (size_t)(fate - lot.fate);
        uint64_t state = lot.seed + i;
        bool fails = ct_splitmix64(&state) % 10 == 0; /* as in the guide's example */

        (void)local;
        if (state % 8 == 0)
                sched_yield(); /* so that a shutdown finds jobs waiting, on one CPU too */
        ct_add_u32_relaxed(fate, fails ? RUN_FAILED : RUN);
        return fails ? -EIO : 0;
}

static void discard(void *ctx, void *arg)
{
        (void)ctx;
        ct_add_u32_relaxed((ct_atomic_u32 *)arg, DISCARDED);
}

static void submit_until_refused(void *ctx, unsigned index)
{
        struct ct_rng rng;

        (void)ctx;
        ct_rng_seed(&rng, lot.seed ^ index);
        for (;;) {
                uint32_t i = ct_add_u32_relaxed(&lot.next, 1);
                enum ct_pool_status status;

                if (i >= lot.jobs)
                        return;
                do {
                        if (ct_rng_below(&rng, 2))
                                status = ct_pool_guide_submit(lot.pool, mark_job, &lot.fate[i]);
                        else
                                status = ct_pool_guide_try_submit(lot.pool, mark_job, &lot.fate[i]);
                } while (status == CT_POOL_QUEUE_FULL);
                if (status == CT_POOL_SHUTTING_DOWN)
                        return;
                CROWD_CHECK(status == CT_POOL_OK);
                ct_add_u32_relaxed(&lot.fate[i], ACCEPTED);
                ct_add_u32_relaxed(&lot.accepted, 1);
        }
}

static uint64_t jobs_accepted, jobs_left;

/* The whole life of one pool. */
static void one_pool(struct ct_rng *rng, unsigned jobs, bool graceful)
{
        struct ct_pool_guide_config config = {.workers = 1 + (unsigned)ct_rng_below(rng, 8),
                                              .queue = ct_rng_below(rng, 65),
                                              .discard = discard};
        uint32_t stop_at = (uint32_t)ct_rng_below(rng, jobs + jobs / 4);
        uint64_t left = 0, n[3] = {0};
        struct ct_pool_guide_stats s;
        struct crowd *submitters;

        memset(&lot, 0, sizeof lot);
        lot.jobs = jobs;
        lot.seed = ct_rng_next(rng);
        assert_int_equal(ct_pool_guide_start(&lot.pool, &config), 0);
        submitters = crowd_start(3, submit_until_refused, NULL);
        AWAIT(ct_load_u32_relaxed(&lot.next) >= (stop_at < jobs ? stop_at : jobs));
        if (graceful)
                ct_pool_guide_shutdown(lot.pool);
        else
                left = ct_pool_guide_shutdown_until(
                        lot.pool, ct_now_ns() - 1 + (int64_t)ct_rng_below(rng, 50000));
        ct_pool_guide_stats(lot.pool, &s);
        crowd_join(submitters);
        assert_int_equal(left, s.submitted - s.run);
        assert_int_equal(s.submitted, ct_load_u32_relaxed(&lot.accepted));
        if (graceful)
                assert_int_equal(s.done + s.failed, s.run);
        ct_pool_guide_free(lot.pool);
        for (unsigned i = 0; i < jobs; i++) {
                switch (ct_load_u32_relaxed(&lot.fate[i])) {
                case NEVER:
                        break;
                case ACCEPTED + RUN:
                        n[0]++;
                        break;
                case ACCEPTED + RUN_FAILED:
                        n[1]++;
                        break;
                case ACCEPTED + DISCARDED:
                        n[2]++;
                        break;
                default:
                        fail_msg("job %u has the fate %u", i, ct_load_u32_relaxed(&lot.fate[i]));
                }
        }
        assert_int_equal(n[0] + n[1], s.run);
        assert_int_equal(n[2], left);
        if (graceful) {
                assert_int_equal(n[0], s.done);
                assert_int_equal(n[1], s.failed);
        }
        jobs_accepted += s.submitted;
        jobs_left += left;
}

static void many_pools(uint64_t seed, bool graceful)
{
        struct ct_rng rng;
        uint64_t target = jobs_accepted + JOBS / 4;

        ct_rng_seed(&rng, seed);
        /* by deadline: on until one has cut something off, else the deadlines tested nothing */
        while (jobs_accepted < target || (!graceful && !jobs_left))
                one_pool(&rng, 500 + (unsigned)ct_rng_below(&rng, MOST - 500), graceful);
}

static void graceful_shutdowns(void **state)
{
        (void)state;
        many_pools(1, true);
        assert_int_equal(jobs_left, 0);
}

static void shutdowns_by_deadline(void **state)
{
        (void)state;
        many_pools(2, false);
        jobs_left = 0;
}

static void a_million_in_all(void **state)
{
        (void)state;
        print_message("%llu jobs accepted\n", (unsigned long long)jobs_accepted);
        assert_true(jobs_accepted >= JOBS);
}

struct work {
        struct ct_pool_guide *pool;
        ct_atomic_u64 sum;
};

static int add_job(void *arg, void *local)
{
        struct work *w = arg;

        (void)local;
        ct_add_u64_relaxed(&w->sum, 1);
        return 0;
}

static void submit_many(void *ctx, unsigned index)
{
        struct work *w = ctx;

        (void)index;
        for (int i = 0; i < 20000 / SCALE; i++)
                CROWD_CHECK(!ct_pool_guide_submit(w->pool, add_job, w));
}

static void eight_workers_for_each_cpu(void **state)
{
        unsigned n = 8 * crowd_cpus(0);
        struct ct_pool_guide_config config = {.workers = n, .queue = 10};
        struct work w = {0};

        (void)state;
        assert_int_equal(ct_pool_guide_start(&w.pool, &config), 0);
        crowd_run(n, submit_many, &w);
        ct_pool_guide_shutdown(w.pool);
        assert_int_equal(ct_load_u64_relaxed(&w.sum), n * (20000 / SCALE));
        ct_pool_guide_free(w.pool);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(graceful_shutdowns),
                WATCHED(shutdowns_by_deadline),
        };
        const struct CMUnitTest last[] = {
                WATCHED(eight_workers_for_each_cpu),
                WATCHED(a_million_in_all),
        };
        int failed;

        setenv("CT_WATCHDOG_S", "200", 0); /* these run long when they are right, too */
        crowd_cpus(1);
        failed = cmocka_run_group_tests_name("pool stress, one CPU", tests, NULL, NULL);
        crowd_cpus(0);
        failed += cmocka_run_group_tests_name("pool stress, all CPUs", tests, NULL, NULL);
        return failed + cmocka_run_group_tests_name("pool stress, 8x", last, NULL, NULL);
}
