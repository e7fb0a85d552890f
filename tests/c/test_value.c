/* ct_value: its contract, one behaviour each; misuse in sub-processes; stress with an oracle. */
#define CT_CHECKED 1 /* a get outside of a section is to be named */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/value.h"

#include "both.h"

#include <errno.h>

static ct_atomic_u64 drops;

static void count_drop(void *bytes)
{
        (void)bytes;
        ct_add_u64_relaxed(&drops, 1);
}

static uint64_t current(struct ct_value *v)
{
        uint64_t n;

        return ct_value_load(v, &n, sizeof n) == sizeof n ? n : UINT64_MAX;
}

static int store(struct ct_value *v, uint64_t n)
{
        return ct_value_store(v, &n, sizeof n);
}

static void an_empty_value_has_nothing(void **state)
{
        struct ct_value v;
        struct ct_reading r;
        uint64_t untouched = 17;

        (void)state;
        memset(&v, 0, sizeof v); /* zero bytes are a valid one */
        r = ct_read_begin();
        assert_null(ct_value_get(&v));
        ct_read_end(r);
        assert_int_equal(ct_value_load(&v, &untouched, sizeof untouched), 0);
        assert_int_equal(untouched, 17);
        ct_value_fini(&v);
}

static void a_store_replaces_the_value(void **state)
{
        struct ct_value v = {0};
        struct ct_reading r;
        const uint64_t *old;

        (void)state;
        assert_int_equal(store(&v, 1), 0);
        r = ct_read_begin();
        old = ct_value_get(&v);
        assert_int_equal(*old, 1);
        assert_int_equal(store(&v, 2), 0);
        assert_int_equal(*old, 1); /* the section keeps what it found */
        assert_int_equal(*(const uint64_t *)ct_value_get(&v), 2);
        ct_read_end(r);
        assert_int_equal(current(&v), 2);
        ct_value_fini(&v);
}

static void values_may_differ_in_size(void **state)
{
        struct ct_value v = {0};
        char out[8] = "";

        (void)state;
        assert_int_equal(ct_value_store(&v, "abcdef", 7), 0);
        assert_int_equal(ct_value_load(&v, out, 3), 7);
        assert_memory_equal(out, "abc\0", 4); /* no more than asked for */
        assert_int_equal(ct_value_store(&v, "x", 2), 0);
        assert_int_equal(ct_value_load(&v, out, sizeof out), 2);
        assert_string_equal(out, "x");
        ct_value_fini(&v);
}

static void a_huge_value_is_refused(void **state)
{
        struct ct_value v = {0};

        (void)state;
        assert_int_equal(store(&v, 1), 0);
        assert_int_equal(ct_value_store(&v, "", SIZE_MAX), -ENOMEM);
        assert_int_equal(current(&v), 1);
        ct_value_fini(&v);
}

static void compare_and_swap_needs_the_same_value(void **state)
{
        struct ct_value v = {0};
        uint64_t one = 1, two = 2;
        struct ct_reading r;
        const void *first;

        (void)state;
        assert_int_equal(ct_value_compare_and_swap(&v, NULL, &one, sizeof one), 1);
        assert_int_equal(ct_value_compare_and_swap(&v, NULL, &two, sizeof two), 0);
        r = ct_read_begin();
        first = ct_value_get(&v);
        assert_int_equal(store(&v, 1), 0); /* equal, but another value */
        assert_int_equal(ct_value_compare_and_swap(&v, first, &two, sizeof two), 0);
        first = ct_value_get(&v);
        assert_int_equal(ct_value_compare_and_swap(&v, first, &two, sizeof two), 1);
        ct_read_end(r);
        assert_int_equal(current(&v), 2);
        ct_value_fini(&v);
}

static void each_value_is_dropped_once(void **state)
{
        struct ct_value v;

        (void)state;
        ct_store_u64_relaxed(&drops, 0);
        ct_value_init(&v, count_drop);
        for (uint64_t i = 0; i < 10; i++)
                assert_int_equal(store(&v, i), 0);
        ct_retired_drain();
        assert_int_equal(ct_load_u64_relaxed(&drops), 9);
        ct_value_fini(&v); /* the last one at once */
        assert_int_equal(ct_load_u64_relaxed(&drops), 10);
        ct_value_fini(&v);
        assert_int_equal(ct_load_u64_relaxed(&drops), 10);
}

/* ---- stress ---- */

enum { WORDS = 64 };

struct config {
        uint64_t version, word[WORDS]; /* all words are the version's */
};

struct world {
        struct ct_value v;
        ct_atomic_u64 version, torn, backwards;
        unsigned writers, rounds;
};

static void fill(struct config *c, uint64_t version)
{
        c->version = version;
        for (int i = 0; i < WORDS; i++)
                c->word[i] = version * 31 + (unsigned)i;
}

