/* Slots and asymmetric fences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/asymmetric.h"
#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/slot.h"

#include "stress.h"
#include "watchdog.h"

#include <pthread.h>

enum { MANY = CT_SLOTS + 8 };

/* ---- slots ---- */

struct crowd {
        pthread_barrier_t all;
        ct_atomic_u32 owners[CT_SLOTS];
        ct_atomic_u32 refused, changed;
};

static void *take_slot(void *arg)
{
        struct crowd *c = arg;
        unsigned slot = ct_slot();

        if (slot < CT_SLOTS)
                ct_add_u32_relaxed(&c->owners[slot], 1);
        else
                ct_add_u32_relaxed(&c->refused, 1);
        pthread_barrier_wait(&c->all); /* all live at once */
        if (ct_slot() != slot)
                ct_add_u32_relaxed(&c->changed, 1);
        return NULL;
}

static void run_crowd(struct crowd *c, unsigned n)
{
        pthread_t thread[MANY];

        *c = (struct crowd){0};
        pthread_barrier_init(&c->all, NULL, n);
        for (unsigned i = 0; i < n; i++)
                assert_int_equal(pthread_create(&thread[i], NULL, take_slot, c), 0);
        for (unsigned i = 0; i < n; i++)
                pthread_join(thread[i], NULL);
        pthread_barrier_destroy(&c->all);
}

static void living_threads_have_different_slots(void **state)
{
        struct crowd c;
        unsigned given = 0;

        (void)state;
        run_crowd(&c, 64);
        for (unsigned i = 0; i < CT_SLOTS; i++) {
                assert_true(ct_load_u32_relaxed(&c.owners[i]) <= 1);
                given += ct_load_u32_relaxed(&c.owners[i]);
        }
        assert_int_equal(given, 64);
        assert_int_equal(ct_load_u32_relaxed(&c.changed), 0);
        assert_true(ct_slots_used() >= 64);
}

static void slots_come_back_when_threads_end(void **state)
{
        struct crowd c;

        (void)state;
        for (int i = 0; i < 20; i++) { /* 20 x 200 threads, far more than slots */
                run_crowd(&c, 200);
                assert_int_equal(ct_load_u32_relaxed(&c.refused), 0);
        }
        assert_true(ct_slots_used() <= CT_SLOTS);
}

static void threads_beyond_the_last_slot_get_none(void **state)
{
        struct crowd c;

        (void)state;
        ct_slot(); /* this thread has one as well */
        run_crowd(&c, MANY);
        assert_int_equal(ct_load_u32_relaxed(&c.refused), MANY - (CT_SLOTS - 1));
        assert_int_equal(ct_load_u32_relaxed(&c.changed), 0);
}

/* ---- asymmetric fences ---- */

enum { MEETINGS = ROUNDS(20000) };

/* Each round both sides set their flag and look at the other's: at least one must see the other. */
struct pair {
        CT_ALIGN_PAIR ct_atomic_u32 fast, slow;
        CT_ALIGN_PAIR ct_atomic_u32 fast_round, slow_round;
        uint8_t fast_saw[MEETINGS], slow_saw[MEETINGS];
};

static void meet(ct_atomic_u32 *mine, const ct_atomic_u32 *theirs, uint32_t round)
{
        ct_store_u32_seq(mine, round);
        while (ct_load_u32_seq(theirs) < round)
                if (round % 64 == 0)
                        sched_yield();
}

static void *slow_side(void *arg)
{
        struct pair *p = arg;

        for (uint32_t i = 0; i < MEETINGS; i++) {
                meet(&p->slow_round, &p->fast_round, 3 * i + 1);
                if (ct_asymmetric_ready()) {
                        ct_store_u32_relaxed(&p->slow, 1);
                        ct_asymmetric_heavy();
                } else {
                        ct_exchange_u32_seq(&p->slow, 1);
                }
                p->slow_saw[i] = (uint8_t)ct_load_u32_seq(&p->fast);
                meet(&p->slow_round, &p->fast_round, 3 * i + 2);
                ct_store_u32_relaxed(&p->slow, 0);
                meet(&p->slow_round, &p->fast_round, 3 * i + 3);
        }
        return NULL;
}

static void fast_side(struct pair *p)
{
        for (uint32_t i = 0; i < MEETINGS; i++) {
                meet(&p->fast_round, &p->slow_round, 3 * i + 1);
                if (ct_asymmetric_ready()) {
                        ct_store_u32_relaxed(&p->fast, 1);
                        ct_asymmetric_light();
                        p->fast_saw[i] = (uint8_t)ct_load_u32_relaxed(&p->slow);
                } else {
                        ct_exchange_u32_seq(&p->fast, 1);
                        p->fast_saw[i] = (uint8_t)ct_load_u32_seq(&p->slow);
                }
                meet(&p->fast_round, &p->slow_round, 3 * i + 2);
                ct_store_u32_relaxed(&p->fast, 0);
                meet(&p->fast_round, &p->slow_round, 3 * i + 3);
        }
}

static void one_side_always_sees_the_other(void **state)
{
        static struct pair p;
        pthread_t slow;

        (void)state;
        if (!ct_asymmetric_ready())
                print_message("no membarrier here: the fallback is tested\n");
        assert_int_equal(pthread_create(&slow, NULL, slow_side, &p), 0);
        fast_side(&p);
        pthread_join(slow, NULL);
        for (int i = 0; i < MEETINGS; i++)
                assert_true(p.fast_saw[i] || p.slow_saw[i]);
}

static void heavy_fence_may_be_called_without_peers(void **state)
{
        (void)state;
        for (int i = 0; i < 100; i++)
                ct_asymmetric_heavy();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(living_threads_have_different_slots),
                WATCHED(slots_come_back_when_threads_end),
                WATCHED(threads_beyond_the_last_slot_get_none),
                WATCHED(one_side_always_sees_the_other),
                WATCHED(heavy_fence_may_be_called_without_peers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
