/*
 * ct_deque: what it holds, in which order it gives it back, and that no job is lost or given twice
 * while an owner and thieves are at it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/deque.h"

#include "stress.h"
#include "watchdog.h"

static int job(void *arg, void *local)
{
        (void)arg, (void)local;
        return 0;
}

static int other_job(void *arg, void *local)
{
        (void)arg, (void)local;
        return 1;
}

static struct ct_pool_item item_of(uintptr_t n)
{
        return (struct ct_pool_item){n % 2 ? other_job : job, (void *)n};
}

static void push(struct ct_deque *d, uintptr_t n)
{
        struct ct_pool_item item = item_of(n);

        assert_true(ct_deque_push(d, &item));
}

static uintptr_t number(const struct ct_pool_item *item)
{
        uintptr_t n = (uintptr_t)item->arg;

        assert_true(item->job == item_of(n).job);
        return n;
}

static uintptr_t take(struct ct_deque *d)
{
        struct ct_pool_item item;

        assert_true(ct_deque_take(d, &item));
        return number(&item);
}

static uintptr_t steal(struct ct_deque *d)
{
        struct ct_pool_item item;

        assert_true(ct_deque_steal(d, &item));
        return number(&item);
}

static void assert_empty(struct ct_deque *d)
{
        struct ct_pool_item item;

        assert_int_equal(ct_deque_size(d), 0);
        assert_false(ct_deque_take(d, &item));
        assert_false(ct_deque_steal(d, &item));
}

static void zero_bytes_are_empty(void **state)
{
        static struct ct_deque d;

        (void)state;
        assert_empty(&d);
        push(&d, 1);
        assert_int_equal(take(&d), 1);
        assert_empty(&d);
}

static void owner_takes_the_last_thief_the_first(void **state)
{
        static struct ct_deque d;

        (void)state;
        for (uintptr_t n = 1; n <= 5; n++)
                push(&d, n);
        assert_int_equal(ct_deque_size(&d), 5);
        assert_int_equal(steal(&d), 1);
        assert_int_equal(take(&d), 5);
        assert_int_equal(steal(&d), 2);
        assert_int_equal(take(&d), 4);
        assert_int_equal(steal(&d), 3);
        assert_empty(&d);
}

static void push_all_is_taken_in_order(void **state)
{
        static struct ct_deque d;
        struct ct_pool_item item[4];

        (void)state;
        for (uintptr_t n = 0; n < 4; n++)
                item[n] = item_of(n + 1);
        assert_int_equal(ct_deque_push_all(&d, item, 4), 4);
        assert_int_equal(steal(&d), 4);
        for (uintptr_t n = 1; n <= 3; n++)
                assert_int_equal(take(&d), n);
        assert_empty(&d);
        assert_int_equal(ct_deque_push_all(&d, item, 0), 0);
        assert_empty(&d);
}

/* From every offset, so that the cells wrap round. */
static void full_is_full(void **state)
{
        static struct ct_deque d;
        struct ct_pool_item more = item_of(9), two[2] = {item_of(9), item_of(10)};

        (void)state;
        for (unsigned offset = 0; offset <= CT_DEQUE_SIZE; offset++) {
                for (uintptr_t n = 0; n < CT_DEQUE_SIZE; n++)
                        push(&d, n);
                assert_int_equal(ct_deque_size(&d), CT_DEQUE_SIZE);
                assert_false(ct_deque_push(&d, &more));
                assert_int_equal(ct_deque_push_all(&d, two, 2), 0);
                assert_int_equal(steal(&d), 0);
                assert_int_equal(ct_deque_push_all(&d, two, 2), 1);
                assert_int_equal(take(&d), 9);
                for (uintptr_t n = CT_DEQUE_SIZE - 1; n > 0; n--)
                        assert_int_equal(take(&d), n);
                assert_empty(&d);
                push(&d, 1);
                assert_int_equal(steal(&d), 1);
        }
}

/* ---- stress: an owner, and thieves ---- */

enum { JOBS = 200000 };

struct storm {
        struct ct_deque deque;
        unsigned char plain[JOBS]; /* written before the push */
        ct_atomic_u32 got[JOBS];
        ct_atomic_u32 wrong, over;
        ct_atomic_u64 all;
        unsigned jobs;
};

static void account(struct storm *s, const struct ct_pool_item *item)
{
        uintptr_t n = (uintptr_t)item->arg;

        if (n >= s->jobs || s->plain[n] != (unsigned char)(n * 7 + 1) ||
            item->job != item_of(n).job || ct_add_u32_relaxed(&s->got[n], 1))
                ct_add_u32_relaxed(&s->wrong, 1);
        else
                ct_add_u64_relaxed(&s->all, 1);
}

static void storm_own(struct storm *s, struct crew_member *me)
{
        struct ct_pool_item item;
        uintptr_t next = 0;

        while (next < s->jobs) {
                /* Often little, so that owner and thieves want the same job. */
                uint64_t burst = ct_rng_below(&me->rng, ct_rng_below(&me->rng, 8) ? 3 : 400) + 1;

                for (; burst && next < s->jobs; burst--, next++) {
                        item = item_of(next);
                        s->plain[next] = (unsigned char)(next * 7 + 1);
                        if (!ct_deque_push(&s->deque, &item))
                                break;
                }
                for (uint64_t k = ct_rng_below(&me->rng, 4); k; k--)
                        if (ct_deque_take(&s->deque, &item))
                                account(s, &item);
        }
        while (ct_deque_take(&s->deque, &item))
                account(s, &item);
        ct_store_u32_release(&s->over, 1); /* pairs with the thieves */
}

static void storm_member(void *shared, struct crew_member *me)
{
        struct storm *s = shared;
        struct ct_pool_item item;

        if (me->index == 0) {
                storm_own(s, me);
                return;
        }
        while (!ct_load_u32_acquire(&s->over)) {
                if (ct_deque_steal(&s->deque, &item))
                        account(s, &item);
                else
                        sched_yield();
        }
}

static void nothing_is_lost_nothing_comes_twice(void **state)
{
        static struct storm s;

        (void)state;
        FOR_EACH_PLACEMENT(p)
        {
                memset(&s, 0, sizeof s);
                s.jobs = ROUNDS(JOBS) / (p->threads > 4 ? 4 : 1);
                crew_run(p->threads, p->cpus, storm_member, &s);
                assert_int_equal(ct_load_u32_relaxed(&s.wrong), 0);
                assert_int_equal(ct_load_u64_relaxed(&s.all), s.jobs);
                assert_empty(&s.deque);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(zero_bytes_are_empty),
                WATCHED(owner_takes_the_last_thief_the_first),
                WATCHED(push_all_is_taken_in_order),
                WATCHED(full_is_full),
                WATCHED(nothing_is_lost_nothing_comes_twice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
