/* ct_value and the read sections under it: whole values, never freed ones. */
#include "programs.h"

#include "sync/value.h"

struct pair {
        int a, b;
};

struct state {
        struct ct_value v;
        ct_atomic_u32 dropped;
};

static void first(void *state)
{
        struct state *s = state;

        ct_value_init(&s->v, NULL);
        SIM_CHECK(!ct_value_store(&s->v, &(struct pair){1, 1}, sizeof(struct pair)));
}

static void last(void *state)
{
        struct state *s = state;

        ct_value_fini(&s->v);
        ct_retired_drain();
        SIM_CHECK(ct_retired_count() == 0);
}

static void look(struct state *s)
{
        struct ct_reading r;
        const struct pair *p;

        sim_at("get");
        r = ct_read_begin();
        p = ct_value_get(&s->v);
        SIM_CHECK(SIM_READ(p->a) == SIM_READ(p->b));
        sim_step();
        SIM_CHECK(SIM_READ(p->a) == SIM_READ(p->b));
        ct_read_end(r);
}

static void replace(struct state *s, int n)
{
        sim_at("store");
        SIM_CHECK(!ct_value_store(&s->v, &(struct pair){n, n}, sizeof(struct pair)));
}

static void two_read_one_writes(void *state, unsigned self)
{
        if (self < 2) {
                look(state);
                return;
        }
        replace(state, 2);
        replace(state, 3);
}

static void one_reads_two_write(void *state, unsigned self)
{
        if (self == 0) {
                look(state);
                return;
        }
        replace(state, 10 * (int)self);
        replace(state, 10 * (int)self + 1);
}

static void load_copy(void *state, unsigned self)
{
        struct state *s = state;
        struct pair mine = {0, 0};

        if (self == 1) {
                replace(s, 2);
                replace(s, 3);
                return;
        }
        sim_at("load");
        SIM_CHECK(ct_value_load(&s->v, &mine, sizeof mine) == sizeof mine);
        SIM_CHECK(mine.a == mine.b && mine.a > 0);
}

/* Two count up by compare-and-swap: neither is lost. */
static void count_up(void *state, unsigned self)
{
        struct state *s = state;
        int done = 0;

        (void)self;
        while (!done) {
                struct ct_reading r = ct_read_begin();
                const struct pair *old = ct_value_get(&s->v);
                struct pair new = {SIM_READ(old->a) + 1, SIM_READ(old->b) + 1};

                sim_at("compare and swap");
                done = ct_value_compare_and_swap(&s->v, old, &new, sizeof new);
                ct_read_end(r);
        }
}

static void counted(void *state)
{
        struct state *s = state;
        struct pair p;

        SIM_CHECK(ct_value_load(&s->v, &p, sizeof p) == sizeof p && p.a == 3);
        last(state);
}

const struct sim_program value_programs[] = {
        {.name = "value_2r1w",
         .what = "two readers, a writer that stores twice",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = first,
         .task = two_read_one_writes,
         .check = last,
         .bound = 2},
        {.name = "value_1r2w",
         .what = "a reader, two writers that store twice",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = first,
         .task = one_reads_two_write,
         .check = last,
         .bound = 2},
        {.name = "value_2r1w_fences",
         .what = "two readers, a writer that stores twice; membarrier",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = first,
         .task = two_read_one_writes,
         .check = last,
         .asymmetric = true,
         .bound = 2},
        {.name = "value_1r2w_fences",
         .what = "a reader, two writers that store twice; membarrier",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = first,
         .task = one_reads_two_write,
         .check = last,
         .asymmetric = true,
         .bound = 2},
        {.name = "value_load",
         .what = "a copy taken beside two stores",
         .tasks = 2,
         .size = sizeof(struct state),
         .setup = first,
         .task = load_copy,
         .check = last},
        {.name = "value_cas",
         .what = "two count up by compare-and-swap",
         .tasks = 2,
         .size = sizeof(struct state),
         .setup = first,
         .task = count_up,
         .check = counted},
        {0}};
