/* ct_barrier: its contract, one behaviour each; misuse in sub-processes; rounds under stress. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/barrier.h"

#include "both.h"

#include <errno.h>

#define PARTIES 6

static void a_party_of_one_never_waits(void **state)
{
        struct ct_barrier b = CT_BARRIER_INIT(1);

        (void)state;
        for (int i = 0; i < 100; i++)
                assert_true(ct_barrier_wait(&b));
        assert_int_equal(ct_barrier_wait_until(&b, 0), CT_BARRIER_LAST);
        assert_int_equal(ct_barrier_arrived(&b), 0);
}

struct scene {
        struct ct_barrier b;
        ct_atomic_u32 returned, last;
        unsigned parties;
        int64_t deadline, returned_at;
        int result;
};

/* The one with the highest index comes when all others are there. */
static void meet(void *shared, unsigned index)
{
        struct scene *s = shared;
        bool last = index == s->parties - 1;

        if (last) {
                CONTEXT_UNTIL(ct_barrier_arrived(&s->b) == s->parties - 1);
                for (int i = 0; i < 100; i++)
                        ct_parker_ops_self()->yield(); /* time to sleep, or to go too early */
                CONTEXT_CHECK(!ct_load_u32_relaxed(&s->returned));
        }
        CONTEXT_CHECK(ct_barrier_wait(&s->b) == last);
        ct_add_u32_relaxed(&s->returned, 1);
}

static void the_last_to_come_lets_all_go(void **state)
{
        for (unsigned parties = 2; parties <= PARTIES; parties++) {
                struct scene s = {.b = CT_BARRIER_INIT(parties), .parties = parties};

                run_contexts(state, parties, meet, &s);
                assert_int_equal(ct_load_u32_relaxed(&s.returned), parties);
                assert_int_equal(ct_barrier_arrived(&s.b), 0);
                assert_null(s.b.queue.head);
        }
}

static void thread_side(void *shared, struct crew_member *me)
{
        meet(shared, me->index);
}

static void other_side(void *shared, unsigned index)
{
        meet(shared, index + 2);
}

static void threads_and_tasks_meet(void **state)
{
        struct scene s = {.b = CT_BARRIER_INIT(5), .parties = 5};
        struct crew c;

        crew_start(&c, 2, 0, thread_side, &s);
        run_contexts(state, 3, other_side, &s);
        crew_join(&c);
        assert_int_equal(ct_load_u32_relaxed(&s.returned), 5);
        assert_int_equal(ct_barrier_arrived(&s.b), 0);
}

/* ---- deadlines ---- */

static void come_until_deadline(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index) {
                CONTEXT_UNTIL(ct_barrier_arrived(&s->b) == 1);
                CONTEXT_CHECK(ct_barrier_wait_until(&s->b, 0) == CT_BARRIER_LAST);
                return;
        }
        s->result = ct_barrier_wait_until(&s->b, s->deadline);
        s->returned_at = ct_now_ns();
}

static void who_gives_up_has_not_come(void **state)
{
        const int64_t deadlines[] = {INT64_MIN, 0, 1, ct_deadline_after(5 * CT_NS_PER_MS)};

        for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++) {
                struct scene s = {.b = CT_BARRIER_INIT(2), .parties = 2, .deadline = deadlines[i]};

                run_contexts(state, 1, come_until_deadline, &s);
                assert_int_equal(s.result, -ETIMEDOUT);
                assert_true(s.returned_at >= s.deadline);
                assert_int_equal(ct_barrier_arrived(&s.b), 0);
                run_contexts(state, 2, meet, &s); /* takes two still */
        }
}

static void wait_until_meets_in_time(void **state)
{
        struct scene s = {.b = CT_BARRIER_INIT(2),
                          .deadline = ct_deadline_after(3600 * CT_NS_PER_S)};

        run_contexts(state, 2, come_until_deadline, &s);
        assert_int_equal(s.result, 0);
}

/* ---- stress ---- */

/*
 * Rounds: each context leaves the round's number in plain memory, meets, and looks at what all have
 * left. Two arrays in turn: nobody writes into this round's before all have met in the next. Each
 * round has one last.
 */
struct rounds {
        struct ct_barrier b;
        unsigned n, rounds;
        bool timed;
        ct_atomic_u32 lasts;
        unsigned mark[2][CREW_MAX]; /* plain */
};

