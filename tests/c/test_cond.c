/* ct_cond: its contract, one behaviour each; misuse in sub-processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/cond.h"

#include "both.h"

#include <errno.h>

#define WAITERS 6

struct scene {
        struct ct_mutex m;
        struct ct_cond c;
        unsigned waiters;
        ct_atomic_u32 returned;  /* waits that have */
        unsigned turns;          /* guarded by m */
        unsigned order[WAITERS]; /* index of each wait that returned; guarded by m */
        int64_t deadline, returned_at;
        int result;
};

static bool idle(const struct scene *s)
{
        return !ct_cond_waiters(&s->c) && !s->c.queue.head && !ct_load_u32_relaxed(&s->m.state);
}

static void signals_are_not_remembered(void **state)
{
        struct scene s = {0};

        (void)state;
        memset(&s.c, 0, sizeof s.c); /* zero bytes are a valid one */
        ct_cond_signal(&s.c);
        ct_cond_broadcast(&s.c);
        ct_mutex_lock(&s.m);
        assert_int_equal(ct_cond_wait_until(&s.c, &s.m, 1), -ETIMEDOUT);
        ct_mutex_unlock(&s.m);
        assert_true(idle(&s));
}

/* Waits in the order of the indices: each once its predecessor does. */
static void wait_in_turn(struct scene *s, unsigned index)
{
        CONTEXT_UNTIL(ct_cond_waiters(&s->c) == index);
        ct_mutex_lock(&s->m);
        ct_cond_wait(&s->c, &s->m);
        CONTEXT_CHECK(!ct_mutex_try_lock(&s->m)); /* it is locked: by this context */
        s->order[s->turns++] = index;
        ct_add_u32_relaxed(&s->returned, 1);
        ct_mutex_unlock(&s->m);
}

static void signal_one_by_one(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index < s->waiters) {
                wait_in_turn(s, index);
                return;
        }
        CONTEXT_UNTIL(ct_cond_waiters(&s->c) == s->waiters);
        for (unsigned i = 0; i < s->waiters; i++) {
                if (i % 2) /* with the mutex or without */
                        ct_mutex_lock(&s->m);
                ct_cond_signal(&s->c);
                CONTEXT_CHECK(ct_cond_waiters(&s->c) == s->waiters - 1 - i);
                if (i % 2)
                        ct_mutex_unlock(&s->m);
                CONTEXT_UNTIL(ct_load_u32_relaxed(&s->returned) == i + 1);
                for (int k = 0; k < 20; k++)
                        ct_parker_ops_self()->yield(); /* time for one too many */
                CONTEXT_CHECK(ct_load_u32_relaxed(&s->returned) == i + 1);
        }
}

static void signal_wakes_one_in_fifo_order(void **state)
{
        for (unsigned waiters = 1; waiters <= WAITERS; waiters++) {
                struct scene s = {.waiters = waiters};

                run_contexts(state, waiters + 1, signal_one_by_one, &s);
                for (unsigned i = 0; i < waiters; i++)
                        assert_int_equal(s.order[i], i);
                assert_true(idle(&s));
        }
}

static void broadcast_to_all(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index < s->waiters) {
                wait_in_turn(s, index);
                return;
        }
        CONTEXT_UNTIL(ct_cond_waiters(&s->c) == s->waiters);
        ct_mutex_lock(&s->m); /* the last of them has unlocked it */
        ct_cond_broadcast(&s->c);
        CONTEXT_CHECK(!ct_cond_waiters(&s->c));
        CONTEXT_CHECK(!ct_load_u32_relaxed(&s->returned));
        ct_mutex_unlock(&s->m);
}

static void broadcast_wakes_all(void **state)
{
        for (unsigned waiters = 1; waiters <= WAITERS; waiters++) {
                struct scene s = {.waiters = waiters};

                run_contexts(state, waiters + 1, broadcast_to_all, &s);
                assert_int_equal(s.turns, waiters);
                assert_true(idle(&s));
        }
}

static void thread_side(void *shared, struct crew_member *me)
{
        broadcast_to_all(shared, 2 * me->index); /* the third broadcasts */
}

static void other_side(void *shared, unsigned index)
{
        broadcast_to_all(shared, 2 * index + 1);
}

