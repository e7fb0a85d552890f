/*
 * The stealing pool: what its workers' deques and its watchman are for. What all pools have in
 * common is tested elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/pool_stealing.h"
#include "sync/latch.h"

#include "both.h"

struct scene {
        struct ct_pool *pool;
        enum ct_spawn spawn;
        struct ct_latch begun, go, done;
        ct_atomic_u32 accepted, ran, stop;
};

static struct ct_stealing_ *inside(struct scene *s)
{
        return s->pool->kind;
}

static void start(struct scene *s, unsigned workers, size_t queue)
{
        struct ct_pool_config c = {
                .kind = CT_POOL_STEALING, .spawn = s->spawn, .workers = workers, .queue = queue};

        CONTEXT_CHECK(ct_pool_start(&s->pool, &c) == 0);
        ct_latch_init(&s->begun, 1);
        ct_latch_init(&s->go, 1);
        ct_latch_init(&s->done, 1);
}

static void finish(struct scene *s, uint64_t jobs)
{
        struct ct_pool_stats stats;

        ct_pool_shutdown(s->pool);
        ct_pool_stats(s->pool, &stats);
        CONTEXT_CHECK(stats.submitted == jobs && stats.done == jobs);
        ct_pool_free(s->pool);
}

static void in_scene(void **state, void (*body)(void *, unsigned))
{
        struct scene s = {0};

        s.spawn = both_exec(state) == EXEC_TASK ? CT_SPAWN_TASK : CT_SPAWN_THREAD;
        run_contexts(state, 1, body, &s);
}

static int count_job(void *arg, void *local)
{
        struct scene *s = arg;

        (void)local;
        ct_add_u32_relaxed(&s->ran, 1);
        return 0;
}

static int hold_job(void *arg, void *local)
{
        struct scene *s = arg;

        (void)local;
        ct_latch_count_down(&s->begun, 1);
        ct_latch_wait(&s->go);
        return 0;
}

/* ---- a job's own submits ---- */

static int fill_job(void *arg, void *local)
{
        struct scene *s = arg;

        (void)local;
        while (ct_pool_try_submit(s->pool, count_job, s) == CT_POOL_OK)
                ct_add_u32_relaxed(&s->accepted, 1);
        ct_latch_count_down(&s->done, 1);
        return 0;
}

/* As many as the deque holds, and one that the queue holds. */
static void fills_its_deque(void *shared, unsigned me)
{
        struct scene *s = shared;

        (void)me;
        start(s, 1, 1);
        CONTEXT_CHECK(ct_pool_submit(s->pool, fill_job, s) == CT_POOL_OK);
        ct_latch_wait(&s->done);
        finish(s, 1 + CT_DEQUE_SIZE + 1);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->accepted) == CT_DEQUE_SIZE + 1);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->ran) == CT_DEQUE_SIZE + 1);
}

static void a_job_submits_into_its_deque(void **state)
{
        in_scene(state, fills_its_deque);
}

static int leave_one_job(void *arg, void *local)
{
        struct scene *s = arg;

        (void)local;
        CONTEXT_CHECK(ct_pool_submit(s->pool, count_job, s) == CT_POOL_OK);
        ct_latch_count_down(&s->begun, 1);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->ran)); /* by another worker */
        return 0;
}

static void is_stolen_from(void *shared, unsigned me)
{
        struct scene *s = shared;

        (void)me;
        start(s, 2, 1);
        CONTEXT_CHECK(ct_pool_submit(s->pool, leave_one_job, s) == CT_POOL_OK);
        ct_latch_wait(&s->begun);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->ran)); /* a shutdown would wake all */
        finish(s, 2);
}

static void what_is_in_a_deque_is_stolen(void **state)
{
        in_scene(state, is_stolen_from);
}

/* Its successor is always the last in the deque. */
static int again_job(void *arg, void *local)
{
        struct scene *s = arg;

        (void)local;
        ct_add_u32_relaxed(&s->accepted, 1);
        if (!ct_load_u32_relaxed(&s->stop))
                (void)ct_pool_submit(s->pool, again_job, s);
        return 0;
}

static int stop_job(void *arg, void *local)
{
        struct scene *s = arg;

        (void)local;
        ct_store_u32_relaxed(&s->stop, 1);
        ct_latch_count_down(&s->done, 1);
        return 0;
}

static void keeps_itself_busy(void *shared, unsigned me)
{
        struct scene *s = shared;

        (void)me;
        start(s, 1, 1);
        CONTEXT_CHECK(ct_pool_submit(s->pool, again_job, s) == CT_POOL_OK);
        CONTEXT_CHECK(ct_pool_submit(s->pool, stop_job, s) == CT_POOL_OK);
        ct_latch_wait(&s->done);
        ct_pool_shutdown(s->pool);
        ct_pool_free(s->pool);
}

static void a_full_deque_does_not_starve_the_others(void **state)
{
        in_scene(state, keeps_itself_busy);
}

