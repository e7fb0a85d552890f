/* ct_semaphore: its contract, one behaviour each; test_semaphore_misuse.c and
   test_semaphore_stress.c have the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/semaphore.h"

#include "both.h"

#include <errno.h>

#define WAITERS 6

static bool idle(const struct ct_semaphore *s)
{
        return ct_semaphore_free(s) == s->size && !ct_semaphore_waited(s) && !s->queue.head;
}

static void permits_are_counted(void **state)
{
        struct ct_semaphore s = CT_SEMAPHORE_INIT(10);

        (void)state;
        ct_semaphore_acquire(&s, 3);
        assert_int_equal(ct_semaphore_free(&s), 7);
        assert_false(ct_semaphore_try_acquire(&s, 8));
        assert_true(ct_semaphore_try_acquire(&s, 7));
        assert_false(ct_semaphore_try_acquire(&s, 1));
        assert_true(ct_semaphore_try_acquire(&s, 0)); /* nothing is always there */
        ct_semaphore_release(&s, 0);
        ct_semaphore_release(&s, 10);
        assert_true(idle(&s));
}

static void sizes_up_to_2_to_62(void **state)
{
        struct ct_semaphore s;

        (void)state;
        ct_semaphore_init(&s, CT_SEMAPHORE_MOST_);
        assert_true(ct_semaphore_try_acquire(&s, CT_SEMAPHORE_MOST_));
        assert_false(ct_semaphore_try_acquire(&s, 1));
        assert_false(ct_semaphore_try_acquire(&s, UINT64_MAX));
        ct_semaphore_release(&s, CT_SEMAPHORE_MOST_);
        assert_true(idle(&s));
}

/* ---- waiting ---- */

struct scene {
        struct ct_semaphore s;
        uint64_t weight[WAITERS]; /* what each waiter wants */
        unsigned waiters;
        ct_atomic_u32 got;
        ct_atomic_u32 order[WAITERS]; /* index of each waiter that got its permits */
        int64_t deadline, returned_at;
        int result;
};

/* Waits in the order of the indices, and keeps what it gets. */
static void acquire_in_turn(struct scene *s, unsigned index)
{
        CONTEXT_UNTIL(ct_semaphore_waiters(&s->s) == index);
        ct_semaphore_acquire(&s->s, s->weight[index]);
        ct_store_u32_relaxed(&s->order[ct_add_u32_relaxed(&s->got, 1)], index);
}

/* Gives permits back one by one; each must go to the waiter whose turn it is, when it has enough.
 */
static void give_one_by_one(struct scene *s)
{
        uint32_t got = 0;
        uint64_t out = 0;

        CONTEXT_UNTIL(ct_semaphore_waiters(&s->s) == s->waiters);
        while (got < s->waiters) {
                CONTEXT_CHECK(!ct_semaphore_try_acquire(&s->s, 1)); /* nobody passes the queue */
                ct_semaphore_release(&s->s, 1);
                if (++out == s->weight[got]) {
                        got++;
                        out = 0;
                        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->got) == got);
                }
                CONTEXT_CHECK(ct_semaphore_waiters(&s->s) == s->waiters - got);
        }
}

static void give_or_wait(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index < s->waiters)
                acquire_in_turn(s, index);
        else
                give_one_by_one(s);
}

static void waiters_are_served_in_fifo_order(void **state)
{
        struct scene s = {.s = CT_SEMAPHORE_INIT(40), .waiters = WAITERS};

        for (unsigned i = 0; i < WAITERS; i++) /* large ones in front of small ones, and behind */
                s.weight[i] = i % 2 ? 1 : 10 - i;
        ct_semaphore_acquire(&s.s, 40);
        run_contexts(state, WAITERS + 1, give_or_wait, &s);
        for (unsigned i = 0; i < WAITERS; i++)
                assert_int_equal(ct_load_u32_relaxed(&s.order[i]), i);
        assert_false(ct_semaphore_waited(&s.s));
}

static void thread_side(void *shared, struct crew_member *me)
{
        give_or_wait(shared, 2 * me->index);
}

