/*
 * ct_map under stress. The oracle is a model per context: keys are dealt out, and only a key's
 * owner writes it, so the owner knows exactly what every operation on it must return, whatever
 * happens to the entries around it. Besides there are keys that never change, which everybody must
 * always find, and keys that all fight for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/map.h"
#include "sync/map_table.h"

#include "both.h"

enum { OWN = 64, STABLE = 500 };

/* Numbers: the owner in the high bits. */
static uint64_t own_key(unsigned owner, uint64_t i)
{
        return (uint64_t)(owner + 1) << 32 | i;
}

struct world {
        struct ct_map m;
        unsigned rounds;
        bool bytes;
};

static bool do_load(struct world *w, uint64_t key, uint64_t *v)
{
        return w->bytes ? ct_map_load_bytes(&w->m, &key, sizeof key, v)
                        : ct_map_load(&w->m, key, v);
}

static int do_store(struct world *w, uint64_t key, uint64_t v, uint64_t *old)
{
        return w->bytes ? ct_map_store_bytes(&w->m, &key, sizeof key, v, old)
                        : ct_map_store(&w->m, key, v, old);
}

static bool do_delete(struct world *w, uint64_t key, uint64_t *old)
{
        return w->bytes ? ct_map_delete_bytes(&w->m, &key, sizeof key, old)
                        : ct_map_delete(&w->m, key, old);
}

static int do_load_or_store(struct world *w, uint64_t key, uint64_t v, uint64_t *actual)
{
        return w->bytes ? ct_map_load_or_store_bytes(&w->m, &key, sizeof key, v, actual)
                        : ct_map_load_or_store(&w->m, key, v, actual);
}

/* One operation on an own key, against the model: 0 for not there. */
static void step(struct world *w, uint64_t key, uint64_t *model, uint64_t dice)
{
        uint64_t v = 0, next = (dice >> 8) | 1;

        switch (dice % 8) {
        case 0:
        case 1:
                CONTEXT_CHECK(do_store(w, key, next, &v) == (*model != 0));
                CONTEXT_CHECK(v == *model);
                *model = next;
                break;
        case 2:
        case 3:
                CONTEXT_CHECK(do_delete(w, key, &v) == (*model != 0));
                CONTEXT_CHECK(v == *model);
                *model = 0;
                break;
        case 4:
                CONTEXT_CHECK(do_load_or_store(w, key, next, &v) == (*model != 0));
                *model = *model ? *model : next;
                CONTEXT_CHECK(v == *model);
                break;
        default:
                CONTEXT_CHECK(do_load(w, key, &v) == (*model != 0));
                CONTEXT_CHECK(v == *model);
        }
}

static void look_at_stable(struct world *w, uint64_t dice)
{
        uint64_t i = dice % STABLE, v = 0;

        CONTEXT_CHECK(do_load(w, i, &v));
        CONTEXT_CHECK(v == i + 1);
}

struct census {
        unsigned char seen[STABLE];
};

static bool count_stable(void *context, const void *key, size_t len, uint64_t value)
{
        struct census *c = context;
        uint64_t k;

        memcpy(&k, key, len);
        CONTEXT_CHECK(value != 0);
        if (k < STABLE)
                c->seen[k]++;
        return true;
}

static void look_at_all(struct world *w)
{
        struct census c = {{0}};

        ct_map_range(&w->m, count_stable, &c);
        for (int i = 0; i < STABLE; i++)
                CONTEXT_CHECK(c.seen[i] == 1);
}

