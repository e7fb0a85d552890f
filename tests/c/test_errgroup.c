/* ct_errgroup: the documented behaviour of Go's errgroup, for threads and tasks; misuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/errgroup.h"

#include "both.h"
#include "panics.h"

#include <errno.h>

/* The functions run as what the contexts of the test are. */
static enum ct_spawn spawn_of(void **state)
{
        return both_exec(state) == EXEC_TASK ? CT_SPAWN_TASK : CT_SPAWN_THREAD;
}

struct scene {
        struct ct_errgroup g;
        enum ct_spawn spawn;
        ct_atomic_u32 started, over, inside, most, go_on;
        int limit;
        unsigned calls;
        int sum; /* plain: wait orders it */
};

static int give(void *arg)
{
        return *(int *)arg;
}

static int count(void *arg)
{
        struct scene *s = arg;

        ct_add_u32_relaxed(&s->over, 1);
        return 0;
}

static int add_plain(void *arg)
{
        struct scene *s = arg;

        s->sum += 5;
        return 0;
}

/* ---- errors ---- */

static void none_fails(void *shared, unsigned index)
{
        struct scene *s = shared;

        (void)index;
        ct_errgroup_init(&s->g, s->spawn);
        CONTEXT_CHECK(ct_errgroup_wait(&s->g) == 0); /* of nothing */
        CONTEXT_CHECK(!ct_errgroup_context(&s->g));
        for (int i = 0; i < 100; i++)
                CONTEXT_CHECK(ct_errgroup_go(&s->g, count, s) == 0);
        CONTEXT_CHECK(ct_errgroup_wait(&s->g) == 0);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->over) == 100);
        CONTEXT_CHECK(ct_errgroup_go(&s->g, add_plain, s) == 0);
        CONTEXT_CHECK(ct_errgroup_wait(&s->g) == 0);
        CONTEXT_CHECK(s->sum == 5);
        ct_errgroup_fini(&s->g);
}

static void wait_waits_for_all(void **state)
{
        struct scene s = {.spawn = spawn_of(state)};

        run_contexts(state, 1, none_fails, &s);
}

static void some_fail(void *shared, unsigned index)
{
        struct scene *s = shared;
        int first = -EIO, second = -EPERM, none = 0;

        (void)index;
        ct_errgroup_init(&s->g, s->spawn);
        ct_errgroup_set_limit(&s->g, 1); /* one after the other */
        CONTEXT_CHECK(ct_errgroup_go(&s->g, give, &none) == 0);
        CONTEXT_CHECK(ct_errgroup_go(&s->g, give, &first) == 0);
        CONTEXT_CHECK(ct_errgroup_go(&s->g, give, &second) == 0);
        CONTEXT_CHECK(ct_errgroup_go(&s->g, give, &none) == 0);
        CONTEXT_CHECK(ct_errgroup_wait(&s->g) == -EIO);
        CONTEXT_CHECK(ct_errgroup_wait(&s->g) == -EIO); /* and stays */
        ct_errgroup_fini(&s->g);
}

static void the_first_error_wins(void **state)
{
        struct scene s = {.spawn = spawn_of(state)};

        run_contexts(state, 1, some_fail, &s);
}

/* ---- context ---- */

static int until_cancelled(void *arg)
{
        struct scene *s = arg;
        struct ct_context *ctx = ct_errgroup_context(&s->g);

        ct_add_u32_relaxed(&s->started, 1);
        (void)ct_chan_recv(ct_context_done(ctx), NULL);
        ct_add_u32_relaxed(&s->over, 1);
        return ct_context_err(ctx);
}

