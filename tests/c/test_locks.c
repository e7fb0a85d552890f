/* The mutex contract and its misuse, for every implementation, by threads and by tasks. */
#define CT_CHECKED 1 /* the misuse cases want owners named; the fast paths are in the headers */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock_kinds.h"

#include "both.h"

#include <errno.h>

#define WAITERS 6

struct scene {
        union any_mutex m;
        const struct mutex_kind *k;
        unsigned turns;          /* guarded by m */
        unsigned order[WAITERS]; /* guarded by m */
        ct_atomic_u32 step;      /* what the contexts tell each other */
        int64_t deadline;
        int result;
};

static void alone(void *shared, unsigned index)
{
        struct scene *s = shared;
        const struct mutex_kind *k = s->k;
        static const int64_t past[] = {INT64_MIN, -1, 0, 1};

        (void)index;
        k->lock(&s->m);
        CONTEXT_CHECK(!k->try_lock(&s->m));
        k->unlock(&s->m);
        CONTEXT_CHECK(k->try_lock(&s->m));
        CONTEXT_CHECK(!k->try_lock(&s->m));
        k->unlock(&s->m);
        for (size_t i = 0; i < sizeof past / sizeof *past; i++) {
                CONTEXT_CHECK(k->lock_until(&s->m, past[i]) == 0);
                k->unlock(&s->m);
        }
        k->fini(&s->m);
}

static void a_free_mutex_is_taken_at_once(void **state)
{
        FOR_EACH_MUTEX(k)
        {
                struct scene s = {.k = k};

                run_contexts(state, 1, alone, &s);
                assert_true(k->idle(&s.m));
        }
}

/* Context 0 holds it until all others sleep in the queue, each behind its predecessor. (One that is
   still awake may take the mutex past the queue.) */
static void in_line(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 0) {
                s->k->lock(&s->m);
                ct_store_u32_release(&s->step, 1); /* pairs with the waiters */
                CONTEXT_UNTIL(s->k->asleep(&s->m) == WAITERS);
                CONTEXT_CHECK(s->turns == 0);
                s->k->unlock(&s->m);
                return;
        }
        CONTEXT_UNTIL(ct_load_u32_acquire(&s->step) && s->k->waiters(&s->m) == index - 1);
        s->k->lock(&s->m);
        s->order[s->turns++] = index;
        s->k->unlock(&s->m);
}

static void waiters_are_served_in_fifo_order(void **state)
{
        FOR_EACH_MUTEX(k)
        {
                struct scene s = {.k = k};

                run_contexts(state, WAITERS + 1, in_line, &s);
                assert_int_equal(s.turns, WAITERS);
                for (unsigned i = 0; i < WAITERS; i++)
                        assert_int_equal(s.order[i], i + 1);
                assert_true(k->idle(&s.m));
        }
}

/* Context 0 holds it until context 1 has given up. */
static void too_late(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 0) {
                s->k->lock(&s->m);
                ct_store_u32_release(&s->step, 1); /* pairs with context 1 */
                CONTEXT_UNTIL(ct_load_u32_acquire(&s->step) == 2);
                CONTEXT_CHECK(s->k->waiters(&s->m) == 0);
                s->k->unlock(&s->m);
                return;
        }
        CONTEXT_UNTIL(ct_load_u32_acquire(&s->step) == 1); /* pairs with context 0 */
        CONTEXT_CHECK(s->k->lock_until(&s->m, 0) == -ETIMEDOUT);
        s->deadline = ct_deadline_after(3 * CT_NS_PER_MS);
        CONTEXT_CHECK(s->k->lock_until(&s->m, s->deadline) == -ETIMEDOUT);
        CONTEXT_CHECK(ct_now_ns() >= s->deadline);
        ct_store_u32_release(&s->step, 2);
}

static void a_timeout_leaves_no_trace(void **state)
{
        FOR_EACH_MUTEX(k)
        {
                struct scene s = {.k = k};

                run_contexts(state, 2, too_late, &s);
                assert_true(k->idle(&s.m));
        }
}

