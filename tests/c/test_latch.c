/* ct_latch: its contract, one behaviour each; misuse in sub-processes; openings under stress. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/latch.h"

#include "both.h"

#include <errno.h>

#define WAITERS 6

static bool idle(const struct ct_latch *l)
{
        return !ct_load_u64_relaxed(&l->count.state) && !l->count.queue.head;
}

static void zero_bytes_are_an_open_latch(void **state)
{
        struct ct_latch l;

        (void)state;
        memset(&l, 0, sizeof l);
        ct_latch_wait(&l);
        assert_true(ct_latch_try_wait(&l));
        assert_true(idle(&l));
}

static void it_opens_after_its_countdowns_and_stays_open(void **state)
{
        struct ct_latch l = CT_LATCH_INIT(3);

        (void)state;
        assert_false(ct_latch_try_wait(&l));
        ct_latch_count_down(&l, 2);
        ct_latch_count_down(&l, 0);
        assert_false(ct_latch_try_wait(&l));
        ct_latch_count_down(&l, 1);
        for (int i = 0; i < 3; i++)
                assert_true(ct_latch_try_wait(&l));
        ct_latch_wait(&l);
        ct_latch_init(&l, 1);
        assert_false(ct_latch_try_wait(&l));
}

struct scene {
        struct ct_latch l;
        ct_atomic_u32 returned;
        unsigned waiters;
        unsigned work; /* plain: the countdown orders it */
        int64_t deadline, returned_at;
        int result;
};

static void wait_for_open(struct scene *s)
{
        ct_latch_wait(&s->l);
        CONTEXT_CHECK(s->work == 1);
        ct_add_u32_relaxed(&s->returned, 1);
}

/* The last context opens the latch once all others wait. */
static void open_or_wait(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index < s->waiters) {
                wait_for_open(s);
                return;
        }
        CONTEXT_UNTIL(ct_latch_waiters(&s->l) == s->waiters);
        ct_latch_count_down(&s->l, 1);
        CONTEXT_CHECK(ct_latch_waiters(&s->l) == s->waiters);
        CONTEXT_CHECK(!ct_load_u32_relaxed(&s->returned));
        s->work = 1;
        ct_latch_count_down(&s->l, 1);
}

static void opening_wakes_all(void **state)
{
        for (unsigned waiters = 1; waiters <= WAITERS; waiters++) {
                struct scene s = {.l = CT_LATCH_INIT(2), .waiters = waiters};

                run_contexts(state, waiters + 1, open_or_wait, &s);
                assert_int_equal(ct_load_u32_relaxed(&s.returned), waiters);
                assert_true(idle(&s.l));
        }
}

static void thread_side(void *shared, struct crew_member *me)
{
        open_or_wait(shared, me->index == 1 ? WAITERS : 0);
}

static void other_side(void *shared, unsigned index)
{
        (void)index;
        wait_for_open(shared);
}

static void threads_and_tasks_wait_together(void **state)
{
        struct scene s = {.l = CT_LATCH_INIT(2), .waiters = 4}; /* one thread, three others */
        struct crew c;

        crew_start(&c, 2, 0, thread_side, &s);
        run_contexts(state, 3, other_side, &s);
        crew_join(&c);
        assert_int_equal(ct_load_u32_relaxed(&s.returned), 4);
        assert_true(idle(&s.l));
}

/* ---- deadlines ---- */

static void wait_until_deadline(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 1) {
                CONTEXT_UNTIL(ct_latch_waiters(&s->l) == 1);
                ct_latch_count_down(&s->l, 1);
                return;
        }
        s->result = ct_latch_wait_until(&s->l, s->deadline);
        s->returned_at = ct_now_ns();
}

static void wait_until_the_past_only_looks(void **state)
{
        struct scene s = {.l = CT_LATCH_INIT(1), .deadline = -1};

        run_contexts(state, 1, wait_until_deadline, &s);
        assert_int_equal(s.result, -ETIMEDOUT);
        ct_latch_count_down(&s.l, 1);
        run_contexts(state, 1, wait_until_deadline, &s);
        assert_int_equal(s.result, 0);
        assert_true(idle(&s.l));
}

static void wait_until_gives_up_and_leaves_no_trace(void **state)
{
        struct scene s = {.l = CT_LATCH_INIT(1), .deadline = ct_deadline_after(5 * CT_NS_PER_MS)};

        run_contexts(state, 1, wait_until_deadline, &s);
        assert_int_equal(s.result, -ETIMEDOUT);
        assert_true(s.returned_at >= s.deadline);
        ct_latch_count_down(&s.l, 1);
        assert_true(idle(&s.l));
}

