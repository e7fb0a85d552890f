/* ct_semaphore: misuse, in sub-processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/semaphore.h"

#include "both.h"

struct scene {
        struct ct_semaphore s;
};

static void release_too_much(void *shared, unsigned index)
{
        struct ct_semaphore s = CT_SEMAPHORE_INIT(5);

        (void)index;
        ct_semaphore_acquire(&s, 2);
        ct_semaphore_release(&s, shared ? UINT64_MAX : 3);
}

static void release_with_waiter(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 0) {
                ct_semaphore_acquire(&s->s, 5);
        } else {
                CONTEXT_UNTIL(ct_semaphore_waiters(&s->s) == 1);
                ct_semaphore_release(&s->s, 2);
        }
}

static void releasing_more_than_is_out_dies(void **state)
{
        static struct scene s = {.s = CT_SEMAPHORE_INIT(5)};

        assert_true(ct_semaphore_free(&s.s) == 5 && ct_semaphore_try_acquire(&s.s, 1));
        assert_true(contexts_die(state, 1, release_too_much, NULL, "panic: ct_semaphore 0x"));
        assert_true(contexts_die(state, 1, release_too_much, NULL,
                                 "release of 3 permits while 2 are out"));
        assert_true(contexts_die(state, 1, release_too_much, &s, "permits while 2 are out"));
        assert_true(contexts_die(state, 2, release_with_waiter, &s,
                                 "release of 2 permits while 1 are out"));
        ct_semaphore_release(&s.s, 1);
}

static void acquire_too_much(void *shared, unsigned index)
{
        struct ct_semaphore s = CT_SEMAPHORE_INIT(5);

        (void)shared;
        (void)index;
        ct_semaphore_acquire(&s, 6);
}

static void waiting_for_ever_in_vain_dies(void **state)
{
        assert_true(contexts_die(state, 1, acquire_too_much, NULL,
                                 "acquire of 6 of 5 permits would wait for ever"));
}

static void use_before_init(void *shared, unsigned index)
{
        struct ct_semaphore s = {.size = 0};

        (void)shared;
        (void)index;
        ct_semaphore_acquire(&s, 1);
}

static void init_with_none(void *shared, unsigned index)
{
        struct ct_semaphore s;

        (void)shared;
        (void)index;
        ct_semaphore_init(&s, 0);
}

static void a_semaphore_without_size_dies(void **state)
{
        assert_true(contexts_die(state, 1, use_before_init, NULL, "used before init"));
        assert_true(contexts_die(state, 1, init_with_none, NULL, "init with 0 permits"));
}

static void fini_with_waiters(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index < 2) {
                ct_semaphore_acquire(&s->s, 5);
                return;
        }
        CONTEXT_UNTIL(ct_semaphore_waiters(&s->s) == 2);
        ct_semaphore_fini(&s->s);
}

static void use_after_fini(void *shared, unsigned index)
{
        struct ct_semaphore s = CT_SEMAPHORE_INIT(2);

        (void)index;
        ct_semaphore_fini(&s);
        switch (*(int *)shared) {
        case 0:
                ct_semaphore_acquire(&s, 1);
                break;
        case 1:
                ct_semaphore_release(&s, 1);
                break;
        default:
                (void)ct_semaphore_try_acquire(&s, 1);
        }
}

static void destroying_it_in_use_dies(void **state)
{
        static struct scene s = {.s = CT_SEMAPHORE_INIT(5)};

        assert_true(ct_semaphore_try_acquire(&s.s, 1));
        assert_true(contexts_die(state, 3, fini_with_waiters, &s, "fini while 2 wait"));
        ct_semaphore_release(&s.s, 1);
        for (int how = 0; how < 3; how++)
                assert_true(contexts_die(state, 1, use_after_fini, &how, "used after fini"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_DIE(releasing_more_than_is_out_dies),
                BOTH_DIE(waiting_for_ever_in_vain_dies),
                BOTH_DIE(a_semaphore_without_size_dies),
                BOTH_DIE(destroying_it_in_use_dies),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