static void in_time(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 0) {
                s->k->lock(&s->m);
                ct_store_u32_release(&s->step, 1); /* pairs with context 1 */
                CONTEXT_UNTIL(s->k->waiters(&s->m) == 1);
                s->k->unlock(&s->m);
                return;
        }
        CONTEXT_UNTIL(ct_load_u32_acquire(&s->step)); /* pairs with context 0 */
        CONTEXT_CHECK(s->k->lock_until(&s->m, ct_deadline_after(3600 * CT_NS_PER_S)) == 0);
        s->k->unlock(&s->m);
}

static void a_deadline_far_off_does_not_matter(void **state)
{
        FOR_EACH_MUTEX(k)
        {
                struct scene s = {.k = k};

                run_contexts(state, 2, in_time, &s);
                assert_true(k->idle(&s.m));
        }
}

/* ---- misuse ---- */

static void unlock_unlocked(void *shared, unsigned index)
{
        struct scene *s = shared;

        (void)index;
        s->k->unlock(&s->m);
}

static void unlock_twice(void *shared, unsigned index)
{
        struct scene *s = shared;

        (void)index;
        s->k->lock(&s->m);
        s->k->unlock(&s->m);
        s->k->unlock(&s->m);
}

static void lock_twice(void *shared, unsigned index)
{
        struct scene *s = shared;

        (void)index;
        s->k->lock(&s->m);
        s->k->lock(&s->m);
}

static void unlock_foreign(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 0) {
                s->k->lock(&s->m);
                ct_store_u32_release(&s->step, 1); /* pairs with the culprit */
                CONTEXT_UNTIL(ct_load_u32_acquire(&s->step) == 2);
                return;
        }
        CONTEXT_UNTIL(ct_load_u32_acquire(&s->step)); /* pairs with the owner */
        s->k->unlock(&s->m);
}

static void destroy_locked(void *shared, unsigned index)
{
        struct scene *s = shared;

        (void)index;
        s->k->lock(&s->m);
        s->k->fini(&s->m);
}

static void destroy_awaited(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 0) {
                s->k->lock(&s->m);
                ct_store_u32_release(&s->step, 1); /* pairs with the waiter */
                CONTEXT_UNTIL(s->k->waiters(&s->m) == 1);
                s->k->fini(&s->m);
                return;
        }
        CONTEXT_UNTIL(ct_load_u32_acquire(&s->step)); /* pairs with the owner */
        s->k->lock(&s->m);
}

static void misuse_dies(void **state)
{
        const char *who = both_exec(state) == EXEC_TASK ? "task " : "thread ";

        FOR_EACH_MUTEX(k)
        {
                struct scene s = {.k = k};

                assert_true(contexts_die(state, 1, unlock_unlocked, &s, k->panics_as));
                assert_true(contexts_die(state, 1, unlock_unlocked, &s, "of unlocked mutex"));
                assert_true(contexts_die(state, 1, unlock_twice, &s, "of unlocked mutex"));
                assert_true(contexts_die(state, 1, lock_twice, &s, "locked twice by its owner, "));
                assert_true(contexts_die(state, 1, lock_twice, &s, who));
                assert_true(contexts_die(state, 2, unlock_foreign, &s, "of a mutex owned by "));
                assert_true(contexts_die(state, 2, unlock_foreign, &s, who));
                assert_true(contexts_die(state, 1, destroy_locked, &s, "destroyed while locked"));
                assert_true(contexts_die(state, 2, destroy_awaited, &s, "destroyed while 1 wait"));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_DIE(misuse_dies),
                BOTH_WAYS(a_free_mutex_is_taken_at_once),
                BOTH_WAYS(waiters_are_served_in_fifo_order),
                BOTH_WAYS(a_timeout_leaves_no_trace),
                BOTH_WAYS(a_deadline_far_off_does_not_matter),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
