/* ct_map: one order per key, nothing lost while it grows, readers never on freed entries. */
#include "programs.h"

#include "sync/map.h"
#include "sync/reclaim.h"

struct state {
        struct ct_map m;
        ct_atomic_u32 stored;
};

static void make(void *state)
{
        SIM_CHECK(!ct_map_init(&((struct state *)state)->m, CT_MAP_U64, 42));
}

static void with_key_1(void *state)
{
        make(state);
        SIM_CHECK(ct_map_store(&((struct state *)state)->m, 1, 100, NULL) == 0);
}

static void end(struct state *s)
{
        ct_map_fini(&s->m);
        ct_retired_drain();
        SIM_CHECK(ct_retired_count() == 0);
}

static uint64_t value_of(struct state *s, uint64_t key)
{
        uint64_t v = 0;

        SIM_CHECK(ct_map_load(&s->m, key, &v));
        return v;
}

/* Three keys of three writers; none gets lost, whatever grows meanwhile. */
static void three_writers(void *state, unsigned self)
{
        struct state *s = state;

        sim_at("store");
        SIM_CHECK(ct_map_store(&s->m, self + 1, self + 10, NULL) == 0);
        SIM_CHECK(value_of(s, self + 1) == self + 10);
}

static void all_three(void *state)
{
        struct state *s = state;

        for (uint64_t k = 1; k <= 3; k++)
                SIM_CHECK(value_of(s, k) == k + 9);
        SIM_CHECK(ct_map_len(&s->m) == 3);
        end(s);
}

static void load_or_store(void *state, unsigned self)
{
        struct state *s = state;
        uint64_t actual;
        int r;

        sim_at("load_or_store");
        r = ct_map_load_or_store(&s->m, 7, self + 1, &actual);
        SIM_CHECK(r >= 0 && (r == 1 || actual == self + 1));
        if (!r)
                ct_add_u32_relaxed(&s->stored, 1);
        SIM_CHECK(value_of(s, 7) == actual);
}

static void stored_once(void *state)
{
        struct state *s = state;

        SIM_CHECK(ct_load_u32_relaxed(&s->stored) == 1 && ct_map_len(&s->m) == 1);
        end(s);
}

/* A reader beside a writer that replaces, deletes and stores again. */
static void read_beside_changes(void *state, unsigned self)
{
        struct state *s = state;
        uint64_t v = 0, old;

        if (self == 0) {
                bool there;

                sim_at("load");
                there = ct_map_load(&s->m, 1, &v);
                sim_saw(there);
                SIM_CHECK(!there || v == 100 || v == 101 || v == 102);
                return;
        }
        sim_at("store");
        SIM_CHECK(ct_map_store(&s->m, 1, 101, &old) == 1 && old == 100);
        sim_at("delete");
        SIM_CHECK(ct_map_delete(&s->m, 1, &old) && old == 101);
        sim_at("store again");
        SIM_CHECK(ct_map_store(&s->m, 1, 102, NULL) == 0);
}

static void has_102(void *state)
{
        struct state *s = state;

        SIM_CHECK(value_of(s, 1) == 102 && ct_map_len(&s->m) == 1);
        end(s);
}

/* Two delete one key: one of them had it. */
static void two_delete(void *state, unsigned self)
{
        struct state *s = state;

        (void)self;
        sim_at("delete");
        if (ct_map_delete(&s->m, 1, NULL))
                ct_add_u32_relaxed(&s->stored, 1);
}

static void deleted_once(void *state)
{
        struct state *s = state;
        uint64_t v;

        SIM_CHECK(ct_load_u32_relaxed(&s->stored) == 1);
        SIM_CHECK(!ct_map_load(&s->m, 1, &v) && ct_map_len(&s->m) == 0);
        end(s);
}

/* In each of some hashes; in one of them keys that go stand in front of keys that stay. */
static void with_four_keys(void *state)
{
        struct state *s = state;

        SIM_CHECK(!ct_map_init(&s->m, CT_MAP_U64, 42 + sim_choose(3)));
        for (uint64_t k = 1; k <= 4; k++)
                SIM_CHECK(ct_map_store(&s->m, k, k, NULL) == 0);
}

/* One deletes two of four keys: the other finds those that stay, though it may stand on one that
   goes. */
static void delete_two(void *state, unsigned self)
{
        struct state *s = state;

        for (uint64_t k = 1; k <= 2; k++) {
                uint64_t old;

                sim_at(self ? "delete" : "load");
                if (self)
                        SIM_CHECK(ct_map_delete(&s->m, k, &old) && old == k);
                else
                        SIM_CHECK(value_of(s, k + 2) == k + 2);
        }
}

static void two_stay(void *state)
{
        struct state *s = state;

        SIM_CHECK(ct_map_len(&s->m) == 2 && value_of(s, 3) == 3 && value_of(s, 4) == 4);
        end(s);
}

static void count_up(void *state, unsigned self)
{
        struct state *s = state;
        uint64_t old;

        (void)self;
        sim_at("compare_and_swap");
        do
                old = value_of(s, 1);
        while (!ct_map_compare_and_swap(&s->m, 1, old, old + 1));
}

static void counted(void *state)
{
        struct state *s = state;

        SIM_CHECK(value_of(s, 1) == 102);
        end(s);
}

/* A reader of a key that stays, while others make the table grow. */
static void read_while_growing(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                sim_at("load");
                SIM_CHECK(value_of(s, 1) == 100);
                return;
        }
        for (uint64_t k = 2; k <= 6; k++) {
                sim_at("store");
                SIM_CHECK(ct_map_store(&s->m, k, k, NULL) == 0);
        }
}

static void has_six(void *state)
{
        struct state *s = state;

        SIM_CHECK(value_of(s, 1) == 100 && ct_map_len(&s->m) == 6);
        for (uint64_t k = 2; k <= 6; k++)
                SIM_CHECK(value_of(s, k) == k);
        end(s);
}

const struct sim_program map_programs[] = {
        {.name = "map_3w",
         .what = "three new keys at once",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = make,
         .task = three_writers,
         .check = all_three,
         .bound = 2,
         .faults = -1},
        {.name = "map_load_or_store",
         .what = "three want to store one key first",
         .tasks = 3,
         .size = sizeof(struct state),
         .setup = make,
         .task = load_or_store,
         .check = stored_once,
         .bound = 2},
        {.name = "map_reader",
         .what = "a reader beside store, delete, store",
         .tasks = 2,
         .size = sizeof(struct state),
         .setup = with_key_1,
         .task = read_beside_changes,
         .check = has_102,
         .bound = 2,
         .must_see = 3},
        {.name = "map_delete",
         .what = "two delete one key",
         .tasks = 2,
         .size = sizeof(struct state),
         .setup = with_key_1,
         .task = two_delete,
         .check = deleted_once},
        {.name = "map_deletes",
         .what = "two of four keys are deleted beside a reader of the others",
         .tasks = 2,
         .size = sizeof(struct state),
         .setup = with_four_keys,
         .task = delete_two,
         .check = two_stay},
        {.name = "map_cas",
         .what = "two count up by compare-and-swap",
         .tasks = 2,
         .size = sizeof(struct state),
         .setup = with_key_1,
         .task = count_up,
         .check = counted,
         .bound = 2},
        {.name = "map_grows",
         .what = "a reader beside a table that grows",
         .tasks = 2,
         .size = sizeof(struct state),
         .setup = with_key_1,
         .task = read_while_growing,
         .check = has_six,
         .bound = 2},
        {0}};