static bool come(struct rounds *r, struct ct_rng *rng)
{
        uint64_t dice = ct_rng_next(rng);
        int result;

        if (!r->timed || dice % 3 == 0)
                return ct_barrier_wait(&r->b);
        while ((result = ct_barrier_wait_until(&r->b, ct_now_ns() + (int64_t)(dice >> 40) %
                                                                            20000)) == -ETIMEDOUT)
                dice = ct_rng_next(rng);
        return result == CT_BARRIER_LAST;
}

static void play_rounds(void *shared, unsigned index)
{
        struct rounds *r = shared;
        struct ct_rng rng;
        uint32_t lasts = 0;

        ct_rng_seed(&rng, 600 + index);
        for (unsigned round = 1; round <= r->rounds; round++) {
                unsigned *mark = r->mark[round % 2];

                mark[index] = round;
                lasts += come(r, &rng);
                for (unsigned i = 0; i < r->n; i++)
                        CONTEXT_CHECK(mark[i] == round);
        }
        ct_add_u32_relaxed(&r->lasts, lasts);
}

static void play_in(void **state, const struct stress_placement *p, bool timed)
{
        struct rounds r = {.b = CT_BARRIER_INIT(p->threads),
                           .n = p->threads,
                           .rounds = ROUNDS(20000) / p->threads,
                           .timed = timed};

        run_contexts(state, p->threads, play_rounds, &r);
        assert_int_equal(ct_load_u32_relaxed(&r.lasts), r.rounds);
        assert_int_equal(ct_barrier_arrived(&r.b), 0);
        assert_null(r.b.queue.head);
}

static void untimed_in(void **state, const struct stress_placement *p)
{
        play_in(state, p, false);
}

static void timed_in(void **state, const struct stress_placement *p)
{
        play_in(state, p, true);
}

static void nobody_runs_ahead(void **state)
{
        everywhere(state, untimed_in);
}

static void nobody_runs_ahead_of_one_that_gave_up(void **state)
{
        everywhere(state, timed_in);
}

/*
 * More contexts than parties: a round is any two arrivals. Every round lets two go, one of them the
 * last, so twice the lasts is the number of those that met. The deadline is for whoever is left
 * when all others have finished.
 */
struct pairs {
        struct ct_barrier b;
        unsigned n, rounds;
        ct_atomic_u32 met, lasts, finished;
};

static void pair_up(void *shared, unsigned index)
{
        struct pairs *s = shared;
        uint32_t met = 0, lasts = 0;

        (void)index;
        while (met < s->rounds) {
                int r = ct_barrier_wait_until(&s->b, ct_now_ns() + 100 * CT_NS_PER_US);

                if (r != -ETIMEDOUT)
                        met++;
                else if (ct_load_u32_relaxed(&s->finished) == s->n - 1)
                        break;
                lasts += r == CT_BARRIER_LAST;
        }
        ct_add_u32_relaxed(&s->met, met);
        ct_add_u32_relaxed(&s->lasts, lasts);
        ct_add_u32_relaxed(&s->finished, 1);
}

static void pairs_in(void **state, const struct stress_placement *p)
{
        struct pairs s = {.b = CT_BARRIER_INIT(2), .n = p->threads < 3 ? 3 : p->threads};

        s.rounds = ROUNDS(80000) / s.n;
        run_contexts(state, s.n, pair_up, &s);
        assert_int_equal(ct_load_u32_relaxed(&s.met), 2 * ct_load_u32_relaxed(&s.lasts));
        assert_int_equal(ct_barrier_arrived(&s.b), 0);
        assert_null(s.b.queue.head);
}

static void more_contexts_than_parties_meet_in_groups(void **state)
{
        everywhere(state, pairs_in);
}

/*
 * The last of a round is held up on its way to the queue, at the guard, until one of the next round
 * sleeps in it. That one waits for a partner that never comes.
 */
struct late {
        struct ct_barrier b;
        ct_atomic_u32 stage; /* 1: the last may come; 2: one of the next round may */
        int next_result;
};

/* True with the guard held once somebody sleeps in the queue. */
static bool lock_with_sleeper(struct ct_barrier *b)
{
        ct_guard_lock(&b->guard);
        if (b->queue.head)
                return true;
        ct_guard_unlock(&b->guard);
        return false;
}

