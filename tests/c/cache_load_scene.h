/*
 * For the tests of get_or_load(): a cache, a loader that does as it is told, and bodies that run in
 * contexts of the test's kind on every cache that has it.
 */
#ifndef CT_TESTS_CACHE_LOAD_SCENE_H
#define CT_TESTS_CACHE_LOAD_SCENE_H

#include "flow/guarded.h"
#include "sync/barrier.h"
#include "sync/semaphore.h"

#include "both.h"
#include "cache_kinds.h"

/* What the loader is to do, and what has become of it. */
struct load_scene {
        struct any_cache cache;
        const char *value; /* what it gives */
        int error;         /* or what it fails with; */
        int fails;         /* by a return 0, task_fail 1, task_fail_code 2 */
        int64_t ttl_ns;    /* what it changes the TTL to; -2: nothing */
        bool waits;        /* for a permit of the gate */
        struct ct_semaphore gate;
        struct ct_barrier barrier;
        ct_atomic_u32 loads, dones, answers, in_loader;
        ct_atomic_u64 now;
};

static int64_t scene_clock(void *clock)
{
        return (int64_t)ct_load_u64_acquire(&((struct load_scene *)clock)->now); /* see expiry */
}

static int load_value(void *context, const void *key, size_t key_size, const void **value,
                      size_t *size, int64_t *ttl_ns)
{
        struct load_scene *s = context;

        CONTEXT_CHECK(key_size >= 1 && *(const char *)key == 'k');
        ct_add_u32_relaxed(&s->loads, 1);
        ct_add_u32_release(&s->in_loader, 1); /* pairs with whoever waits for it */
        if (s->waits)
                ct_semaphore_acquire(&s->gate, 1);
        if (s->fails == 1)
                ct_task_fail("no such key");
        if (s->fails == 2)
                ct_task_fail_code(-ENODATA, "no such key");
        if (s->error)
                return s->error;
        *value = s->value;
        *size = strlen(s->value);
        if (s->ttl_ns != -2)
                *ttl_ns = s->ttl_ns;
        return 0;
}

static void load_done(void *context, const void *value)
{
        struct load_scene *s = context;

        CONTEXT_CHECK(value == s->value);
        ct_add_u32_relaxed(&s->dones, 1);
}

static struct ct_cache_loader loader_of(struct load_scene *s)
{
        return (struct ct_cache_loader){load_value, load_done, s};
}

/* get_or_load of "k" into a buffer of `room`. True: 0 and this value. */
static int ask(struct load_scene *s, const char *key, int64_t deadline, char *out, size_t room,
               size_t *size)
{
        struct ct_cache_loader l = loader_of(s);

        return s->cache.kind->get_or_load(&s->cache, key, strlen(key), &l, deadline, out, room,
                                          size);
}

static bool asked_and_got(struct load_scene *s, const char *value)
{
        char out[64];
        size_t size = 0;

        return ask(s, "k", CT_FOREVER, out, sizeof out, &size) == 0 && size == strlen(value) &&
               !memcmp(out, value, size);
}

static int plain_get(struct load_scene *s, const char *key)
{
        char out[64];
        size_t size;

        return s->cache.kind->get(&s->cache, key, strlen(key), out, sizeof out, &size);
}

static struct ct_cache_stats scene_stats(struct load_scene *s)
{
        struct ct_cache_stats out;

        s->cache.kind->stats(&s->cache, &out);
        return out;
}

/* The body in n contexts, on a fresh cache of each kind that loads. */
static void on_loading_kinds(void **state, unsigned n, struct load_scene as,
                             struct ct_cache_options o, void (*body)(void *, unsigned))
{
        FOR_EACH_KIND(k)
        {
                static struct load_scene s;

                if (!k->get_or_load || (o.policy && !(k->policies >> o.policy & 1)))
                        continue;
                s = as;
                o.now_ns = scene_clock;
                o.clock = &s;
                ct_semaphore_init(&s.gate, 1 << 20);
                ct_semaphore_acquire(&s.gate, 1 << 20);
                ct_barrier_init(&s.barrier, n);
                assert_int_equal(any_init_with(&s.cache, k, o), 0);
                run_contexts(state, n, body, &s);
                assert_int_equal(scene_stats(&s).loads, ct_load_u32_relaxed(&s.loads));
                k->destroy(&s.cache);
        }
}

static const struct load_scene gives_one = {.value = "one", .ttl_ns = -2};
static const struct ct_cache_options unbounded = {0};

#endif
