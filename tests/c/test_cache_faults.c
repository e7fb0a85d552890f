/* Memory runs out at every single allocation in turn: the call says -ENOMEM, nothing has changed,
   nothing is lost. The linker sends the library's allocations here (--wrap). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/counters.h"
#include "cache_kinds.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void __wrap_free(void *p);

static bool armed;
static int fail_at; /* the n-th allocation from now, 1 the next; 0 none */
static long live;   /* blocks not freed yet */

static bool refused(void)
{
        return armed && fail_at > 0 && --fail_at == 0;
}

static void *counted(void *p)
{
        live += p != NULL;
        return p;
}

void *__wrap_malloc(size_t size)
{
        return refused() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
        return refused() ? NULL : counted(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t size)
{
        if (refused())
                return NULL;
        return p ? __real_realloc(p, size) : counted(__real_realloc(NULL, size));
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
        return refused() ? NULL : counted(__real_aligned_alloc(align, size));
}

void __wrap_free(void *p)
{
        live -= p != NULL;
        __real_free(p);
}

/* True if the n-th allocation of the call was refused, false if it made fewer. */
#define REFUSING(n, call) (armed = true, fail_at = (n), (call), armed = false, fail_at == 0)

static void init_gives_everything_back(void **state)
{
        (void)state;
        FOR_EACH_KIND(k)
        {
                struct any_cache c;
                long before = live;
                int rc, n = 1;

                for (; REFUSING(n, rc = any_init(&c, k, 100)); n++) {
                        assert_int_equal(rc, -ENOMEM);
                        assert_int_equal(live, before);
                }
                assert_int_equal(rc, 0);
                assert_int_equal(n, k->shards ? k->shards + 2 : 2); /* each one was refused */
                k->destroy(&c);
                assert_int_equal(live, before);
        }
}

static uint64_t entries(struct any_cache *c)
{
        struct ct_cache_stats s;

        c->kind->stats(c, &s);
        return s.entries;
}

/* Every insertion first fails at each of its allocations (the entry, and the table when it grows),
   then succeeds. */
static void a_refused_insertion_leaves_no_trace(void **state)
{
        (void)state;
        FOR_EACH_KIND(k)
        {
                struct any_cache c;
                int grown = 0;

                assert_int_equal(any_init(&c, k, 0), 0);
                for (uint64_t i = 0; i < 3000; i++) {
                        char value[8];
                        size_t size;
                        int rc, n = 1;

                        for (;; n++) {
                                long before = live;

                                if (!REFUSING(n, rc = k->set(&c, &i, sizeof i, "value", 5)))
                                        break;
                                assert_int_equal(rc, -ENOMEM);
                                assert_int_equal(live, before);
                                assert_int_equal(entries(&c), i);
                                assert_int_equal(k->get(&c, &i, sizeof i, value, 8, &size),
                                                 -ENOENT);
                        }
                        assert_int_equal(rc, 0);
                        assert_true(n == 2 || n == 3); /* without or with growth */
                        grown += n == 3;
                }
                assert_true(grown > 0);
                for (uint64_t i = 0; i < 3000; i++) {
                        char value[8];
                        size_t size;

                        assert_int_equal(k->get(&c, &i, sizeof i, value, 8, &size), 0);
                        assert_memory_equal(value, "value", 5);
                }
                k->destroy(&c);
        }
}

static void a_refused_replacement_keeps_the_old_value(void **state)
{
        (void)state;
        FOR_EACH_KIND(k)
        {
                char value[64];
                struct any_cache c;
                size_t size;
                int rc;

                assert_int_equal(any_init(&c, k, 0), 0);
                assert_int_equal(k->set(&c, "a", 1, "old", 3), 0);
                assert_true(REFUSING(1, rc = k->set(&c, "a", 1, "new and much longer", 19)));
                assert_int_equal(rc, -ENOMEM);
                assert_int_equal(k->get(&c, "a", 1, value, sizeof value, &size), 0);
                assert_int_equal(size, 3);
                assert_memory_equal(value, "old", 3);
                k->destroy(&c);
        }
}

static void a_value_that_fits_needs_no_memory(void **state)
{
        (void)state;
        FOR_EACH_KIND(k)
        {
                struct any_cache c;
                int rc;

                assert_int_equal(any_init(&c, k, 0), 0);
                assert_int_equal(k->set(&c, "a", 1, "old", 3), 0);
                assert_false(REFUSING(1, rc = k->set(&c, "a", 1, "newer", 5)));
                assert_int_equal(rc, 0);
                k->destroy(&c);
        }
}

static void a_refused_snapshot_is_empty(void **state)
{
        (void)state;
        FOR_EACH_KIND(k)
        {
                struct ct_snapshot s;
                struct any_cache c;
                int rc, n = 1;
                long before;

                assert_int_equal(any_init(&c, k, 0), 0);
                for (uint64_t i = 0; i < 500; i++)
                        assert_int_equal(k->set(&c, &i, sizeof i, "value", 5), 0);
                before = live;
                for (; REFUSING(n, rc = k->snapshot(&c, &s)); n++) {
                        assert_int_equal(rc, -ENOMEM);
                        assert_int_equal(s.entries, 0);
                        assert_null(s.bytes);
                        assert_int_equal(live, before);
                }
                assert_true(n > 1);
                assert_int_equal(s.entries, 500);
                ct_snapshot_free(&s);
                k->destroy(&c);
        }
}

static void counters_refuse_as_a_whole(void **state)
{
        struct ct_guide_counters c;
        struct ct_snapshot s;
        long before = live;
        int rc;

        (void)state;
        assert_true(REFUSING(1, rc = ct_guide_counters_init(&c, &(struct ct_counters_options){0})));
        assert_int_equal(rc, -ENOMEM);
        assert_int_equal(live, before);
        assert_int_equal(ct_guide_counters_init(&c, &(struct ct_counters_options){0}), 0);
        for (uint64_t i = 0; i < 100; i++) {
                for (int n = 1; REFUSING(n, rc = ct_guide_counters_add(&c, &i, sizeof i, 3)); n++) {
                        assert_int_equal(rc, -ENOMEM);
                        assert_int_equal(ct_guide_counters_keys(&c), i);
                        assert_int_equal(ct_guide_counters_get(&c, &i, sizeof i), 0);
                }
                assert_int_equal(rc, 0);
                assert_int_equal(ct_guide_counters_get(&c, &i, sizeof i), 3);
        }
        assert_true(REFUSING(1, rc = ct_guide_counters_snapshot(&c, &s)));
        assert_int_equal(rc, -ENOMEM);
        assert_int_equal(s.entries, 0);
        ct_guide_counters_destroy(&c);
        assert_int_equal(live, before);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(init_gives_everything_back),
                cmocka_unit_test(a_refused_insertion_leaves_no_trace),
                cmocka_unit_test(a_refused_replacement_keeps_the_old_value),
                cmocka_unit_test(a_value_that_fits_needs_no_memory),
                cmocka_unit_test(a_refused_snapshot_is_empty),
                cmocka_unit_test(counters_refuse_as_a_whole),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