static void threads_and_tasks_wait_together(void **state)
{
        struct scene s = {.waiters = 4};
        struct crew c;

        crew_start(&c, 3, 0, thread_side, &s);
        run_contexts(state, 2, other_side, &s);
        crew_join(&c);
        assert_int_equal(s.turns, 4);
        assert_true(idle(&s));
}

/* ---- deadlines ---- */

static void wait_until_deadline(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 1) {
                CONTEXT_UNTIL(ct_cond_waiters(&s->c) == 1);
                ct_cond_signal(&s->c);
                return;
        }
        ct_mutex_lock(&s->m);
        s->result = ct_cond_wait_until(&s->c, &s->m, s->deadline);
        s->returned_at = ct_now_ns();
        CONTEXT_CHECK(!ct_mutex_try_lock(&s->m)); /* locked again, either way */
        ct_mutex_unlock(&s->m);
}

static void wait_until_gives_up_and_leaves_no_trace(void **state)
{
        const int64_t deadlines[] = {INT64_MIN, 0, 1, ct_deadline_after(5 * CT_NS_PER_MS)};

        for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++) {
                struct scene s = {.deadline = deadlines[i]};

                run_contexts(state, 1, wait_until_deadline, &s);
                assert_int_equal(s.result, -ETIMEDOUT);
                assert_true(s.returned_at >= s.deadline);
                assert_true(idle(&s));
        }
}

static void wait_until_gets_a_signal_in_time(void **state)
{
        struct scene s = {.deadline = ct_deadline_after(3600 * CT_NS_PER_S)};

        run_contexts(state, 2, wait_until_deadline, &s);
        assert_int_equal(s.result, 0);
        assert_true(idle(&s));
}

/* ---- misuse ---- */

static void wait_without_the_mutex(void *shared, unsigned index)
{
        struct scene s = {0};

        (void)shared;
        (void)index;
        ct_cond_wait(&s.c, &s.m);
}

static void wait_with_two_mutexes(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_mutex other = {0};

        if (index) {
                CONTEXT_UNTIL(ct_cond_waiters(&s->c) == 1);
                ct_mutex_lock(&other);
                ct_cond_wait(&s->c, &other);
                return;
        }
        ct_mutex_lock(&s->m);
        ct_cond_wait(&s->c, &s->m);
}

static void waiting_with_the_wrong_mutex_dies(void **state)
{
        static struct scene s;

        assert_true(
                contexts_die(state, 1, wait_without_the_mutex, NULL, "unlock of unlocked mutex"));
        assert_true(contexts_die(state, 2, wait_with_two_mutexes, &s, "panic: ct_cond 0x"));
        assert_true(contexts_die(state, 2, wait_with_two_mutexes, &s, "while others wait with 0x"));
}

static void fini_with_waiters(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index < 2) {
                wait_in_turn(s, index);
                return;
        }
        CONTEXT_UNTIL(ct_cond_waiters(&s->c) == 2);
        ct_cond_fini(&s->c);
}

static void wait_after_fini(void *shared, unsigned index)
{
        struct scene s = {0};

        (void)shared;
        (void)index;
        ct_cond_fini(&s.c);
        ct_mutex_lock(&s.m);
        ct_cond_wait(&s.c, &s.m);
}

static void use_after_fini(void *shared, unsigned index)
{
        struct ct_cond c = {0};

        (void)index;
        ct_cond_fini(&c);
        if (shared)
                ct_cond_signal(&c);
        else
                ct_cond_fini(&c);
}

static void destroying_it_in_use_dies(void **state)
{
        static struct scene s;

        assert_true(contexts_die(state, 3, fini_with_waiters, &s, "fini while 2 wait"));
        assert_true(contexts_die(state, 1, wait_after_fini, NULL, "used after fini"));
        assert_true(contexts_die(state, 1, use_after_fini, &s, "used after fini"));
        assert_true(contexts_die(state, 1, use_after_fini, NULL, "fini twice"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_DIE(waiting_with_the_wrong_mutex_dies),
                BOTH_DIE(destroying_it_in_use_dies),
                WATCHED(signals_are_not_remembered),
                BOTH_WAYS(signal_wakes_one_in_fifo_order),
                BOTH_WAYS(broadcast_wakes_all),
                BOTH_WAYS(threads_and_tasks_wait_together),
                BOTH_WAYS(wait_until_gives_up_and_leaves_no_trace),
                BOTH_WAYS(wait_until_gets_a_signal_in_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
