/* ct_waitgroup under stress: rounds in which everyone checks everyone's work, and deadlines that
   come with the last done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/waitgroup.h"

#include "both.h"

/*
 * Rounds of two groups in turn. Context 0 starts a round; the others work, count down and then wait
 * as well. Each leaves its round's number in plain memory, and everyone checks everyone's after the
 * wait. A group comes into use again when the round after its own is over, and that takes all of
 * its waiters.
 */
struct rounds {
        struct ct_waitgroup wg[2];
        ct_atomic_u32 started;
        unsigned n, rounds;
        unsigned mark[2][CREW_MAX]; /* plain */
};

/* Waits in one of three ways; with deadlines that come close to the end of the round. */
static void wait_somehow(struct ct_waitgroup *wg, struct ct_rng *rng)
{
        uint64_t dice = ct_rng_next(rng);

        if (dice % 3 == 0) {
                ct_waitgroup_wait(wg);
                return;
        }
        while (ct_waitgroup_wait_until(wg, ct_now_ns() + (int64_t)(dice >> 40) % 20000))
                dice = ct_rng_next(rng);
}

static void start_round(struct rounds *r, unsigned round, unsigned by)
{
        struct ct_waitgroup *wg = &r->wg[round % 2];

        for (unsigned left = r->n - 1; left; left -= by) {
                by = by < left ? by : left;
                ct_waitgroup_add(wg, (int32_t)by);
        }
        ct_store_u32_release(&r->started, round); /* pairs with the workers' loads */
}

static void play_rounds(void *shared, unsigned index)
{
        struct rounds *r = shared;
        struct ct_rng rng;

        ct_rng_seed(&rng, 100 + index);
        for (unsigned round = 1; round <= r->rounds; round++) {
                unsigned *mark = r->mark[round % 2];

                if (index == 0) {
                        start_round(r, round, round % 3 ? CREW_MAX : 1);
                } else {
                        CONTEXT_UNTIL(ct_load_u32_acquire(&r->started) == round);
                        mark[index] = round;
                        ct_waitgroup_done(&r->wg[round % 2]);
                }
                wait_somehow(&r->wg[round % 2], &rng);
                for (unsigned i = 1; i < r->n; i++)
                        CONTEXT_CHECK(mark[i] == round);
        }
}

static void rounds_in(void **state, const struct stress_placement *p)
{
        struct rounds r = {.n = p->threads, .rounds = ROUNDS(20000) / p->threads};

        run_contexts(state, p->threads, play_rounds, &r);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(ct_load_u64_relaxed(&r.wg[i].tasks.state), 0);
                assert_null(r.wg[i].tasks.queue.head);
        }
}

static void no_wait_ends_before_the_work(void **state)
{
        everywhere(state, rounds_in);
}

/*
 * One waiter whose deadline comes with the last done: it must not time out after the counter was
 * zero, or it would leave the group to a done that is still at work in it. The group is freed at
 * once, as in the usual use.
 */
static void race_deadline(void *shared, unsigned index)
{
        ct_atomic_ptr *place = shared;
        struct ct_rng rng;

        ct_rng_seed(&rng, index);
        for (unsigned i = 0; i < ROUNDS(10000); i++) {
                struct ct_waitgroup *wg;

                if (index == 0) {
                        wg = calloc(1, sizeof *wg);
                        ct_waitgroup_add(wg, 1);
                        ct_store_ptr_release(place, wg); /* pairs with the exchange below */
                        while (ct_waitgroup_wait_until(
                                wg, ct_now_ns() + (int64_t)(ct_rng_next(&rng) % 3000)))
                                ;
                        memset(wg, 0xff, sizeof *wg);
                        free(wg);
                } else {
                        int64_t until;

                        CONTEXT_UNTIL((wg = ct_exchange_ptr_acquire(place, NULL)));
                        until = ct_now_ns() + (int64_t)(ct_rng_next(&rng) % 3000);
                        while (ct_now_ns() < until)
                                ct_pause();
                        ct_waitgroup_done(wg);
                }
        }
}

static void race_in(void **state, const struct stress_placement *p)
{
        ct_atomic_ptr place = NULL;

        (void)p;
        run_contexts(state, 2, race_deadline, &place);
}

static void a_deadline_does_not_overtake_zero(void **state)
{
        everywhere(state, race_in);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(no_wait_ends_before_the_work),
                BOTH_WAYS(a_deadline_does_not_overtake_zero),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
