/*
 * Actors under load: every accepted message is handled exactly once, in its sender's order; a reply
 * that nobody takes is counted; also while asks give up, and while somebody stops the actor.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "actor_kinds.h"

struct storm {
        struct ct_actor *actor;
        struct ledger ledger;
        uint32_t rounds;
        bool stops; /* the last context stops it half-way */
        ct_atomic_u64 accepted, sum, late;
        unsigned contexts;
};

static int send_one(struct storm *s, struct ct_rng *rng, struct message *m)
{
        uint32_t draw = (uint32_t)ct_rng_below(rng, 8);
        int rc;

        if (draw < 3)
                return ct_actor_tell(s->actor, m);
        if (draw < 6) {
                rc = ct_actor_ask(s->actor, m);
        } else {
                rc = ct_actor_ask_until(s->actor, m,
                                        ct_now_ns() + (int64_t)ct_rng_below(rng, 30000));
                CONTEXT_CHECK(!rc || m->reply == 1);
        }
        CONTEXT_CHECK(rc || m->reply == REPLY(m));
        return rc;
}

static void body(void *shared, unsigned self)
{
        struct storm *s = shared;
        uint64_t accepted = 0, sum = 0, late = 0;
        struct ct_rng rng;

        ct_rng_seed(&rng, 77 + self);
        for (uint32_t i = 1; i <= s->rounds; i++) {
                struct message m = {.sender = self, .seq = i, .reply = 1};
                int rc = send_one(s, &rng, &m);

                CONTEXT_CHECK(rc == 0 || rc == -ETIMEDOUT || rc == -EINPROGRESS ||
                              (rc == -ESHUTDOWN && s->stops));
                late += rc == -EINPROGRESS;
                if (rc == 0 || rc == -EINPROGRESS) {
                        accepted++;
                        sum += i;
                }
                if (s->stops && self == 0 && i == s->rounds / 2)
                        ct_actor_stop(s->actor);
        }
        ct_add_u64_relaxed(&s->accepted, accepted);
        ct_add_u64_relaxed(&s->sum, sum);
        ct_add_u64_relaxed(&s->late, late);
}

static void rage(void **state, unsigned contexts, uint32_t rounds, bool stops)
{
        FOR_EACH_ACTOR(c)
        {
                struct storm s = {.rounds = rounds, .stops = stops, .contexts = contexts};

                s.actor = actor_begin(state, c, &s.ledger);
                run_contexts(state, contexts, body, &s);
                ct_actor_stop(s.actor);
                assert_int_equal(s.ledger.handled, ct_load_u64_relaxed(&s.accepted));
                assert_int_equal(s.ledger.sum, ct_load_u64_relaxed(&s.sum));
                assert_int_equal(ct_actor_late(s.actor), ct_load_u64_relaxed(&s.late));
                assert_false(s.ledger.disorder);
                actor_end(state, s.actor);
        }
}

static void storm(void **state, const struct stress_placement *p)
{
        rage(state, p->threads, ROUNDS(2000), false);
}

static void all_is_handled_once_and_in_order(void **state)
{
        everywhere(state, storm);
}

static void stopped(void **state, const struct stress_placement *p)
{
        for (int i = 0; i < ROUNDS(8); i++)
                rage(state, p->threads, 60, true);
}

static void a_stop_in_the_middle_loses_nothing(void **state)
{
        everywhere(state, stopped);
}

/* Short turns by few contexts: leases come and go. */
static void only_asks(void *shared, unsigned self)
{
        struct storm *s = shared;

        for (uint32_t i = 1; i <= s->rounds; i++) {
                struct message m = {.sender = self, .seq = i};

                CONTEXT_CHECK(ct_actor_ask(s->actor, &m) == 0);
                if (i % 1000 == self)
                        ct_parker_ops_self()->yield();
        }
}

static void lease(void **state, const struct stress_placement *p)
{
        struct storm s = {.rounds = (uint32_t)ROUNDS(400000) / p->threads};

        s.actor = actor_begin(state, &ACTOR_CASES[5], &s.ledger);
        run_contexts(state, p->threads, only_asks, &s);
        actor_end(state, s.actor);
        assert_int_equal(s.ledger.handled, s.rounds * p->threads);
        assert_false(s.ledger.disorder);
}

static void a_combiners_lease_admits_one(void **state)
{
        everywhere(state, lease);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(all_is_handled_once_and_in_order),
                BOTH_WAYS(a_stop_in_the_middle_loses_nothing),
                BOTH_WAYS(a_combiners_lease_admits_one),
        };

        return cmocka_run_group_tests_name("actor stress", tests, NULL, NULL);
}
