/* ct_objpool: its contract, one behaviour each; misuse in sub-processes; stress with an oracle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/objpool.h"

#include "both.h"

struct object {
        ct_atomic_u32 users;
        uint64_t mark; /* plain: get and put order it */
};

struct factory {
        ct_atomic_u64 made, freed;
        bool barren;
};

static void *make(void *context)
{
        struct factory *f = context;
        struct object *o = f->barren ? NULL : calloc(1, sizeof *o);

        if (o)
                ct_add_u64_relaxed(&f->made, 1);
        return o;
}

static void unmake(void *context, void *object)
{
        ct_add_u64_relaxed(&((struct factory *)context)->freed, 1);
        free(object);
}

static void open_pool(struct ct_objpool *p, struct factory *f, unsigned depot)
{
        struct ct_objpool_config c = {.make = make, .free = unmake, .context = f, .depot = depot};

        assert_int_equal(ct_objpool_init(p, &c), 0);
}

static void assert_balanced(const struct factory *f)
{
        assert_int_equal(ct_load_u64_relaxed(&f->made), ct_load_u64_relaxed(&f->freed));
}

static void the_last_in_is_the_first_out(void **state)
{
        struct factory f = {0};
        struct ct_objpool p;
        void *a, *b;

        (void)state;
        open_pool(&p, &f, 0);
        a = ct_objpool_get(&p);
        b = ct_objpool_get(&p);
        assert_ptr_not_equal(a, b);
        ct_objpool_put(&p, a);
        ct_objpool_put(&p, b);
        assert_ptr_equal(ct_objpool_get(&p), b);
        assert_ptr_equal(ct_objpool_get(&p), a);
        assert_int_equal(ct_load_u64_relaxed(&f.made), 2);
        ct_objpool_put(&p, a);
        ct_objpool_put(&p, b);
        ct_objpool_fini(&p);
        assert_balanced(&f);
}

static void an_object_keeps_its_state(void **state)
{
        struct factory f = {0};
        struct ct_objpool p;
        struct object *o;

        (void)state;
        open_pool(&p, &f, 0);
        o = ct_objpool_get(&p);
        assert_int_equal(o->mark, 0);
        o->mark = 17;
        ct_objpool_put(&p, o);
        o = ct_objpool_get(&p);
        assert_int_equal(o->mark, 17);
        ct_objpool_put(&p, o);
        ct_objpool_fini(&p);
}

static void without_make_it_only_gives_back(void **state)
{
        struct factory f = {.barren = true};
        struct ct_objpool p;
        int mine;

        (void)state;
        assert_int_equal(ct_objpool_init(&p, NULL), 0);
        assert_null(ct_objpool_get(&p));
        ct_objpool_put(&p, &mine);
        assert_ptr_equal(ct_objpool_get(&p), &mine);
        ct_objpool_put(&p, &mine);
        ct_objpool_fini(&p); /* no free function: the object stays its owner's */
        open_pool(&p, &f, 0);
        assert_null(ct_objpool_get(&p)); /* make has none */
        assert_int_equal(ct_objpool_stats(&p).makes, 0);
        ct_objpool_fini(&p);
}

static void get_many(struct ct_objpool *p, void **object, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                object[i] = ct_objpool_get(p);
                assert_non_null(object[i]);
                for (unsigned j = 0; j < i; j++)
                        assert_ptr_not_equal(object[i], object[j]);
        }
}

static void put_many(struct ct_objpool *p, void **object, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                ct_objpool_put(p, object[i]);
}

enum { MANY = 1000, DEPOT = 320 };