static void hold_up_the_last(void *shared, unsigned index)
{
        struct late *l = shared;

        switch (index) {
        case 0:
                CONTEXT_UNTIL(lock_with_sleeper(&l->b));
                ct_store_u32_release(&l->stage, 1);
                CONTEXT_UNTIL(!ct_barrier_arrived(&l->b)); /* the last has come... */
                CONTEXT_UNTIL(ct_load_u32_relaxed(&l->b.guard.word) == 2); /* ...and sleeps */
                ct_store_u32_release(&l->stage, 2);
                ct_guard_unlock(&l->b.guard);
                break;
        case 1:
                CONTEXT_CHECK(!ct_barrier_wait(&l->b));
                break;
        case 2:
                CONTEXT_UNTIL(ct_load_u32_acquire(&l->stage) >= 1);
                CONTEXT_CHECK(ct_barrier_wait(&l->b));
                break;
        default:
                CONTEXT_UNTIL(ct_load_u32_acquire(&l->stage) == 2);
                l->next_result = ct_barrier_wait_until(&l->b, ct_deadline_after(3 * CT_NS_PER_MS));
        }
}

/* For threads only: a guard that is held keeps a carrier. */
static void a_late_last_one_leaves_the_next_round_alone(void **state)
{
        (void)state;
        ct_parker_set_cpus(1); /* no spinning: who waits goes to the queue at once */
        for (int i = 0; i < 20; i++) {
                struct late l = {.b = CT_BARRIER_INIT(2)};

                contexts_run(EXEC_THREAD, 4, hold_up_the_last, &l);
                assert_int_equal(ct_load_u32_relaxed(&both_failures), 0);
                assert_int_equal(l.next_result, -ETIMEDOUT);
                assert_int_equal(ct_barrier_arrived(&l.b), 0);
        }
        ct_parker_set_cpus(usable_cpus());
}

/* ---- misuse ---- */

static void init_for_nobody(void *shared, unsigned index)
{
        struct ct_barrier b;

        (void)shared;
        (void)index;
        ct_barrier_init(&b, 0);
}

static void use_before_init(void *shared, unsigned index)
{
        struct ct_barrier b = {.parties = 0};

        (void)shared;
        (void)index;
        (void)ct_barrier_wait(&b);
}

static void a_barrier_without_parties_dies(void **state)
{
        assert_true(contexts_die(state, 1, init_for_nobody, NULL, "panic: ct_barrier 0x"));
        assert_true(contexts_die(state, 1, init_for_nobody, NULL, "init for 0 parties"));
        assert_true(contexts_die(state, 1, use_before_init, NULL, "used before init"));
}

static void fini_with_waiters(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index < 2) {
                (void)ct_barrier_wait(&s->b);
                return;
        }
        CONTEXT_UNTIL(ct_barrier_arrived(&s->b) == 2);
        ct_barrier_fini(&s->b);
}

static void use_after_fini(void *shared, unsigned index)
{
        struct ct_barrier b = CT_BARRIER_INIT(2);

        (void)index;
        ct_barrier_fini(&b);
        if (shared)
                (void)ct_barrier_wait(&b);
        else
                ct_barrier_fini(&b);
}

static void destroying_it_in_use_dies(void **state)
{
        static struct scene s = {.b = CT_BARRIER_INIT(3)};

        assert_true(contexts_die(state, 3, fini_with_waiters, &s, "fini while 2 wait"));
        assert_true(contexts_die(state, 1, use_after_fini, &s, "used after fini"));
        assert_true(contexts_die(state, 1, use_after_fini, NULL, "used after fini"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_DIE(a_barrier_without_parties_dies),
                BOTH_DIE(destroying_it_in_use_dies),
                WATCHED(a_party_of_one_never_waits),
                BOTH_WAYS(the_last_to_come_lets_all_go),
                BOTH_WAYS(threads_and_tasks_meet),
                BOTH_WAYS(who_gives_up_has_not_come),
                BOTH_WAYS(wait_until_meets_in_time),
                BOTH_WAYS(nobody_runs_ahead),
                BOTH_WAYS(nobody_runs_ahead_of_one_that_gave_up),
                BOTH_WAYS(more_contexts_than_parties_meet_in_groups),
                WATCHED(a_late_last_one_leaves_the_next_round_alone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