/* A job that waits has left its worker's word on the carrier, where the submitter runs now. */
static void submits_beside_a_parked_job(void *shared, unsigned me)
{
        struct scene *s = shared;

        (void)me;
        start(s, 1, 4);
        CONTEXT_CHECK(ct_pool_submit(s->pool, hold_job, s) == CT_POOL_OK);
        ct_latch_wait(&s->begun);
        for (int i = 0; i < 3; i++)
                CONTEXT_CHECK(ct_pool_submit(s->pool, count_job, s) == CT_POOL_OK);
        CONTEXT_CHECK(ct_load_u64_relaxed(&inside(s)->worker[0].accepted) == 0);
        CONTEXT_CHECK(ct_deque_size(&inside(s)->worker[0].deque) == 0);
        ct_latch_count_down(&s->go, 1);
        finish(s, 4);
}

static void only_its_own_jobs_use_a_deque(void **state)
{
        if (both_exec(state) == EXEC_TASK)
                assert_int_equal(ct_runtime_start(&(struct ct_runtime_config){.carriers = 1}), 0);
        in_scene(state, submits_beside_a_parked_job);
        if (both_exec(state) == EXEC_TASK)
                assert_int_equal(ct_runtime_stop(), 0);
}

/* ---- who is woken ---- */

static unsigned sleepers(struct scene *s)
{
        unsigned n = 0;

        ct_guard_lock(&inside(s)->guard);
        for (struct ct_stealing_worker_ *w = inside(s)->sleepers; w; w = w->next)
                n++;
        ct_guard_unlock(&inside(s)->guard);
        return n;
}

static int meet_job(void *arg, void *local)
{
        struct scene *s = arg;

        (void)local;
        ct_add_u32_relaxed(&s->ran, 1);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->ran) == 3);
        return 0;
}

/* Three jobs that meet, for three workers that sleep; the bell is heard once. */
static void all_meet(void *shared, unsigned me)
{
        struct scene *s = shared;
        struct ct_pool_item item[3];

        (void)me;
        start(s, 3, 3);
        CONTEXT_UNTIL(sleepers(s) == 3);
        for (int i = 0; i < 3; i++)
                item[i] = (struct ct_pool_item){meet_job, s};
        CONTEXT_CHECK(ct_pool_submit_batch(s->pool, item, 3, NULL) == CT_POOL_OK);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->ran) == 3); /* a shutdown would wake all */
        finish(s, 3);
}

static void one_wakes_the_next(void **state)
{
        in_scene(state, all_meet);
}

/* ---- brief jobs that turn out not to be ---- */

static bool somebody_watches(struct scene *s)
{
        bool watches;

        ct_guard_lock(&inside(s)->guard);
        watches = inside(s)->watchman;
        ct_guard_unlock(&inside(s)->guard);
        return watches;
}

static int wait_job(void *arg, void *local)
{
        struct scene *s = arg;

        (void)local;
        ct_latch_wait(&s->done);
        return 0;
}

/* While jobs count as brief, the only worker that is awake takes a job that waits for the one
   behind it. Nothing but the watchman can help. */
static void waits_for_the_next(void *shared, unsigned me)
{
        struct scene *s = shared;

        (void)me;
        start(s, 2, 8);
        CONTEXT_CHECK(ct_pool_submit(s->pool, hold_job, s) == CT_POOL_OK);
        ct_latch_wait(&s->begun);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&inside(s)->awake) == 1);
        ct_stealing_set_brief_(inside(s), true);
        CONTEXT_UNTIL(somebody_watches(s));
        CONTEXT_CHECK(ct_pool_submit(s->pool, wait_job, s) == CT_POOL_OK);
        CONTEXT_CHECK(ct_pool_submit(s->pool, stop_job, s) == CT_POOL_OK);
        ct_latch_count_down(&s->go, 1);
        ct_latch_wait(&s->done);
        finish(s, 3);
}

static void the_watchman_helps(void **state)
{
        in_scene(state, waits_for_the_next);
}

static void sleeps_in_the_end(void *shared, unsigned me)
{
        struct scene *s = shared;

        (void)me;
        start(s, 2, 8);
        CONTEXT_CHECK(ct_pool_submit(s->pool, count_job, s) == CT_POOL_OK);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->ran) && !ct_load_u32_relaxed(&inside(s)->awake));
        ct_stealing_set_brief_(inside(s), true);
        CONTEXT_UNTIL(somebody_watches(s));
        CONTEXT_UNTIL(!somebody_watches(s));
        CONTEXT_CHECK(!ct_load_u32_relaxed(&inside(s)->brief));
        CONTEXT_CHECK(ct_pool_submit(s->pool, count_job, s) == CT_POOL_OK);
        finish(s, 2);
}

static void the_watchman_of_an_idle_pool_goes_to_bed(void **state)
{
        in_scene(state, sleeps_in_the_end);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(a_job_submits_into_its_deque),
                BOTH_WAYS(what_is_in_a_deque_is_stolen),
                BOTH_WAYS(a_full_deque_does_not_starve_the_others),
                BOTH_WAYS(only_its_own_jobs_use_a_deque),
                BOTH_WAYS(one_wakes_the_next),
                BOTH_WAYS(the_watchman_helps),
                BOTH_WAYS(the_watchman_of_an_idle_pool_goes_to_bed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
