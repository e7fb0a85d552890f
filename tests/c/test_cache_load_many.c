/* get_or_load(), sentence by sentence, for many callers of one key: on every cache that has it, by
   threads and by tasks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cache_load_scene.h"

enum { CALLERS = 6, EXPIRIES = ROUNDS(40) };

/* All miss while the loader stands at the gate; the last to miss lets it go on. Some may not have
   joined by then: they find the value, which is the same to them. */
static void together_body(void *shared, unsigned me)
{
        struct load_scene *s = shared;

        (void)me;
        if (ct_add_u32_relaxed(&s->answers, 1) == CALLERS - 1)
                ct_semaphore_release(&s->gate, CALLERS);
        CONTEXT_CHECK(asked_and_got(s, "one"));
        ct_barrier_wait(&s->barrier);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->loads) == 1);
        CONTEXT_CHECK(scene_stats(s).hits + scene_stats(s).misses == CALLERS);
}

static void together_scene(void **state, const struct stress_placement *p)
{
        struct load_scene s = gives_one;

        (void)p;
        s.waits = true;
        on_loading_kinds(state, CALLERS, s, unbounded, together_body);
}

static void those_who_ask_meanwhile_wait_for_the_one_load(void **state)
{
        everywhere(state, together_scene);
}

static void failing_body(void *shared, unsigned me)
{
        struct load_scene *s = shared;
        char out[8];
        size_t size;

        (void)me;
        if (ct_add_u32_relaxed(&s->answers, 1) == CALLERS - 1)
                ct_semaphore_release(&s->gate, CALLERS);
        CONTEXT_CHECK(ask(s, "k", CT_FOREVER, out, sizeof out, &size) == -ENODATA);
        ct_barrier_wait(&s->barrier);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->loads) <= CALLERS);
        CONTEXT_CHECK(plain_get(s, "k") == -ENOENT);
}

static void all_who_wait_get_the_failure(void **state)
{
        struct load_scene s = gives_one;

        s.waits = true;
        s.fails = 2;
        on_loading_kinds(state, CALLERS, s, unbounded, failing_body);
}

/* The cache has no room for it: whoever waited has it, and it is in the cache for nobody. */
static void uncached_body(void *shared, unsigned me)
{
        struct load_scene *s = shared;

        (void)me;
        if (ct_add_u32_relaxed(&s->answers, 1) == CALLERS - 1)
                ct_semaphore_release(&s->gate, CALLERS);
        CONTEXT_CHECK(asked_and_got(s, s->value));
        ct_barrier_wait(&s->barrier);
        CONTEXT_CHECK(plain_get(s, "k") == -ENOENT);
        CONTEXT_CHECK(scene_stats(s).entries == 0);
}

static void what_may_not_be_cached_is_given_all_the_same(void **state)
{
        struct load_scene s = gives_one;

        s.waits = true;
        s.value = "a value that is larger than what one shard holds";
        for (enum ct_cache_policy p = CT_CACHE_FIFO; p < CT_CACHE_POLICIES; p++)
                on_loading_kinds(
                        state, CALLERS, s,
                        (struct ct_cache_options){.max_bytes = 100, .shards = 1, .policy = p},
                        uncached_body);
}

/* One loads, one gives up. */
static void deadline_body(void *shared, unsigned me)
{
        struct load_scene *s = shared;
        char out[8];
        size_t size;

        if (me == 0) {
                CONTEXT_CHECK(asked_and_got(s, "one"));
                return;
        }
        CONTEXT_UNTIL(ct_load_u32_acquire(&s->in_loader)); /* pairs with load_value */
        CONTEXT_CHECK(ask(s, "k", 0, out, sizeof out, &size) == -ETIMEDOUT);
        CONTEXT_CHECK(ask(s, "k", ct_deadline_after(CT_NS_PER_MS), out, sizeof out, &size) ==
                      -ETIMEDOUT);
        ct_semaphore_release(&s->gate, 1);
        CONTEXT_CHECK(asked_and_got(s, "one"));
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->loads) == 1);
}

static void a_waiter_gives_up_at_its_deadline_and_the_loader_goes_on(void **state)
{
        struct load_scene s = gives_one;

        s.waits = true;
        on_loading_kinds(state, 2, s, unbounded, deadline_body);
}

/* Time goes on in steps; in each, all ask at once. */
static void expiry_body(void *shared, unsigned me)
{
        struct load_scene *s = shared;

        for (unsigned i = 0; i < EXPIRIES; i++) {
                CONTEXT_CHECK(asked_and_got(s, "one"));
                ct_barrier_wait(&s->barrier);
                CONTEXT_CHECK(ct_load_u32_relaxed(&s->loads) == i + 1);
                if (me == 0)
                        ct_store_u64_release(&s->now, (i + 1) * 10); /* pairs with scene_clock */
                ct_barrier_wait(&s->barrier);
        }
}

static void expiry_scene(void **state, const struct stress_placement *p)
{
        (void)p;
        on_loading_kinds(state, CALLERS, gives_one, (struct ct_cache_options){.ttl_ns = 10},
                         expiry_body);
}

static void each_expiry_is_one_load(void **state)
{
        everywhere(state, expiry_scene);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(those_who_ask_meanwhile_wait_for_the_one_load),
                BOTH_WAYS(all_who_wait_get_the_failure),
                BOTH_WAYS(what_may_not_be_cached_is_given_all_the_same),
                BOTH_WAYS(a_waiter_gives_up_at_its_deadline_and_the_loader_goes_on),
                BOTH_WAYS(each_expiry_is_one_load),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