static void fail_and_cancel(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_context *ctx;
        int error = -EIO;

        (void)index;
        if (ct_errgroup_init_with_context(&s->g, s->spawn, ct_context_background()))
                abort();
        ctx = ct_context_retain(ct_errgroup_context(&s->g));
        for (int i = 0; i < 10; i++)
                CONTEXT_CHECK(ct_errgroup_go(&s->g, until_cancelled, s) == 0);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->started) == 10);
        CONTEXT_CHECK(ct_context_err(ctx) == 0);
        CONTEXT_CHECK(ct_errgroup_go(&s->g, give, &error) == 0);
        CONTEXT_CHECK(ct_errgroup_wait(&s->g) == -EIO);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->over) == 10);
        CONTEXT_CHECK(ct_context_err(ctx) == -ECANCELED && ct_context_cause(ctx) == -EIO);
        ct_errgroup_fini(&s->g);
        ct_context_release(ctx);
}

static void an_error_cancels_the_context(void **state)
{
        struct scene s = {.spawn = spawn_of(state)};

        run_contexts(state, 1, fail_and_cancel, &s);
}

static void wait_without_error(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_context *ctx, *parent;

        (void)index;
        if (ct_context_with_cancel(&parent, ct_context_background()) ||
            ct_errgroup_init_with_context(&s->g, s->spawn, parent))
                abort();
        ctx = ct_context_retain(ct_errgroup_context(&s->g));
        CONTEXT_CHECK(ct_errgroup_go(&s->g, count, s) == 0);
        CONTEXT_CHECK(ct_errgroup_wait(&s->g) == 0);
        CONTEXT_CHECK(ct_context_err(ctx) == -ECANCELED && ct_context_cause(ctx) == -ECANCELED);
        CONTEXT_CHECK(ct_context_err(parent) == 0);
        ct_errgroup_fini(&s->g);
        ct_context_release(ctx);
        /* From above: the functions see it, and theirs is the error. */
        ct_context_retain(parent);
        if (ct_errgroup_init_with_context(&s->g, s->spawn, parent))
                abort();
        CONTEXT_CHECK(ct_errgroup_go(&s->g, until_cancelled, s) == 0);
        ct_context_cancel(parent);
        CONTEXT_CHECK(ct_errgroup_wait(&s->g) == -ECANCELED);
        ct_errgroup_fini(&s->g);
        ct_context_release(parent);
        ct_context_release(parent);
}

static void wait_cancels_the_context_as_well(void **state)
{
        struct scene s = {.spawn = spawn_of(state)};

        run_contexts(state, 1, wait_without_error, &s);
}

/* ---- limit ---- */

static int stay_inside(void *arg)
{
        struct scene *s = arg;
        uint32_t inside = ct_add_u32_relaxed(&s->inside, 1) + 1, most;

        most = ct_load_u32_relaxed(&s->most);
        while (inside > most && !ct_cas_u32_relaxed(&s->most, &most, inside))
                ;
        for (int i = 0; i < 3; i++)
                ct_parker_ops_self()->yield();
        ct_sub_u32_relaxed(&s->inside, 1);
        ct_add_u32_relaxed(&s->over, 1);
        return 0;
}

static void go_often(void *shared, unsigned index)
{
        struct scene *s = shared;

        (void)index;
        ct_errgroup_init(&s->g, s->spawn);
        ct_errgroup_set_limit(&s->g, s->limit);
        for (unsigned i = 0; i < s->calls; i++)
                CONTEXT_CHECK(ct_errgroup_go(&s->g, stay_inside, s) == 0);
        CONTEXT_CHECK(ct_errgroup_wait(&s->g) == 0);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->over) == s->calls);
        ct_errgroup_fini(&s->g);
}

static void limit_scene(void **state, const struct stress_placement *p)
{
        for (int limit = 1; limit <= 4; limit += 3) {
                struct scene s = {.spawn = spawn_of(state), .limit = limit};

                (void)p;
                s.calls = ROUNDS(400);
                run_contexts(state, 1, go_often, &s);
                assert_true(ct_load_u32_relaxed(&s.most) <= (uint32_t)limit);
        }
}

static void no_more_run_than_the_limit(void **state)
{
        everywhere(state, limit_scene);
}

