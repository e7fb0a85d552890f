/* ct_cond under stress: a store that is filled and emptied, turns in a ring, and time-outs that
   come with signals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/cond.h"

#include "both.h"

/* A store of 4 places, filled and emptied by as many contexts each, a third of the waits timed. */
struct store {
        struct ct_mutex m;
        struct ct_cond filled, emptied;
        unsigned n, rounds;
        unsigned in, out;    /* ends of the ring; guarded by m */
        uint32_t place[4];   /* guarded by m */
        ct_atomic_u64 taken; /* the sum */
};

static void wait_somehow(struct ct_cond *c, struct ct_mutex *m, struct ct_rng *rng)
{
        uint64_t dice = ct_rng_next(rng);

        if (dice % 3)
                ct_cond_wait(c, m);
        else
                (void)ct_cond_wait_until(c, m, ct_now_ns() + (int64_t)(dice >> 40) % 20000);
}

static void put(struct store *s, uint32_t value, struct ct_rng *rng)
{
        ct_mutex_lock(&s->m);
        while (s->in - s->out == 4)
                wait_somehow(&s->emptied, &s->m, rng);
        s->place[s->in++ % 4] = value;
        ct_mutex_unlock(&s->m);
        ct_cond_signal(&s->filled); /* outside, as is allowed */
}

static uint32_t take(struct store *s, struct ct_rng *rng)
{
        uint32_t value;

        ct_mutex_lock(&s->m);
        while (s->in == s->out)
                wait_somehow(&s->filled, &s->m, rng);
        value = s->place[s->out++ % 4];
        ct_cond_signal(&s->emptied); /* inside, as is allowed */
        ct_mutex_unlock(&s->m);
        return value;
}

static void fill_or_empty(void *shared, unsigned index)
{
        struct store *s = shared;
        struct ct_rng rng;
        uint64_t sum = 0;

        ct_rng_seed(&rng, 300 + index);
        for (unsigned i = 1; i <= s->rounds; i++) {
                if (index % 2)
                        put(s, i, &rng);
                else
                        sum += take(s, &rng);
        }
        ct_add_u64_relaxed(&s->taken, sum);
}

static void store_in(void **state, const struct stress_placement *p)
{
        struct store s = {.n = p->threads, .rounds = ROUNDS(40000) / p->threads};

        run_contexts(state, p->threads, fill_or_empty, &s);
        assert_int_equal(ct_load_u64_relaxed(&s.taken),
                         (uint64_t)s.n / 2 * s.rounds * (s.rounds + 1) / 2);
        assert_int_equal(ct_cond_waiters(&s.filled) + ct_cond_waiters(&s.emptied), 0);
}

static void nothing_is_lost_or_taken_twice(void **state)
{
        everywhere(state, store_in);
}

/*
 * Timed waiters stand before one that waits for ever; a signal goes round from waiter to waiter
 * until it comes to that one. A timed waiter passes on what it got and does nothing when it timed
 * out, so one that times out with a signal in its hand keeps the last one waiting.
 */
struct relay {
        struct ct_mutex m;
        struct ct_cond c;
        unsigned timed, rounds;
        ct_atomic_u32 round, arrived;
};

static void wait_for_ever(struct relay *r, unsigned round)
{
        ct_mutex_lock(&r->m);
        ct_store_u32_relaxed(&r->arrived, round);
        ct_cond_wait(&r->c, &r->m);
        ct_store_u32_relaxed(&r->round, round);
        ct_mutex_unlock(&r->m);
}

static void wait_and_pass_on(struct relay *r, struct ct_rng *rng)
{
        int64_t wait = (int64_t)(ct_rng_next(rng) % 20000);

        ct_mutex_lock(&r->m);
        if (!ct_cond_wait_until(&r->c, &r->m, ct_now_ns() + wait))
                ct_cond_signal(&r->c);
        ct_mutex_unlock(&r->m);
}

static void run_relay(void *shared, unsigned index)
{
        struct relay *r = shared;
        struct ct_rng rng;

        ct_rng_seed(&rng, 400 + index);
        for (unsigned round = 1; round <= r->rounds; round++) {
                if (index == 0) {
                        wait_for_ever(r, round);
                } else if (index == 1) { /* one signal, once the one that matters waits */
                        CONTEXT_UNTIL(ct_load_u32_relaxed(&r->arrived) == round);
                        ct_mutex_lock(&r->m);
                        ct_cond_signal(&r->c);
                        ct_mutex_unlock(&r->m);
                        CONTEXT_UNTIL(ct_load_u32_relaxed(&r->round) == round);
                } else {
                        while (ct_load_u32_relaxed(&r->round) < round)
                                wait_and_pass_on(r, &rng);
                }
        }
}

static void relay_in(void **state, const struct stress_placement *p)
{
        struct relay r = {.rounds = ROUNDS(16000) / p->threads};

        run_contexts(state, p->threads < 4 ? 4 : p->threads, run_relay, &r);
        assert_int_equal(ct_cond_waiters(&r.c), 0);
}

static void a_time_out_does_not_eat_a_signal(void **state)
{
        everywhere(state, relay_in);
}

/*
 * A ring of contexts that take turns, each with a cond of its own. Whoever has had its turn comes
 * back to wait at the moment when its successor, awake already, wants the mutex; every signal is
 * given once and for one waiter, so a lost one is the end.
 */
struct ring {
        struct ct_mutex m;
        struct ct_cond c[CREW_MAX];
        unsigned n, rounds;
        unsigned turn; /* guarded by m */
};

static void take_turns(void *shared, unsigned index)
{
        struct ring *r = shared;

        for (unsigned i = 0; i < r->rounds; i++) {
                ct_mutex_lock(&r->m);
                while (r->turn % r->n != index)
                        ct_cond_wait(&r->c[index], &r->m);
                r->turn++;
                ct_cond_signal(&r->c[r->turn % r->n]);
                ct_mutex_unlock(&r->m);
        }
}

static void ring_in(void **state, const struct stress_placement *p)
{
        /* Two, too: there each signals for the other at every turn. */
        for (unsigned n = 2; n <= p->threads; n += p->threads - 2 ? p->threads - 2 : 1) {
                struct ring r = {.n = n, .rounds = ROUNDS(20000) / n};

                run_contexts(state, n, take_turns, &r);
                assert_int_equal(r.turn, n * r.rounds);
        }
}

static void no_signal_is_lost(void **state)
{
        everywhere(state, ring_in);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(nothing_is_lost_or_taken_twice),
                BOTH_WAYS(a_time_out_does_not_eat_a_signal),
                BOTH_WAYS(no_signal_is_lost),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
