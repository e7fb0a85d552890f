/* Memory runs out at every single allocation of value, object pool, map and counters in turn: the
   call says so, nothing has changed, nothing is lost. The linker sends the library's allocations
   here
   (--wrap). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/counter_percpu.h"
#include "sync/counter_slots.h"
#include "sync/map.h"
#include "sync/objpool.h"
#include "sync/reclaim.h"
#include "sync/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void *__real_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);
int __wrap_munmap(void *at, size_t size);
void __wrap_free(void *p);

static int fail_at; /* the n-th allocation from now, 1 the next; 0 none */
static long live;   /* blocks not freed yet */

static bool refused(void)
{
        return fail_at > 0 && --fail_at == 0;
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

void *__wrap_aligned_alloc(size_t align, size_t size)
{
        return refused() ? NULL : counted(__real_aligned_alloc(align, size));
}

void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
        return refused() ? MAP_FAILED : counted(__real_mmap(at, size, prot, flags, fd, offset));
}

int __wrap_munmap(void *at, size_t size)
{
        live--;
        return __real_munmap(at, size);
}

void __wrap_free(void *p)
{
        live -= p != NULL;
        __real_free(p);
}

/* Calls again with the first, the second ... allocation refused, until none is left to refuse.
   Returns how many were. */
static int refuse_each(int (*call)(void *), void *context)
{
        int refusals = 0;

        for (;;) {
                long before = live;
                int r;

                fail_at = refusals + 1;
                r = call(context);
                if (fail_at) { /* it was not reached */
                        fail_at = 0;
                        assert_int_equal(r, 0);
                        return refusals;
                }
                assert_int_equal(r, -ENOMEM);
                assert_int_equal(live, before);
                refusals++;
        }
}

/* ---- each init ---- */

static int init_map(void *context)
{
        return ct_map_init(context, CT_MAP_U64, 0);
}

static int init_pool(void *context)
{
        return ct_objpool_init(context, NULL);
}

static int init_slots(void *context)
{
        return ct_slot_counter_init(context);
}

static int init_percpu(void *context)
{
        return ct_percpu_counter_init(context);
}

static void every_init_says_so(void **state)
{
        static struct ct_map m;
        static struct ct_objpool p;
        struct ct_slot_counter slots;
        struct ct_percpu_counter percpu;
        long before = live;

        (void)state;
        assert_int_equal(refuse_each(init_map, &m), CT_MAP_SHARDS);
        ct_map_fini(&m);
        assert_int_equal(refuse_each(init_pool, &p), 1 + 2 * CT_OBJPOOL_SHARDS);
        ct_objpool_fini(&p);
        assert_int_equal(refuse_each(init_slots, &slots), 1);
        ct_slot_counter_fini(&slots);
        assert_int_equal(refuse_each(init_percpu, &percpu), 1);
        ct_percpu_counter_fini(&percpu);
        assert_int_equal(live, before);
}

/* ---- value ---- */

static int store_value(void *context)
{
        return ct_value_store(context, "new", 4);
}

static int swap_value(void *context)
{
        struct ct_reading r = ct_read_begin();
        int done = ct_value_compare_and_swap(context, ct_value_get(context), "newer", 6);

        ct_read_end(r);
        return done == 1 ? 0 : done;
}

static void a_value_stays_as_it_was(void **state)
{
        struct ct_value v = {0};
        char out[8];

        (void)state;
        assert_int_equal(ct_value_store(&v, "old", 4), 0);
        fail_at = 1;
        assert_int_equal(store_value(&v), -ENOMEM);
        ct_value_load(&v, out, sizeof out);
        assert_string_equal(out, "old");
        assert_int_equal(refuse_each(store_value, &v), 1);
        assert_int_equal(refuse_each(swap_value, &v), 1);
        ct_value_load(&v, out, sizeof out);
        assert_string_equal(out, "newer");
        ct_value_fini(&v);
}

/* ---- object pool ---- */

static void *make(void *context)
{
        (void)context;
        return malloc(8);
}

static void unmake(void *context, void *object)
{
        (void)context;
        free(object);
}

static void a_pool_goes_on(void **state)
{
        static struct ct_objpool p;
        enum { MANY = 100 };
        void *object[MANY];
        size_t depot;

        (void)state;
        assert_int_equal(
                ct_objpool_init(&p, &(struct ct_objpool_config){.make = make, .free = unmake}), 0);
        fail_at = 1;
        assert_null(ct_objpool_get(&p));
        for (int i = 0; i < MANY; i++)
                object[i] = ct_objpool_get(&p);
        for (int i = 0; i < MANY; i++)
                ct_objpool_put(&p, object[i]);
        depot = ct_objpool_stats(&p).depot;
        ct_objpool_trim(&p);
        for (unsigned i = 1; i <= CT_OBJPOOL_SHARDS; i++) { /* trims less, or nothing */
                fail_at = (int)i;
                ct_objpool_trim(&p);
                assert_int_equal(fail_at, 0);
        }
        assert_true(ct_objpool_stats(&p).depot <= depot);
        ct_objpool_fini(&p);
}

/* ---- map ---- */

static int store_new(void *context)
{
        static uint64_t key;
        int r = ct_map_store(context, key, key, NULL);

        key += r == 0;
        return r;
}

static void a_map_stays_as_it_was(void **state)
{
        static struct ct_map m;
        uint64_t v;

        (void)state;
        assert_int_equal(ct_map_init(&m, CT_MAP_U64, 1), 0);
        fail_at = 1;
        assert_int_equal(store_new(&m), -ENOMEM);
        assert_int_equal(ct_map_len(&m), 0);
        /* The second allocation, if there is one, is a shard's next table: its failure is not the
           caller's, and the shard tries again later. */
        for (uint64_t i = 0; i < 4000; i++) {
                fail_at = 2;
                assert_int_equal(store_new(&m), 0);
                fail_at = 0;
        }
        assert_int_equal(ct_map_shape(&m).buckets, CT_MAP_SHARDS * 8); /* as it began */
        for (uint64_t i = 0; i < 4000; i++)
                assert_true(ct_map_load(&m, i, &v) && v == i);
        for (uint64_t i = 0; i < 4000; i++)
                assert_int_equal(store_new(&m), 0);
        assert_true(ct_map_shape(&m).buckets > 4000);
        for (uint64_t i = 0; i < 8000; i++)
                assert_true(ct_map_load(&m, i, &v) && v == i);
        ct_map_fini(&m);
}

static int nothing_is_lost(void **state)
{
        (void)state;
        ct_retired_drain();
        return live == 0 ? 0 : -1;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(every_init_says_so, nothing_is_lost),
                cmocka_unit_test_teardown(a_value_stays_as_it_was, nothing_is_lost),
                cmocka_unit_test_teardown(a_pool_goes_on, nothing_is_lost),
                cmocka_unit_test_teardown(a_map_stays_as_it_was, nothing_is_lost),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
