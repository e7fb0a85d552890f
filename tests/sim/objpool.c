/* ct_objpool: an object is never in two hands, and none is lost. */
#include "programs.h"

#include "base/pause.h"
#include "sync/objpool.h"

struct object {
        int in_use, uses;
};

struct state {
        struct ct_objpool pool;
        ct_atomic_u32 made, freed;
        ct_atomic_ptr handed;
};

static void *make_object(void *context)
{
        struct state *s = context;

        ct_add_u32_relaxed(&s->made, 1);
        return calloc(1, sizeof(struct object));
}

static void free_object(void *context, void *object)
{
        struct state *s = context;

        ct_add_u32_relaxed(&s->freed, 1);
        free(object);
}

static void make_pool(void *state)
{
        struct state *s = state;

        SIM_CHECK(!ct_objpool_init(&s->pool, &(struct ct_objpool_config){.make = make_object,
                                                                         .free = free_object,
                                                                         .context = s,
                                                                         .depot = 2}));
}

static struct object *take(struct state *s)
{
        struct object *o;

        sim_at("get");
        o = ct_objpool_get(&s->pool);
        SIM_CHECK(o && SIM_READ(o->in_use) == 0);
        SIM_WRITE(o->in_use, 1);
        return o;
}

static void give(struct state *s, struct object *o)
{
        SIM_WRITE(o->in_use, 0);
        sim_at("put");
        ct_objpool_put(&s->pool, o);
}

/* Each fills and empties its own cache past its size, so all go through the depot. */
static void through_the_depot(void *state, unsigned self)
{
        struct state *s = state;
        struct object *o[3];

        (void)self;
        for (int i = 0; i < 3; i++)
                o[i] = take(s);
        for (int i = 0; i < 3; i++)
                give(s, o[i]);
        give(s, take(s));
}

/* One gets what another puts. */
static void hand_around(void *state, unsigned self)
{
        struct state *s = state;
        void *o;

        if (self == 0) {
                ct_store_ptr_release(&s->handed, take(s)); /* pairs with the acquire below */
                give(s, take(s));
                return;
        }
        while (!(o = ct_exchange_ptr_acquire(&s->handed, NULL))) /* pairs with the store above */
                ct_pause();
        give(s, o);
        give(s, take(s));
}

static void all_freed(void *state)
{
        struct state *s = state;

        ct_objpool_fini(&s->pool);
        SIM_CHECK(ct_load_u32_relaxed(&s->made) == ct_load_u32_relaxed(&s->freed));
}

const struct sim_program objpool_programs[] = {
        {.name = "objpool_depot",
         .what = "two tasks, more objects than a cache holds",
         .tasks = 2,
         .size = sizeof(struct state),
         .setup = make_pool,
         .task = through_the_depot,
         .check = all_freed,
         .bound = 2},
        {.name = "objpool_handed",
         .what = "put by another than got it",
         .tasks = 2,
         .size = sizeof(struct state),
         .setup = make_pool,
         .task = hand_around,
         .check = all_freed,
         .bound = 2},
        {0}};
