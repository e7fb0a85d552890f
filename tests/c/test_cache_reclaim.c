/*
 * Readers that stand still in the worst place while everything changes under them. Where a value
 * has a TTL, a cache must ask the clock, and the clock is the test's: a call of it that does not
 * return stops a get in the middle, and a writer with its lock held.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cache_kinds.h"
#include "sync/barrier.h"
#include "sync/reclaim.h"

#include "both.h"

enum { KEYS = 64, LARGE = 100 };

static struct any_cache cache;

/* ---- a clock that stops who asks it ---- */

static _Thread_local bool stops_me;
static ct_atomic_u32 stopped, go_on;

static int64_t stopping_clock(void *clock)
{
        (void)clock;
        if (stops_me) {
                stops_me = false;
                ct_store_u32_release(&stopped, 1);  /* pairs with until_stopped */
                UNTIL(ct_load_u32_acquire(&go_on)); /* pairs with release */
        }
        return 1000;
}

static void until_stopped(void)
{
        UNTIL(ct_load_u32_acquire(&stopped)); /* pairs with stopping_clock */
}

static void release(void)
{
        ct_store_u32_release(&go_on, 1); /* pairs with stopping_clock */
}

static void make_cache(const struct cache_kind *k, struct ct_cache_options o)
{
        ct_store_u32_relaxed(&stopped, 0);
        ct_store_u32_relaxed(&go_on, 0);
        if (k->ttl) {
                o.ttl_ns = 1000000;
                o.now_ns = stopping_clock;
        }
        assert_int_equal(any_init_with(&cache, k, o), 0);
}

/* ---- keys and values ---- */

static int set_size(uint64_t key, size_t size, unsigned fill)
{
        char value[1000];

        memset(value, (int)fill, sizeof value);
        return cache.kind->set(&cache, &key, sizeof key, value, size);
}

/* The byte that fills the key's value; -1: it has none; -2: it is torn. */
static int get_fill(uint64_t key, size_t *size)
{
        unsigned char value[1000];

        *size = 0;
        if (cache.kind->get(&cache, &key, sizeof key, value, sizeof value, size))
                return -1;
        for (size_t i = 1; i < *size; i++)
                if (value[i] != value[0])
                        return -2;
        return value[0];
}

/* Everything that can happen to a key, and to the table: fewer objects are retired than one context
   may leave waiting. */
static void change_everything(bool clear)
{
        size_t size;

        for (uint64_t key = 0; key < KEYS; key++) {
                assert_int_equal(set_size(key, key % 2 ? LARGE : 8, 2), 0);
                assert_int_equal(set_size(key, LARGE + key, 3), 0);
                if (key % 4)
                        (void)cache.kind->delete (&cache, &key, sizeof key);
        }
        for (uint64_t key = KEYS; key < 3 * KEYS; key++) /* evicts, or makes the tables grow */
                assert_int_equal(set_size(key, 8, 4), 0);
        (void)cache.kind->expire(&cache);
        if (clear)
                cache.kind->clear(&cache);
        for (uint64_t key = 0; key < KEYS; key++)
                assert_int_equal(set_size(key, 24, 5), 0);
        assert_int_equal(get_fill(KEYS - 1, &size), 5);
}

/* Without a bound, and with one that half of the keys fit into. */
static bool options_of(const struct cache_kind *k, unsigned i, struct ct_cache_options *o)
{
        *o = (struct ct_cache_options){.shards = i ? 1 : k->shards};
        if (i) {
                o->policy = (enum ct_cache_policy)i;
                o->max_entries = KEYS / 2;
        }
        return i < CT_CACHE_POLICIES;
}

/* ---- a get that stands still ---- */

struct reader {
        uint64_t key;
        int fill;
        size_t size;
        void (*read)(struct reader *);
};

static void *reader_main(void *arg)
{
        struct reader *r = arg;

        stops_me = true;
        r->read(r);
        return NULL;
}

static void read_by_get(struct reader *r)
{
        r->fill = get_fill(r->key, &r->size);
}

