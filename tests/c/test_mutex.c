/* ct_mutex's contract: one behaviour each; misuse in sub-processes. */
#define CT_CHECKED 1 /* the misuse cases want owners named; the fast paths are in the header */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/mutex.h"

#include "stress.h"
#include "watchdog.h"

#include <errno.h>

#define LIMIT 8 /* crew members that record their turn */

struct scene {
        struct ct_mutex m;
        ct_atomic_u32 arrived; /* members that are about to lock */
        unsigned turns;        /* guarded by m */
        unsigned order[LIMIT]; /* member index of each turn; guarded by m */
};

static void lock_and_record(void *shared, struct crew_member *me)
{
        struct scene *s = shared;

        ct_mutex_lock(&s->m);
        s->order[s->turns++] = me->index;
        ct_mutex_unlock(&s->m);
}

static bool idle(const struct ct_mutex *m)
{
        return ct_load_u32_relaxed(&m->state) == 0 && !m->queue.head && !m->queue.tail;
}

static void zero_bytes_are_unlocked(void **state)
{
        struct ct_mutex m;

        (void)state;
        memset(&m, 0, sizeof m);
        ct_mutex_lock(&m);
        ct_mutex_unlock(&m);
        assert_true(idle(&m));
}

static void try_lock_takes_a_free_mutex_only(void **state)
{
        struct ct_mutex m = {0};

        (void)state;
        assert_true(ct_mutex_try_lock(&m));
        assert_false(ct_mutex_try_lock(&m));
        ct_mutex_unlock(&m);
        assert_true(ct_mutex_try_lock(&m));
        ct_mutex_unlock(&m);
        assert_true(idle(&m));
}

static void lock_waits_for_unlock(void **state)
{
        struct scene s = {0};
        struct crew c;

        (void)state;
        ct_mutex_lock(&s.m);
        crew_start(&c, 1, 0, lock_and_record, &s);
        UNTIL(ct_mutex_waiters(&s.m) == 1);
        assert_int_equal(s.turns, 0);
        ct_mutex_unlock(&s.m);
        crew_join(&c);
        assert_int_equal(s.turns, 1);
        assert_true(idle(&s.m));
}

/* Each member queues once its predecessor has. */
static void queue_in_index_order(void *shared, struct crew_member *me)
{
        struct scene *s = shared;

        UNTIL(ct_mutex_waiters(&s->m) == me->index);
        lock_and_record(shared, me);
}

static void waiters_are_served_in_fifo_order(void **state)
{
        struct scene s = {0};
        struct crew c;

        (void)state;
        ct_mutex_lock(&s.m);
        crew_start(&c, LIMIT, 0, queue_in_index_order, &s);
        UNTIL(ct_mutex_waiters(&s.m) == LIMIT);
        ct_mutex_unlock(&s.m);
        crew_join(&c);
        for (unsigned i = 0; i < LIMIT; i++)
                assert_int_equal(s.order[i], i);
        assert_true(idle(&s.m));
}

/* The woken waiter loses to a barging owner; it must stay ahead of those that came after it, and
   must be woken again. */
static void a_waiter_that_loses_keeps_its_place(void **state)
{
        (void)state;
        for (int round = 0; round < ROUNDS(300); round++) {
                struct scene s = {0};
                struct crew c;

                ct_mutex_lock(&s.m);
                crew_start(&c, 3, usable_cpus() < 2 ? 1 : 2, queue_in_index_order, &s);
                UNTIL(ct_mutex_waiters(&s.m) == 3);
                ct_mutex_unlock(&s.m);
                if (ct_mutex_try_lock(&s.m)) { /* barged: the woken waiter goes back */
                        UNTIL(ct_mutex_waiters(&s.m) + s.turns == 3);
                        ct_mutex_unlock(&s.m);
                }
                crew_join(&c);
                for (unsigned i = 0; i < 3; i++)
                        assert_int_equal(s.order[i], i);
                assert_true(idle(&s.m));
        }
}

/* ---- deadlines ---- */

static void lock_until_in_the_past_tries_once(void **state)
{
        static const int64_t past[] = {INT64_MIN, -1, 0, 1};
        struct ct_mutex m = {0};

        (void)state;
        for (size_t i = 0; i < sizeof past / sizeof *past; i++) {
                assert_int_equal(ct_mutex_lock_until(&m, past[i]), 0);
                ct_mutex_unlock(&m);
        }
        assert_true(idle(&m));
}

struct timed {
        struct ct_mutex m;
        int64_t deadline, returned_at;
        int result;
};

