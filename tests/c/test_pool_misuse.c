/* Misuse of a pool ends the process with a message that names it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "both.h"
#include "pool_kinds.h"

static const struct pool_kind *the_kind;

static int job(void *arg, void *local)
{
        (void)arg, (void)local;
        return 0;
}

static struct ct_pool *start(void)
{
        enum ct_spawn spawn = ct_in_task() ? CT_SPAWN_TASK : CT_SPAWN_THREAD;
        struct ct_pool_config c = plain_config(the_kind, spawn, 2, 4);
        struct ct_pool *p = NULL;

        if (ct_pool_start(&p, &c))
                _exit(1);
        return p;
}

/* In a process of its own, the scene dies and says so, naming the pool. */
static void each_kind_dies(void **state, void (*body)(void *, unsigned), unsigned n,
                           const char *message)
{
        FOR_EACH_POOL_KIND(k)
        {
                the_kind = k;
                assert_true(contexts_die(state, n, body, NULL, message));
                assert_true(contexts_die(state, n, body, NULL, "panic: ct_pool 0x"));
        }
}

static void shuts_down_twice(void *shared, unsigned self)
{
        struct ct_pool *p = start();

        (void)shared, (void)self;
        ct_pool_shutdown(p);
        ct_pool_shutdown(p);
}

static void a_pool_ends_once(void **state)
{
        each_kind_dies(state, shuts_down_twice, 1, "shut down twice");
}

static void shuts_down_again_by_deadline(void *shared, unsigned self)
{
        struct ct_pool *p = start();

        (void)shared, (void)self;
        (void)ct_pool_shutdown_until(p, 1);
        (void)ct_pool_shutdown_until(p, 1);
}

static void with_a_deadline_too(void **state)
{
        each_kind_dies(state, shuts_down_again_by_deadline, 1, "shut down twice");
}

static struct ct_pool *the_pool;
static ct_atomic_u32 there;

static void shuts_down_with_another(void *shared, unsigned self)
{
        (void)shared;
        if (self == 0) {
                the_pool = start();
                ct_store_u32_release(&there, 1);
        }
        CONTEXT_UNTIL(ct_load_u32_acquire(&there));
        ct_pool_shutdown(the_pool);
}

static void nor_by_two_at_once(void **state)
{
        each_kind_dies(state, shuts_down_with_another, 2, "shut down twice");
}

static void frees_it_open(void *shared, unsigned self)
{
        (void)shared, (void)self;
        ct_pool_free(start());
}

static void an_open_pool_cannot_be_freed(void **state)
{
        each_kind_dies(state, frees_it_open, 1, "freed without a shutdown");
}

static void submits_beyond(void *shared, unsigned self)
{
        unsigned beyond = the_kind->kind == CT_POOL_PRIORITY ? 4 : 1;

        (void)shared, (void)self;
        (void)ct_pool_submit_at(start(), beyond, job, NULL, CT_FOREVER);
}

static void there_is_no_such_level(void **state)
{
        each_kind_dies(state, submits_beyond, 1, "submit at level");
}

static void starts_tasks(void)
{
        struct ct_pool_config c = plain_config(the_kind, CT_SPAWN_TASK, 2, 4);
        struct ct_pool *p;

        if (!ct_pool_start(&p, &c)) /* unbounded, semaphore: as soon as there is a job */
                (void)ct_pool_submit(p, job, NULL);
}

static void tasks_need_a_runtime(void **state)
{
        (void)state;
        FOR_EACH_POOL_KIND(k)
        {
                the_kind = k;
                assert_true(dies_saying(starts_tasks, "runtime"));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_DIE(a_pool_ends_once),       BOTH_DIE(with_a_deadline_too),
                BOTH_DIE(nor_by_two_at_once),     BOTH_DIE(an_open_pool_cannot_be_freed),
                BOTH_DIE(there_is_no_such_level), cmocka_unit_test(tasks_need_a_runtime),
        };

        return cmocka_run_group_tests_name("pool misuse", tests, NULL, NULL);
}
