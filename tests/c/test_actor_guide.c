/* What an actor promises, one behaviour a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "chan/chan_guide.h"
#include "crowd.h"
#include "flow/actor_guide.h"

/* A bank account that keeps what it was told, in order. */
enum { LOG = 64 };
struct account {
        int64_t balance;
        int log[LOG], logged;
        struct ct_chan_guide
                *gate;          /* the owner waits here before each message; NULL: it does not */
        ct_atomic_u32 handling; /* messages begun */
        cpu_set_t cpus;         /* where the owner may run */
};

static void handle(void *state, const void *message, void *reply)
{
        struct account *a = state;
        int amount;

        memcpy(&amount, message, sizeof amount);
        ct_add_u32_acq_rel(&a->handling, 1);
        if (a->gate)
                ct_chan_guide_recv(a->gate, NULL);
        a->balance += amount;
        if (a->logged < LOG)
                a->log[a->logged++] = amount;
        sched_getaffinity(0, sizeof a->cpus, &a->cpus);
        if (reply)
                memcpy(reply, &a->balance, sizeof a->balance);
}

static struct ct_actor_guide *start(struct account *a, size_t mailbox)
{
        struct ct_actor_guide_config config = {.handle = handle,
                                               .state = a,
                                               .message_size = sizeof(int),
                                               .reply_size = sizeof(int64_t),
                                               .mailbox = mailbox};
        struct ct_actor_guide *actor;

        assert_int_equal(ct_actor_guide_start(&actor, &config), 0);
        return actor;
}

static int64_t ask(struct ct_actor_guide *actor, int amount)
{
        int64_t balance = -1;

        assert_int_equal(ct_actor_guide_ask(actor, &amount, &balance), 0);
        return balance;
}

static void an_ask_gets_the_owners_reply(void **state)
{
        (void)state;
        for (size_t mailbox = 0; mailbox < 3; mailbox++) {
                struct account a = {0};
                struct ct_actor_guide *actor = start(&a, mailbox);

                assert_int_equal(ask(actor, 5), 5);
                assert_int_equal(ask(actor, -7), -2);
                ct_actor_guide_stop(actor);
        }
}

static void an_ask_sees_the_tells_before_it(void **state)
{
        (void)state;
        for (size_t mailbox = 0; mailbox < 20; mailbox += 5) {
                struct account a = {0};
                struct ct_actor_guide *actor = start(&a, mailbox);

                for (int i = 1; i <= 10; i++)
                        ct_actor_guide_tell(actor, &i);
                assert_int_equal(ask(actor, 0), 55);
                ct_actor_guide_stop(actor);
        }
}

static void messages_are_handled_in_order(void **state)
{
        struct account a = {0};
        struct ct_actor_guide *actor = start(&a, 8);

        (void)state;
        for (int i = 0; i < LOG; i++)
                ct_actor_guide_tell(actor, &i);
        ct_actor_guide_stop(actor);
        for (int i = 0; i < LOG; i++)
                assert_int_equal(a.log[i], i);
}

static void stop_lets_the_mailbox_drain(void **state)
{
        struct account a = {.gate = NULL};
        struct ct_actor_guide *actor;
        int one = 1;

        (void)state;
        assert_int_equal(ct_chan_guide_new(&a.gate, 0, 100), 0);
        actor = start(&a, 50);
        for (int i = 0; i < 40; i++)
                ct_actor_guide_tell(actor, &one);
        for (int i = 0; i < 40; i++) /* the owner has handled at most none until here */
                ct_chan_guide_send(a.gate, NULL);
        ct_actor_guide_stop(actor);
        assert_int_equal(a.balance, 40);
        ct_chan_guide_free(a.gate);
}

static void a_tell_does_not_wait_for_its_handling(void **state)
{
        struct account a = {.gate = NULL};
        struct ct_actor_guide *actor;
        int one = 1;

        (void)state;
        assert_int_equal(ct_chan_guide_new(&a.gate, 0, 0), 0);
        actor = start(&a, 4);
        for (int i = 0; i < 5; i++) /* one with the owner, four in the mailbox */
                ct_actor_guide_tell(actor, &one);
        ct_chan_guide_close(a.gate);
        ct_actor_guide_stop(actor);
        assert_int_equal(a.balance, 5);
        ct_chan_guide_free(a.gate);
}

