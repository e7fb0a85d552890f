/*
 * Many threads on one cache, each kind, at 1, 2 and 8 threads.
 *
 * Every value says which key it belongs to, who wrote it and when, and fills its length with a
 * pattern that follows from these: a reader can so tell a value of another key, a torn one, and one
 * that nobody ever wrote.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cache_kinds.h"
#include "stress.h"
#include "watchdog.h"

enum { KEYS = 97, OPS = ROUNDS(60000), WRITERS = 8 };
enum { HEAD = 3, MOST = 40 }; /* words of a value */

static const unsigned team_sizes[] = {1, 2, 8};

struct books {
        struct any_cache cache;
        ct_atomic_u64 written[WRITERS];                /* sequence number, raised before its set */
        ct_atomic_u64 gets, hits, misses, wrong, done; /* as the callers saw it */
        ct_atomic_u64 deleted;
};

static size_t make_value(uint64_t *v, uint64_t key, uint64_t writer, uint64_t sequence)
{
        size_t words = HEAD + sequence % (MOST - HEAD); /* so values also change their length */

        v[0] = key;
        v[1] = writer;
        v[2] = sequence;
        for (size_t i = HEAD; i < words; i++)
                v[i] = key * 31 + writer * 1009 + sequence * 7919 + i;
        return words * sizeof *v;
}

static bool value_right(struct books *b, const uint64_t *v, size_t size, uint64_t key)
{
        uint64_t again[MOST];

        return size >= HEAD * sizeof *v && v[0] == key && v[1] < WRITERS &&
               v[2] <= ct_load_u64_relaxed(&b->written[v[1]]) &&
               make_value(again, v[0], v[1], v[2]) == size && !memcmp(again, v, size);
}

static void check(struct books *b, bool right)
{
        if (!right)
                ct_add_u64_relaxed(&b->wrong, 1);
}

static void put_one(struct books *b, struct crew_member *me, uint64_t key)
{
        uint64_t v[MOST], sequence = ct_load_u64_relaxed(&b->written[me->index]) + 1;
        size_t size = make_value(v, key, me->index, sequence);

        ct_store_u64_relaxed(&b->written[me->index], sequence);
        check(b, b->cache.kind->set(&b->cache, &key, sizeof key, v, size) == 0);
}

static void get_one(struct books *b, uint64_t key)
{
        uint64_t v[MOST];
        size_t size;
        int rc = b->cache.kind->get(&b->cache, &key, sizeof key, v, sizeof v, &size);

        check(b, rc == 0 || rc == -ENOENT);
        if (rc == 0)
                check(b, value_right(b, v, size, key));
        ct_add_u64_relaxed(rc ? &b->misses : &b->hits, 1);
        ct_add_u64_relaxed(&b->gets, 1);
}

static void mix(void *shared, struct crew_member *me)
{
        struct books *b = shared;

        for (int i = 0; i < OPS; i++) {
                uint64_t key = ct_rng_below(&me->rng, KEYS), what = ct_rng_below(&me->rng, 100);

                if (what < 60)
                        get_one(b, key);
                else if (what < 90)
                        put_one(b, me, key);
                else if (b->cache.kind->delete (&b->cache, &key, sizeof key))
                        ct_add_u64_relaxed(&b->deleted, 1);
        }
        ct_add_u64_release(&b->done, 1); /* pairs with the watchers below */
}

/* Checks every entry of a snapshot; returns how many there were. */
static uint64_t check_snapshot(struct books *b)
{
        bool seen[KEYS] = {false};
        struct ct_snapshot_entry e = {0};
        struct ct_snapshot s;
        uint64_t n = 0;

        assert_int_equal(b->cache.kind->snapshot(&b->cache, &s), 0);
        while (ct_snapshot_next(&s, &e)) {
                uint64_t key;

                assert_int_equal(e.key_size, sizeof key);
                memcpy(&key, e.key, sizeof key);
                assert_true(key < KEYS && !seen[key]);
                seen[key] = true;
                assert_true(value_right(b, e.value, e.value_size, key));
                n++;
        }
        assert_int_equal(n, s.entries);
        ct_snapshot_free(&s);
        return n;
}

