/* More threads than slots: what a cache keeps for each thread, it keeps for all the rest in one
   place, and loses no count there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cache_kinds.h"
#include "sync/barrier.h"

#include "contexts.h"
#include "stress.h"
#include "watchdog.h"

enum { CROWD = CT_SLOTS + 24, EACH = ROUNDS(40) };

struct crowd {
        struct any_cache cache;
        struct ct_barrier all;
        ct_atomic_u32 slotless, wrong;
};

/* A key of its own, of which each second value is larger: as if it were alone. */
static void set_and_get(struct crowd *c, uint64_t key, uint64_t i)
{
        uint64_t value[8] = {[0] = i, [7] = i}, got[8];
        size_t size = i % 4 ? 8 : sizeof value, got_size = 0;

        if (c->cache.kind->set(&c->cache, &key, sizeof key, value, size) ||
            c->cache.kind->get(&c->cache, &key, sizeof key, got, sizeof got, &got_size) ||
            got_size != size || memcmp(value, got, size) != 0)
                ct_add_u32_relaxed(&c->wrong, 1);
}

static void use_in_a_crowd(void *shared, unsigned index)
{
        struct crowd *c = shared;

        ct_add_u32_relaxed(&c->slotless, ct_slot() == CT_SLOT_NONE);
        ct_barrier_wait(&c->all); /* all live, so all slots are taken */
        for (unsigned i = 0; i < EACH; i++)
                set_and_get(c, index, i);
        ct_barrier_wait(&c->all);
}

static void threads_without_a_slot_are_counted_too(void **state)
{
        (void)state;
        FOR_EACH_KIND(k)
        {
                static struct crowd c;
                struct ct_cache_stats stats;

                ct_store_u32_relaxed(&c.slotless, 0);
                ct_store_u32_relaxed(&c.wrong, 0);
                assert_int_equal(any_init(&c.cache, k, 0), 0);
                ct_barrier_init(&c.all, CROWD);
                contexts_run(EXEC_THREAD, CROWD, use_in_a_crowd, &c);
                ct_barrier_fini(&c.all);
                assert_int_equal(ct_load_u32_relaxed(&c.wrong), 0);
                assert_true(ct_load_u32_relaxed(&c.slotless) >= CROWD - CT_SLOTS);
                k->stats(&c.cache, &stats);
                assert_int_equal(stats.hits, (uint64_t)CROWD * EACH);
                assert_int_equal(stats.misses, 0);
                assert_int_equal(stats.entries, CROWD);
                k->destroy(&c.cache);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {WATCHED(threads_without_a_slot_are_counted_too)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
