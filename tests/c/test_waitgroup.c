/* ct_waitgroup: its contract, one behaviour each; misuse in sub-processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/waitgroup.h"

#include "both.h"

#include <errno.h>

#define WAITERS 6

static bool idle(const struct ct_waitgroup *wg)
{
        return !ct_load_u64_relaxed(&wg->tasks.state) && !wg->tasks.queue.head;
}

static void zero_bytes_are_an_idle_group(void **state)
{
        struct ct_waitgroup wg;

        (void)state;
        memset(&wg, 0, sizeof wg);
        ct_waitgroup_wait(&wg);
        assert_true(ct_waitgroup_try_wait(&wg));
        assert_int_equal(ct_waitgroup_wait_until(&wg, INT64_MIN), 0);
        ct_waitgroup_add(&wg, 0);
        assert_true(idle(&wg));
}

static void add_and_done_count(void **state)
{
        struct ct_waitgroup wg = {0};

        (void)state;
        ct_waitgroup_add(&wg, 1000);
        ct_waitgroup_add(&wg, -998);
        assert_false(ct_waitgroup_try_wait(&wg));
        ct_waitgroup_done(&wg);
        assert_false(ct_waitgroup_try_wait(&wg));
        ct_waitgroup_done(&wg);
        assert_true(ct_waitgroup_try_wait(&wg));
        assert_true(idle(&wg));
}

/* ---- one waits, one works ---- */

struct scene {
        struct ct_waitgroup wg;
        ct_atomic_u32 returned; /* waits that have */
        unsigned work;          /* plain: the done orders it */
        unsigned waiters;
        int64_t deadline, returned_at;
        int result;
};

static void wait_for_zero(struct scene *s)
{
        ct_waitgroup_wait(&s->wg);
        CONTEXT_CHECK(s->work == 1);
        ct_add_u32_relaxed(&s->returned, 1);
}

/* The last context works once all others wait. */
static void work_or_wait(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index < s->waiters) {
                wait_for_zero(s);
                return;
        }
        CONTEXT_UNTIL(ct_waitgroup_waiters(&s->wg) == s->waiters);
        ct_waitgroup_done(&s->wg);
        ct_waitgroup_add(&s->wg, 5);
        ct_waitgroup_add(&s->wg, -5);
        CONTEXT_CHECK(!ct_load_u32_relaxed(&s->returned));
        CONTEXT_CHECK(ct_waitgroup_waiters(&s->wg) == s->waiters);
        s->work = 1;
        ct_waitgroup_done(&s->wg);
}

static void the_last_done_wakes_all_waiters(void **state)
{
        for (unsigned waiters = 1; waiters <= WAITERS; waiters++) {
                struct scene s = {.waiters = waiters};

                ct_waitgroup_add(&s.wg, 2);
                run_contexts(state, waiters + 1, work_or_wait, &s);
                assert_int_equal(ct_load_u32_relaxed(&s.returned), waiters);
                assert_true(idle(&s.wg));
        }
}

/* As in the usual use: the group is gone as soon as wait has returned. */
static void wait_and_free(void *shared, unsigned index)
{
        ct_atomic_ptr *place = shared;

        for (unsigned i = 0; i < ROUNDS(3000); i++) {
                if (index == 0) {
                        struct ct_waitgroup *wg = calloc(1, sizeof *wg);

                        ct_waitgroup_add(wg, 1);
                        ct_store_ptr_release(place, wg); /* pairs with the exchange below */
                        ct_waitgroup_wait(wg);
                        memset(wg, 0xff, sizeof *wg);
                        free(wg);
                } else {
                        struct ct_waitgroup *wg;

                        CONTEXT_UNTIL((wg = ct_exchange_ptr_acquire(place, NULL)));
                        ct_waitgroup_done(wg);
                }
        }
}

static void the_group_may_go_when_wait_has_returned(void **state)
{
        ct_atomic_ptr place = NULL;

        run_contexts(state, 2, wait_and_free, &place);
}

/* Threads wait and tasks work, or the other way round. */
static void thread_side(void *shared, struct crew_member *me)
{
        work_or_wait(shared, me->index == 1 ? WAITERS : 0);
}

static void other_side(void *shared, unsigned index)
{
        (void)index;
        wait_for_zero(shared);
}

static void threads_and_tasks_wait_together(void **state)
{
        struct scene s = {.waiters = 4}; /* one thread and three of the test's kind */
        struct crew c;

        ct_waitgroup_add(&s.wg, 2);
        crew_start(&c, 2, 0, thread_side, &s);
        run_contexts(state, 3, other_side, &s);
        crew_join(&c);
        assert_int_equal(ct_load_u32_relaxed(&s.returned), 4);
        assert_true(idle(&s.wg));
}

/* ---- deadlines ---- */

static void wait_until_deadline(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 1) {
                CONTEXT_UNTIL(ct_waitgroup_waiters(&s->wg) == 1);
                ct_waitgroup_done(&s->wg);
                return;
        }
        s->result = ct_waitgroup_wait_until(&s->wg, s->deadline);
        s->returned_at = ct_now_ns();
}

static void wait_until_the_past_only_looks(void **state)
{
        struct scene s = {.deadline = 1};

        ct_waitgroup_add(&s.wg, 1);
        run_contexts(state, 1, wait_until_deadline, &s);
        assert_int_equal(s.result, -ETIMEDOUT);
        ct_waitgroup_done(&s.wg);
        run_contexts(state, 1, wait_until_deadline, &s);
        assert_int_equal(s.result, 0);
        assert_true(idle(&s.wg));
}

