/* ct_semaphore under stress: the permits out never exceed the size, none is lost, and one permit
   excludes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/semaphore.h"

#include "both.h"

#include <errno.h>

#define SIZE 8

struct oracle {
        struct ct_semaphore s;
        ct_atomic_u64 out;      /* permits, by the contexts' own account */
        ct_atomic_u32 excesses; /* how often that was above the size */
        uint64_t count;         /* plain: with a size of 1 the semaphore protects it */
        unsigned n, rounds;
};

static void hold(struct oracle *o, uint64_t n)
{
        if (ct_add_u64_relaxed(&o->out, n) + n > o->s.size)
                ct_add_u32_relaxed(&o->excesses, 1);
        if (o->s.size == 1)
                o->count++;
        ct_sub_u64_relaxed(&o->out, n);
}

static void assert_sound(struct oracle *o)
{
        assert_int_equal(ct_load_u32_relaxed(&o->excesses), 0);
        assert_int_equal(ct_semaphore_free(&o->s), o->s.size);
        assert_false(ct_semaphore_waited(&o->s));
        assert_null(o->s.queue.head);
}

/* ---- one permit ---- */

static void exclude(void *shared, unsigned index)
{
        struct oracle *o = shared;

        (void)index;
        for (unsigned i = 0; i < o->rounds; i++) {
                ct_semaphore_acquire(&o->s, 1);
                hold(o, 1);
                ct_semaphore_release(&o->s, 1);
        }
}

static void exclusion_in(void **state, const struct stress_placement *p)
{
        struct oracle o = {
                .s = CT_SEMAPHORE_INIT(1), .n = p->threads, .rounds = ROUNDS(60000) / p->threads};

        run_contexts(state, p->threads, exclude, &o);
        assert_sound(&o);
        assert_int_equal(o.count, (uint64_t)o.n * o.rounds);
}

static void one_permit_excludes(void **state)
{
        everywhere(state, exclusion_in);
}

/* ---- many permits ---- */

/* All weights, all ways in; some hold on to their permits while others come. */
static void mix(void *shared, unsigned index)
{
        struct oracle *o = shared;
        struct ct_rng rng;

        ct_rng_seed(&rng, 500 + index);
        for (unsigned i = 0; i < o->rounds; i++) {
                uint64_t dice = ct_rng_next(&rng), n = 1 + dice / 64 % SIZE;
                int64_t wait = (int64_t)(dice >> 40) % 20000;
                bool in = true;

                switch (dice % 4) {
                case 0:
                        in = ct_semaphore_try_acquire(&o->s, n);
                        break;
                case 1:
                        ct_semaphore_acquire(&o->s, n);
                        break;
                default:
                        in = !ct_semaphore_acquire_until(&o->s, n, ct_now_ns() + wait);
                }
                if (!in)
                        continue;
                hold(o, n);
                if (dice / 4 % 4 == 0)
                        ct_parker_ops_self()->yield();
                if (n > 1 && dice / 16 % 2) { /* in two parts */
                        ct_semaphore_release(&o->s, n / 2);
                        n -= n / 2;
                }
                ct_semaphore_release(&o->s, n);
        }
}

static void mix_in(void **state, const struct stress_placement *p)
{
        struct oracle o = {.s = CT_SEMAPHORE_INIT(SIZE),
                           .n = p->threads,
                           .rounds = ROUNDS(40000) / p->threads};

        run_contexts(state, p->threads, mix, &o);
        assert_sound(&o);
}

static void permits_are_neither_lost_nor_made(void **state)
{
        everywhere(state, mix_in);
}

/*
 * Whoever wants everything must get it though the others never leave all permits free by
 * themselves: each of them takes its next permits before it gives back the last.
 */
struct crowd_of_small {
        struct ct_semaphore s;
        ct_atomic_u32 served; /* rounds of the large one */
        unsigned rounds;
};

static void small_or_large(void *shared, unsigned index)
{
        struct crowd_of_small *c = shared;

        if (index == 0) {
                for (unsigned i = 0; i < c->rounds; i++) {
                        ct_semaphore_acquire(&c->s, SIZE);
                        ct_semaphore_release(&c->s, SIZE);
                        ct_add_u32_relaxed(&c->served, 1);
                }
                return;
        }
        while (ct_load_u32_relaxed(&c->served) < c->rounds) {
                ct_semaphore_acquire(&c->s, 1);
                while (ct_load_u32_relaxed(&c->served) < c->rounds &&
                       ct_semaphore_try_acquire(&c->s, 1)) {
                        ct_semaphore_release(&c->s, 1);
                        ct_parker_ops_self()->yield();
                }
                ct_semaphore_release(&c->s, 1);
        }
}

static void crowd_in(void **state, const struct stress_placement *p)
{
        struct crowd_of_small c = {.s = CT_SEMAPHORE_INIT(SIZE),
                                   .rounds = ROUNDS(4000) / p->threads};

        run_contexts(state, p->threads < 4 ? 4 : p->threads, small_or_large, &c);
        assert_int_equal(ct_semaphore_free(&c.s), SIZE);
}

static void small_requests_do_not_starve_a_large_one(void **state)
{
        everywhere(state, crowd_in);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(one_permit_excludes),
                BOTH_WAYS(permits_are_neither_lost_nor_made),
                BOTH_WAYS(small_requests_do_not_starve_a_large_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
