/* Read sections under stress: what a section holds is never freed, and all is freed in the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/reclaim.h"

#include "both.h"

#define ALIVE UINT64_C(0xa11fe)

struct object {
        struct ct_retired retired;
        ct_atomic_u64 alive; /* twice, as far apart as a section reads */
        ct_atomic_u64 alive_too;
        ct_atomic_u64 *freed;
};

struct world {
        ct_atomic_ptr shared;
        ct_atomic_u64 made, freed, dead_seen;
        unsigned rounds;
};

static void bury(struct ct_retired *r)
{
        struct object *o = (struct object *)r;

        ct_store_u64_relaxed(&o->alive, 0);
        ct_store_u64_relaxed(&o->alive_too, 0);
        ct_add_u64_relaxed(o->freed, 1);
        free(o);
}

static struct object *birth(struct world *w)
{
        struct object *o = malloc(sizeof *o);

        if (!o)
                abort();
        ct_store_u64_relaxed(&o->alive, ALIVE);
        ct_store_u64_relaxed(&o->alive_too, ALIVE);
        o->freed = &w->freed;
        ct_add_u64_relaxed(&w->made, 1);
        return o;
}

static void visit(struct world *w)
{
        struct ct_reading r = ct_read_begin();
        struct object *o = ct_load_ptr_acquire(&w->shared); /* pairs with replace */
        bool dead = ct_load_u64_relaxed(&o->alive) != ALIVE;

        for (int i = 0; i < 5; i++)
                ct_pause();
        dead |= ct_load_u64_relaxed(&o->alive_too) != ALIVE;
        ct_read_end(r);
        if (dead)
                ct_add_u64_relaxed(&w->dead_seen, 1);
}

static void replace(struct world *w)
{
        struct object *old = ct_exchange_ptr_acq_rel(&w->shared, birth(w)); /* pairs with visit */

        ct_retire(&old->retired, bury);
}

static void read_and_replace(void *shared, unsigned index)
{
        struct world *w = shared;
        struct ct_rng rng;

        ct_rng_seed(&rng, index);
        for (unsigned i = 0; i < w->rounds; i++) {
                uint64_t dice = ct_rng_next(&rng) % 16;

                if (dice < 3) {
                        replace(w);
                } else if (dice == 3) { /* out of a section */
                        struct ct_reading r = ct_read_begin();

                        replace(w);
                        visit(w);
                        ct_read_end(r);
                } else {
                        visit(w);
                }
                if (i % 64 == 0)
                        ct_parker_ops_self()->yield();
        }
}

static void readers_and_writers(void **state, const struct stress_placement *p)
{
        struct world w = {.rounds = ROUNDS(400000) / p->threads};

        ct_store_ptr_relaxed(&w.shared, birth(&w));
        run_contexts(state, p->threads, read_and_replace, &w);
        assert_int_equal(ct_load_u64_relaxed(&w.dead_seen), 0);
        ct_retired_drain();
        assert_int_equal(ct_load_u64_relaxed(&w.freed) + 1, ct_load_u64_relaxed(&w.made));
        free(ct_load_ptr_relaxed(&w.shared));
}

static void nobody_holds_what_is_freed(void **state)
{
        everywhere(state, readers_and_writers);
}

/* ---- the fence ----
   Objects take turns; one that is not to be found any more is marked dead once ct_synchronize has
   returned. A missing fence shows if a section's store is still on its way when its load has been
   done and the other side looks. So there are pauses between sections, in which the other side
   fetches the line that the next store then has to wait for, and pauses before the second look, in
   which the object may die. */

enum { TURNS = 64 };

struct turns {
        CT_ALIGN_PAIR ct_atomic_ptr shared;
        CT_ALIGN_PAIR struct object object[TURNS];
        CT_ALIGN_PAIR ct_atomic_u32 done;
        ct_atomic_u64 dead_seen, looks;
        unsigned rounds;
};

static void take_turns(struct turns *t)
{
        /* and until the readers have had their part of it */
        for (unsigned i = 0; i < t->rounds || ct_load_u64_relaxed(&t->looks) < t->rounds; i++) {
                struct object *old = &t->object[i % TURNS], *new = &t->object[(i + 1) % TURNS];

                ct_store_u64_relaxed(&new->alive, ALIVE);
                ct_store_ptr_release(&t->shared, new); /* pairs with look */
                ct_synchronize();
                ct_store_u64_relaxed(&old->alive, 0);
                if (i % 256 == 0)
                        ct_parker_ops_self()->yield();
        }
        ct_store_u32_release(&t->done, 1); /* pairs with turns_body */
}

