/* Every mutex and readers-writer lock under stress, by threads and by tasks: an oracle in plain
   memory, every way in, timed ones that race with unlocks, and starvation by counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock_kinds.h"

#include "both.h"

#include <errno.h>
#include <stdlib.h>

struct oracle {
        union any_mutex m;
        const struct mutex_kind *k;
        uint64_t count; /* plain: a second owner shows as a lost increment */
        ct_atomic_u32 inside, overlaps;
        ct_atomic_u64 expected;
        unsigned rounds, hold;
};

static void visit(struct oracle *o)
{
        if (ct_add_u32_relaxed(&o->inside, 1) != 0)
                ct_add_u32_relaxed(&o->overlaps, 1);
        o->count++;
        ct_sub_u32_relaxed(&o->inside, 1);
}

static void pause_for(int64_t ns)
{
        int64_t end = ct_now_ns() + ns;

        while (ct_now_ns() < end)
                ct_pause();
}

static void plain_body(void *shared, unsigned index)
{
        struct oracle *o = shared;

        (void)index;
        for (unsigned i = 0; i < o->rounds; i++) {
                o->k->lock(&o->m);
                visit(o);
                o->k->unlock(&o->m);
                if (i % 64 == 0)
                        ct_checkpoint();
        }
        ct_add_u64_relaxed(&o->expected, o->rounds);
}

static void mixed_body(void *shared, unsigned index)
{
        struct oracle *o = shared;
        struct ct_rng rng;
        uint64_t got = 0;

        ct_rng_seed(&rng, 1000 + index);
        for (unsigned i = 0; i < o->rounds; i++) {
                uint64_t dice = ct_rng_next(&rng);
                int64_t wait = (int64_t)(dice >> 32) % (100 * CT_NS_PER_US);
                bool in = true;

                if (dice % 4 == 0)
                        in = o->k->try_lock(&o->m);
                else if (dice % 4 == 1)
                        o->k->lock(&o->m);
                else
                        in = !o->k->lock_until(&o->m, ct_now_ns() + wait);
                if (!in)
                        continue;
                visit(o);
                if (dice / 4 % 8 == 0)
                        pause_for(wait / 2);
                if (dice / 32 % 8 == 0)
                        ct_yield(); /* the owner comes back elsewhere, and unlocks there */
                o->k->unlock(&o->m);
                got++;
        }
        ct_add_u64_relaxed(&o->expected, got);
}

static void mutex_scene(void **state, const struct stress_placement *p,
                        void (*body)(void *, unsigned), unsigned rounds)
{
        FOR_EACH_MUTEX(k)
        {
                struct oracle o = {.k = k, .rounds = rounds / p->threads};

                run_contexts(state, p->threads, body, &o);
                assert_int_equal(ct_load_u32_relaxed(&o.overlaps), 0);
                assert_int_equal(o.count, ct_load_u64_relaxed(&o.expected));
                assert_true(k->idle(&o.m));
        }
}

static void plain_scene(void **state, const struct stress_placement *p)
{
        mutex_scene(state, p, plain_body, ROUNDS(400000));
}

static void owners_exclude_each_other(void **state)
{
        everywhere(state, plain_scene);
}

static void mixed_scene(void **state, const struct stress_placement *p)
{
        mutex_scene(state, p, mixed_body, ROUNDS(20000));
}

static void every_way_in_mixes(void **state)
{
        everywhere(state, mixed_scene);
}

/* Context 0 holds the mutex nearly always, for 100 us; the others want it now and then. */
#define TURNS_MOST 20000

static void hammer_body(void *shared, unsigned index)
{
        struct oracle *o = shared;
        uint64_t turns = 0;

        if (index == 0) {
                while (ct_load_u64_relaxed(&o->expected) < 3 * o->rounds && turns < TURNS_MOST) {
                        o->k->lock(&o->m);
                        pause_for(100 * CT_NS_PER_US);
                        turns++;
                        o->k->unlock(&o->m);
                        ct_checkpoint();
                }
                CONTEXT_CHECK(turns < TURNS_MOST);
                return;
        }
        for (unsigned i = 0; i < o->rounds; i++) {
                o->k->lock(&o->m);
                visit(o);
                o->k->unlock(&o->m);
                ct_add_u64_relaxed(&o->expected, 1);
        }
}

static void hammer_scene(void **state, const struct stress_placement *p)
{
        if (p->threads > 4)
                return;
        FOR_EACH_MUTEX(k)
        {
                struct oracle o = {.k = k, .rounds = 10};

                run_contexts(state, 4, hammer_body, &o);
                assert_int_equal(o.count, 30);
                assert_true(k->idle(&o.m));
        }
}