static void what_is_kept_is_bounded(void **state)
{
        struct factory f = {0};
        struct ct_objpool p;
        struct ct_objpool_stats s;
        void *object[MANY];
        uint64_t kept;

        (void)state;
        open_pool(&p, &f, DEPOT);
        get_many(&p, object, MANY);
        assert_int_equal(ct_load_u64_relaxed(&f.made), MANY);
        put_many(&p, object, MANY);
        s = ct_objpool_stats(&p);
        assert_int_equal(s.depot, DEPOT);
        kept = s.makes - s.frees;
        assert_true(kept > DEPOT && kept <= DEPOT + CT_OBJPOOL_CACHE);
        assert_int_equal(s.frees, ct_load_u64_relaxed(&f.freed));
        get_many(&p, object, MANY); /* all that is there comes out, and only then new ones */
        assert_int_equal(ct_load_u64_relaxed(&f.made), 2 * MANY - kept);
        assert_int_equal(ct_objpool_stats(&p).depot, 0);
        assert_int_equal(ct_objpool_stats(&p).gets, 2 * MANY);
        assert_int_equal(ct_objpool_stats(&p).puts, MANY);
        put_many(&p, object, MANY);
        ct_objpool_fini(&p);
        assert_balanced(&f);
}

static void trim_frees_what_two_trims_found(void **state)
{
        struct factory f = {0};
        struct ct_objpool p;
        void *object[MANY];
        size_t depot;

        (void)state;
        open_pool(&p, &f, MANY);
        get_many(&p, object, MANY);
        put_many(&p, object, MANY);
        depot = ct_objpool_stats(&p).depot;
        assert_true(depot >= MANY - CT_OBJPOOL_CACHE);
        assert_int_equal(ct_objpool_trim(&p), 0); /* all are victims now */
        assert_int_equal(ct_objpool_stats(&p).depot, depot);
        get_many(&p, object, MANY / 2); /* victims are still to be had */
        assert_int_equal(ct_load_u64_relaxed(&f.made), MANY);
        put_many(&p, object, MANY / 2); /* and these are none any more */
        depot = ct_objpool_trim(&p);
        assert_true(depot >= MANY / 2 - 2 * CT_OBJPOOL_CACHE && depot <= MANY / 2);
        assert_int_equal(ct_load_u64_relaxed(&f.freed), depot);
        depot = ct_objpool_trim(&p);
        assert_true(depot >= MANY / 2 - 2 * CT_OBJPOOL_CACHE);
        assert_int_equal(ct_objpool_stats(&p).depot, 0);
        get_many(&p, object, MANY);
        put_many(&p, object, MANY);
        ct_objpool_fini(&p);
        assert_balanced(&f);
}

/* ---- stress ---- */

enum { BASKET = 64 };

struct world {
        struct ct_objpool p;
        struct factory f;
        ct_atomic_ptr basket[BASKET]; /* objects that change hands outside of the pool */
        unsigned rounds;
};

static struct object *take(struct world *w)
{
        struct object *o = ct_objpool_get(&w->p);

        CONTEXT_CHECK(ct_add_u32_relaxed(&o->users, 1) == 0); /* nobody else has it */
        o->mark++;
        return o;
}

static void give(struct world *w, struct object *o)
{
        if (!o)
                return;
        o->mark++;
        CONTEXT_CHECK(ct_sub_u32_relaxed(&o->users, 1) == 1);
        ct_objpool_put(&w->p, o);
}

/* Bursts of all lengths, so that stacks run full and empty; some objects are put by others. */
static void world_body(void *shared, unsigned index)
{
        struct world *w = shared;
        struct object *held[100];
        struct ct_rng rng;

        ct_rng_seed(&rng, index);
        for (unsigned i = 0; i < w->rounds; i++) {
                unsigned n = (unsigned)ct_rng_below(&rng, 100);

                for (unsigned k = 0; k < n; k++)
                        held[k] = take(w);
                if (n) {
                        ct_atomic_ptr *place = &w->basket[ct_rng_below(&rng, BASKET)];

                        /* acq_rel: one context's last use comes before the next one's first */
                        held[0] = ct_exchange_ptr_acq_rel(place, held[0]);
                }
                if (i % 4 == 0)
                        ct_parker_ops_self()->yield(); /* the objects stay, the slot may not */
                for (unsigned k = 0; k < n; k++)
                        give(w, held[k]);
                if (i % 512 == 0)
                        ct_objpool_trim(&w->p);
        }
}