static bool look(struct turns *t)
{
        struct ct_reading r = ct_read_begin();
        struct object *o = ct_load_ptr_acquire(&t->shared); /* pairs with take_turns */
        bool dead;

        for (int i = 0; i < 4; i++)
                ct_pause();
        dead = ct_load_u64_relaxed(&o->alive) != ALIVE;
        ct_read_end(r);
        for (int i = 0; i < 16; i++)
                ct_pause();
        return dead;
}

static void turns_body(void *shared, unsigned index)
{
        struct turns *t = shared;

        if (index == 0) {
                take_turns(t);
                return;
        }
        while (!ct_load_u32_acquire(&t->done)) { /* pairs with take_turns */
                for (int i = 0; i < 100; i++)
                        if (look(t))
                                ct_add_u64_relaxed(&t->dead_seen, 1);
                ct_add_u64_relaxed(&t->looks, 100);
                ct_parker_ops_self()->yield();
        }
}

static void turns(void **state, const struct stress_placement *p)
{
        static struct turns t; /* off the stack: aligned */

        memset(&t, 0, sizeof t);
        t.rounds = ROUNDS(100000) / (p->threads * p->threads);
        ct_store_u64_relaxed(&t.object[0].alive, ALIVE);
        ct_store_ptr_relaxed(&t.shared, &t.object[0]);
        run_contexts(state, p->threads, turns_body, &t);
        assert_int_equal(ct_load_u64_relaxed(&t.dead_seen), 0);
}

static void a_section_is_seen_or_sees(void **state)
{
        everywhere(state, turns);
}

/* ---- one stripe ----
   Two threads whose retired objects meet in one list; each retires what its own section still uses.
   Threads in between hold the slots in between. */

struct stripe {
        struct world w;
        ct_atomic_u32 actors, ready, done;
};

static void retire_in_use(struct world *w)
{
        struct object *new = birth(w), *old;
        struct ct_reading r = ct_read_begin();

        old = ct_exchange_ptr_acq_rel(&w->shared, new);
        ct_retire(&old->retired, bury);
        for (int i = 0; i < 8; i++)
                ct_pause();
        if (ct_load_u64_relaxed(&old->alive) != ALIVE)
                ct_add_u64_relaxed(&w->dead_seen, 1);
        ct_read_end(r);
}

static void *act_or_stay(void *arg)
{
        struct stripe *s = arg;
        bool actor = ct_slot() % CT_RETIRED_STRIPES == 1 && ct_add_u32_relaxed(&s->actors, 1) < 2;

        ct_add_u32_relaxed(&s->ready, 1);
        if (actor) {
                UNTIL(ct_load_u32_relaxed(&s->ready) == 2 * CT_RETIRED_STRIPES);
                for (unsigned i = 0; i < s->w.rounds; i++) {
                        if (i % 2)
                                replace(&s->w);
                        else
                                retire_in_use(&s->w);
                }
                ct_add_u32_release(&s->done, 1); /* pairs with those that stay */
        }
        UNTIL(ct_load_u32_acquire(&s->done) == 2); /* pairs with the actors */
        return NULL;
}

static void a_section_keeps_what_it_retired(void **state)
{
        struct stripe s = {.w = {.rounds = ROUNDS(100000)}};
        pthread_t thread[2 * CT_RETIRED_STRIPES];

        (void)state;
        (void)ct_slot(); /* 0: the main thread's */
        ct_store_ptr_relaxed(&s.w.shared, birth(&s.w));
        for (unsigned i = 0; i < 2 * CT_RETIRED_STRIPES; i++)
                assert_int_equal(pthread_create(&thread[i], NULL, act_or_stay, &s), 0);
        for (unsigned i = 0; i < 2 * CT_RETIRED_STRIPES; i++)
                pthread_join(thread[i], NULL);
        assert_int_equal(ct_load_u64_relaxed(&s.w.dead_seen), 0);
        ct_retired_drain();
        assert_int_equal(ct_load_u64_relaxed(&s.w.freed) + 1, ct_load_u64_relaxed(&s.w.made));
        free(ct_load_ptr_relaxed(&s.w.shared));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(nobody_holds_what_is_freed),
                BOTH_WAYS(a_section_is_seen_or_sees),
                WATCHED(a_section_keeps_what_it_retired),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
