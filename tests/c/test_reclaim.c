/* Read sections and deferred frees: the contract, one behaviour each; misuse in sub-processes. */
#define CT_CHECKED 1 /* a section that ends elsewhere is to be named */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/reclaim.h"

#include "both.h"

struct object {
        struct ct_retired retired;
        ct_atomic_u32 *freed; /* counts */
};

static void free_object(struct ct_retired *r)
{
        struct object *o = (struct object *)r;

        ct_add_u32_relaxed(o->freed, 1);
        free(o);
}

static void retire_one(ct_atomic_u32 *freed)
{
        struct object *o = malloc(sizeof *o);

        if (!o)
                abort();
        o->freed = freed;
        ct_retire(&o->retired, free_object);
}

/* ---- sections ---- */

static void sections_body(void *shared, unsigned index)
{
        struct ct_reading outer, inner;

        (void)shared;
        (void)index;
        CONTEXT_CHECK(!ct_reading_here());
        outer = ct_read_begin();
        CONTEXT_CHECK(ct_reading_here());
        inner = ct_read_begin();
        ct_read_end(inner);
        CONTEXT_CHECK(ct_reading_here());
        ct_read_end(outer);
        CONTEXT_CHECK(!ct_reading_here());
        ct_synchronize(); /* nobody reads: returns */
        outer = ct_read_begin();
        ct_read_end(outer);
        ct_synchronize();
}

static void sections_nest(void **state)
{
        run_contexts(state, 1, sections_body, NULL);
}

/* ---- what is retired is freed after the sections that could hold it ---- */

static void own_section_body(void *shared, unsigned index)
{
        ct_atomic_u32 *freed = shared;
        struct ct_reading r = ct_read_begin();
        const unsigned n = 3 * CT_RETIRED_LIMIT;

        (void)index;
        for (unsigned i = 0; i < n; i++)
                retire_one(freed); /* does not wait, whatever the bound */
        CONTEXT_CHECK(ct_load_u32_relaxed(freed) == 0);
        CONTEXT_CHECK(ct_retired_count() == n);
        ct_read_end(r);
        ct_retired_drain();
        CONTEXT_CHECK(ct_load_u32_relaxed(freed) == n);
        CONTEXT_CHECK(ct_retired_count() == 0);
}

static void nothing_is_freed_inside_a_section(void **state)
{
        ct_atomic_u32 freed = 0;

        run_contexts(state, 1, own_section_body, &freed);
}

static void many_body(void *shared, unsigned index)
{
        (void)index;
        for (unsigned i = 0; i < 20 * CT_RETIRED_LIMIT; i++) {
                retire_one(shared);
                if (i % 100 == 0)
                        CONTEXT_CHECK(ct_retired_count() <= CT_RETIRED_MAX);
        }
}

static void frees_happen_without_a_drain(void **state)
{
        ct_atomic_u32 freed = 0;

        run_contexts(state, 1, many_body, &freed);
        assert_true(ct_load_u32_relaxed(&freed) >= 10 * CT_RETIRED_LIMIT);
        ct_retired_drain();
        assert_int_equal(ct_load_u32_relaxed(&freed), 20 * CT_RETIRED_LIMIT);
}

static struct object *second;

static void free_and_retire(struct ct_retired *r)
{
        struct object *o = second;

        second = NULL;
        if (o)
                ct_retire(&o->retired, free_object);
        free_object(r);
}

static void a_free_function_may_retire(void **state)
{
        ct_atomic_u32 freed = 0;
        struct object *first = malloc(sizeof *first);

        (void)state;
        second = malloc(sizeof *second);
        assert_true(first && second);
        first->freed = second->freed = &freed;
        ct_retire(&first->retired, free_and_retire);
        ct_retired_drain();
        ct_retired_drain(); /* the second one was retired after the first drain began */
        assert_int_equal(ct_load_u32_relaxed(&freed), 2);
}

/* ---- waiting for a reader ----
   The reader is an OS thread: a task that is in a section keeps its carrier. */

struct scene {
        void (*wait)(struct scene *);
        ct_atomic_u32 inside, waiting, waited, ended, freed;
        unsigned nest;
        bool slotless;
};

static void *hold_section(void *arg)
{
        struct scene *s = arg;
        struct ct_reading r[2];

        if ((ct_slot() == CT_SLOT_NONE) != s->slotless)
                abort();
        for (unsigned i = 0; i < s->nest; i++)
                r[i] = ct_read_begin();
        ct_store_u32_release(&s->inside, 1);     /* pairs with waiter_body */
        UNTIL(ct_load_u32_acquire(&s->waiting)); /* pairs with the scenes' waits */
        for (unsigned i = s->nest; i-- > 1;)
                ct_read_end(r[i]); /* the inner ones do not end it */
        for (int i = 0; i < 200; i++)
                sched_yield(); /* time to do wrong */
        ct_store_u32_relaxed(&s->ended, !ct_load_u32_relaxed(&s->waited));
        ct_read_end(r[0]);
        return NULL;
}

static void wait_by_synchronize(struct scene *s)
{
        ct_store_u32_release(&s->waiting, 1); /* pairs with hold_section */
        ct_synchronize();
}