static void a_message_nobody_took_in_time_is_never_handled(void **state)
{
        struct account a = {.gate = NULL};
        struct ct_actor_guide *actor;
        int64_t reply = 17, deadline;
        int one = 1, ten = 10;

        (void)state;
        assert_int_equal(ct_chan_guide_new(&a.gate, 0, 0), 0);
        actor = start(&a, 0);
        ct_actor_guide_tell(actor, &one); /* keeps the owner at the gate */
        deadline = ct_deadline_after(5 * CT_NS_PER_MS);
        assert_int_equal(ct_actor_guide_ask_until(actor, &ten, &reply, deadline), -ETIMEDOUT);
        assert_true(ct_now_ns() >= deadline);
        assert_int_equal(reply, 17);
        ct_chan_guide_close(a.gate);
        assert_int_equal(ask(actor, 0), 1);
        ct_actor_guide_stop(actor);
        ct_chan_guide_free(a.gate);
}

static void a_late_reply_is_dropped_but_the_message_handled(void **state)
{
        struct account a = {.gate = NULL};
        struct ct_actor_guide *actor;
        int64_t reply = 17;
        int ten = 10;

        (void)state;
        assert_int_equal(ct_chan_guide_new(&a.gate, 0, 0), 0);
        actor = start(&a, 1);
        assert_int_equal(
                ct_actor_guide_ask_until(actor, &ten, &reply, ct_deadline_after(5 * CT_NS_PER_MS)),
                -EINPROGRESS);
        assert_int_equal(reply, 17);
        ct_chan_guide_close(a.gate);
        assert_int_equal(ask(actor, 1), 11); /* and its own reply, not the late one */
        ct_actor_guide_stop(actor);
        ct_chan_guide_free(a.gate);
}

static void the_timed_form_waits_100_ms(void **state)
{
        struct account a = {.gate = NULL};
        struct ct_actor_guide *actor;
        int64_t reply = 17, before;
        int ten = 10;

        (void)state;
        assert_int_equal(ct_chan_guide_new(&a.gate, 0, 0), 0);
        actor = start(&a, 0);
        before = ct_now_ns();
        assert_int_equal(ct_actor_guide_ask_timed(actor, &ten, &reply), -EINPROGRESS);
        assert_true(ct_now_ns() - before >= 100 * CT_NS_PER_MS);
        ct_chan_guide_close(a.gate);
        assert_int_equal(ct_actor_guide_ask_timed(actor, &ten, &reply), 0);
        assert_int_equal(reply, 20);
        ct_actor_guide_stop(actor);
        ct_chan_guide_free(a.gate);
}

static void the_owner_is_not_bound_with_its_starter(void **state)
{
        struct account a = {0};
        struct ct_actor_guide *actor;
        cpu_set_t all, one;

        (void)state;
        sched_getaffinity(0, sizeof all, &all);
        actor = start(&a, 0);
        ask(actor, 0);
        assert_true(CPU_EQUAL(&a.cpus, &all));
        ct_actor_guide_stop(actor);
        /* Bound as a whole, the process's first thread included, the owner is bound too. */
        crowd_cpus(1);
        sched_getaffinity(0, sizeof one, &one);
        actor = start(&a, 0);
        ask(actor, 0);
        assert_true(CPU_EQUAL(&a.cpus, &one));
        ct_actor_guide_stop(actor);
        crowd_cpus(0);
}

static void start_from_a_bound_thread(void *ctx, unsigned index)
{
        struct account *a = ctx;
        struct ct_actor_guide_config config = {
                .handle = handle, .state = a, .message_size = sizeof(int), .reply_size = 8};
        struct ct_actor_guide *actor;
        int64_t reply;
        int zero = 0;

        (void)index;
        crowd_cpus(1); /* this thread only */
        CROWD_CHECK(!ct_actor_guide_start(&actor, &config));
        CROWD_CHECK(!ct_actor_guide_ask(actor, &zero, &reply));
        ct_actor_guide_stop(actor);
}

static void the_owner_goes_where_the_first_thread_may(void **state)
{
        struct account a = {0};
        cpu_set_t all;

        (void)state;
        sched_getaffinity(0, sizeof all, &all);
        crowd_run(1, start_from_a_bound_thread, &a);
        assert_true(CPU_EQUAL(&a.cpus, &all));
}

