/* The pool contract: which configurations there are, and how a start fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pool_cases.h"

static void refused(const struct ct_pool_config *c, int error, const char *what)
{
        struct ct_pool *p = (struct ct_pool *)(uintptr_t)1;
        int r = ct_pool_start(&p, c);

        if (r != error)
                fprintf(stderr, "%s: %d\n", what, r);
        CASE_CHECK(r == error);
        CASE_CHECK(!p);
        if (!r) {
                ct_pool_shutdown(p);
                ct_pool_free(p);
        }
}

/* The configuration with one field changed to something else. */
#define REFUSED(s, field, value)                                                                   \
        do {                                                                                       \
                struct ct_pool_config c_ = config_of(s, 2, 2);                                     \
                c_.field = (value);                                                                \
                refused(&c_, -EINVAL, #field " = " #value);                                        \
        } while (0)

static void a_value_that_the_kind_excludes_is_refused(struct scene *s, unsigned me)
{
        enum ct_pool_kind kind = s->kind->kind;

        (void)me;
        REFUSED(s, kind, (enum ct_pool_kind)(CT_POOL_SEMAPHORE + 1));
        REFUSED(s, spawn, (enum ct_spawn)(CT_SPAWN_THREAD + 1));
        REFUSED(s, workers, kind == CT_POOL_UNBOUNDED ? 1 : 0);
        if (kind == CT_POOL_DYNAMIC) {
                REFUSED(s, workers_min, 0);
                REFUSED(s, workers_min, 3);
                REFUSED(s, idle_ns, 0);
                REFUSED(s, idle_ns, -1);
        } else {
                REFUSED(s, workers_min, 1);
                REFUSED(s, idle_ns, 1);
        }
        if (kind == CT_POOL_PRIORITY) {
                REFUSED(s, levels, 0);
                REFUSED(s, levels, 65);
                REFUSED(s, aging_ns, 0);
                REFUSED(s, aging_ns, -1);
        } else {
                REFUSED(s, levels, 1);
                REFUSED(s, aging_ns, 1);
        }
        if (!(s->kind->traits & HAS_QUEUE))
                REFUSED(s, queue, 1);
        else if (!(s->kind->traits & HANDS_OVER))
                REFUSED(s, queue, 0);
        if (!(s->kind->traits & HAS_WORKERS)) {
                REFUSED(s, worker_init, begin_worker);
                REFUSED(s, worker_exit, end_worker);
        }
        CASE_EQUAL(count_of(&s->inits), 0);
}

static void the_ends_of_each_range_will_do(struct scene *s, unsigned me)
{
        struct ct_pool_config c = config_of(s, 1, 1);

        (void)me;
        if (s->kind->kind == CT_POOL_PRIORITY)
                c.levels = 64;
        if (s->kind->kind == CT_POOL_DYNAMIC)
                c.idle_ns = INT64_MAX;
        s->pool = start_with(&c);
        submit_ok(s, plain_job, 0);
        end_pool(s);
        if (s->kind->kind == CT_POOL_PRIORITY) {
                c.levels = 1;
                c.aging_ns = INT64_MAX;
        }
        if (s->kind->kind == CT_POOL_DYNAMIC)
                c.idle_ns = 1;
        if (s->kind->traits & HANDS_OVER)
                c.queue = 0;
        c.worker_init = NULL;
        c.worker_exit = NULL;
        c.discard = NULL;
        s->pool = start_with(&c);
        submit_ok(s, plain_job, 1);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, 2), 2);
}

static void a_queue_beyond_all_memory_is_refused(struct scene *s, unsigned me)
{
        struct ct_pool_config c = config_of(s, 1, SIZE_MAX);
        struct ct_pool *p = (struct ct_pool *)(uintptr_t)1;
        int r = ct_pool_start(&p, &c);

        (void)me;
        CASE_CHECK(r == -EOVERFLOW || r == -ENOMEM);
        CASE_CHECK(!p);
}

static void start_returns_when_all_have_begun(struct scene *s, unsigned me)
{
        (void)me;
        start_pool(s, 3, 4);
        CASE_EQUAL(count_of(&s->inits), 3);
        CASE_EQUAL(stats_of(s->pool).workers, 3);
        CASE_EQUAL(stats_of(s->pool).workers_most, 3);
        end_pool(s);
        CASE_EQUAL(count_of(&s->exits), 3);
}

static void an_init_that_fails_makes_start_fail(struct scene *s, unsigned me)
{
        (void)me;
        for (int worker = 1; worker <= 3; worker++) {
                struct ct_pool_config c = config_of(s, 3, 4);
                struct ct_pool *p = (struct ct_pool *)(uintptr_t)1;
                uint32_t begun = count_of(&s->inits), ended = count_of(&s->exits);

                s->refuse_init = worker;
                CASE_EQUAL(ct_pool_start(&p, &c), -EXDEV);
                CASE_CHECK(!p);
                /* exit of all that had been initialised, and of nobody else */
                CASE_EQUAL(count_of(&s->exits) - ended + 1, count_of(&s->inits) - begun);
                for (unsigned i = 0; i < 3; i++)
                        CASE_EQUAL(count_of(&s->local[i].alive), 0);
        }
}

static void stats_begin_at_0(struct scene *s, unsigned me)
{
        struct ct_pool_stats t;
        struct ct_failure f = {.code = 1};

        (void)me;
        start_pool(s, 2, 2);
        t = stats_of(s->pool);
        CASE_EQUAL(t.submitted + t.run + t.done + t.failed + t.refused_full + t.results_dropped, 0);
        CASE_EQUAL(t.first_error, 0);
        CASE_EQUAL(t.last_error, 0);
        CASE_EQUAL(t.start_error, 0);
        CASE_EQUAL(ct_pool_queued(s->pool), 0);
        ct_pool_first_failure(s->pool, &f);
        CASE_EQUAL(f.code, 0);
        CASE_CHECK(!ct_pool_results(s->pool).chan);
        end_pool(s);
}

static void nothing_to_free_is_fine(struct scene *s, unsigned me)
{
        (void)s, (void)me;
        ct_pool_free(NULL);
}

static const struct pool_case cases[] = {
        {"a_value_that_the_kind_excludes_is_refused", a_value_that_the_kind_excludes_is_refused, 0,
         0, 0, 1},
        {"the_ends_of_each_range_will_do", the_ends_of_each_range_will_do, 0, 0, 0, 1},
        {"a_queue_beyond_all_memory_is_refused", a_queue_beyond_all_memory_is_refused, HAS_QUEUE, 0,
         0, 1},
        {"start_returns_when_all_have_begun", start_returns_when_all_have_begun, HAS_WORKERS, 0, 0,
         1},
        {"an_init_that_fails_makes_start_fail", an_init_that_fails_makes_start_fail, HAS_WORKERS, 0,
         0, 1},
        {"stats_begin_at_0", stats_begin_at_0, 0, 0, 0, 1},
        {"nothing_to_free_is_fine", nothing_to_free_is_fine, 0, 0, 0, 1},
};

POOL_CASES(pool_start_cases, cases);