static void wait_until_gives_up_and_leaves_no_trace(void **state)
{
        struct scene s = {.deadline = ct_deadline_after(5 * CT_NS_PER_MS)};

        ct_waitgroup_add(&s.wg, 1);
        run_contexts(state, 1, wait_until_deadline, &s);
        assert_int_equal(s.result, -ETIMEDOUT);
        assert_true(s.returned_at >= s.deadline);
        assert_int_equal(ct_waitgroup_waiters(&s.wg), 0);
        ct_waitgroup_done(&s.wg);
        assert_true(idle(&s.wg));
}

static void wait_until_sees_a_zero_in_time(void **state)
{
        struct scene s = {.deadline = ct_deadline_after(3600 * CT_NS_PER_S)};

        ct_waitgroup_add(&s.wg, 1);
        run_contexts(state, 2, wait_until_deadline, &s);
        assert_int_equal(s.result, 0);
        assert_true(idle(&s.wg));
}

/* ---- misuse ---- */

static void too_many_dones(void *shared, unsigned index)
{
        struct ct_waitgroup wg = {0};

        (void)shared;
        (void)index;
        ct_waitgroup_add(&wg, 2);
        ct_waitgroup_add(&wg, -3);
}

static void a_counter_below_zero_dies(void **state)
{
        assert_true(contexts_die(state, 1, too_many_dones, NULL, "panic: ct_waitgroup 0x"));
        assert_true(contexts_die(state, 1, too_many_dones, NULL, "add(-3) makes the counter -1"));
}

/* The release of a waiter is held up at the guard; the counter is zero, and the waiter there. */
static void add_during_release(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 0) {
                ct_waitgroup_wait(&s->wg);
        } else if (index == 1) {
                CONTEXT_UNTIL(ct_waitgroup_waiters(&s->wg) == 1);
                ct_guard_lock(&s->wg.tasks.guard);
                ct_store_u32_release(&s->returned, 1); /* go on */
                CONTEXT_UNTIL(ct_countdown_count_(ct_load_u64_relaxed(&s->wg.tasks.state)) == 0);
                ct_waitgroup_add(&s->wg, 1);
        } else {
                CONTEXT_UNTIL(ct_load_u32_acquire(&s->returned));
                ct_waitgroup_done(&s->wg);
        }
}

static void add_at_zero_with_a_waiter_dies(void **state)
{
        static struct scene s;

        if (both_exec(state) == EXEC_TASK && usable_cpus() < 2) {
                print_message("SKIPPED: the guard would keep the only carrier\n");
                return;
        }
        s = (struct scene){0};
        ct_waitgroup_add(&s.wg, 1);
        assert_true(contexts_die(state, 3, add_during_release, &s,
                                 "ct_waitgroup 0x")); /* named, and: */
        assert_true(
                contexts_die(state, 3, add_during_release, &s, "add at zero concurrent with wait"));
}

static void fini_with_waiter(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 0) {
                ct_waitgroup_wait(&s->wg);
                return;
        }
        CONTEXT_UNTIL(ct_waitgroup_waiters(&s->wg) == 1);
        ct_waitgroup_fini(&s->wg);
}

static void use_after_fini(void *shared, unsigned index)
{
        struct ct_waitgroup wg = {0};

        (void)index;
        ct_waitgroup_fini(&wg);
        if (shared)
                ct_waitgroup_add(&wg, 1);
        else
                ct_waitgroup_wait(&wg);
}

static void fini_again(void *shared, unsigned index)
{
        struct ct_waitgroup wg = {0};

        (void)shared;
        (void)index;
        ct_waitgroup_fini(&wg);
        ct_waitgroup_fini(&wg);
}

static void destroying_it_in_use_dies(void **state)
{
        static struct scene s;

        s = (struct scene){0};
        ct_waitgroup_add(&s.wg, 1);
        assert_true(contexts_die(state, 2, fini_with_waiter, &s, "fini while 1 wait"));
        assert_true(contexts_die(state, 1, use_after_fini, &s, "used after fini"));
        assert_true(contexts_die(state, 1, use_after_fini, NULL, "used after fini"));
        assert_true(contexts_die(state, 1, fini_again, NULL, "fini twice"));
}

static void fini_of_an_idle_group_is_fine(void **state)
{
        struct ct_waitgroup wg = {0};

        (void)state;
        ct_waitgroup_add(&wg, 1);
        ct_waitgroup_done(&wg);
        ct_waitgroup_fini(&wg);
        wg = (struct ct_waitgroup){0}; /* usable again */
        ct_waitgroup_wait(&wg);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_DIE(a_counter_below_zero_dies),
                BOTH_DIE(add_at_zero_with_a_waiter_dies),
                BOTH_DIE(destroying_it_in_use_dies),
                WATCHED(zero_bytes_are_an_idle_group),
                WATCHED(add_and_done_count),
                WATCHED(fini_of_an_idle_group_is_fine),
                BOTH_WAYS(the_last_done_wakes_all_waiters),
                BOTH_WAYS(the_group_may_go_when_wait_has_returned),
                BOTH_WAYS(threads_and_tasks_wait_together),
                BOTH_WAYS(wait_until_the_past_only_looks),
                BOTH_WAYS(wait_until_gives_up_and_leaves_no_trace),
                BOTH_WAYS(wait_until_sees_a_zero_in_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