static void play(void **state, const struct stress_placement *p)
{
        static struct world w; /* off the stack: aligned */

        memset(&w, 0, sizeof w);
        w.rounds = ROUNDS(16000) / p->threads;
        open_pool(&w.p, &w.f, 256);
        run_contexts(state, p->threads, world_body, &w);
        for (unsigned i = 0; i < BASKET; i++)
                give(&w, ct_load_ptr_relaxed(&w.basket[i]));
        assert_int_equal(ct_objpool_stats(&w.p).gets, ct_objpool_stats(&w.p).puts);
        ct_objpool_fini(&w.p);
        assert_balanced(&w.f);
}

static void no_object_has_two_users(void **state)
{
        everywhere(state, play);
}

/* ---- more threads than slots ---- */

struct hoard {
        struct world w;
        ct_atomic_u32 have, done;
};

static void *use_without_slot(void *arg)
{
        struct hoard *h = arg;
        struct object *o[3];

        for (int i = 0; i < 1000; i++) {
                for (int k = 0; k < 3; k++)
                        o[k] = take(&h->w);
                for (int k = 0; k < 3; k++)
                        give(&h->w, o[k]);
        }
        ct_add_u32_relaxed(&h->have, 1);
        UNTIL(ct_load_u32_relaxed(&h->done)); /* keeps its slot */
        return NULL;
}

static void threads_without_a_slot_share(void **state)
{
        static pthread_t thread[CT_SLOTS + 8];
        static struct hoard h;

        (void)state;
        open_pool(&h.w.p, &h.w.f, 0);
        for (unsigned i = 0; i < CT_SLOTS + 8; i++)
                assert_int_equal(pthread_create(&thread[i], NULL, use_without_slot, &h), 0);
        UNTIL(ct_load_u32_relaxed(&h.have) == CT_SLOTS + 8);
        ct_store_u32_relaxed(&h.done, 1);
        for (unsigned i = 0; i < CT_SLOTS + 8; i++)
                pthread_join(thread[i], NULL);
        assert_int_equal(ct_exchange_u32_relaxed(&both_failures, 0), 0);
        assert_int_equal(ct_objpool_stats(&h.w.p).gets, (CT_SLOTS + 8) * 3000);
        assert_int_equal(ct_objpool_stats(&h.w.p).puts, (CT_SLOTS + 8) * 3000);
        ct_objpool_fini(&h.w.p);
        assert_balanced(&h.w.f);
}

/* ---- misuse ---- */

static void put_null(void *shared, unsigned index)
{
        static struct ct_objpool p;

        (void)shared;
        (void)index;
        ct_objpool_init(&p, NULL);
        ct_objpool_put(&p, NULL);
}

static void put_twice(void *shared, unsigned index)
{
        static struct ct_objpool p;
        int a;

        (void)shared;
        (void)index;
        ct_objpool_init(&p, NULL);
        ct_objpool_put(&p, &a);
        ct_objpool_put(&p, &a);
}

/* What a build with CT_CHECKED does in every put. */
static void put_again_later(void *shared, unsigned index)
{
        static struct ct_objpool p;
        int a, b;

        (void)shared;
        (void)index;
        ct_objpool_init(&p, NULL);
        ct_objpool_put(&p, &a);
        ct_objpool_put(&p, &b);
        ct_objpool_check_put_(&p, &a);
}

static void misuse_panics(void **state)
{
        assert_true(contexts_die(state, 1, put_null, NULL, "put of NULL"));
        assert_true(contexts_die(state, 1, put_twice, NULL, "put twice"));
        assert_true(contexts_die(state, 1, put_again_later, NULL, "put twice"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_DIE(misuse_panics),
                BOTH_WAYS(the_last_in_is_the_first_out),
                BOTH_WAYS(an_object_keeps_its_state),
                BOTH_WAYS(without_make_it_only_gives_back),
                BOTH_WAYS(what_is_kept_is_bounded),
                BOTH_WAYS(trim_frees_what_two_trims_found),
                BOTH_WAYS(no_object_has_two_users),
                WATCHED(threads_without_a_slot_share),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
