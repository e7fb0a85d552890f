/*
 * The dynamic pool (its law: test_pool_laws.c): that it grows to what it may and no further,
 * shrinks to what it must, and that a worker that does not come leaves no trace. Nothing here looks
 * at a clock: idle_ns is 1, which has always passed, or an hour, which never does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pool_scene.h"

#define AN_HOUR (3600 * CT_NS_PER_S)

static void start_dynamic(struct scene *s, unsigned least, unsigned most, size_t queue,
                          int64_t idle_ns)
{
        struct ct_pool_config c = config_of(s, most, queue);

        c.workers_min = least;
        c.idle_ns = idle_ns;
        s->pool = start_with(&c);
}

static unsigned workers_now(struct scene *s)
{
        return stats_of(s->pool).workers;
}

/* Twelve jobs that stay: a worker each for as many as there may be, and the others wait. */
static void grows_to_the_most_and_no_further(struct scene *s, unsigned me)
{
        (void)me;
        start_dynamic(s, 1, 4, 8, AN_HOUR);
        CASE_EQUAL(workers_now(s), 1);
        for (unsigned i = 0; i < 12; i++)
                submit_ok(s, gate_job, i);
        CONTEXT_UNTIL(count_of(&s->begun) == 4);
        CASE_EQUAL(ct_pool_try_submit(s->pool, plain_job, &s->mark[12]), CT_POOL_QUEUE_FULL);
        linger();
        CASE_EQUAL(workers_now(s), 4);
        CASE_EQUAL(stats_of(s->pool).workers_most, 4);
        CASE_EQUAL(count_of(&s->inits), 4);
        open_gate(s, 12);
        end_pool(s);
        CASE_EQUAL(count_of(&s->exits), 4);
        CASE_EQUAL(run_once(s, 0, 12), 12);
        for (unsigned i = 0; i < 4; i++)
                CASE_EQUAL(s->local[i].alive, 0);
}

/* What the workers have begun within one job each makes nobody come. */
static void a_short_queue_is_no_reason_to_grow(struct scene *s, unsigned me)
{
        (void)me;
        start_dynamic(s, 2, 4, 8, AN_HOUR);
        for (unsigned i = 0; i < 2; i++)
                submit_ok(s, gate_job, i);
        CONTEXT_UNTIL(count_of(&s->begun) == 2);
        for (unsigned i = 2; i < 4; i++)
                submit_ok(s, gate_job, i);
        linger();
        CASE_EQUAL(staff_of(s->pool).workers, 2);
        submit_ok(s, gate_job, 4);
        CONTEXT_UNTIL(count_of(&s->begun) == 3);
        open_gate(s, 5);
        end_pool(s);
        CASE_EQUAL(count_of(&s->inits), 3);
}

/* With no queue, the first job that finds everybody busy makes one come, though it is refused. */
static void a_rendezvous_grows_with_a_refusal(struct scene *s, unsigned me)
{
        (void)me;
        start_dynamic(s, 1, 2, 0, AN_HOUR);
        submit_ok(s, gate_job, 0);
        CONTEXT_UNTIL(count_of(&s->begun) == 1);
        CASE_EQUAL(ct_pool_try_submit(s->pool, plain_job, &s->mark[1]), CT_POOL_QUEUE_FULL);
        CONTEXT_UNTIL(staff_of(s->pool).idle == 1);
        CASE_EQUAL(ct_pool_try_submit(s->pool, gate_job, &s->mark[2]), CT_POOL_OK);
        CONTEXT_UNTIL(count_of(&s->begun) == 2);
        CASE_EQUAL(ct_pool_try_submit(s->pool, plain_job, &s->mark[1]), CT_POOL_QUEUE_FULL);
        open_gate(s, 2);
        end_pool(s);
        CASE_EQUAL(count_of(&s->inits), 2);
        CASE_EQUAL(count_of(&s->mark[1].run), 0);
}

/* And so does one that waits. */
static void a_rendezvous_grows_with_who_waits(struct scene *s, unsigned me)
{
        (void)me;
        start_dynamic(s, 1, 5, 0, AN_HOUR);
        for (unsigned i = 0; i < 5; i++)
                submit_ok(s, gate_job, i);
        CONTEXT_UNTIL(count_of(&s->begun) == 5);
        open_gate(s, 5);
        end_pool(s);
        CASE_EQUAL(count_of(&s->inits), 5);
}

/* Grows to 4, and is left with nothing to do. */
static void grow_and_stop(struct scene *s, unsigned least, int64_t idle_ns)
{
        start_dynamic(s, least, 4, 8, idle_ns);
        for (unsigned i = 0; i < 12; i++)
                submit_ok(s, gate_job, i);
        CONTEXT_UNTIL(count_of(&s->begun) == 4);
        open_gate(s, 12);
        CONTEXT_UNTIL(count_of(&s->ended) == 12);
}

