/*
 * ct_injector: bound, order, shares, waiting for room, close; and that no job is lost or given
 * twice between many submitters and many takers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/injector.h"

#include "both.h"

#include <errno.h>

static int job(void *arg, void *local)
{
        (void)arg, (void)local;
        return 0;
}

static struct ct_pool_item item_of(uintptr_t n)
{
        return (struct ct_pool_item){job, (void *)n};
}

static bool push(struct ct_injector *i, uintptr_t n)
{
        struct ct_pool_item item = item_of(n);
        bool open;

        return ct_injector_push(i, &item, 1, &open) && open;
}

static void assert_taken(struct ct_injector *i, size_t most, size_t sharers, uint64_t *seen,
                         uintptr_t first, size_t n)
{
        struct ct_pool_item item[64];

        assert_int_equal(ct_injector_take(i, item, most, sharers, seen), n);
        for (size_t k = 0; k < n; k++) {
                assert_true(item[k].job == job);
                assert_int_equal((uintptr_t)item[k].arg, first + k);
        }
}

static void bound_and_order(void **state)
{
        static const size_t capacities[] = {1, 2, 3, 5, 64, 100};
        struct ct_injector i;

        (void)state;
        for (size_t c = 0; c < sizeof capacities / sizeof *capacities; c++) {
                uint64_t seen = 0;

                assert_int_equal(ct_injector_init(&i, capacities[c]), 0);
                for (unsigned round = 0; round < 5; round++) { /* wraps round */
                        for (uintptr_t n = 0; n < capacities[c]; n++)
                                assert_true(push(&i, n));
                        assert_false(push(&i, 77));
                        assert_int_equal(ct_injector_size(&i), capacities[c]);
                        for (uintptr_t n = 0; n < capacities[c]; n++)
                                assert_taken(&i, 1, 1, &seen, n, 1);
                        assert_taken(&i, 1, 1, &seen, 0, 0);
                }
                assert_int_equal(ct_injector_pushed(&i), 5 * capacities[c]);
                ct_injector_fini(&i);
        }
}

static void no_room_for_so_many(void **state)
{
        struct ct_injector i;

        (void)state;
        assert_int_equal(ct_injector_init(&i, SIZE_MAX), -EOVERFLOW);
#ifndef WATCHDOG_SANITIZED /* they end the process */
        assert_int_equal(ct_injector_init(&i, SIZE_MAX / 64), -ENOMEM);
#endif
}

static void shares(void **state)
{
        struct ct_injector i;
        uint64_t seen = 0;

        (void)state;
        assert_int_equal(ct_injector_init(&i, 64), 0);
        for (uintptr_t n = 0; n < 60; n++)
                assert_true(push(&i, n));
        assert_taken(&i, 32, 4, &seen, 0, 15);
        assert_taken(&i, 8, 1, &seen, 15, 8);
        assert_taken(&i, 64, 2, &seen, 23, 19); /* of 37 */
        assert_taken(&i, 64, 100, &seen, 42, 1);
        assert_taken(&i, 64, 0, &seen, 43, 17);
        assert_taken(&i, 64, 0, &seen, 0, 0);
        ct_injector_fini(&i);
}

static void a_batch_goes_in_as_far_as_it_fits(void **state)
{
        struct ct_pool_item item[5];
        struct ct_injector i;
        uint64_t seen = 0;
        bool open = false;

        (void)state;
        for (uintptr_t n = 0; n < 5; n++)
                item[n] = item_of(n);
        assert_int_equal(ct_injector_init(&i, 3), 0);
        assert_int_equal(ct_injector_push(&i, item, 5, &open), 3);
        assert_true(open);
        assert_taken(&i, 2, 1, &seen, 0, 2);
        assert_int_equal(ct_injector_push(&i, item + 3, 2, &open), 2);
        assert_taken(&i, 9, 1, &seen, 2, 3);
        ct_injector_close(&i);
        assert_int_equal(ct_injector_push(&i, item, 1, &open), 0);
        assert_false(open);
        assert_true(ct_injector_is_closed(&i));
        assert_int_equal(ct_injector_pushed(&i), 5);
        ct_injector_fini(&i);
}

/* ---- waiting ---- */

struct scene {
        struct ct_injector injector;
        ct_atomic_u32 in, refused;
};

static bool push_waiting(struct scene *s, uintptr_t n, int64_t deadline)
{
        struct ct_pool_item item = item_of(n);
        bool open = true, again = false;

        for (; open; again = true) {
                if (ct_injector_push(&s->injector, &item, 1, &open))
                        return true;
                if (open && ct_injector_wait(&s->injector, deadline, again))
                        return false;
        }
        return false;
}

static void until_waiting(struct scene *s, uint32_t n)
{
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->injector.waiting) == n);
}

static void takes_for_two(void *shared, unsigned self)
{
        struct scene *s = shared;
        struct ct_pool_item item;
        uint64_t seen = 0;

        if (self) {
                CONTEXT_CHECK(push_waiting(s, 7, CT_FOREVER));
                ct_add_u32_relaxed(&s->in, 1);
                return;
        }
        until_waiting(s, 2);
        CONTEXT_CHECK(ct_injector_take(&s->injector, &item, 1, 1, &seen) == 1);
        until_waiting(s, 1);
        CONTEXT_UNTIL(ct_injector_size(&s->injector));
        CONTEXT_CHECK(ct_injector_take(&s->injector, &item, 1, 1, &seen) == 1);
        until_waiting(s, 0);
}

