/* ct_once: its contract, one behaviour each; misuse in sub-processes; stampedes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/latch.h"
#include "sync/once.h"

#include "both.h"

static void count(void *arg)
{
        ++*(unsigned *)arg;
}

static void it_runs_the_first_function_once(void **state)
{
        struct ct_once o;
        unsigned first = 0, second = 0;

        (void)state;
        memset(&o, 0, sizeof o); /* zero bytes are a valid one */
        assert_false(ct_once_done(&o));
        ct_once_do(&o, count, &first);
        assert_true(ct_once_done(&o));
        ct_once_do(&o, count, &second);
        ct_once_do(&o, count, &first);
        assert_int_equal(first, 1);
        assert_int_equal(second, 0);
}

static void call_inner(void *arg)
{
        static struct ct_once inner;

        ct_once_do(&inner, count, arg);
}

static void a_function_may_use_another_once(void **state)
{
        struct ct_once o = {0};
        unsigned calls = 0;

        (void)state;
        ct_once_do(&o, call_inner, &calls);
        assert_int_equal(calls, 1);
}

/* ---- the others wait ---- */

struct scene {
        struct ct_once o;
        struct ct_latch inside; /* opens when the function runs */
        ct_atomic_u32 calling;  /* contexts that are about to call do */
        ct_atomic_u32 returned; /* calls of do that have */
        unsigned others;
        unsigned made; /* plain: do orders it */
};

static void waits_for_the_others(void *arg)
{
        struct scene *s = arg;

        ct_latch_count_down(&s->inside, 1);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->calling) == s->others);
        for (int i = 0; i < 100; i++)
                ct_parker_ops_self()->yield(); /* time to return too early */
        CONTEXT_CHECK(!ct_load_u32_relaxed(&s->returned));
        CONTEXT_CHECK(!ct_once_done(&s->o));
        s->made = 1;
}

static void never(void *arg)
{
        (void)arg;
        CONTEXT_CHECK(!"the function of a later do");
}

static void call_late(struct scene *s)
{
        ct_latch_wait(&s->inside);
        ct_add_u32_relaxed(&s->calling, 1);
        ct_once_do(&s->o, never, NULL);
        CONTEXT_CHECK(s->made == 1);
        CONTEXT_CHECK(ct_once_done(&s->o));
        ct_add_u32_relaxed(&s->returned, 1);
}

static void run_or_call_late(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index)
                call_late(s);
        else
                ct_once_do(&s->o, waits_for_the_others, s);
}

static void all_wait_until_the_function_has_returned(void **state)
{
        for (unsigned others = 1; others < 8; others++) {
                struct scene s = {.others = others, .inside = CT_LATCH_INIT(1)};

                run_contexts(state, others + 1, run_or_call_late, &s);
                assert_int_equal(ct_load_u32_relaxed(&s.returned), others);
                assert_null(s.o.queue.head);
        }
}

static void thread_side(void *shared, struct crew_member *me)
{
        run_or_call_late(shared, me->index);
}

static void other_side(void *shared, unsigned index)
{
        (void)index;
        call_late(shared);
}

static void threads_and_tasks_wait_together(void **state)
{
        struct scene s = {.others = 5, .inside = CT_LATCH_INIT(1)};
        struct crew c;

        crew_start(&c, 3, 0, thread_side, &s); /* one runs it, two wait */
        run_contexts(state, 3, other_side, &s);
        crew_join(&c);
        assert_int_equal(ct_load_u32_relaxed(&s.returned), 5);
}

/* ---- stress ---- */

#define ONCES 4000

struct stampede {
        struct ct_once once[ONCES];
        ct_atomic_u32 calls[ONCES];
        unsigned made[ONCES];       /* plain */
        ct_atomic_u32 at[CREW_MAX]; /* how far each context is */
        unsigned n;
};

struct one {
        struct stampede *s;
        unsigned i;
};