static void shrinks_to_the_least_and_no_further(struct scene *s, unsigned me)
{
        (void)me;
        grow_and_stop(s, 2, 1);
        CONTEXT_UNTIL(workers_now(s) == 2);
        linger();
        CASE_EQUAL(workers_now(s), 2);
        CASE_EQUAL(count_of(&s->exits), count_of(&s->inits) - 2);
        submit_ok(s, plain_job, 12);
        submit_ok(s, plain_job, 13);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, 14), 14);
        CASE_EQUAL(count_of(&s->exits), count_of(&s->inits));
}

static void grows_again_after_it_has_shrunk(struct scene *s, unsigned me)
{
        (void)me;
        for (unsigned round = 1; round <= 3; round++) {
                unsigned first = 12 * (round - 1);

                if (round == 1)
                        start_dynamic(s, 1, 4, 8, 1);
                for (unsigned i = 0; i < 12; i++)
                        submit_ok(s, gate_job, first + i);
                CONTEXT_UNTIL(count_of(&s->begun) == first + 4);
                open_gate(s, 12);
                CONTEXT_UNTIL(count_of(&s->ended) == first + 12);
                CONTEXT_UNTIL(workers_now(s) == 1);
        }
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, 36), 36);
        CASE_EQUAL(count_of(&s->exits), count_of(&s->inits));
}

/* One job at a time is one worker's: the others stay idle, and would go. */
static void what_one_can_do_one_does(struct scene *s, unsigned me)
{
        (void)me;
        grow_and_stop(s, 1, AN_HOUR);
        for (unsigned i = 12; i < 32; i++) {
                CONTEXT_UNTIL(staff_of(s->pool).idle == 4);
                submit_ok(s, plain_job, i);
                CONTEXT_UNTIL(count_of(&s->ended) == i + 1);
        }
        end_pool(s);
        for (unsigned i = 13; i < 32; i++)
                CASE_EQUAL(s->mark[i].worker, s->mark[12].worker);
}

static int light_job(void *arg, void *local)
{
        (void)local;
        ct_add_u32_relaxed(&((struct mark *)arg)->run, 1);
        return 0;
}

/* Nobody but the first worker can be had: it does all the work, and later, when one can be had, one
   comes. */
static int refusing_init(void *ctx, unsigned worker, void **local)
{
        struct scene *s = ctx;

        if (worker > 0 && count_of(&s->step) == 0) {
                ct_add_u32_acq_rel(&s->discards, 1); /* refusals */
                return -EXDEV;
        }
        return begin_worker(ctx, worker, local);
}

static void one_that_does_not_come(struct scene *s, unsigned me)
{
        struct ct_pool_config c = config_of(s, 3, 4);

        (void)me;
        c.workers_min = 1;
        c.idle_ns = AN_HOUR;
        c.worker_init = refusing_init;
        s->pool = start_with(&c);
        for (unsigned i = 0; i < 5; i++)
                submit_ok(s, gate_job, i);
        CONTEXT_UNTIL(count_of(&s->discards) >= 1);
        CONTEXT_UNTIL(staff_of(s->pool).workers == 1 && workers_now(s) == 1);
        CONTEXT_UNTIL(count_of(&s->begun)); /* it may not have run yet */
        CASE_EQUAL(count_of(&s->begun), 1);
        open_gate(s, 5);
        CONTEXT_UNTIL(count_of(&s->ended) == 5);
        say(s, 1);
        for (unsigned i = 5; i < 10; i++)
                submit_ok(s, gate_job, i);
        /* Refused tries ask again, once the hold-off is over. */
        CONTEXT_UNTIL((ct_pool_try_submit(s->pool, light_job, &s->mark[MARKS - 1]),
                       count_of(&s->inits) == 3));
        open_gate(s, 5);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, 10), 10);
        CASE_EQUAL(count_of(&s->exits), 3);
}

/* What a shutdown finds waiting still gets the workers that it needs. */
static void grows_for_what_a_shutdown_left(struct scene *s, unsigned me)
{
        struct ct_pool_item items[9];

        if (me) {
                CONTEXT_UNTIL(count_of(&s->begun) == 3);
                open_gate(s, 9);
                return;
        }
        for (unsigned i = 0; i < 9; i++)
                items[i] = (struct ct_pool_item){gate_job, &s->mark[i]};
        start_dynamic(s, 1, 3, 9, AN_HOUR);
        CASE_EQUAL(ct_pool_submit_batch(s->pool, items, 9, NULL), CT_POOL_OK);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, 9), 9);
}

/* ---- workers that come and go all the time ---- */

enum { STORM_SUBMITTERS = 4, STORM_JOBS = 4000 };

static ct_atomic_u32 storm_open, storm_over;

struct storm {
        struct ct_pool *pool;
        uint64_t accepted[STORM_SUBMITTERS];
        ct_atomic_u32 run[STORM_SUBMITTERS * STORM_JOBS];
};

static int storm_job(void *arg, void *local)
{
        ct_atomic_u32 *run = arg;

        (void)local;
        if (ct_add_u32_relaxed(run, 1) % 16 == 0)
                ct_parker_ops_self()->yield();
        return 0;
}