static void a_take_lets_one_in(void **state)
{
        struct scene s = {0};

        assert_int_equal(ct_injector_init(&s.injector, 1), 0);
        assert_true(push(&s.injector, 1));
        run_contexts(state, 3, takes_for_two, &s);
        assert_int_equal(ct_load_u32_relaxed(&s.in), 2);
        assert_int_equal(ct_injector_size(&s.injector), 1);
        ct_injector_fini(&s.injector);
}

static void closes_on_two(void *shared, unsigned self)
{
        struct scene *s = shared;

        if (self) {
                CONTEXT_CHECK(!push_waiting(s, 7, CT_FOREVER));
                ct_add_u32_relaxed(&s->refused, 1);
                return;
        }
        until_waiting(s, 2);
        ct_injector_close(&s->injector);
}

static void close_calls_all_off(void **state)
{
        struct scene s = {0};

        assert_int_equal(ct_injector_init(&s.injector, 1), 0);
        assert_true(push(&s.injector, 1));
        run_contexts(state, 3, closes_on_two, &s);
        assert_int_equal(ct_load_u32_relaxed(&s.refused), 2);
        assert_int_equal(ct_load_u32_relaxed(&s.injector.waiting), 0);
        assert_int_equal(ct_injector_pushed(&s.injector), 1);
        ct_injector_fini(&s.injector);
}

static void gives_up(void *shared, unsigned self)
{
        struct scene *s = shared;

        (void)self;
        CONTEXT_CHECK(!push_waiting(s, 7, ct_deadline_after(CT_NS_PER_MS)));
        CONTEXT_CHECK(!push_waiting(s, 7, 0));
}

static void a_wait_ends_at_its_deadline(void **state)
{
        struct scene s = {0};

        assert_int_equal(ct_injector_init(&s.injector, 1), 0);
        assert_true(push(&s.injector, 1));
        run_contexts(state, 1, gives_up, &s);
        assert_int_equal(ct_load_u32_relaxed(&s.injector.waiting), 0);
        assert_int_equal(ct_injector_size(&s.injector), 1);
        ct_injector_fini(&s.injector);
}

/* ---- stress ---- */

enum { JOBS = 60000 };

struct storm {
        struct scene scene;
        unsigned char plain[JOBS];
        ct_atomic_u32 got[JOBS];
        ct_atomic_u32 wrong, next;
        ct_atomic_u64 all;
        unsigned jobs, bring;
};

static void account(struct storm *s, const struct ct_pool_item *item)
{
        uintptr_t n = (uintptr_t)item->arg;

        if (n >= s->jobs || s->plain[n] != (unsigned char)(n * 7 + 1) || item->job != job ||
            ct_add_u32_relaxed(&s->got[n], 1))
                ct_add_u32_relaxed(&s->wrong, 1);
        else
                ct_add_u64_acq_rel(&s->all, 1);
}

static void storm_bring(struct storm *s, struct ct_rng *rng)
{
        uint32_t n;

        while ((n = ct_add_u32_relaxed(&s->next, 1)) < s->jobs) {
                s->plain[n] = (unsigned char)(n * 7 + 1);
                if (ct_rng_below(rng, 4)) {
                        CONTEXT_CHECK(push_waiting(&s->scene, n, CT_FOREVER));
                        continue;
                }
                while (!push_waiting(&s->scene, n, ct_deadline_after(1000)))
                        ct_parker_ops_self()->yield();
        }
}

static void storm_take(struct storm *s, struct ct_rng *rng)
{
        struct ct_pool_item item[8];
        uint64_t seen = 0;

        while (ct_load_u64_acquire(&s->all) < s->jobs && !ct_load_u32_relaxed(&s->wrong)) {
                size_t n = ct_injector_take(&s->scene.injector, item, ct_rng_below(rng, 8) + 1,
                                            ct_rng_below(rng, 3), &seen);

                for (size_t k = 0; k < n; k++)
                        account(s, &item[k]);
                if (!n)
                        ct_parker_ops_self()->yield();
        }
}

static void storm_member(void *shared, unsigned self)
{
        struct storm *s = shared;
        struct ct_rng rng;

        ct_rng_seed(&rng, 100 + self);
        if (self < s->bring)
                storm_bring(s, &rng);
        else
                storm_take(s, &rng);
}

static void storm(void **state, const struct stress_placement *p)
{
        static const size_t capacities[] = {1, 64};
        static struct storm s;

        for (size_t c = 0; c < 2; c++) {
                memset(&s, 0, sizeof s);
                s.jobs = ROUNDS(JOBS) / (capacities[c] == 1 ? 20 : 2) / (p->threads > 4 ? 4 : 1);
                s.bring = p->threads / 2;
                assert_int_equal(ct_injector_init(&s.scene.injector, capacities[c]), 0);
                run_contexts(state, p->threads, storm_member, &s);
                assert_int_equal(ct_load_u32_relaxed(&s.wrong), 0);
                assert_int_equal(ct_load_u64_relaxed(&s.all), s.jobs);
                assert_int_equal(ct_load_u32_relaxed(&s.scene.injector.waiting), 0);
                ct_injector_fini(&s.scene.injector);
        }
}

static void nothing_is_lost_nothing_comes_twice(void **state)
{
        everywhere(state, storm);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(bound_and_order),
                WATCHED(no_room_for_so_many),
                WATCHED(shares),
                WATCHED(a_batch_goes_in_as_far_as_it_fits),
                BOTH_WAYS(a_take_lets_one_in),
                BOTH_WAYS(close_calls_all_off),
                BOTH_WAYS(a_wait_ends_at_its_deadline),
                BOTH_WAYS(nothing_is_lost_nothing_comes_twice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