static void sizes_are_checked(void **state)
{
        struct account a = {0};
        struct ct_actor_guide_config config = {
                .handle = handle, .state = &a, .message_size = CT_ACTOR_GUIDE_MESSAGE_MAX + 1};
        struct ct_actor_guide *actor = (void *)1;

        (void)state;
        assert_int_equal(ct_actor_guide_start(&actor, &config), -EINVAL);
        assert_null(actor);
        config.message_size = 4;
        config.mailbox = SIZE_MAX / 2;
        assert_int_equal(ct_actor_guide_start(&actor, &config), -EOVERFLOW);
        config = (struct ct_actor_guide_config){.handle = NULL};
        assert_int_equal(ct_actor_guide_start(&actor, &config), -EINVAL);
        ct_actor_guide_stop(NULL);
}

static void count_call(void *state, const void *message, void *reply)
{
        (void)message;
        ++*(int *)state;
        assert_non_null(reply);
}

static void messages_and_replies_may_be_empty(void **state)
{
        int calls = 0;
        struct ct_actor_guide_config config = {.handle = count_call, .state = &calls};
        struct ct_actor_guide *actor;

        (void)state;
        assert_int_equal(ct_actor_guide_start(&actor, &config), 0);
        assert_int_equal(ct_actor_guide_ask(actor, NULL, NULL), 0);
        ct_actor_guide_stop(actor);
        assert_int_equal(calls, 1);
}

enum { ROUNDS = 20000 / SCALE };

static void tell_and_ask(void *ctx, unsigned index)
{
        int one = 1;
        int64_t balance, last = 0;

        for (int i = 0; i < ROUNDS; i++) {
                if (i % 4 == (int)index % 4) {
                        CROWD_CHECK(!ct_actor_guide_ask(ctx, &one, &balance));
                        CROWD_CHECK(balance > last);
                        last = balance;
                } else {
                        ct_actor_guide_tell(ctx, &one);
                }
        }
}

static void nothing_is_lost_among_many_callers(void **state)
{
        (void)state;
        for (size_t mailbox = 0; mailbox < 200; mailbox += 100) {
                struct account a = {0};
                struct ct_actor_guide *actor = start(&a, mailbox);

                crowd_run(8, tell_and_ask, actor);
                assert_int_equal(ask(actor, 0), 8 * ROUNDS);
                ct_actor_guide_stop(actor);
        }
}

static void ask_briefly(void *ctx, unsigned index)
{
        struct ct_actor_guide **actor = ctx;
        int64_t balance, done = 0;
        int one = 1;

        for (int i = 0; i < ROUNDS / 4; i++) {
                int rc = ct_actor_guide_ask_until(*actor, &one, &balance,
                                                  ct_now_ns() + (i + (int)index) % 40 * 1000);

                CROWD_CHECK(rc == 0 || rc == -ETIMEDOUT || rc == -EINPROGRESS);
                done += rc != -ETIMEDOUT;
        }
        ct_actor_guide_tell(*actor, &(int){-(int)done});
}

/* Replies that cross with their time-outs: each message is handled exactly when its asker was told
   so, and no request is freed under anybody. */
static void timeouts_race_with_replies(void **state)
{
        struct account a = {0};
        struct ct_actor_guide *actor = start(&a, 0);

        (void)state;
        crowd_run(8, ask_briefly, &actor);
        assert_int_equal(ask(actor, 0), 0);
        ct_actor_guide_stop(actor);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(an_ask_gets_the_owners_reply),
                WATCHED(an_ask_sees_the_tells_before_it),
                WATCHED(messages_are_handled_in_order),
                WATCHED(stop_lets_the_mailbox_drain),
                WATCHED(a_tell_does_not_wait_for_its_handling),
                WATCHED(a_message_nobody_took_in_time_is_never_handled),
                WATCHED(a_late_reply_is_dropped_but_the_message_handled),
                WATCHED(the_timed_form_waits_100_ms),
                WATCHED(the_owner_is_not_bound_with_its_starter),
                WATCHED(the_owner_goes_where_the_first_thread_may),
                WATCHED(sizes_are_checked),
                WATCHED(messages_and_replies_may_be_empty),
                WATCHED(nothing_is_lost_among_many_callers),
                WATCHED(timeouts_race_with_replies),
        };

        return cmocka_run_group_tests_name("actor", tests, NULL, NULL);
}
