/* Misuse of an actor ends the process with a message that names it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actor_kinds.h"

static const struct actor_case *the_case;

static void handle(void *state, void *message)
{
        (void)message;
        if (state)
                (void)ct_actor_ask(*(struct ct_actor **)state, message);
}

static struct ct_actor *start(struct ct_actor **self)
{
        struct ct_actor_config config = {.kind = the_case->kind,
                                         .owner = ct_in_task() ? CT_ACTOR_TASK : CT_ACTOR_THREAD,
                                         .handle = handle,
                                         .state = self,
                                         .message_size = sizeof(int),
                                         .capacity = the_case->capacity};
        struct ct_actor *a = NULL;

        if (ct_actor_start(&a, &config))
                _exit(1);
        return a;
}

static void frees_it_running(void *shared, unsigned self)
{
        (void)shared, (void)self;
        ct_actor_free(start(NULL));
}

static void runs_what_has_an_owner(void *shared, unsigned self)
{
        (void)shared, (void)self;
        ct_actor_run(start(NULL));
}

static void a_running_actor_cannot_be_freed(void **state)
{
        FOR_EACH_ACTOR(c)
        {
                the_case = c;
                assert_true(contexts_die(state, 1, frees_it_running, NULL,
                                         "freed before it was stopped"));
        }
}

static void an_owned_actor_cannot_be_run(void **state)
{
        FOR_EACH_ACTOR(c)
        {
                the_case = c;
                assert_true(contexts_die(state, 1, runs_what_has_an_owner, NULL,
                                         "run of an actor that has its own owner"));
        }
}

#ifdef CT_CHECKED
static void asks_from_its_handler(void *shared, unsigned self)
{
        struct ct_actor *a;
        int message = 1;

        (void)shared, (void)self;
        a = start(&a);
        (void)ct_actor_ask(a, &message);
}

static void a_handler_cannot_ask_its_own_actor(void **state)
{
        FOR_EACH_ACTOR(c)
        {
                the_case = c;
                assert_true(
                        contexts_die(state, 1, asks_from_its_handler, NULL, "by its own handler"));
        }
}
#endif

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_DIE(a_running_actor_cannot_be_freed),
                BOTH_DIE(an_owned_actor_cannot_be_run),
#ifdef CT_CHECKED
                BOTH_DIE(a_handler_cannot_ask_its_own_actor),
#endif
        };

        return cmocka_run_group_tests_name("actor misuse", tests, NULL, NULL);
}