static void read_by_pin(struct reader *r)
{
        const unsigned char *v;
        struct ct_cache_pin pin;

        r->fill = -1;
        if (cache.kind->pin(&cache, &r->key, sizeof r->key, &pin))
                return;
        v = pin.value;
        r->size = pin.size;
        r->fill = v[0];
        for (size_t i = 1; i < pin.size; i++)
                if (v[i] != v[0])
                        r->fill = -2;
        cache.kind->unpin(&cache, &pin);
}

static pthread_t start_reader(struct reader *r)
{
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, reader_main, r), 0);
        until_stopped();
        return thread;
}

static bool reads_without_a_lock(const struct cache_kind *k)
{
        return !strcmp(k->name, "concurrent") || !strcmp(k->name, "syncmap");
}

static void a_get_that_stands_still_reads_no_freed_memory(void **state)
{
        static void (*const reads[])(struct reader *) = {read_by_get, read_by_pin};
        static const size_t sizes[] = {8, 40, LARGE};

        (void)state;
        FOR_EACH_KIND(k)
        {
                struct ct_cache_options o;

                if (!reads_without_a_lock(k))
                        continue;
                for (unsigned i = 0; options_of(k, i, &o); i++) {
                        struct reader r = {.read = reads[i % 2]};
                        pthread_t thread;

                        if (i && !(k->policies >> i & 1))
                                continue;
                        make_cache(k, o);
                        r.key = i % KEYS;
                        assert_int_equal(set_size(r.key, sizes[i % 3], 1), 0);
                        thread = start_reader(&r);
                        change_everything(i % 2);
                        release();
                        pthread_join(thread, NULL);
                        /* what was there, or a later value, or none: whole in any case */
                        assert_true(r.fill == -1 || (r.fill >= 1 && r.fill <= 5));
                        k->destroy(&cache);
                }
        }
        ct_retired_drain();
        assert_int_equal(ct_retired_count(), 0);
}

static void *rewrite_many(void *arg)
{
        for (unsigned i = 0; !ct_load_u32_acquire((ct_atomic_u32 *)arg); i++) /* pairs with below */
                if (set_size(1, LARGE + i % 7, i & 0x7f))
                        abort();
        return NULL;
}

/* A get stands still, and a writer replaces values until it has to wait for it: what waits to be
   freed is bounded. Gets, and sets of values in place, go on all the while. */
static void a_get_that_stands_still_stops_only_who_frees(void **state)
{
        (void)state;
        FOR_EACH_KIND(k)
        {
                struct reader r = {.key = 0, .read = read_by_get};
                pthread_t reader, writer;
                ct_atomic_u32 enough = 0;
                size_t size, most = 0;

                if (!reads_without_a_lock(k))
                        continue;
                make_cache(k, (struct ct_cache_options){0});
                for (uint64_t key = 0; key < KEYS; key++)
                        assert_int_equal(set_size(key, 8, 1), 0);
                reader = start_reader(&r);
                assert_int_equal(pthread_create(&writer, NULL, rewrite_many, &enough), 0);
                while (most < CT_RETIRED_LIMIT) {
                        size_t now = ct_retired_count();

                        most = now > most ? now : most;
                        assert_true(now <= CT_RETIRED_MAX);
                        sched_yield();
                }
                for (unsigned i = 0; i < 1000; i++) {
                        uint64_t key = 2 + i % (KEYS - 2);

                        assert_true(get_fill(1, &size) >= 0);
                        assert_true(get_fill(key, &size) >= 1);
                        if (!strcmp(k->name, "concurrent"))
                                assert_int_equal(set_size(key, 8, 2), 0);
                        assert_true(ct_retired_count() <= CT_RETIRED_MAX);
                }
                release();
                ct_store_u32_release(&enough, 1); /* pairs with rewrite_many */
                pthread_join(writer, NULL);
                pthread_join(reader, NULL);
                assert_int_equal(r.fill, 1);
                k->destroy(&cache);
        }
}

/* ---- a writer that stands still ---- */

static void *expire_main(void *arg)
{
        (void)arg;
        stops_me = true;
        (void)cache.kind->expire(&cache);
        return NULL;
}

static void *delete_main(void *arg)
{
        uint64_t key = *(uint64_t *)arg;

        stops_me = true;
        (void)cache.kind->delete (&cache, &key, sizeof key);
        return NULL;
}