static int hold_on(void *arg)
{
        struct scene *s = arg;

        ct_add_u32_relaxed(&s->started, 1);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->go_on));
        return 0;
}

static void try_at_limit(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_errgroup *g = &s->g;

        (void)index;
        ct_errgroup_init(g, s->spawn);
        CONTEXT_CHECK(ct_errgroup_try_go(g, count, s)); /* no limit */
        CONTEXT_CHECK(ct_errgroup_wait(g) == 0);
        ct_errgroup_set_limit(g, 0);
        CONTEXT_CHECK(!ct_errgroup_try_go(g, count, s));
        ct_errgroup_set_limit(g, 2);
        CONTEXT_CHECK(ct_errgroup_try_go(g, hold_on, s));
        CONTEXT_CHECK(ct_errgroup_try_go(g, hold_on, s));
        CONTEXT_CHECK(!ct_errgroup_try_go(g, hold_on, s));
        ct_store_u32_relaxed(&s->go_on, 1);
        CONTEXT_CHECK(ct_errgroup_wait(g) == 0);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->started) == 2);
        ct_errgroup_set_limit(g, -7);
        for (int i = 0; i < 20; i++)
                CONTEXT_CHECK(ct_errgroup_try_go(g, count, s));
        CONTEXT_CHECK(ct_errgroup_wait(g) == 0);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->over) == 21);
        ct_errgroup_fini(g);
}

static void try_go_does_not_wait(void **state)
{
        struct scene s = {.spawn = spawn_of(state)};

        run_contexts(state, 1, try_at_limit, &s);
}

/* ---- misuse ---- */

static void misuse_active(struct scene *s)
{
        ct_errgroup_init(&s->g, s->spawn);
        ct_errgroup_set_limit(&s->g, 3);
        (void)ct_errgroup_go(&s->g, hold_on, s);
}

static void limit_while_active(void *shared, unsigned index)
{
        (void)index;
        misuse_active(shared);
        ct_errgroup_set_limit(&((struct scene *)shared)->g, 4);
}

static void fini_while_active(void *shared, unsigned index)
{
        (void)index;
        misuse_active(shared);
        ct_errgroup_fini(&((struct scene *)shared)->g);
}

static void go_at_zero(void *shared, unsigned index)
{
        struct scene *s = shared;

        (void)index;
        ct_errgroup_init(&s->g, s->spawn);
        ct_errgroup_set_limit(&s->g, 0);
        (void)ct_errgroup_go(&s->g, count, s);
}

static void misuse_dies(void **state)
{
        struct scene s = {.spawn = spawn_of(state)};

        assert_true(contexts_die(state, 1, limit_while_active, &s,
                                 "set_limit while 1 functions are running"));
        assert_true(contexts_die(state, 1, fini_while_active, &s,
                                 "fini while 1 functions are running"));
        assert_true(contexts_die(state, 1, go_at_zero, &s, "go at limit 0 would wait for ever"));
        assert_true(contexts_die(state, 1, go_at_zero, &s, "panic: ct_errgroup 0x"));
}

static void no_runtime(void)
{
        static struct ct_errgroup g;
        static int none;

        ct_errgroup_init(&g, CT_SPAWN_TASK);
        (void)ct_errgroup_go(&g, give, &none);
}

static void tasks_need_a_runtime(void **state)
{
        (void)state;
        assert_panics(no_runtime, "panic: ");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_DIE(misuse_dies), /* first: no thread runs beside its forks */
                cmocka_unit_test(tasks_need_a_runtime),
                BOTH_WAYS(wait_waits_for_all),
                BOTH_WAYS(the_first_error_wins),
                BOTH_WAYS(an_error_cancels_the_context),
                BOTH_WAYS(wait_cancels_the_context_as_well),
                BOTH_WAYS(no_more_run_than_the_limit),
                BOTH_WAYS(try_go_does_not_wait),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