static void world_body(void *shared, unsigned index)
{
        struct world *w = shared;
        uint64_t model[OWN] = {0}, v;
        struct ct_rng rng;

        ct_rng_seed(&rng, index);
        for (unsigned i = 0; i < w->rounds; i++) {
                uint64_t dice = ct_rng_next(&rng), k = ct_rng_below(&rng, OWN);

                step(w, own_key(index, k), &model[k], dice);
                look_at_stable(w, dice >> 3);
                if (i % 1024 == 0)
                        look_at_all(w);
                if (i % 64 == 0)
                        ct_parker_ops_self()->yield();
                /* new keys all the time, so that it grows and grows */
                CONTEXT_CHECK(do_store(w, own_key(index, OWN + i), 1, NULL) == 0);
        }
        for (unsigned i = 0; i < w->rounds; i++)
                CONTEXT_CHECK(do_load(w, own_key(index, OWN + i), &v) && v == 1);
        for (unsigned i = 0; i < w->rounds; i++)
                CONTEXT_CHECK(do_delete(w, own_key(index, OWN + i), NULL));
        for (unsigned k = 0; k < OWN; k++)
                do_delete(w, own_key(index, k), NULL);
}

static void play(void **state, const struct stress_placement *p, bool bytes)
{
        static struct world w; /* off the stack */

        memset(&w, 0, sizeof w);
        w.rounds = ROUNDS(60000) / p->threads;
        w.bytes = bytes;
        assert_int_equal(ct_map_init(&w.m, bytes ? CT_MAP_BYTES : CT_MAP_U64, 0), 0);
        for (uint64_t i = 0; i < STABLE; i++)
                assert_int_equal(do_store(&w, i, i + 1, NULL), 0);
        run_contexts(state, p->threads, world_body, &w);
        look_at_all(&w);
        assert_int_equal(ct_map_len(&w.m), STABLE);
        ct_map_fini(&w.m);
}

static void play_numbers(void **state, const struct stress_placement *p)
{
        play(state, p, false);
}

static void play_bytes(void **state, const struct stress_placement *p)
{
        play(state, p, true);
}

static void every_context_finds_its_own(void **state)
{
        everywhere(state, play_numbers);
}

static void and_with_keys_of_bytes(void **state)
{
        everywhere(state, play_bytes);
}

/* ---- keys that all fight for ---- */

enum { FOUGHT = 16 };

struct fight {
        struct ct_map m;
        unsigned rounds;
        ct_atomic_u64 stored, deleted; /* successful ones */
        ct_atomic_u64 added;
};

static void add_by_swaps(struct fight *f, uint64_t key)
{
        uint64_t v;

        do {
                if (!ct_map_load(&f->m, key, &v))
                        abort();
        } while (!ct_map_compare_and_swap(&f->m, key, v, v + 1));
        ct_add_u64_relaxed(&f->added, 1);
}

static void fight_body(void *shared, unsigned index)
{
        struct fight *f = shared;
        uint64_t stored = 0, deleted = 0, v;
        struct ct_rng rng;

        ct_rng_seed(&rng, index);
        for (unsigned i = 0; i < f->rounds; i++) {
                uint64_t dice = ct_rng_next(&rng), key = 1 + dice % FOUGHT;

                if (dice >> 32 & 1)
                        stored += ct_map_load_or_store(&f->m, key, index + 1, &v) == 0;
                else
                        deleted += ct_map_delete(&f->m, key, NULL);
                if (i % 4 == 0)
                        add_by_swaps(f, 0);
                if (i % 64 == 0)
                        ct_parker_ops_self()->yield();
        }
        ct_add_u64_relaxed(&f->stored, stored);
        ct_add_u64_relaxed(&f->deleted, deleted);
}

/* Every key is added and removed in turn: the difference is what is left. */
static void fight(void **state, const struct stress_placement *p)
{
        static struct fight f; /* off the stack */
        uint64_t v;

        memset(&f, 0, sizeof f);
        f.rounds = ROUNDS(200000) / p->threads;
        assert_int_equal(ct_map_init(&f.m, CT_MAP_U64, 0), 0);
        ct_map_store(&f.m, 0, 0, NULL);
        run_contexts(state, p->threads, fight_body, &f);
        assert_int_equal(ct_map_len(&f.m) - 1,
                         ct_load_u64_relaxed(&f.stored) - ct_load_u64_relaxed(&f.deleted));
        assert_int_equal(ct_map_shape(&f.m).entries, ct_map_len(&f.m));
        assert_true(ct_map_load(&f.m, 0, &v));
        assert_int_equal(v, ct_load_u64_relaxed(&f.added));
        for (uint64_t k = 0; k <= FOUGHT; k++)
                ct_map_delete(&f.m, k, NULL);
        assert_int_equal(ct_map_shape(&f.m).entries, 0); /* no key was there twice */
        ct_map_fini(&f.m);
}