static void submit_storm(void *shared, unsigned me)
{
        struct storm *s = shared;
        ct_atomic_u32 *mine = s->run + me * STORM_JOBS;
        struct ct_rng rng;

        ct_rng_seed(&rng, me);
        while (s->accepted[me] < ROUNDS(STORM_JOBS)) {
                struct ct_pool_item items[8];
                size_t n = 1 + ct_rng_below(&rng, 8), accepted = 0;

                if (n > ROUNDS(STORM_JOBS) - s->accepted[me])
                        n = ROUNDS(STORM_JOBS) - s->accepted[me];
                for (size_t i = 0; i < n; i++)
                        items[i] = (struct ct_pool_item){storm_job, &mine[s->accepted[me] + i]};
                if (ct_rng_below(&rng, 2))
                        CONTEXT_CHECK(ct_pool_submit_batch(s->pool, items, n, &accepted) ==
                                      CT_POOL_OK);
                else
                        accepted =
                                ct_pool_try_submit(s->pool, storm_job, items[0].arg) == CT_POOL_OK;
                s->accepted[me] += accepted;
                if (!accepted || ct_rng_below(&rng, 64) == 0)
                        ct_parker_ops_self()->yield();
        }
}

static void storm_body(void *shared, unsigned me)
{
        struct storm *s = shared;
        struct ct_pool_config c = {
                .kind = CT_POOL_DYNAMIC, .workers = 6, .workers_min = 1, .idle_ns = 1, .queue = 4};
        struct ct_pool_stats stats;

        c.spawn = ct_in_task() ? CT_SPAWN_TASK : CT_SPAWN_THREAD;
        if (me == 0) {
                CONTEXT_CHECK(ct_pool_start(&s->pool, &c) == 0);
                ct_store_u32_release(&storm_open, 1);
        }
        CONTEXT_UNTIL(ct_load_u32_acquire(&storm_open) == 1);
        submit_storm(s, me);
        ct_add_u32_acq_rel(&storm_over, 1);
        if (me)
                return;
        CONTEXT_UNTIL(ct_load_u32_acquire(&storm_over) == STORM_SUBMITTERS);
        ct_pool_shutdown(s->pool);
        ct_pool_stats(s->pool, &stats);
        CONTEXT_CHECK(stats.run == (uint64_t)STORM_SUBMITTERS * ROUNDS(STORM_JOBS));
        CONTEXT_CHECK(stats.done == stats.run && stats.submitted == stats.run);
        CONTEXT_CHECK(stats.workers == 0);
        CONTEXT_CHECK(stats.workers_most <= 6);
        ct_pool_free(s->pool);
}

static void storm(void **state, const struct stress_placement *p)
{
        static struct storm s;

        (void)p;
        memset(&s, 0, sizeof s);
        ct_store_u32_relaxed(&storm_open, 0);
        ct_store_u32_relaxed(&storm_over, 0);
        run_contexts(state, STORM_SUBMITTERS, storm_body, &s);
        for (unsigned i = 0; i < STORM_SUBMITTERS; i++)
                for (unsigned k = 0; k < ROUNDS(STORM_JOBS); k++)
                        assert_int_equal(ct_load_u32_relaxed(&s.run[i * STORM_JOBS + k]), 1);
}

static void workers_come_and_go_and_no_job_is_lost(void **state)
{
        everywhere(state, storm);
}

#define SCENE(contexts, name)                                                                      \
        static void test_##name(void **state)                                                      \
        {                                                                                          \
                in_scene(state, contexts, CT_POOL_DYNAMIC, name);                                  \
        }

SCENE(1, grows_to_the_most_and_no_further)
SCENE(1, a_short_queue_is_no_reason_to_grow)
SCENE(1, a_rendezvous_grows_with_a_refusal)
SCENE(1, a_rendezvous_grows_with_who_waits)
SCENE(1, shrinks_to_the_least_and_no_further)
SCENE(1, grows_again_after_it_has_shrunk)
SCENE(1, what_one_can_do_one_does)
SCENE(1, one_that_does_not_come)
SCENE(2, grows_for_what_a_shutdown_left)

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(test_grows_to_the_most_and_no_further),
                BOTH_WAYS(test_a_short_queue_is_no_reason_to_grow),
                BOTH_WAYS(test_a_rendezvous_grows_with_a_refusal),
                BOTH_WAYS(test_a_rendezvous_grows_with_who_waits),
                BOTH_WAYS(test_shrinks_to_the_least_and_no_further),
                BOTH_WAYS(test_grows_again_after_it_has_shrunk),
                BOTH_WAYS(test_what_one_can_do_one_does),
                BOTH_WAYS(test_one_that_does_not_come),
                BOTH_WAYS(test_grows_for_what_a_shutdown_left),
                BOTH_WAYS(workers_come_and_go_and_no_job_is_lost),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
