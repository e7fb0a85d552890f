/* get_or_load(), sentence by sentence, for one caller: on every cache that has it, in a thread and
   in a task. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cache_load_scene.h"

static void hit_body(void *shared, unsigned me)
{
        struct load_scene *s = shared;

        (void)me;
        CONTEXT_CHECK(!s->cache.kind->set(&s->cache, "k", 1, "mine", 4));
        CONTEXT_CHECK(asked_and_got(s, "mine"));
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->loads) == 0);
        CONTEXT_CHECK(scene_stats(s).hits == 1 && scene_stats(s).misses == 0);
}

static void a_hit_does_not_load(void **state)
{
        on_loading_kinds(state, 1, gives_one, unbounded, hit_body);
}

static void miss_body(void *shared, unsigned me)
{
        struct load_scene *s = shared;

        (void)me;
        CONTEXT_CHECK(asked_and_got(s, "one"));
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->loads) == 1 && ct_load_u32_relaxed(&s->dones) == 1);
        CONTEXT_CHECK(scene_stats(s).hits == 0 && scene_stats(s).misses == 1);
        CONTEXT_CHECK(asked_and_got(s, "one"));
        CONTEXT_CHECK(plain_get(s, "k") == 0);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->loads) == 1);
        CONTEXT_CHECK(scene_stats(s).hits == 2 && scene_stats(s).misses == 1);
}

static void a_miss_loads_and_sets(void **state)
{
        on_loading_kinds(state, 1, gives_one, unbounded, miss_body);
}

static void small_buffer_body(void *shared, unsigned me)
{
        struct load_scene *s = shared;
        char out[4] = "xy";
        size_t size = 0;

        (void)me;
        CONTEXT_CHECK(ask(s, "k", CT_FOREVER, out, 2, &size) == -ENOBUFS);
        CONTEXT_CHECK(size == 3 && out[0] == 'x');
        CONTEXT_CHECK(plain_get(s, "k") == 0);
        CONTEXT_CHECK(ask(s, "k", CT_FOREVER, out, 2, &size) == -ENOBUFS);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->loads) == 1);
}

static void a_small_buffer_is_told_the_size_of_what_was_loaded(void **state)
{
        on_loading_kinds(state, 1, gives_one, unbounded, small_buffer_body);
}

static void failure_body(void *shared, unsigned me)
{
        struct load_scene *s = shared;
        int fails = s->fails, expected = fails == 1 ? -ECANCELED : fails ? -ENODATA : s->error;
        char out[8];
        size_t size;

        (void)me;
        CONTEXT_CHECK(ask(s, "k", CT_FOREVER, out, sizeof out, &size) == expected);
        CONTEXT_CHECK(plain_get(s, "k") == -ENOENT);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->dones) == 0);
        CONTEXT_CHECK(ask(s, "k", CT_FOREVER, out, sizeof out, &size) == expected);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->loads) == 2);
        s->fails = s->error = 0;
        CONTEXT_CHECK(asked_and_got(s, "one"));
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->loads) == 3);
}

static void a_loader_that_fails_sets_nothing_and_the_next_tries_anew(void **state)
{
        struct load_scene s = gives_one;

        s.error = -EIO;
        on_loading_kinds(state, 1, s, unbounded, failure_body);
}

static void a_loader_that_does_not_return_is_as_one_that_fails(void **state)
{
        struct load_scene s = gives_one;

        s.fails = 1;
        on_loading_kinds(state, 1, s, unbounded, failure_body);
        s.fails = 2;
        on_loading_kinds(state, 1, s, unbounded, failure_body);
}

static void negative_ttl_body(void *shared, unsigned me)
{
        struct load_scene *s = shared;
        char out[8];
        size_t size;

        (void)me;
        CONTEXT_CHECK(ask(s, "k", CT_FOREVER, out, sizeof out, &size) == -EINVAL);
        CONTEXT_CHECK(plain_get(s, "k") == -ENOENT);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->dones) == 1);
}

static void a_negative_ttl_of_the_loader_is_a_failure(void **state)
{
        struct load_scene s = gives_one;

        s.ttl_ns = -1;
        on_loading_kinds(state, 1, s, unbounded, negative_ttl_body);
}

static void own_ttl_body(void *shared, unsigned me)
{
        struct load_scene *s = shared;

        (void)me;
        CONTEXT_CHECK(asked_and_got(s, "one"));
        ct_store_u64_release(&s->now, 9);
        CONTEXT_CHECK(plain_get(s, "k") == 0);
        ct_store_u64_release(&s->now, 10);
        CONTEXT_CHECK(plain_get(s, "k") == -ENOENT);
        CONTEXT_CHECK(asked_and_got(s, "one"));
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->loads) == 2);
}

static void the_loader_may_give_its_own_ttl(void **state)
{
        struct load_scene s = gives_one;

        s.ttl_ns = 10;
        on_loading_kinds(state, 1, s, (struct ct_cache_options){.ttl_ns = 100}, own_ttl_body);
}

static void the_caches_own_ttl_holds_where_the_loader_gives_none(void **state)
{
        on_loading_kinds(state, 1, gives_one, (struct ct_cache_options){.ttl_ns = 10},
                         own_ttl_body);
}

/* A loader that loads another key, and sets a third. */
static int load_through(void *context, const void *key, size_t key_size, const void **value,
                        size_t *size, int64_t *ttl_ns)
{
        struct load_scene *s = context;

        (void)key, (void)key_size, (void)ttl_ns;
        ct_add_u32_relaxed(&s->loads, 1);
        CONTEXT_CHECK(asked_and_got(s, "one"));
        CONTEXT_CHECK(!s->cache.kind->set(&s->cache, "third", 5, "3", 1));
        *value = "two";
        *size = 3;
        return 0;
}

static void nested_body(void *shared, unsigned me)
{
        struct load_scene *s = shared;
        struct ct_cache_loader l = {load_through, NULL, s};
        char out[8];
        size_t size = 0;

        (void)me;
        CONTEXT_CHECK(s->cache.kind->get_or_load(&s->cache, "other", 5, &l, CT_FOREVER, out,
                                                 sizeof out, &size) == 0);
        CONTEXT_CHECK(size == 3 && !memcmp(out, "two", 3));
        CONTEXT_CHECK(plain_get(s, "k") == 0 && plain_get(s, "third") == 0);
}

static void a_loader_may_use_the_cache(void **state)
{
        on_loading_kinds(state, 1, gives_one, unbounded, nested_body);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(a_hit_does_not_load),
                BOTH_WAYS(a_miss_loads_and_sets),
                BOTH_WAYS(a_small_buffer_is_told_the_size_of_what_was_loaded),
                BOTH_WAYS(a_loader_that_fails_sets_nothing_and_the_next_tries_anew),
                BOTH_WAYS(a_loader_that_does_not_return_is_as_one_that_fails),
                BOTH_WAYS(a_negative_ttl_of_the_loader_is_a_failure),
                BOTH_WAYS(the_loader_may_give_its_own_ttl),
                BOTH_WAYS(the_caches_own_ttl_holds_where_the_loader_gives_none),
                BOTH_WAYS(a_loader_may_use_the_cache),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