static void make(void *arg)
{
        struct one *o = arg;

        ct_add_u32_relaxed(&o->s->calls[o->i], 1);
        if (o->i % 16 == 0)
                ct_parker_ops_self()->yield(); /* for those that must wait */
        o->s->made[o->i] = o->i + 1;
}

/* Contexts stay within two onces of each other, so that most are wanted by several at a time. */
static void run_through(void *shared, unsigned index)
{
        struct stampede *s = shared;

        for (unsigned i = 0; i < ONCES; i++) {
                struct one o = {s, i};

                ct_once_do(&s->once[i], make, &o);
                CONTEXT_CHECK(s->made[i] == i + 1);
                ct_store_u32_relaxed(&s->at[index], i + 1);
                CONTEXT_UNTIL(ct_load_u32_relaxed(&s->at[(index + 1) % s->n]) + 2 > i);
        }
}

static void stampede_in(void **state, const struct stress_placement *p)
{
        static struct stampede s;

        memset(&s, 0, sizeof s);
        s.n = p->threads;
        run_contexts(state, s.n, run_through, &s);
        for (unsigned i = 0; i < ONCES; i++) {
                assert_int_equal(ct_load_u32_relaxed(&s.calls[i]), 1);
                assert_true(ct_once_done(&s.once[i]));
                assert_null(s.once[i].queue.head);
        }
}

static void a_stampede_runs_it_once(void **state)
{
        everywhere(state, stampede_in);
}

/* ---- misuse ---- */

static void calls_itself(void *arg)
{
        ct_once_do(arg, calls_itself, arg);
}

static void recursion(void *shared, unsigned index)
{
        struct ct_once o = {0};

        (void)shared;
        (void)index;
        ct_once_do(&o, calls_itself, &o);
}

static void a_function_that_calls_its_own_do_dies(void **state)
{
        assert_true(contexts_die(state, 1, recursion, NULL, "panic: ct_once 0x"));
        assert_true(contexts_die(state, 1, recursion, NULL,
                                 "deadlock: do called by its own function, in t"));
}

static void never_returns(void *arg)
{
        struct scene *s = arg;

        ct_latch_count_down(&s->inside, 1);
        CONTEXT_UNTIL(s->made);
}

static void fini_while_it_runs(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 0) {
                ct_once_do(&s->o, never_returns, s);
        } else if (index == 1) {
                ct_latch_wait(&s->inside);
                if (s->others == 2)
                        ct_once_do(&s->o, never, NULL);
        } else {
                ct_latch_wait(&s->inside);
                if (s->others == 2)
                        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->o.state) == CT_ONCE_AWAITED_);
                ct_once_fini(&s->o);
        }
}

static void use_after_fini(void *shared, unsigned index)
{
        struct ct_once o = {0};

        (void)index;
        ct_once_fini(&o);
        if (shared)
                ct_once_do(&o, never, NULL);
        else
                ct_once_fini(&o);
}

static void destroying_it_in_use_dies(void **state)
{
        static struct scene s;

        s = (struct scene){.others = 1, .inside = CT_LATCH_INIT(1)};
        assert_true(
                contexts_die(state, 3, fini_while_it_runs, &s, "fini while its function runs\n"));
        s.others = 2;
        assert_true(contexts_die(state, 3, fini_while_it_runs, &s, "and others wait for it"));
        assert_true(contexts_die(state, 1, use_after_fini, &s, "used after fini"));
        assert_true(contexts_die(state, 1, use_after_fini, NULL, "fini twice"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(it_runs_the_first_function_once),
                WATCHED(a_function_may_use_another_once),
                BOTH_WAYS(all_wait_until_the_function_has_returned),
                BOTH_WAYS(threads_and_tasks_wait_together),
                BOTH_WAYS(a_stampede_runs_it_once),
                BOTH_DIE(a_function_that_calls_its_own_do_dies),
                BOTH_DIE(destroying_it_in_use_dies),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