static void nobody_starves_beside_a_hammer(void **state)
{
        everywhere(state, hammer_scene);
}

/* ---- readers and writers ---- */

struct rw_oracle {
        union any_rwlock rw;
        const struct rwlock_kind *k;
        uint64_t a, b; /* plain: writers change both, readers want them equal */
        ct_atomic_u32 readers, writers, violations;
        ct_atomic_u64 writes;
        unsigned rounds, write_per_256;
        bool timed;
};

static void check(struct rw_oracle *o, bool sound)
{
        if (!sound)
                ct_add_u32_relaxed(&o->violations, 1);
}

static bool enter(struct rw_oracle *o, bool write, uint64_t dice)
{
        int64_t deadline = ct_now_ns() + (int64_t)(dice >> 40) % 60000;

        if (o->timed && dice % 4 == 0)
                return write ? o->k->try_lock(&o->rw) : o->k->try_rlock(&o->rw);
        if (o->timed && dice % 4 != 1)
                return !(write ? o->k->lock_until(&o->rw, deadline)
                               : o->k->rlock_until(&o->rw, deadline));
        (write ? o->k->lock : o->k->rlock)(&o->rw);
        return true;
}

static void read_visit(struct rw_oracle *o, uint64_t dice)
{
        ct_add_u32_relaxed(&o->readers, 1);
        check(o, ct_load_u32_relaxed(&o->writers) == 0);
        check(o, o->a == o->b);
        if (dice / 4 % 64 == 0)
                ct_yield(); /* may leave by another slot than it came by */
        check(o, o->a == o->b);
        ct_sub_u32_relaxed(&o->readers, 1);
}

static void write_visit(struct rw_oracle *o)
{
        check(o, ct_add_u32_relaxed(&o->writers, 1) == 0);
        check(o, ct_load_u32_relaxed(&o->readers) == 0);
        o->a++;
        ct_pause();
        o->b++;
        ct_sub_u32_relaxed(&o->writers, 1);
}

static void rw_body(void *shared, unsigned index)
{
        struct rw_oracle *o = shared;
        struct ct_rng rng;
        uint64_t wrote = 0;

        ct_rng_seed(&rng, 2000 + index);
        for (unsigned i = 0; i < o->rounds; i++) {
                uint64_t dice = ct_rng_next(&rng);
                /* Phases of nothing but reads, so that a lock that changes its ways does so. */
                bool write = i / 4096 % 2 == 0 && (dice >> 16 & 255) < o->write_per_256;

                if (i % 64 == 0)
                        ct_checkpoint();
                if (!enter(o, write, dice))
                        continue;
                if (write) {
                        write_visit(o);
                        o->k->unlock(&o->rw);
                        wrote++;
                } else {
                        read_visit(o, dice);
                        o->k->runlock(&o->rw);
                }
        }
        ct_add_u64_relaxed(&o->writes, wrote);
}

static void rw_scene_with(void **state, const struct stress_placement *p, unsigned share,
                          bool timed)
{
        FOR_EACH_RWLOCK(k)
        {
                struct rw_oracle *o = calloc(1, sizeof *o);

                assert_non_null(o);
                *o = (struct rw_oracle){.k = k, .write_per_256 = share, .timed = timed};
                o->rounds = ROUNDS(timed ? 60000u : 200000u) / p->threads;
                run_contexts(state, p->threads, rw_body, o);
                assert_int_equal(ct_load_u32_relaxed(&o->violations), 0);
                assert_int_equal(o->a, ct_load_u64_relaxed(&o->writes));
                assert_int_equal(o->b, o->a);
                assert_true(k->try_lock(&o->rw)); /* nobody is left counted */
                k->unlock(&o->rw);
                free(o);
        }
}

static void rw_scene(void **state, const struct stress_placement *p)
{
        rw_scene_with(state, p, 64, false);
        rw_scene_with(state, p, 2, false);
}

static void writers_exclude_everyone(void **state)
{
        everywhere(state, rw_scene);
}

static void rw_timed_scene(void **state, const struct stress_placement *p)
{
        rw_scene_with(state, p, 64, true);
}

static void writers_exclude_everyone_with_deadlines(void **state)
{
        everywhere(state, rw_timed_scene);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(owners_exclude_each_other),
                BOTH_WAYS(every_way_in_mixes),
                BOTH_WAYS(nobody_starves_beside_a_hammer),
                BOTH_WAYS(writers_exclude_everyone),
                BOTH_WAYS(writers_exclude_everyone_with_deadlines),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
