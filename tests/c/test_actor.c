/* What an actor promises, one behaviour a test, for every kind, by threads and by tasks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "actor_kinds.h"

struct scene {
        struct ct_actor *actor;
        struct ledger ledger;
        struct ct_semaphore gate;
        const struct actor_case *kind;
        int64_t deadline;
        int result;
        struct message late; /* of the one that gives up; looked at when all is over */
        ct_atomic_u32 done, sent;
};

static void asks_in_turn(void *shared, unsigned self)
{
        struct scene *s = shared;

        for (uint32_t i = 1; i <= 50; i++) {
                struct message m = {.sender = self, .seq = i};

                CONTEXT_CHECK(ct_actor_ask(s->actor, &m) == 0);
                CONTEXT_CHECK(m.reply == REPLY(&m));
                CONTEXT_CHECK(m.seq == i && m.sender == self);
        }
}

static void an_ask_gets_its_own_reply(void **state)
{
        FOR_EACH_ACTOR(c)
        {
                struct scene s = {0};

                s.actor = actor_begin(state, c, &s.ledger);
                run_contexts(state, 4, asks_in_turn, &s);
                actor_end(state, s.actor);
                assert_int_equal(s.ledger.handled, 200);
                assert_false(s.ledger.disorder);
        }
}

static void tells_then_asks(void *shared, unsigned self)
{
        struct scene *s = shared;
        struct message m = {.sender = self};

        for (uint32_t i = 1; i <= 100; i++) {
                m.seq = i;
                CONTEXT_CHECK(ct_actor_tell(s->actor, &m) == 0);
                memset(&m, 0xff, sizeof m); /* the actor has a copy */
                m.sender = self;
        }
        m.seq = 101;
        CONTEXT_CHECK(ct_actor_ask(s->actor, &m) == 0);
        CONTEXT_CHECK(s->ledger.last[self] == 101 && s->ledger.handled >= 101);
}

static void an_ask_sees_the_tells_before_it(void **state)
{
        FOR_EACH_ACTOR(c)
        {
                struct scene s = {0};

                s.actor = actor_begin(state, c, &s.ledger);
                run_contexts(state, 1, tells_then_asks, &s);
                actor_end(state, s.actor);
                assert_int_equal(s.ledger.sum, 101 * 102 / 2);
                assert_false(s.ledger.disorder);
        }
}

static void tells_and_goes(void *shared, unsigned self)
{
        struct scene *s = shared;

        for (uint32_t i = 1; i <= 40; i++)
                CONTEXT_CHECK(ct_actor_tell(s->actor, &(struct message){self, i, 0}) == 0);
}

static void refused(void *shared, unsigned self)
{
        struct scene *s = shared;
        struct message m = {self, 7, 11};

        CONTEXT_CHECK(ct_actor_tell(s->actor, &m) == -ESHUTDOWN);
        CONTEXT_CHECK(ct_actor_ask(s->actor, &m) == -ESHUTDOWN);
        CONTEXT_CHECK(ct_actor_ask_until(s->actor, &m, CT_FOREVER) == -ESHUTDOWN);
        CONTEXT_CHECK(ct_actor_ask_until(s->actor, &m, 0) == -ESHUTDOWN);
        CONTEXT_CHECK(m.reply == 11);
        ct_actor_stop(s->actor); /* once more: nothing */
}

static void stop_finishes_what_was_accepted_and_refuses_the_rest(void **state)
{
        FOR_EACH_ACTOR(c)
        {
                struct scene s = {0};

                s.actor = actor_begin(state, c, &s.ledger);
                run_contexts(state, 3, tells_and_goes, &s);
                ct_actor_stop(s.actor);
                assert_int_equal(s.ledger.handled, 120);
                run_contexts(state, 2, refused, &s);
                actor_end(state, s.actor);
                assert_int_equal(s.ledger.handled, 120);
        }
}

/* 0 is being handled, and stays there. 1 gives up before its turn. */
static void withdraws(void *shared, unsigned self)
{
        struct scene *s = shared;
        struct message m = {.sender = self, .seq = 1, .reply = 5};

        if (self == 0) {
                CONTEXT_CHECK(ct_actor_ask(s->actor, &m) == 0);
                return;
        }
        CONTEXT_UNTIL(ct_load_u32_acquire(&s->ledger.begun));
        s->deadline = ct_deadline_after(2 * CT_NS_PER_MS);
        CONTEXT_CHECK(ct_actor_ask_until(s->actor, &m, s->deadline) == -ETIMEDOUT);
        CONTEXT_CHECK(ct_now_ns() >= s->deadline);
        CONTEXT_CHECK(m.reply == 5);
        CONTEXT_CHECK(ct_actor_ask_until(s->actor, &m, 0) == -ETIMEDOUT);
        ct_semaphore_release(&s->gate, 1);
}