static void lock_until_deadline(void *shared, struct crew_member *me)
{
        struct timed *t = shared;

        (void)me;
        t->result = ct_mutex_lock_until(&t->m, t->deadline);
        t->returned_at = ct_now_ns();
        if (!t->result)
                ct_mutex_unlock(&t->m);
}

static void lock_until_of_a_held_mutex_fails_at_once_in_the_past(void **state)
{
        struct timed t = {.deadline = 0};

        (void)state;
        ct_mutex_lock(&t.m);
        crew_run(1, 0, lock_until_deadline, &t);
        assert_int_equal(t.result, -ETIMEDOUT);
        ct_mutex_unlock(&t.m);
        assert_true(idle(&t.m));
}

static void lock_until_gives_up_at_the_deadline_and_leaves_no_trace(void **state)
{
        struct timed t = {.deadline = ct_deadline_after(5 * CT_NS_PER_MS)};

        (void)state;
        ct_mutex_lock(&t.m);
        crew_run(1, 0, lock_until_deadline, &t);
        assert_int_equal(t.result, -ETIMEDOUT);
        assert_true(t.returned_at >= t.deadline);
        assert_int_equal(ct_mutex_waiters(&t.m), 0);
        ct_mutex_unlock(&t.m);
        assert_true(idle(&t.m));
}

static void lock_until_gets_a_mutex_that_comes_free_in_time(void **state)
{
        struct timed t = {.deadline = ct_deadline_after(3600 * CT_NS_PER_S)};
        struct crew c;

        (void)state;
        ct_mutex_lock(&t.m);
        crew_start(&c, 1, 0, lock_until_deadline, &t);
        UNTIL(ct_mutex_waiters(&t.m) == 1);
        ct_mutex_unlock(&t.m);
        crew_join(&c);
        assert_int_equal(t.result, 0);
        assert_true(idle(&t.m));
}

/* ---- misuse ---- */

static void unlock_unlocked(void)
{
        struct ct_mutex m = {0};

        ct_mutex_unlock(&m);
}

static void unlock_twice(void)
{
        struct ct_mutex m = {0};

        ct_mutex_lock(&m);
        ct_mutex_unlock(&m);
        ct_mutex_unlock(&m);
}

static void unlock_unlocked_dies(void **state)
{
        (void)state;
        assert_true(dies_saying(unlock_unlocked, "panic: ct_mutex 0x"));
        assert_true(dies_saying(unlock_unlocked, "unlock of unlocked mutex"));
        assert_true(dies_saying(unlock_twice, "unlock of unlocked mutex"));
}

static void lock_twice(void)
{
        struct ct_mutex m = {0};

        pthread_setname_np(pthread_self(), "culprit");
        ct_mutex_lock(&m);
        ct_mutex_lock(&m);
}

static void lock_twice_timed(void)
{
        struct ct_mutex m = {0};

        ct_mutex_lock(&m);
        (void)ct_mutex_lock_until(&m, ct_deadline_after(CT_NS_PER_S));
}

static void checked_double_lock_names_the_owner(void **state)
{
        (void)state;
        assert_true(dies_saying(lock_twice, "locked twice by its owner, thread "));
        assert_true(dies_saying(lock_twice, "(culprit)"));
        assert_true(dies_saying(lock_twice_timed, "locked twice by its owner"));
}

static void unlock_body(void *shared, struct crew_member *me)
{
        (void)me;
        ct_mutex_unlock(shared);
}

static void unlock_foreign(void)
{
        struct ct_mutex m = {0};

        pthread_setname_np(pthread_self(), "owner");
        ct_mutex_lock(&m);
        crew_run(1, 0, unlock_body, &m);
}

static void checked_foreign_unlock_names_the_owner(void **state)
{
        (void)state;
        assert_true(dies_saying(unlock_foreign, "of a mutex owned by thread "));
        assert_true(dies_saying(unlock_foreign, "(owner)"));
}

int main(void)
{
        /* The misuse cases fork and start threads there, so no watchdog thread may run beside. */
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(unlock_unlocked_dies),
                cmocka_unit_test(checked_double_lock_names_the_owner),
                cmocka_unit_test(checked_foreign_unlock_names_the_owner),
                WATCHED(zero_bytes_are_unlocked),
                WATCHED(try_lock_takes_a_free_mutex_only),
                WATCHED(lock_waits_for_unlock),
                WATCHED(waiters_are_served_in_fifo_order),
                WATCHED(a_waiter_that_loses_keeps_its_place),
                WATCHED(lock_until_in_the_past_tries_once),
                WATCHED(lock_until_of_a_held_mutex_fails_at_once_in_the_past),
                WATCHED(lock_until_gives_up_at_the_deadline_and_leaves_no_trace),
                WATCHED(lock_until_gets_a_mutex_that_comes_free_in_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