static void other_side(void *shared, unsigned index)
{
        give_or_wait(shared, 2 * index + 1);
}

static void threads_and_tasks_wait_in_one_queue(void **state)
{
        struct scene s = {.s = CT_SEMAPHORE_INIT(40), .waiters = 5, .weight = {3, 1, 4, 1, 5}};
        struct crew c;

        ct_semaphore_acquire(&s.s, 40);
        crew_start(&c, 3, 0, thread_side, &s);
        run_contexts(state, 3, other_side, &s);
        crew_join(&c);
        for (unsigned i = 0; i < 5; i++)
                assert_int_equal(ct_load_u32_relaxed(&s.order[i]), i);
}

static void give_all_at_once(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index < s->waiters) {
                acquire_in_turn(s, index);
                return;
        }
        CONTEXT_UNTIL(ct_semaphore_waiters(&s->s) == s->waiters);
        ct_semaphore_release(&s->s, 6);
        CONTEXT_CHECK(ct_semaphore_waiters(&s->s) == 1); /* 1 + 2 + 3; the 4 must wait */
        CONTEXT_CHECK(ct_semaphore_free(&s->s) == 0);
        ct_semaphore_release(&s->s, 4);
}

static void one_release_serves_all_that_fit(void **state)
{
        struct scene s = {.s = CT_SEMAPHORE_INIT(10), .waiters = 4, .weight = {1, 2, 3, 4}};

        ct_semaphore_acquire(&s.s, 10);
        run_contexts(state, 5, give_all_at_once, &s);
        assert_int_equal(ct_load_u32_relaxed(&s.got), 4);
}

/* A large request waits while small permits come and go. */
static void small_and_large(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 0) {
                ct_semaphore_acquire(&s->s, 4);
                ct_store_u32_relaxed(&s->got, 1);
                ct_semaphore_release(&s->s, 4);
        } else if (index == 1) { /* 2 of 4 are free, and not to be had */
                CONTEXT_UNTIL(ct_semaphore_waiters(&s->s) == 1);
                CONTEXT_CHECK(!ct_semaphore_try_acquire(&s->s, 1));
                CONTEXT_CHECK(!ct_semaphore_try_acquire(&s->s, 0));
                ct_semaphore_acquire(&s->s, 1);
                CONTEXT_CHECK(ct_load_u32_relaxed(&s->got));
                ct_semaphore_release(&s->s, 1);
        } else {
                CONTEXT_UNTIL(ct_semaphore_waiters(&s->s) == 2);
                CONTEXT_CHECK(!ct_load_u32_relaxed(&s->got));
                ct_semaphore_release(&s->s, 2);
        }
}

static void small_requests_do_not_pass_a_large_one(void **state)
{
        struct scene s = {.s = CT_SEMAPHORE_INIT(4)};

        ct_semaphore_acquire(&s.s, 2);
        run_contexts(state, 3, small_and_large, &s);
        assert_true(idle(&s.s));
}

/* ---- deadlines ---- */

static void acquire_until_deadline(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 1) {
                CONTEXT_UNTIL(ct_semaphore_waiters(&s->s) == 1);
                ct_semaphore_release(&s->s, 3);
                return;
        }
        s->result = ct_semaphore_acquire_until(&s->s, s->weight[0], s->deadline);
        s->returned_at = ct_now_ns();
}

static void acquire_until_the_past_tries_once(void **state)
{
        static const int64_t past[] = {INT64_MIN, -1, 0, 1};

        for (size_t i = 0; i < sizeof past / sizeof *past; i++) {
                struct scene s = {.s = CT_SEMAPHORE_INIT(3), .weight = {2}, .deadline = past[i]};

                run_contexts(state, 1, acquire_until_deadline, &s);
                assert_int_equal(s.result, 0);
                run_contexts(state, 1, acquire_until_deadline, &s);
                assert_int_equal(s.result, -ETIMEDOUT);
                ct_semaphore_release(&s.s, 2);
                assert_true(idle(&s.s));
        }
}