static void who_gives_up_in_time_is_never_handled(void **state)
{
        FOR_EACH_ACTOR(c)
        {
                struct scene s = {0};

                ct_semaphore_init(&s.gate, 10);
                assert_true(ct_semaphore_try_acquire(&s.gate, 10));
                s.ledger.gate = &s.gate;
                s.actor = actor_begin(state, c, &s.ledger);
                run_contexts(state, 2, withdraws, &s);
                actor_end(state, s.actor);
                assert_int_equal(s.ledger.handled, 1);
        }
}

/* 0's message goes first; 1's is being handled when 1 gives up; 2 opens the gate. */
static void comes_too_late(void *shared, unsigned self)
{
        struct scene *s = shared;
        struct message m = {.sender = self, .seq = 9, .reply = 5};

        if (self == 0) {
                CONTEXT_CHECK(ct_actor_ask(s->actor, &m) == 0);
                return;
        }
        CONTEXT_UNTIL(ct_load_u32_acquire(&s->ledger.begun));
        if (self == 1) {
                s->late = m;
                s->result = ct_actor_ask_until(s->actor, &s->late, ct_deadline_after(s->deadline));
                CONTEXT_CHECK(s->result == -EINPROGRESS || s->result == -ETIMEDOUT);
                ct_store_u32_release(&s->done, 1);
                return;
        }
        /* Of combining, 1 would go inside itself if it came when nobody is. */
        if (s->kind->kind == CT_ACTOR_COMBINING)
                CONTEXT_UNTIL(ct_load_ptr_acquire(&s->actor->posted));
        ct_semaphore_release(&s->gate, 1);
        CONTEXT_UNTIL(ct_load_u32_acquire(&s->done));
        ct_semaphore_release(&s->gate, 1);
}

static void a_late_reply_goes_to_nobodys_stack_and_is_not_lost(void **state)
{
        FOR_EACH_ACTOR(c)
        {
                int64_t patience = 5 * CT_NS_PER_MS;
                bool seen = false;

                while (!seen) {
                        struct scene s = {.kind = c, .deadline = patience};

                        ct_semaphore_init(&s.gate, 10);
                        assert_true(ct_semaphore_try_acquire(&s.gate, 10));
                        s.ledger.gate = &s.gate;
                        s.actor = actor_begin(state, c, &s.ledger);
                        run_contexts(state, 3, comes_too_late, &s);
                        seen = s.result == -EINPROGRESS;
                        ct_actor_stop(s.actor);
                        assert_int_equal(ct_actor_late(s.actor), seen);
                        assert_int_equal(s.ledger.late_sum, seen ? 9 : 0);
                        assert_int_equal(s.late.reply, 5);
                        assert_int_equal(s.ledger.handled, 1 + seen);
                        actor_end(state, s.actor);
                        patience *= 2; /* this machine was too busy to begin in time */
                }
        }
}

/* 0 lets one message through at a time; the others ask. */
static void parks_inside(void *shared, unsigned self)
{
        struct scene *s = shared;

        for (uint32_t i = 1; i <= 60; i++) {
                struct message m = {.sender = self, .seq = i};

                if (self) {
                        if (i <= 20)
                                CONTEXT_CHECK(ct_actor_ask(s->actor, &m) == 0);
                        continue;
                }
                CONTEXT_UNTIL(ct_load_u32_acquire(&s->ledger.begun) >= i);
                ct_semaphore_release(&s->gate, 1);
        }
}

static void handlers_may_park(void **state)
{
        FOR_EACH_ACTOR(c)
        {
                struct scene s = {0};

                ct_semaphore_init(&s.gate, 100);
                assert_true(ct_semaphore_try_acquire(&s.gate, 100));
                s.ledger.gate = &s.gate;
                s.actor = actor_begin(state, c, &s.ledger);
                run_contexts(state, 4, parks_inside, &s);
                actor_end(state, s.actor);
                assert_int_equal(s.ledger.handled, 60);
                assert_false(s.ledger.disorder);
        }
}

static void owns(void *shared, unsigned self)
{
        struct scene *s = shared;

        if (self == 0) {
                ct_actor_run(s->actor);
                CONTEXT_CHECK(s->ledger.handled == 80);
                return;
        }
        tells_and_goes(s, self);
        if (ct_add_u32_acq_rel(&s->done, 1) == 1)
                ct_actor_stop(s->actor);
}

static void the_caller_may_be_the_owner(void **state)
{
        FOR_EACH_ACTOR(c)
        {
                struct scene s = {0};
                struct ct_actor_config config = {.kind = c->kind,
                                                 .owner = CT_ACTOR_CALLER,
                                                 .handle = ledger_handle,
                                                 .state = &s.ledger,
                                                 .message_size = sizeof(struct message),
                                                 .capacity = c->capacity};

                if (c->kind == CT_ACTOR_COMBINING)
                        continue;
                assert_int_equal(ct_actor_start(&s.actor, &config), 0);
                run_contexts(state, 3, owns, &s);
                ct_actor_free(s.actor);
        }
}

/* ---- sizes ---- */

enum { LARGE = 3000 };

