/* The per-user limiter: each user exactly a token bucket of his own, whatever the others do,
   whenever he is forgotten, however many threads make him. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "limit/limiter.h"
#include "stress.h"
#include "watchdog.h"

enum { USERS = 1000, MS = 1000000 };

static struct ct_guide_per_user l;
static char name[USERS][24];

static void open_users(double rate, int64_t burst, int64_t idle_ns)
{
        for (int i = 0; i < USERS; i++)
                snprintf(name[i], sizeof name[i], "user-%d", i);
        assert_int_equal(ct_guide_per_user_init(&l, rate, burst, idle_ns, 0), 0);
}

static void close_users(void)
{
        ct_guide_per_user_fini(&l);
}

static void one_user_cannot_spend_anothers_quota(void **state)
{
        (void)state;
        open_users(1000, 5, CT_FOREVER);
        for (int i = 0; i < 100000; i++) /* one hammers */
                ct_guide_per_user_allow(&l, "greedy", i / 100);
        for (int i = 0; i < USERS; i++)
                for (int k = 0; k < 6; k++)
                        assert_int_equal(ct_guide_per_user_allow(&l, name[i], 1000), k < 5);
        assert_int_equal(ct_guide_per_user_count(&l), USERS + 1);
        close_users();
}

/* Random traffic of many users: every decision equals that of a bucket which is the user's alone
   and is never forgotten. So sharing, growing and expiry cannot be observed. */
static void same_decisions_as_buckets_of_their_own(int64_t idle_ns, bool expire)
{
        static struct ct_guide_token_bucket own[USERS];
        size_t forgotten = 0, least = USERS;
        int64_t now = 0;
        struct ct_rng rng;

        ct_rng_seed(&rng, 21);
        open_users(1000, 5, idle_ns);
        for (int i = 0; i < USERS; i++)
                assert_int_equal(ct_guide_token_bucket_init(&own[i], 1000, 5, 0), 0);
        for (int i = 0; i < ROUNDS(1000000); i++) {
                /* a few users at a time, and others later, so that some are always idle */
                size_t u = ((size_t)(now / (20 * MS)) * 7 + ct_rng_below(&rng, 20)) % USERS;

                now += (int64_t)ct_rng_below(&rng, 20000);
                assert_int_equal(ct_guide_per_user_allow(&l, name[u], now),
                                 ct_guide_token_bucket_allow(&own[u], now));
                if (expire && i % 1000 == 0) {
                        forgotten += ct_guide_per_user_expire(&l, now);
                        if (i && ct_guide_per_user_count(&l) < least)
                                least = ct_guide_per_user_count(&l);
                }
        }
        if (expire) {
                assert_true(forgotten > 100);
                assert_true(least < 200);
        }
        for (int i = 0; i < USERS; i++)
                ct_guide_token_bucket_fini(&own[i]);
        close_users();
}

static void every_user_has_a_bucket_of_his_own(void **state)
{
        (void)state;
        same_decisions_as_buckets_of_their_own(CT_FOREVER, false);
}

static void forgetting_idle_users_cannot_be_observed(void **state)
{
        (void)state;
        same_decisions_as_buckets_of_their_own(0, true); /* as eager as can be */
        same_decisions_as_buckets_of_their_own(50 * MS, true);
        same_decisions_as_buckets_of_their_own(MS, false); /* only when somebody new comes */
}

static void idle_users_are_forgotten_once_their_buckets_are_full(void **state)
{
        size_t empty, used;

        (void)state;
        open_users(1000, 5, 3 * MS);
        empty = ct_guide_per_user_memory(&l);
        for (int k = 0; k < 5; k++)
                assert_true(ct_guide_per_user_allow(&l, "a", 0)); /* full again at 5 ms */
        assert_true(ct_guide_per_user_allow(&l, "b", 0));         /* full again at 1 ms */
        used = ct_guide_per_user_memory(&l);
        assert_true(used >= empty + 2 * sizeof(struct ct_guide_token_bucket));
        assert_int_equal(ct_guide_per_user_expire(&l, 3 * MS - 1), 0); /* nobody idle */
        assert_int_equal(ct_guide_per_user_expire(&l, 3 * MS), 1);     /* b; a is in debt */
        assert_int_equal(ct_guide_per_user_expire(&l, 5 * MS - 1), 0);
        assert_int_equal(ct_guide_per_user_expire(&l, 5 * MS), 1);
        assert_int_equal(ct_guide_per_user_count(&l), 0);
        assert_int_equal(ct_guide_per_user_memory(&l), empty);
        assert_true(ct_guide_per_user_allow(&l, "a", 5 * MS));
        assert_true(ct_guide_per_user_allow(&l, "c", 20 * MS)); /* a newcomer sweeps: a goes */
        assert_int_equal(ct_guide_per_user_count(&l), 1);
        close_users();
}