#define ON_EACH_KIND_AND_TEAM(...)                                                                 \
        do {                                                                                       \
                (void)state;                                                                       \
                FOR_EACH_KIND(k)                                                                   \
                {                                                                                  \
                        for (size_t t = 0; t < sizeof team_sizes / sizeof *team_sizes; t++) {      \
                                static struct books b;                                             \
                                unsigned threads = team_sizes[t];                                  \
                                                                                                   \
                                memset(&b, 0, sizeof b);                                           \
                                assert_int_equal(any_init(&b.cache, k, 0), 0);                     \
                                __VA_ARGS__;                                                       \
                                k->destroy(&b.cache);                                              \
                        }                                                                          \
                }                                                                                  \
        } while (0)

static void readers_see_whole_values_of_their_key(void **state)
{
        ON_EACH_KIND_AND_TEAM({
                crew_run(threads, 0, mix, &b);
                assert_int_equal(ct_load_u64_relaxed(&b.wrong), 0);
                assert_true(ct_load_u64_relaxed(&b.hits) > 0 && ct_load_u64_relaxed(&b.misses) > 0);
                check_snapshot(&b);
        });
}

static void statistics_are_exact_once_all_is_done(void **state)
{
        struct ct_cache_stats s;

        ON_EACH_KIND_AND_TEAM({
                crew_run(threads, 0, mix, &b);
                k->stats(&b.cache, &s);
                assert_int_equal(s.hits, ct_load_u64_relaxed(&b.hits));
                assert_int_equal(s.misses, ct_load_u64_relaxed(&b.misses));
                assert_int_equal(s.entries, check_snapshot(&b));
        });
}

static void get_fast(void *shared, struct crew_member *me)
{
        struct books *b = shared;
        uint64_t hits = 0, misses = 0;

        for (int i = 0; i < 4 * OPS; i++) {
                uint64_t key = ct_rng_below(&me->rng, 2 * KEYS); /* the upper half is absent */
                size_t size;

                if (b->cache.kind->get(&b->cache, &key, sizeof key, NULL, 0, &size) == -ENOENT)
                        misses++;
                else
                        hits++;
        }
        ct_add_u64_relaxed(&b->hits, hits);
        ct_add_u64_relaxed(&b->misses, misses);
}

/* Gets only, as close together as can be: the readers of the readers-writer cache really meet. */
static void readers_together_lose_no_count(void **state)
{
        struct ct_cache_stats s;

        ON_EACH_KIND_AND_TEAM({
                struct crew_member writer = {.index = 0};

                for (uint64_t key = 0; key < KEYS; key++)
                        put_one(&b, &writer, key);
                crew_run(threads, usable_cpus(), get_fast, &b);
                k->stats(&b.cache, &s);
                assert_int_equal(s.hits, ct_load_u64_relaxed(&b.hits));
                assert_int_equal(s.misses, ct_load_u64_relaxed(&b.misses));
                assert_int_equal(s.hits + s.misses, (uint64_t)OPS * 4 * threads);
        });
}

struct setter {
        struct any_cache *cache;
        ct_atomic_u32 started, done;
};

static void set_once(void *shared, struct crew_member *me)
{
        struct setter *s = shared;

        (void)me;
        ct_store_u32_release(&s->started, 1);
        (void)s->cache->kind->set(s->cache, "a", 1, "2", 1);
        ct_store_u32_release(&s->done, 1);
}

/* A reader stands inside (this test, on the lock itself) while another thread sets. Sets that do
   not wait for it are seen to be done within the 50 ms; those that do wait cannot be. */
static void a_set_waits_for_the_readers_inside(void **state)
{
        struct any_cache cache;
        struct setter setter = {.cache = &cache, .done = 0};
        int64_t until;
        struct crew c;

        (void)state;
        assert_int_equal(any_init(&cache, &cache_kinds[1], 0), 0);
        assert_int_equal(cache.kind->set(&cache, "a", 1, "1", 1), 0);
        assert_int_equal(pthread_rwlock_rdlock(&cache.rwmutex.lock), 0);
        crew_start(&c, 1, 0, set_once, &setter);
        UNTIL(ct_load_u32_acquire(&setter.started)); /* pairs with set_once */
        until = ct_deadline_after(50 * CT_NS_PER_MS);
        while (ct_now_ns() < until && !ct_load_u32_acquire(&setter.done))
                sched_yield();
        assert_int_equal(ct_load_u32_acquire(&setter.done), 0);
        pthread_rwlock_unlock(&cache.rwmutex.lock);
        crew_join(&c);
        cache.kind->destroy(&cache);
}