static void one_wins_each_fight(void **state)
{
        everywhere(state, fight);
}

/* ---- all add the same keys ---- */

struct stampede {
        struct ct_map m;
        uint64_t keys;
        ct_atomic_u64 stored;
};

static void stampede_body(void *shared, unsigned index)
{
        struct stampede *s = shared;
        uint64_t v;

        for (uint64_t k = 0; k < s->keys; k++)
                if (ct_map_load_or_store(&s->m, k, index, &v) == 0)
                        ct_add_u64_relaxed(&s->stored, 1);
                else
                        CONTEXT_CHECK(ct_map_load(&s->m, k, &v));
}

static void stampede(void **state, const struct stress_placement *p)
{
        static struct stampede s; /* off the stack */

        memset(&s, 0, sizeof s);
        s.keys = ROUNDS(200000) / p->threads;
        assert_int_equal(ct_map_init(&s.m, CT_MAP_U64, 0), 0);
        run_contexts(state, p->threads, stampede_body, &s);
        assert_int_equal(ct_load_u64_relaxed(&s.stored), s.keys);
        assert_int_equal(ct_map_shape(&s.m).entries, s.keys);
        ct_map_fini(&s.m);
}

static void each_key_is_added_once(void **state)
{
        everywhere(state, stampede);
}

/* ---- readers in a chain that changes ---- */

/* Keys of one chain: entries go and come around the one that stays. */
struct chain {
        struct ct_map m;
        uint64_t key[8];
        unsigned rounds;
        ct_atomic_u32 done;
};

static void chain_body(void *shared, unsigned index)
{
        struct chain *c = shared;
        uint64_t v;

        if (index == 0) {
                for (unsigned i = 0; i < c->rounds; i++) {
                        uint64_t key = c->key[1 + i % 7];

                        ct_map_delete(&c->m, key, NULL);
                        ct_map_store(&c->m, key, i, NULL);
                }
                ct_store_u32_release(&c->done, 1); /* pairs with the readers */
                return;
        }
        while (!ct_load_u32_acquire(&c->done)) { /* pairs with the writer */
                for (int i = 0; i < 100; i++)
                        CONTEXT_CHECK(ct_map_load(&c->m, c->key[0], &v) && v == 17);
                ct_parker_ops_self()->yield();
        }
}

static void chain(void **state, const struct stress_placement *p)
{
        static struct chain c; /* off the stack */
        unsigned n = 0;

        memset(&c, 0, sizeof c);
        c.rounds = ROUNDS(200000) / p->threads;
        assert_int_equal(ct_map_init(&c.m, CT_MAP_U64, 1), 0); /* a known seed */
        for (uint64_t k = 0; n < 8; k++)
                if (ct_map_shard_of_(ct_hash_u64(k, 1)) == 0 && ct_hash_u64(k, 1) % 1024 == 0)
                        c.key[n++] = k;
        for (unsigned i = 0; i < 8; i++) /* the one that stays is last in its chain */
                ct_map_store(&c.m, c.key[i], 17, NULL);
        assert_int_equal(ct_map_shape(&c.m).longest_chain, 8);
        run_contexts(state, p->threads, chain_body, &c);
        ct_map_fini(&c.m);
}

static void neighbours_may_go(void **state)
{
        everywhere(state, chain);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(every_context_finds_its_own), BOTH_WAYS(and_with_keys_of_bytes),
                BOTH_WAYS(one_wins_each_fight),         BOTH_WAYS(each_key_is_added_once),
                BOTH_WAYS(neighbours_may_go),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
