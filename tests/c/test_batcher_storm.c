/* ct_batcher: waits, and many contexts at once; nothing lost, nothing twice, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "batcher_scene.h"

/* ---- waiting ---- */

static bool is_full(struct scene *s)
{
        struct ct_batcher_stats st;

        ct_batcher_stats(s->b, &st);
        return st.open == 1 && st.sealed == 1;
}

/* Three add, there is room for two: the third waits until the close, or comes after it. */
static void add_until_closed(void *shared, unsigned index)
{
        struct scene *s = shared;
        uint32_t v = index;
        int r;

        if (index == 0) {
                CONTEXT_UNTIL(is_full(s) && ct_load_u32_relaxed(&s->adders) == 3);
                ct_batcher_close(s->b);
                return;
        }
        ct_add_u32_relaxed(&s->adders, 1);
        r = ct_batcher_add(s->b, &v);
        CONTEXT_CHECK(r == 0 || r == -ESHUTDOWN);
        ct_add_u32_relaxed(&s->waits, r != 0);
}

static void a_close_ends_adds_that_wait(void **state)
{
        struct scene s = {0};

        make(&s, 1, CT_FOREVER, 1);
        run_contexts(state, 4, add_until_closed, &s);
        assert_int_equal(ct_load_u32_relaxed(&s.waits), 1);
        drop(&s);
}

/* Takers wait; one batch comes, then the close: all of them end. */
static void take_until_closed(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_batch batch;
        uint32_t v = 7;

        if (index == 0) {
                CONTEXT_CHECK(ct_batcher_add(s->b, &v) == 0);
                ct_batcher_close(s->b);
                return;
        }
        while (ct_batcher_take(s->b, &batch)) {
                ct_add_u32_relaxed(&s->next, (uint32_t)batch.n);
                ct_batcher_release(s->b, &batch);
        }
}

static void every_taker_learns_of_the_end(void **state)
{
        for (int i = 0; i < 30; i++) {
                struct scene s = {0};

                make(&s, 5, CT_FOREVER, 1);
                run_contexts(state, 5, take_until_closed, &s);
                assert_int_equal(ct_load_u32_relaxed(&s.next), 1);
                drop(&s);
        }
}

/* ---- stress ---- */

enum { MANY = 3000 }; /* below FATES */

static int sink(void *arg, void *items, size_t n)
{
        struct scene *s = arg;

        CONTEXT_CHECK(n > 0 && n <= 7);
        for (size_t i = 0; i < n; i++) {
                uint32_t v = ((uint32_t *)items)[i];

                fates_use(&s->fates, v);
                if (s->producers) { /* one taker: each producer's in order; plain */
                        CONTEXT_CHECK(v / s->producers + 1 > s->last[v % s->producers]);
                        s->last[v % s->producers] = v / s->producers + 1;
                }
        }
        return 0;
}

/* 0 takes (1 too, where order is not looked at), 2 lets time pass and flushes, the others add. */
static void storm(void *shared, unsigned index)
{
        struct scene *s = shared;
        unsigned adders = s->waits; /* set before */

        if (index == 0 || (index == 1 && !s->producers)) {
                CONTEXT_CHECK(ct_batcher_run(s->b, sink, s) == 0);
                return;
        }
        if (index <= 2) {
                while (index == 2 && ct_load_u32_relaxed(&s->over) < adders) {
                        ct_timers_advance(s->clock, ct_timers_now(s->clock) + 1);
                        if (ct_timers_now(s->clock) % 16 == 0)
                                ct_batcher_flush(s->b);
                        ct_parker_ops_self()->yield();
                }
                return;
        }
        for (uint32_t v = index - 3; v < s->n; v += adders) {
                fates_make(&s->fates, v);
                CONTEXT_CHECK(ct_batcher_add(s->b, &v) == 0);
        }
        if (ct_add_u32_acq_rel(&s->over, 1) + 1 == adders)
                ct_batcher_close(s->b);
}

static void storms(void **state, const struct stress_placement *p)
{
        for (int takers = 1; takers <= 2; takers++) {
                struct scene s = {.n = ROUNDS(MANY)};
                unsigned adders = p->threads < 8 ? p->threads : 8;

                ct_store_u32_relaxed(&s.waits, adders);
                s.producers = takers == 1 ? adders : 0;
                make(&s, 7, 3, 2);
                run_contexts(state, adders + 3, storm, &s);
                assert_int_equal(fates_check(&s.fates), 0);
                assert_int_equal(fates_used(&s.fates), s.n);
                drop(&s);
        }
        assert_int_equal(ct_exchange_u32_relaxed(&both_failures, 0), 0);
}

static void a_storm_loses_nothing(void **state)
{
        everywhere(state, storms);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(a_close_ends_adds_that_wait),
                BOTH_WAYS(every_taker_learns_of_the_end),
                BOTH_WAYS(a_storm_loses_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