/* In one segment, so that whatever the writer holds is in the way of all. */
static void a_writer_that_stands_still_stops_no_reader(void **state)
{
        static void *(*const writers[])(void *) = {expire_main, delete_main};
        static const size_t sizes[] = {8, 24, 64, LARGE};

        (void)state;
        FOR_EACH_KIND(k)
        {
                if (!reads_without_a_lock(k))
                        continue;
                for (unsigned i = 0; i < 8; i++) {
                        uint64_t victim = 3;
                        size_t size, got;
                        pthread_t thread;

                        make_cache(k, (struct ct_cache_options){.shards = k->shards});
                        size = sizes[i / 2];
                        for (uint64_t key = 0; key < KEYS; key++)
                                assert_int_equal(set_size(key, size, 1), 0);
                        assert_int_equal(pthread_create(&thread, NULL, writers[i % 2], &victim), 0);
                        until_stopped();
                        for (uint64_t key = 0; key < KEYS; key++) {
                                int fill = get_fill(key, &got);

                                assert_true(fill == 1 || (fill == -1 && key == victim));
                                if (size > 64 || strcmp(k->name, "concurrent") != 0 ||
                                    key == victim)
                                        continue;
                                assert_int_equal(set_size(key, size, 2), 0); /* in place */
                                assert_int_equal(get_fill(key, &got), 2);
                        }
                        release();
                        pthread_join(thread, NULL);
                        k->destroy(&cache);
                }
        }
}

/* ---- pins ---- */

struct pinned {
        struct ct_barrier all;
        unsigned contexts;
};

static void pin_and_change(void *shared, unsigned index)
{
        struct pinned *p = shared;
        struct ct_cache_pin pin[KEYS];
        unsigned held = 0;

        for (uint64_t key = 0; key < KEYS; key++) {
                held += !cache.kind->pin(&cache, &key, sizeof key, &pin[held]);
                CONTEXT_CHECK(held);
        }
        ct_barrier_wait(&p->all);
        for (unsigned round = 0; round < 8; round++)
                for (uint64_t key = index; key < 4 * KEYS; key += p->contexts) {
                        CONTEXT_CHECK(!set_size(key, round % 2 ? 8 : 8 + key, 2 + index));
                        if (key % 3 == 0)
                                (void)cache.kind->delete (&cache, &key, sizeof key);
                        if (key % 16 == 0)
                                (void)cache.kind->expire(&cache);
                }
        if (index == 0)
                cache.kind->clear(&cache);
        ct_barrier_wait(&p->all);
        for (unsigned i = 0; i < held; i++) {
                const unsigned char *v = pin[i].value;
                bool right = pin[i].size >= 8;

                for (size_t k = 0; right && k < pin[i].size; k++)
                        right = v[k] == 1;
                CONTEXT_CHECK(right);
                cache.kind->unpin(&cache, &pin[i]);
        }
}

/* Each context pins every value, and then all of them change and delete all. */
static void what_is_pinned_stays_as_it_is(void **state)
{
        FOR_EACH_KIND(k)
        {
                struct ct_cache_options o;

                for (unsigned i = 0; k->pin && options_of(k, i, &o); i++) {
                        struct pinned p = {.contexts = 4};

                        if (i && !(k->policies >> i & 1))
                                continue;
                        o.max_entries *= 2; /* all fit at first */
                        make_cache(k, o);
                        for (uint64_t key = 0; key < KEYS; key++)
                                assert_int_equal(set_size(key, key % 2 ? 8 : 8 + key, 1), 0);
                        ct_barrier_init(&p.all, p.contexts);
                        run_contexts(state, p.contexts, pin_and_change, &p);
                        ct_barrier_fini(&p.all);
                        k->destroy(&cache);
                }
        }
        ct_retired_drain();
        assert_int_equal(ct_retired_count(), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(a_get_that_stands_still_reads_no_freed_memory),
                WATCHED(a_get_that_stands_still_stops_only_who_frees),
                WATCHED(a_writer_that_stands_still_stops_no_reader),
                BOTH_WAYS(what_is_pinned_stays_as_it_is),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