static void fill(void *state, void *message)
{
        unsigned char *bytes = message;
        unsigned *wrong = state;

        for (int i = 0; i < LARGE; i++)
                *wrong += bytes[i] != (unsigned char)i;
        memset(bytes, 42, LARGE);
}

static void sends_large(void *shared, unsigned self)
{
        unsigned char bytes[LARGE];

        (void)self;
        for (int round = 0; round < 2; round++) {
                for (int i = 0; i < LARGE; i++)
                        bytes[i] = (unsigned char)i;
                if (round == 0) {
                        CONTEXT_CHECK(ct_actor_tell(shared, bytes) == 0);
                        CONTEXT_CHECK(bytes[7] == 7);
                        CONTEXT_CHECK(ct_actor_ask_until(shared, bytes, CT_FOREVER) == 0);
                } else {
                        CONTEXT_CHECK(ct_actor_ask(shared, bytes) == 0);
                }
                CONTEXT_CHECK(bytes[0] == 42 && bytes[LARGE - 1] == 42);
        }
}

static void count(void *state, void *message)
{
        (void)message;
        ++*(unsigned *)state;
}

static void sends_nothing(void *shared, unsigned self)
{
        (void)self;
        CONTEXT_CHECK(ct_actor_tell(shared, NULL) == 0);
        CONTEXT_CHECK(ct_actor_ask(shared, NULL) == 0);
        CONTEXT_CHECK(ct_actor_ask_until(shared, NULL, CT_FOREVER) == 0);
}

static void messages_have_any_size(void **state)
{
        FOR_EACH_ACTOR(c)
        {
                unsigned wrong = 0, calls = 0;
                struct ct_actor_config config = {.kind = c->kind,
                                                 .handle = fill,
                                                 .state = &wrong,
                                                 .message_size = LARGE,
                                                 .capacity = c->capacity};
                struct ct_actor *a;

                assert_int_equal(ct_actor_start(&a, &config), 0);
                run_contexts(state, 3, sends_large, a);
                ct_actor_stop(a);
                ct_actor_free(a);
                assert_int_equal(wrong, 0);
                config.handle = count;
                config.state = &calls;
                config.message_size = 0;
                assert_int_equal(ct_actor_start(&a, &config), 0);
                run_contexts(state, 3, sends_nothing, a);
                ct_actor_stop(a);
                ct_actor_free(a);
                assert_int_equal(calls, 9);
        }
}

static void a_config_is_checked(void **state)
{
        struct ct_actor_config good = {.kind = CT_ACTOR_BUFFERED, .handle = count, .capacity = 1};
        struct ct_actor_config bad;
        struct ct_actor *a = (void *)1;

        (void)state;
        bad = good, bad.handle = NULL;
        assert_int_equal(ct_actor_start(&a, &bad), -EINVAL);
        assert_null(a);
        bad = good, bad.capacity = 0;
        assert_int_equal(ct_actor_start(&a, &bad), -EINVAL);
        bad = good, bad.kind = 17;
        assert_int_equal(ct_actor_start(&a, &bad), -EINVAL);
        bad = good, bad.owner = 17;
        assert_int_equal(ct_actor_start(&a, &bad), -EINVAL);
        bad = good, bad.capacity = SIZE_MAX / 2;
        assert_int_equal(ct_actor_start(&a, &bad), -EOVERFLOW);
        ct_actor_free(NULL);
}

/* More threads than there are slots: some have none. */
static void asks_once(void *shared, unsigned self)
{
        struct scene *s = shared;
        struct message m = {.seq = self + 1};

        ct_add_u32_relaxed(&s->sent, 1);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->sent) >= CT_SLOTS + 20);
        for (int i = 0; i < 3; i++)
                CONTEXT_CHECK(ct_actor_ask(s->actor, &m) == 0);
}

static void contexts_without_a_slot_are_served_too(void **state)
{
        struct scene s = {0};

        if (both_exec(state) == EXEC_TASK)
                return;
        s.actor = actor_begin(state, &ACTOR_CASES[5], &s.ledger);
        run_contexts(state, CT_SLOTS + 20, asks_once, &s);
        actor_end(state, s.actor);
        assert_int_equal(s.ledger.handled, 3 * (CT_SLOTS + 20));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(an_ask_gets_its_own_reply),
                BOTH_WAYS(an_ask_sees_the_tells_before_it),
                BOTH_WAYS(stop_finishes_what_was_accepted_and_refuses_the_rest),
                BOTH_WAYS(who_gives_up_in_time_is_never_handled),
                BOTH_WAYS(a_late_reply_goes_to_nobodys_stack_and_is_not_lost),
                BOTH_WAYS(handlers_may_park),
                BOTH_WAYS(the_caller_may_be_the_owner),
                BOTH_WAYS(messages_have_any_size),
                BOTH_WAYS(a_config_is_checked),
                BOTH_WAYS(contexts_without_a_slot_are_served_too),
        };

        return cmocka_run_group_tests_name("actor", tests, NULL, NULL);
}