static void acquire_until_gives_up_and_leaves_no_trace(void **state)
{
        struct scene s = {.s = CT_SEMAPHORE_INIT(3),
                          .weight = {2},
                          .deadline = ct_deadline_after(5 * CT_NS_PER_MS)};

        ct_semaphore_acquire(&s.s, 3);
        run_contexts(state, 1, acquire_until_deadline, &s);
        assert_int_equal(s.result, -ETIMEDOUT);
        assert_true(s.returned_at >= s.deadline);
        assert_false(ct_semaphore_waited(&s.s));
        ct_semaphore_release(&s.s, 3);
        assert_true(idle(&s.s));
}

static void acquire_until_gets_permits_in_time(void **state)
{
        struct scene s = {.s = CT_SEMAPHORE_INIT(3),
                          .weight = {2},
                          .deadline = ct_deadline_after(3600 * CT_NS_PER_S)};

        ct_semaphore_acquire(&s.s, 3);
        run_contexts(state, 2, acquire_until_deadline, &s);
        assert_int_equal(s.result, 0);
        ct_semaphore_release(&s.s, 2);
        assert_true(idle(&s.s));
}

/* The head wants more than is free and gives up; what is free is enough for those behind it. */
static void head_gives_up(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 0) {
                s->result = ct_semaphore_acquire_until(&s->s, 4, s->deadline);
        } else {
                CONTEXT_UNTIL(ct_semaphore_waiters(&s->s) >= 1 ||
                              ct_now_ns() > s->deadline); /* came too late: nothing to see */
                ct_semaphore_acquire(&s->s, 1);
        }
}

static void a_head_that_gives_up_lets_the_others_go(void **state)
{
        struct scene s = {.s = CT_SEMAPHORE_INIT(4)};

        ct_semaphore_acquire(&s.s, 2);
        s.deadline = ct_deadline_after(20 * CT_NS_PER_MS);
        run_contexts(state, 3, head_gives_up, &s);
        assert_int_equal(s.result, -ETIMEDOUT);
        assert_int_equal(ct_semaphore_free(&s.s), 0);
        assert_false(ct_semaphore_waited(&s.s));
}

/* It waits in vain, and in nobody's way. */
static void want_too_much(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 0) {
                s->result = ct_semaphore_acquire_until(&s->s, 4, s->deadline);
                s->returned_at = ct_now_ns();
                ct_store_u32_relaxed(&s->got, 1);
        }
        while (index && !ct_load_u32_relaxed(&s->got)) {
                ct_semaphore_acquire(&s->s, 3);
                CONTEXT_CHECK(!ct_semaphore_waited(&s->s));
                ct_semaphore_release(&s->s, 3);
                ct_parker_ops_self()->yield();
        }
}

static void a_request_that_never_fits_waits_for_its_deadline(void **state)
{
        struct scene s = {.s = CT_SEMAPHORE_INIT(3),
                          .deadline = ct_deadline_after(10 * CT_NS_PER_MS)};

        assert_false(ct_semaphore_try_acquire(&s.s, 4));
        run_contexts(state, 2, want_too_much, &s);
        assert_int_equal(s.result, -ETIMEDOUT);
        assert_true(s.returned_at >= s.deadline);
        assert_true(idle(&s.s));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(permits_are_counted),
                WATCHED(sizes_up_to_2_to_62),
                BOTH_WAYS(waiters_are_served_in_fifo_order),
                BOTH_WAYS(threads_and_tasks_wait_in_one_queue),
                BOTH_WAYS(one_release_serves_all_that_fit),
                BOTH_WAYS(small_requests_do_not_pass_a_large_one),
                BOTH_WAYS(acquire_until_the_past_tries_once),
                BOTH_WAYS(acquire_until_gives_up_and_leaves_no_trace),
                BOTH_WAYS(acquire_until_gets_permits_in_time),
                BOTH_WAYS(a_head_that_gives_up_lets_the_others_go),
                BOTH_WAYS(a_request_that_never_fits_waits_for_its_deadline),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
