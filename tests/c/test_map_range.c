/* ct_map_range: what it sees, alone and while the map changes under it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/map.h"
#include "sync/map_table.h"

#include "stress.h"
#include "watchdog.h"

struct census {
        struct ct_map *m;
        uint64_t seen, sum, stop_after;
        bool removes;
};

static bool count_entry(void *context, const void *key, size_t len, uint64_t value)
{
        struct census *c = context;
        uint64_t k;

        assert_int_equal(len, 8);
        memcpy(&k, key, 8);
        assert_int_equal(value, k + 1);
        c->sum += k;
        if (c->removes)
                assert_true(ct_map_delete(c->m, k, NULL));
        return ++c->seen != c->stop_after;
}

static void range_sees_every_entry_once(void **state)
{
        static struct ct_map m;
        struct census c = {.m = &m};

        (void)state;
        assert_int_equal(ct_map_init(&m, CT_MAP_U64, 0), 0);
        ct_map_range(&m, count_entry, &c);
        assert_int_equal(c.seen, 0);
        for (uint64_t i = 0; i < 5000; i++)
                ct_map_store(&m, i, i + 1, NULL);
        ct_map_range(&m, count_entry, &c);
        assert_int_equal(c.seen, 5000);
        assert_int_equal(c.sum, 5000 * 4999 / 2);
        c = (struct census){.m = &m, .stop_after = 10};
        ct_map_range(&m, count_entry, &c);
        assert_int_equal(c.seen, 10);
        c = (struct census){.m = &m, .removes = true};
        ct_map_range(&m, count_entry, &c);
        assert_int_equal(c.seen, 5000);
        assert_int_equal(ct_map_len(&m), 0);
        ct_map_fini(&m);
}

static bool keep_key(void *context, const void *key, size_t len, uint64_t value)
{
        char *out = context;

        memcpy(out, key, len);
        out[len] = '\0';
        return value == 17;
}

static void range_gives_byte_keys(void **state)
{
        static struct ct_map m;
        char key[16] = "";

        (void)state;
        assert_int_equal(ct_map_init(&m, CT_MAP_BYTES, 0), 0);
        ct_map_store_bytes(&m, "hello", 5, 17, NULL);
        ct_map_range(&m, keep_key, key);
        assert_string_equal(key, "hello");
        ct_map_fini(&m);
}

/* A range that stands in a table while the map grows past it. Entries of one chain in the first
   table, which later ones take apart. */
enum { STAY = 4 };

struct outgrown {
        struct ct_map m;
        uint64_t stay[STAY];
        unsigned seen[STAY];
        ct_atomic_u32 standing;
        bool stood;
};

static bool in_first_chain(uint64_t key)
{
        uint64_t h = ct_hash_u64(key, 1);

        return ct_map_shard_of_(h) == 0 && h % 8 == 0;
}

/* Makes shard 0 grow twice; the second time it waits for the range. */
static void *outgrow(void *arg)
{
        struct outgrown *o = arg;

        UNTIL(ct_load_u32_acquire(&o->standing)); /* pairs with stand */
        for (uint64_t k = 1000, added = 0; added < 100; k++)
                if (ct_map_shard_of_(ct_hash_u64(k, 1)) == 0) {
                        ct_map_store(&o->m, k, 0, NULL);
                        added++;
                }
        return NULL;
}

static bool stand(void *context, const void *key, size_t len, uint64_t value)
{
        struct outgrown *o = context;
        uint64_t first = ct_load_u64_relaxed(&o->m.table[0]);

        (void)len;
        for (int i = 0; i < STAY; i++)
                o->seen[i] += !memcmp(key, &o->stay[i], 8);
        if (!o->stood) {
                assert_int_equal(value, 1);
                o->stood = true;
                ct_store_u32_release(&o->standing, 1); /* pairs with outgrow */
                UNTIL(ct_load_u64_relaxed(&o->m.table[0]) != first);
                for (int i = 0; i < 1000; i++)
                        sched_yield(); /* time to do wrong */
        }
        return true;
}

static void a_range_is_not_outgrown(void **state)
{
        static struct outgrown o;
        pthread_t writer;
        unsigned n = 0;

        (void)state;
        assert_int_equal(ct_map_init(&o.m, CT_MAP_U64, 1), 0);
        for (uint64_t k = 0; n < STAY; k++)
                if (in_first_chain(k)) {
                        o.stay[n++] = k;
                        ct_map_store(&o.m, k, 1, NULL);
                }
        assert_int_equal(pthread_create(&writer, NULL, outgrow, &o), 0);
        ct_map_range(&o.m, stand, &o);
        pthread_join(writer, NULL);
        for (int i = 0; i < STAY; i++)
                assert_int_equal(o.seen[i], 1);
        ct_map_fini(&o.m);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(range_sees_every_entry_once),
                WATCHED(range_gives_byte_keys),
                WATCHED(a_range_is_not_outgrown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
