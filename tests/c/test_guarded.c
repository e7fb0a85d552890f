/* ct_guarded and ct_task_fail, on threads and on tasks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/guarded.h"

#include "both.h"
#include "panics.h"

#include <errno.h>

static int give(void *arg)
{
        return *(int *)arg;
}

/* Fails below a few frames that have something on their stacks. */
static __attribute__((noinline)) int go_down(int depth, const char *who)
{
        volatile char room[200];

        room[0] = (char)depth;
        room[199] = 1;
        if (!room[0])
                ct_task_fail_code(-EIO, "%s failed at %s", who, "the bottom");
        if (depth < 0)
                return 0;
        return go_down(depth - 1, who) + room[0] + room[199];
}

static int fail_deep(void *who)
{
        return go_down(10, who);
}

static int fail_plain(void *arg)
{
        (void)arg;
        ct_task_fail("plain");
}

static int fail_with_zero(void *arg)
{
        (void)arg;
        ct_task_fail_code(0, "zero");
}

static int fail_at_length(void *arg)
{
        (void)arg;
        ct_task_fail("%0600d", 7);
}

static void guard_once(void *shared, unsigned index)
{
        struct ct_failure why = {.code = 99};
        int v = 42;

        (void)shared;
        (void)index;
        CONTEXT_CHECK(!ct_is_guarded());
        CONTEXT_CHECK(ct_guarded(&why, give, &v) == 42);
        CONTEXT_CHECK(why.code == 0 && why.message[0] == '\0');
        CONTEXT_CHECK(ct_guarded(&why, fail_deep, (void *)"it") == -EIO);
        CONTEXT_CHECK(why.code == -EIO && !strcmp(why.message, "it failed at the bottom"));
        CONTEXT_CHECK(ct_guarded(&why, fail_plain, NULL) == -ECANCELED);
        CONTEXT_CHECK(why.code == -ECANCELED && !strcmp(why.message, "plain"));
        CONTEXT_CHECK(ct_guarded(&why, fail_with_zero, NULL) == -ECANCELED);
        CONTEXT_CHECK(ct_guarded(NULL, fail_plain, NULL) == -ECANCELED);
        CONTEXT_CHECK(ct_guarded(&why, fail_at_length, NULL) == -ECANCELED);
        CONTEXT_CHECK(strlen(why.message) == CT_FAILURE_MESSAGE - 1);
        CONTEXT_CHECK(!ct_is_guarded());
}

static void a_failure_becomes_an_error(void **state)
{
        run_contexts(state, 4, guard_once, NULL);
}

/* ---- nested ---- */

static int inner_fails(void *arg)
{
        struct ct_failure why;
        int *calls = arg;

        if (ct_guarded(&why, fail_deep, (void *)"inner") != -EIO || !ct_is_guarded())
                return 1;
        ++*calls;
        ct_task_fail_code(5, "again: %s", why.message);
}

static void guard_twice(void *shared, unsigned index)
{
        struct ct_failure why;
        volatile int calls = 0;

        (void)shared;
        (void)index;
        CONTEXT_CHECK(ct_guarded(&why, inner_fails, (void *)&calls) == 5);
        CONTEXT_CHECK(calls == 1 && !strcmp(why.message, "again: inner failed at the bottom"));
        CONTEXT_CHECK(!ct_is_guarded());
}

static void guards_nest(void **state)
{
        run_contexts(state, 4, guard_twice, NULL);
}

/* ---- many at once, that move between carriers ---- */

struct job {
        unsigned index, round;
        int depth;
};

static int park_and_fail(void *arg)
{
        struct job *j = arg;
        struct ct_failure why;
        struct job below = {j->index, j->round, j->depth - 1};

        ct_parker_ops_self()->yield();
        if (j->depth && j->round % 3) {
                if (ct_guarded(&why, park_and_fail, &below) != (int)(1 + j->index))
                        return -1;
        }
        ct_parker_ops_self()->yield();
        ct_task_fail_code((int)(1 + j->index), "%u.%u", j->index, j->round);
}

static void fail_often(void *shared, unsigned index)
{
        struct ct_failure why;
        char expected[32];

        (void)shared;
        for (unsigned round = 0; round < ROUNDS(300); round++) {
                struct job j = {index, round, 3};

                snprintf(expected, sizeof expected, "%u.%u", index, round);
                CONTEXT_CHECK(ct_guarded(&why, park_and_fail, &j) == (int)(1 + index));
                CONTEXT_CHECK(!strcmp(why.message, expected));
        }
        CONTEXT_CHECK(!ct_is_guarded());
}

static void crowd_scene(void **state, const struct stress_placement *p)
{
        run_contexts(state, p->threads, fail_often, NULL);
}

static void each_context_has_its_own_guards(void **state)
{
        everywhere(state, crowd_scene);
}

/* ---- without a guard ---- */

static void fail_unguarded(void *shared, unsigned index)
{
        struct ct_failure why;
        int v = 0;

        (void)shared;
        (void)index;
        (void)ct_guarded(&why, give, &v); /* is over */
        ct_task_fail("nobody %s", "listens");
}

static void other_guarded(void *shared, unsigned index)
{
        ct_atomic_u32 *entered = shared;

        if (index == 0) {
                CONTEXT_UNTIL(ct_load_u32_relaxed(entered));
                ct_task_fail("mine");
        }
}

static int stay(void *arg)
{
        ct_store_u32_relaxed((ct_atomic_u32 *)arg, 1);
        CONTEXT_UNTIL(false);
        return 0;
}

static void one_guarded_other_fails(void *shared, unsigned index)
{
        if (index == 1)
                (void)ct_guarded(NULL, stay, shared);
        else
                other_guarded(shared, index);
}

static void failing_outside_of_a_guard_dies(void **state)
{
        static ct_atomic_u32 entered;

        assert_true(contexts_die(state, 1, fail_unguarded, NULL,
                                 "failed outside of any guard: nobody listens"));
        /* Another context's guard is nobody's business. */
        assert_true(contexts_die(state, 2, one_guarded_other_fails, &entered,
                                 "failed outside of any guard: mine"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_DIE(failing_outside_of_a_guard_dies), /* first: forks */
                BOTH_WAYS(a_failure_becomes_an_error),
                BOTH_WAYS(guards_nest),
                BOTH_WAYS(each_context_has_its_own_guards),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