static void wait_by_drain(struct scene *s)
{
        retire_one(&s->freed);
        ct_store_u32_release(&s->waiting, 1); /* pairs with hold_section */
        ct_retired_drain();
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->freed) == 1);
}

/* The bound is reached while the section is open, and then retiring waits. */
static void wait_by_bound(struct scene *s)
{
        for (unsigned i = 0; i < CT_RETIRED_LIMIT; i++)
                retire_one(&s->freed);
        ct_store_u32_release(&s->waiting, 1); /* pairs with hold_section */
        for (unsigned i = 0; i < 2 * CT_RETIRED_LIMIT; i++)
                retire_one(&s->freed);
        CONTEXT_CHECK(ct_retired_count() <= 3 * CT_RETIRED_LIMIT);
}

static void waiter_body(void *shared, unsigned index)
{
        struct scene *s = shared;

        (void)index;
        CONTEXT_UNTIL(ct_load_u32_acquire(&s->inside)); /* pairs with hold_section */
        CONTEXT_CHECK(!ct_load_u32_relaxed(&s->freed));
        s->wait(s);
        ct_store_u32_relaxed(&s->waited, 1);
        /* set inside the section, before its end, and only if nobody had stopped waiting then */
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->ended));
}

static void play(void **state, struct scene s)
{
        pthread_t reader;

        assert_int_equal(pthread_create(&reader, NULL, hold_section, &s), 0);
        run_contexts(state, 1, waiter_body, &s);
        pthread_join(reader, NULL);
        ct_retired_drain();
}

static void synchronize_waits_for_an_open_section(void **state)
{
        play(state, (struct scene){.wait = wait_by_synchronize, .nest = 1});
        play(state, (struct scene){.wait = wait_by_synchronize, .nest = 2});
}

static void drain_waits_for_an_open_section(void **state)
{
        play(state, (struct scene){.wait = wait_by_drain, .nest = 1});
}

static void retiring_waits_at_its_bound(void **state)
{
        play(state, (struct scene){.wait = wait_by_bound, .nest = 1});
}

/* ---- more threads than slots ---- */

struct hoard {
        ct_atomic_u32 have, done;
};

static void *hoard_slot(void *arg)
{
        struct hoard *h = arg;

        (void)ct_slot();
        ct_add_u32_relaxed(&h->have, 1);
        UNTIL(ct_load_u32_relaxed(&h->done));
        return NULL;
}

static void threads_without_a_slot_read_too(void **state)
{
        static pthread_t thread[CT_SLOTS];
        struct hoard h = {0};

        (void)ct_slot(); /* the main thread has one */
        for (unsigned i = 0; i < CT_SLOTS; i++)
                assert_int_equal(pthread_create(&thread[i], NULL, hoard_slot, &h), 0);
        UNTIL(ct_load_u32_relaxed(&h.have) == CT_SLOTS);
        play(state, (struct scene){.wait = wait_by_synchronize, .nest = 1, .slotless = true});
        play(state, (struct scene){.wait = wait_by_drain, .nest = 2, .slotless = true});
        ct_store_u32_relaxed(&h.done, 1);
        for (unsigned i = 0; i < CT_SLOTS; i++)
                pthread_join(thread[i], NULL);
}

/* ---- misuse ---- */

static void end_twice(void *shared, unsigned index)
{
        struct ct_reading r = ct_read_begin();

        (void)shared;
        (void)index;
        ct_read_end(r);
        ct_read_end(r);
}

static void synchronize_inside(void *shared, unsigned index)
{
        (void)shared;
        (void)index;
        (void)ct_read_begin();
        ct_synchronize();
}

static void drain_inside(void *shared, unsigned index)
{
        (void)shared;
        (void)index;
        (void)ct_read_begin();
        ct_retired_drain();
}

static void *end_it(void *arg)
{
        ct_read_end(*(struct ct_reading *)arg);
        return NULL;
}

static void end_elsewhere(void *shared, unsigned index)
{
        struct ct_reading r = ct_read_begin();
        pthread_t other;

        (void)shared;
        (void)index;
        if (!pthread_create(&other, NULL, end_it, &r))
                pthread_join(other, NULL);
}

static void misuse_panics(void **state)
{
        assert_true(contexts_die(state, 1, end_twice, NULL, "ended, but none is open"));
        assert_true(contexts_die(state, 1, synchronize_inside, NULL,
                                 "ct_synchronize inside of it would wait for itself"));
        assert_true(contexts_die(state, 1, drain_inside, NULL,
                                 "ct_retired_drain inside of it would wait for itself"));
        assert_true(contexts_die(state, 1, end_elsewhere, NULL, "ended on another thread"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_DIE(misuse_panics),
                BOTH_WAYS(sections_nest),
                BOTH_WAYS(nothing_is_freed_inside_a_section),
                BOTH_WAYS(frees_happen_without_a_drain),
                BOTH_WAYS(a_free_function_may_retire),
                BOTH_WAYS(synchronize_waits_for_an_open_section),
                BOTH_WAYS(drain_waits_for_an_open_section),
                BOTH_WAYS(retiring_waits_at_its_bound),
                BOTH_WAYS(threads_without_a_slot_read_too),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