static void wait_until_sees_it_open_in_time(void **state)
{
        struct scene s = {.l = CT_LATCH_INIT(1), .deadline = ct_deadline_after(3600 * CT_NS_PER_S)};

        run_contexts(state, 2, wait_until_deadline, &s);
        assert_int_equal(s.result, 0);
        assert_true(idle(&s.l));
}

/* ---- stress ---- */

#define GATES 512

/* Every context counts every gate down, and waits for it by a way of its own; what each left in
   plain memory before it counted down must be there after the wait. */
struct gates {
        struct ct_latch gate[GATES];
        unsigned n;
        unsigned mark[GATES][CREW_MAX]; /* plain */
};

static void pass_gates(void *shared, unsigned index)
{
        struct gates *g = shared;
        struct ct_rng rng;

        ct_rng_seed(&rng, 200 + index);
        for (unsigned i = 0; i < GATES; i++) {
                g->mark[i][index] = i + 1;
                ct_latch_count_down(&g->gate[i], 1);
                if (ct_rng_next(&rng) % 2)
                        ct_latch_wait(&g->gate[i]);
                else
                        while (ct_latch_wait_until(
                                &g->gate[i], ct_now_ns() + (int64_t)(ct_rng_next(&rng) % 20000)))
                                ;
                for (unsigned k = 0; k < g->n; k++)
                        CONTEXT_CHECK(g->mark[i][k] == i + 1);
        }
}

static void gates_in(void **state, const struct stress_placement *p)
{
        static struct gates g;

        for (int round = 0; round < 4; round++) {
                g.n = p->threads;
                memset(g.mark, 0, sizeof g.mark);
                for (unsigned i = 0; i < GATES; i++)
                        ct_latch_init(&g.gate[i], g.n);
                run_contexts(state, g.n, pass_gates, &g);
                for (unsigned i = 0; i < GATES; i++)
                        assert_true(idle(&g.gate[i]));
        }
}

static void nobody_passes_before_all_have_counted(void **state)
{
        everywhere(state, gates_in);
}

/* ---- misuse ---- */

static void count_below_zero(void *shared, unsigned index)
{
        struct ct_latch l = CT_LATCH_INIT(2);

        (void)shared;
        (void)index;
        ct_latch_count_down(&l, 1);
        ct_latch_count_down(&l, 2);
}

static void init_too_large(void *shared, unsigned index)
{
        struct ct_latch l;

        (void)shared;
        (void)index;
        ct_latch_init(&l, UINT32_C(1) << 31);
}

static void counting_below_zero_dies(void **state)
{
        assert_true(contexts_die(state, 1, count_below_zero, NULL, "panic: ct_latch 0x"));
        assert_true(contexts_die(state, 1, count_below_zero, NULL, "count_down(2) below zero"));
        assert_true(contexts_die(state, 1, init_too_large, NULL, "init for 2147483648 countdowns"));
}

static void fini_with_waiters(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index < 2) {
                ct_latch_wait(&s->l);
                return;
        }
        CONTEXT_UNTIL(ct_latch_waiters(&s->l) == 2);
        ct_latch_fini(&s->l);
}

static void use_after_fini(void *shared, unsigned index)
{
        struct ct_latch l = {0};

        (void)index;
        ct_latch_fini(&l);
        if (shared)
                ct_latch_count_down(&l, 1);
        else
                ct_latch_wait(&l);
}

static void fini_again(void *shared, unsigned index)
{
        struct ct_latch l = {0};

        (void)shared;
        (void)index;
        ct_latch_fini(&l);
        ct_latch_fini(&l);
}

static void destroying_it_in_use_dies(void **state)
{
        static struct scene s = {.l = CT_LATCH_INIT(1)};

        assert_true(contexts_die(state, 3, fini_with_waiters, &s, "fini while 2 wait"));
        assert_true(contexts_die(state, 1, use_after_fini, &s, "used after fini"));
        assert_true(contexts_die(state, 1, use_after_fini, NULL, "used after fini"));
        assert_true(contexts_die(state, 1, fini_again, NULL, "fini twice"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_DIE(counting_below_zero_dies),
                BOTH_DIE(destroying_it_in_use_dies),
                WATCHED(zero_bytes_are_an_open_latch),
                WATCHED(it_opens_after_its_countdowns_and_stays_open),
                BOTH_WAYS(opening_wakes_all),
                BOTH_WAYS(threads_and_tasks_wait_together),
                BOTH_WAYS(wait_until_the_past_only_looks),
                BOTH_WAYS(wait_until_gives_up_and_leaves_no_trace),
                BOTH_WAYS(wait_until_sees_it_open_in_time),
                BOTH_WAYS(nobody_passes_before_all_have_counted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