static void names_are_copied_and_any_string_will_do(void **state)
{
        char temporary[] = "temporary";

        (void)state;
        open_users(0, 1, CT_FOREVER);
        assert_true(ct_guide_per_user_allow(&l, temporary, 0));
        memset(temporary, 'x', sizeof temporary - 1);
        assert_false(ct_guide_per_user_allow(&l, "temporary", 0));
        assert_true(ct_guide_per_user_allow(&l, temporary, 0));
        assert_true(ct_guide_per_user_allow(&l, "", 0));
        assert_false(ct_guide_per_user_allow(&l, "", 0));
        close_users();
}

static void arguments_that_mean_nothing_are_refused(void **state)
{
        (void)state;
        assert_int_equal(ct_guide_per_user_init(&l, -1, 1, 0, 0), -EINVAL);
        assert_int_equal(ct_guide_per_user_init(&l, 1, -1, 0, 0), -EINVAL);
        assert_int_equal(ct_guide_per_user_init(&l, 1, 1, -1, 0), -EINVAL);
}

static void waits_that_cannot_end_are_refused(void **state)
{
        (void)state;
        open_users(0, 1, CT_FOREVER);
        assert_int_equal(ct_guide_per_user_wait_until(&l, "a", CT_FOREVER), 0);
        assert_int_equal(ct_guide_per_user_wait_until(&l, "a", CT_FOREVER), -EINVAL);
        assert_int_equal(ct_guide_per_user_wait_until(&l, "a", ct_deadline_after(CT_NS_PER_S)),
                         -ETIMEDOUT);
        assert_int_equal(ct_guide_per_user_wait_until(&l, "b", CT_FOREVER), 0);
        close_users();
}

/* ---- many threads ---- */

struct stampede {
        ct_atomic_u32 admitted[USERS];
        ct_atomic_u32 arrived[USERS];
        unsigned threads;
};

/* All ask for each new user at the same moment; at rate 0 each has three tokens, once. */
static void ask(void *shared, struct crew_member *me)
{
        struct stampede *s = shared;

        (void)me;
        for (int u = 0; u < USERS; u++) {
                ct_add_u32_acq_rel(&s->arrived[u], 1);
                UNTIL(ct_load_u32_acquire(&s->arrived[u]) >= s->threads); /* pairs with the add */
                for (int k = 0; k < 4; k++)
                        ct_add_u32_relaxed(&s->admitted[u],
                                           ct_guide_per_user_allow(&l, name[u], 0));
        }
}

static void a_stampede_makes_a_new_user_once(void **state)
{
        static const unsigned threads[] = {1, 2, 8};

        (void)state;
        for (size_t t = 0; t < sizeof threads / sizeof *threads; t++)
                for (int round = 0; round < ROUNDS(10); round++) {
                        struct stampede s = {.threads = threads[t]};

                        open_users(0, 3, CT_FOREVER);
                        crew_run(threads[t], 2 <= usable_cpus() ? 2 : 1, ask, &s);
                        for (int u = 0; u < USERS; u++)
                                assert_int_equal(s.admitted[u], 3);
                        assert_int_equal(ct_guide_per_user_count(&l), USERS);
                        close_users();
                }
}

struct traffic {
        ct_atomic_u64 clock, admitted[USERS];
        ct_atomic_u32 left;
};

static void use(void *shared, struct crew_member *me)
{
        struct traffic *s = shared;

        if (me->index == 0) {                         /* forgets users all the time */
                while (ct_load_u32_acquire(&s->left)) /* pairs with the release below */
                        ct_guide_per_user_expire(&l, (int64_t)ct_load_u64_relaxed(&s->clock));
                return;
        }
        for (int i = 0; i < ROUNDS(100000); i++) {
                size_t u = (size_t)ct_rng_below(&me->rng, 50);
                uint64_t now = ct_add_u64_relaxed(&s->clock, 1000);

                ct_add_u64_relaxed(&s->admitted[u],
                                   ct_guide_per_user_allow(&l, name[u], (int64_t)now));
        }
        ct_sub_u32_release(&s->left, 1);
}

static void nobody_gets_more_while_users_are_forgotten(void **state)
{
        static const unsigned users_of[] = {1, 2, 7};

        (void)state;
        for (size_t t = 0; t < sizeof users_of / sizeof *users_of; t++) {
                static struct traffic s;
                uint64_t law;

                memset(&s, 0, sizeof s);
                s.left = users_of[t];
                open_users(1000, 5, 0);
                crew_run(users_of[t] + 1, 0, use, &s);
                law = 5 + s.clock * 1000 / CT_NS_PER_S;
                for (int u = 0; u < 50; u++) {
                        assert_true(s.admitted[u] <= law);
                        assert_true(s.admitted[u] > 0);
                }
                close_users();
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(one_user_cannot_spend_anothers_quota),
                WATCHED(every_user_has_a_bucket_of_his_own),
                WATCHED(forgetting_idle_users_cannot_be_observed),
                WATCHED(idle_users_are_forgotten_once_their_buckets_are_full),
                WATCHED(names_are_copied_and_any_string_will_do),
                WATCHED(arguments_that_mean_nothing_are_refused),
                WATCHED(waits_that_cannot_end_are_refused),
                WATCHED(a_stampede_makes_a_new_user_once),
                WATCHED(nobody_gets_more_while_users_are_forgotten),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
