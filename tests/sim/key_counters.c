/* ct_key_counters: one count for a key that several create, no add lost beside a delete. */
#include "programs.h"

#include "cache/key_counters.h"
#include "sync/reclaim.h"

struct state {
        struct ct_key_counters c;
        ct_atomic_u64 taken; /* by deletes */
        ct_atomic_u32 deletes;
};

static const char key[] = "key";

static void add(struct state *s, uint64_t n)
{
        SIM_CHECK(!ct_key_counters_add(&s->c, key, sizeof key, n));
}

static uint64_t get(struct state *s)
{
        return ct_key_counters_get(&s->c, key, sizeof key);
}

/* The final count; `none` where there was no key. */
static uint64_t delete (struct state *s, uint64_t none)
{
        uint64_t last;

        if (!ct_key_counters_delete(&s->c, key, sizeof key, &last))
                return none;
        ct_add_u64_relaxed(&s->taken, last);
        ct_add_u32_relaxed(&s->deletes, 1);
        return last;
}

static void empty(void *state)
{
        SIM_CHECK(!ct_key_counters_init(&((struct state *)state)->c, 42));
}

static void with_1(void *state)
{
        empty(state);
        add(state, 1);
}

static void ends_with(struct state *s, uint64_t added)
{
        uint64_t left = get(s);

        SIM_CHECK(left + ct_load_u64_relaxed(&s->taken) == added);
        SIM_CHECK(ct_key_counters_keys(&s->c) == (left > 0));
        ct_key_counters_destroy(&s->c);
        ct_retired_drain();
        SIM_CHECK(ct_retired_count() == 0);
}

static void create(void *state, unsigned self)
{
        sim_at("add");
        add(state, self + 1);
        SIM_CHECK(get(state) >= self + 1);
}

static void created(void *state)
{
        ends_with(state, 1 + 2 + 3);
}

/* Adds 2, then 4, to the 1 that was there; the other deletes: what it says is what a sequence of
   the three could have left. */
static void add_or_delete(void *state, unsigned self)
{
        struct state *s = state;
        uint64_t n;

        if (self) {
                sim_at("delete");
                n = delete (s, 0);
                SIM_CHECK(n == 1 || n == 3 || n == 7);
                sim_saw((unsigned)n);
                return;
        }
        sim_at("add");
        add(s, 2);
        n = get(s);
        SIM_CHECK(n == 3 || n == 2 || n == 0);
        add(s, 4);
}

static void added_7(void *state)
{
        ends_with(state, 7);
}

/* Two delete what a third adds to. */
static void two_delete(void *state, unsigned self)
{
        struct state *s = state;
        uint64_t n;

        if (self == 2) {
                sim_at("add");
                add(s, 2);
                return;
        }
        sim_at("delete");
        n = delete (s, 0);
        SIM_CHECK(n <= 3);
        sim_saw((unsigned)n);
}

static void added_3(void *state)
{
        struct state *s = state;

        SIM_CHECK(ct_load_u32_relaxed(&s->deletes) >= 1);
        ends_with(s, 3);
}

/* A snapshot beside a delete and an add that starts the key anew. */
static void look(void *state, unsigned self)
{
        struct ct_snapshot_entry e = {0};
        struct state *s = state;
        struct ct_snapshot all;
        uint64_t n;

        if (self) {
                sim_at("delete, add");
                SIM_CHECK(delete (s, 0) == 1);
                SIM_CHECK(get(s) == 0);
                add(s, 2);
                return;
        }
        sim_at("snapshot");
        SIM_CHECK(!ct_key_counters_snapshot(&s->c, &all) && all.entries <= 1);
        n = ct_snapshot_next(&all, &e) ? *(const uint64_t *)e.value : 0;
        SIM_CHECK(n <= 2);
        sim_saw((unsigned)n);
        ct_snapshot_free(&all);
        n = get(s);
        SIM_CHECK(n <= 2);
}

#define SEEN(bit) (UINT32_C(1) << (bit))
#define PROGRAM(name_, n, what_)                                                                   \
        .name = name_, .what = what_, .tasks = n, .size = sizeof(struct state), .bound = 2,        \
        .faults = -1, .asymmetric = true

const struct sim_program key_counters_programs[] = {
        {PROGRAM("key_counters_create", 3, "three create one key"), .setup = empty, .task = create,
         .check = created},
        {PROGRAM("key_counters_delete", 2, "a delete beside two adds"), .setup = with_1,
         .task = add_or_delete, .check = added_7, .must_see = SEEN(1) | SEEN(3) | SEEN(7)},
        {PROGRAM("key_counters_deletes", 3, "two deletes beside an add"), .setup = with_1,
         .task = two_delete, .check = added_3, .must_see = SEEN(0) | SEEN(1) | SEEN(2) | SEEN(3)},
        {PROGRAM("key_counters_snapshot", 2, "a snapshot beside a delete and an add"),
         .setup = with_1, .task = look, .check = added_3, .must_see = SEEN(0) | SEEN(1) | SEEN(2)},
        {0}};