static void watched_gets(void *shared, struct crew_member *me)
{
        struct books *b = shared;

        for (int i = 0; i < OPS; i++) {
                uint64_t key = ct_rng_below(&me->rng, KEYS), v[MOST];
                size_t size;

                /* `gets` before, `hits` after: what is under way stands between the two. */
                ct_add_u64_seq(&b->gets, 1);
                (void)b->cache.kind->get(&b->cache, &key, sizeof key, v, sizeof v, &size);
                ct_add_u64_seq(&b->hits, 1);
        }
        ct_add_u64_release(&b->done, 1); /* pairs with the watcher */
}

/* hits + misses is the number of gets at one moment: never fewer than had returned before the call,
   never more than had begun after it. For every kind but the consistent ones single numbers could
   still be torn apart, so only these are held to it. */
static void hits_and_misses_belong_together(void **state)
{
        ON_EACH_KIND_AND_TEAM({
                struct ct_cache_stats s, last = {0};
                struct crew c;

                if (!k->consistent_stats) {
                        k->destroy(&b.cache);
                        continue;
                }
                for (uint64_t key = 0; key < KEYS; key += 2)
                        assert_int_equal(k->set(&b.cache, &key, sizeof key, "", 0), 0);
                crew_start(&c, threads, 0, watched_gets, &b);
                while (ct_load_u64_acquire(&b.done) < threads) { /* pairs with watched_gets */
                        uint64_t returned = ct_load_u64_seq(&b.hits), begun;

                        k->stats(&b.cache, &s);
                        begun = ct_load_u64_seq(&b.gets);
                        assert_true(s.hits + s.misses >= returned);
                        assert_true(s.hits + s.misses <= begun);
                        assert_true(s.hits >= last.hits && s.misses >= last.misses);
                        last = s;
                }
                crew_join(&c);
        });
}

static void snapshots_while_writing_are_right_per_key(void **state)
{
        ON_EACH_KIND_AND_TEAM({
                uint64_t taken = 0;
                struct crew c;

                crew_start(&c, threads, 0, mix, &b);
                do {
                        check_snapshot(&b);
                        taken++;
                } while (ct_load_u64_acquire(&b.done) < threads); /* pairs with mix */
                crew_join(&c);
                assert_int_equal(ct_load_u64_relaxed(&b.wrong), 0);
                assert_true(taken > 0);
        });
}

static void insert_and_delete_own_keys(void *shared, struct crew_member *me)
{
        struct books *b = shared;

        for (int i = 0; i < OPS / 4; i++) {
                uint64_t key = (uint64_t)i * WRITERS + me->index, v[MOST];
                size_t size;

                put_one(b, me, key);
                check(b, !b->cache.kind->get(&b->cache, &key, sizeof key, v, sizeof v, &size) &&
                                 value_right(b, v, size, key));
                if (i % 3) {
                        check(b, b->cache.kind->delete (&b->cache, &key, sizeof key));
                        check(b, b->cache.kind->get(&b->cache, &key, sizeof key, v, sizeof v,
                                                    &size) == -ENOENT);
                } else {
                        ct_add_u64_relaxed(&b->gets, 1); /* stays */
                }
        }
}

/* Keys nobody else uses behave as if alone, while the table grows under everybody. */
static void own_keys_are_as_if_alone_during_growth(void **state)
{
        struct ct_cache_stats s;

        ON_EACH_KIND_AND_TEAM({
                crew_run(threads, 0, insert_and_delete_own_keys, &b);
                assert_int_equal(ct_load_u64_relaxed(&b.wrong), 0);
                k->stats(&b.cache, &s);
                assert_int_equal(s.entries, ct_load_u64_relaxed(&b.gets));
        });
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(readers_see_whole_values_of_their_key),
                WATCHED(statistics_are_exact_once_all_is_done),
                WATCHED(readers_together_lose_no_count),
                WATCHED(a_set_waits_for_the_readers_inside),
                WATCHED(hits_and_misses_belong_together),
                WATCHED(snapshots_while_writing_are_right_per_key),
                WATCHED(own_keys_are_as_if_alone_during_growth),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