static bool whole(const struct config *c)
{
        for (int i = 0; i < WORDS; i++)
                if (c->word[i] != c->version * 31 + (unsigned)i)
                        return false;
        return true;
}

/* The one writer counts versions up; what a reader sees never goes back. */
static void world_body(void *shared, unsigned index)
{
        struct world *w = shared;
        struct config c;
        uint64_t last = 0;

        for (unsigned i = 0; i < w->rounds; i++) {
                if (index < w->writers) {
                        fill(&c, ct_add_u64_relaxed(&w->version, 1) + 1);
                        CONTEXT_CHECK(ct_value_store(&w->v, &c, sizeof c) == 0);
                } else if (i % 2) {
                        CONTEXT_CHECK(ct_value_load(&w->v, &c, sizeof c) == sizeof c);
                        CONTEXT_CHECK(whole(&c));
                        CONTEXT_CHECK(w->writers > 1 || c.version >= last);
                        last = c.version;
                } else {
                        struct ct_reading r = ct_read_begin();
                        const struct config *p = ct_value_get(&w->v);

                        CONTEXT_CHECK(whole(p));
                        CONTEXT_CHECK(w->writers > 1 || p->version >= last);
                        last = p->version;
                        ct_read_end(r);
                }
                if (i % 16 == 0)
                        ct_parker_ops_self()->yield();
        }
}

static void run_world(void **state, const struct stress_placement *p, unsigned writers)
{
        struct world w = {.rounds = ROUNDS(80000) / p->threads, .writers = writers};
        struct config c;

        ct_store_u64_relaxed(&drops, 0);
        ct_value_init(&w.v, count_drop);
        fill(&c, 0);
        assert_int_equal(ct_value_store(&w.v, &c, sizeof c), 0);
        run_contexts(state, p->threads, world_body, &w);
        ct_value_fini(&w.v);
        ct_retired_drain();
        assert_int_equal(ct_load_u64_relaxed(&drops), (uint64_t)writers * w.rounds + 1);
}

static void worlds(void **state, const struct stress_placement *p)
{
        run_world(state, p, 1);
        run_world(state, p, (p->threads + 1) / 2);
}

static void readers_see_whole_values(void **state)
{
        everywhere(state, worlds);
}

struct tally {
        struct ct_value v;
        unsigned rounds;
};

static void add_one(struct ct_value *v)
{
        int done;

        do {
                struct ct_reading r = ct_read_begin();
                const uint64_t *old = ct_value_get(v);
                uint64_t next = *old + 1;

                done = ct_value_compare_and_swap(v, old, &next, sizeof next);
                ct_read_end(r);
        } while (!done);
        CONTEXT_CHECK(done == 1);
}

static void tally_body(void *shared, unsigned index)
{
        struct tally *t = shared;

        (void)index;
        for (unsigned i = 0; i < t->rounds; i++)
                add_one(&t->v);
}

static void count_by_swaps(void **state, const struct stress_placement *p)
{
        struct tally t = {.rounds = ROUNDS(80000) / p->threads};

        assert_int_equal(store(&t.v, 0), 0);
        run_contexts(state, p->threads, tally_body, &t);
        assert_int_equal(current(&t.v), (uint64_t)t.rounds * p->threads);
        ct_value_fini(&t.v);
}

static void no_swap_is_lost(void **state)
{
        everywhere(state, count_by_swaps);
}

/* ---- misuse ---- */

static void get_outside(void *shared, unsigned index)
{
        struct ct_value v = {0};

        (void)shared;
        (void)index;
        (void)ct_value_get(&v);
}

static void swap_outside(void *shared, unsigned index)
{
        struct ct_value v = {0};
        struct ct_reading r;
        const void *p;

        (void)shared;
        (void)index;
        store(&v, 1);
        r = ct_read_begin();
        p = ct_value_get(&v);
        ct_read_end(r);
        ct_value_compare_and_swap(&v, p, "x", 1);
}

static void store_nothing(void *shared, unsigned index)
{
        struct ct_value v = {0};

        (void)shared;
        (void)index;
        ct_value_store(&v, "", 0);
}

static void misuse_panics(void **state)
{
        assert_true(contexts_die(state, 1, get_outside, NULL, "get outside of a read section"));
        assert_true(contexts_die(state, 1, swap_outside, NULL,
                                 "compare-and-swap outside of the section of its get"));
        assert_true(contexts_die(state, 1, store_nothing, NULL, "store of no bytes"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_DIE(misuse_panics),
                BOTH_WAYS(an_empty_value_has_nothing),
                BOTH_WAYS(a_store_replaces_the_value),
                BOTH_WAYS(values_may_differ_in_size),
                BOTH_WAYS(a_huge_value_is_refused),
                BOTH_WAYS(compare_and_swap_needs_the_same_value),
                BOTH_WAYS(each_value_is_dropped_once),
                BOTH_WAYS(readers_see_whole_values),
                BOTH_WAYS(no_swap_is_lost),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
