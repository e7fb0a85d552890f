/* ct_batcher: what was added leaves once, by size, age, flush or close; nobody waits for ever. */
#include "programs.h"

#include "flow/batcher.h"

#include <errno.h>

enum { ITEMS = 6 };

struct state {
        struct ct_batcher *b;
        struct ct_timers *clock;
        uint32_t added, taken, discarded; /* bits */
        uint32_t early;                   /* whose add began before the advance had ended */
        uint32_t advanced, by_age;        /* whether it has; batches by age */
        ct_atomic_u32 ended;
};

/* Not looked at for races: tasks switch at atomic operations only, so what is plain here is whole.
 */
#define BOOKS __attribute__((no_sanitize_thread, noinline))

static BOOKS void note(uint32_t *bits, int v)
{
        SIM_CHECK(v >= 0 && v < ITEMS && !(*bits >> v & 1));
        *bits |= 1u << v;
}

static BOOKS bool is_noted(const uint32_t *bits, int v)
{
        return *bits >> v & 1;
}

static void discard(void *arg, void *item)
{
        note(&((struct state *)arg)->discarded, *(int *)item);
}

static void make(struct state *s, size_t most, size_t queue)
{
        struct ct_batcher_config c = {.element_size = sizeof(int),
                                      .most = most,
                                      .age_ns = 10,
                                      .queue = queue,
                                      .discard = discard,
                                      .arg = s};

        sim_calm(true);
        SIM_CHECK(ct_timers_new(&s->clock, 0) == 0);
        c.timers = s->clock;
        SIM_CHECK(ct_batcher_new(&s->b, &c) == 0);
        sim_calm(false);
}

static void pairs(void *state)
{
        make(state, 2, 1);
}

static void roomy(void *state)
{
        make(state, 4, 2);
}

static int add(struct state *s, int v)
{
        int r;

        if (!is_noted(&s->advanced, 0))
                note(&s->early, v);
        sim_at("add");
        r = ct_batcher_add(s->b, &v);
        if (r == 0)
                note(&s->added, v);
        return r;
}

/* Closed with one batch sealed and one that has no room in the queue. */
static void closed_and_full(void *state)
{
        struct state *s = state;

        make(s, 1, 1);
        sim_calm(true);
        SIM_CHECK(add(s, 0) == 0 && add(s, 1) == 0);
        ct_batcher_close(s->b);
        sim_calm(false);
}

static bool take(struct state *s)
{
        struct ct_batch batch;

        sim_at("take");
        if (!ct_batcher_take(s->b, &batch))
                return false;
        SIM_CHECK(batch.n > 0);
        if (batch.why == CT_BATCH_AGE)
                note(&s->by_age, 0);
        for (size_t i = 0; i < batch.n; i++) {
                int v = SIM_READ(((int *)batch.items)[i]);

                note(&s->taken, v);
                SIM_CHECK(batch.why != CT_BATCH_AGE || is_noted(&s->early, v));
        }
        ct_batcher_release(s->b, &batch);
        return true;
}

/* The last of n closes. */
static void done(struct state *s, unsigned n)
{
        if (ct_add_u32_acq_rel(&s->ended, 1) + 1 == n) {
                sim_at("close");
                ct_batcher_close(s->b);
        }
}

static void conserved(void *state)
{
        struct state *s = state;

        ct_batcher_free(s->b);
        ct_timers_free(s->clock);
        SIM_CHECK(!(s->taken & s->discarded) && (s->taken | s->discarded) == s->added);
}

static void all_taken(void *state)
{
        struct state *s = state;

        conserved(state);
        SIM_CHECK(s->taken == s->added);
}

/* Two add, one takes. */
static void by_size(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                while (take(s))
                        ;
                return;
        }
        SIM_CHECK(add(s, (int)self) == 0);
        if (self == 1)
                SIM_CHECK(add(s, 0) == 0);
        done(s, 2);
}

/* Time passes while one adds: a batch of that age has what was added before, and nothing that was
   added after. */
static void by_age(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                while (take(s))
                        ;
        } else if (self == 1) {
                for (int v = 0; v < 2; v++)
                        SIM_CHECK(add(s, v) == 0);
                done(s, 2);
        } else {
                sim_at("advance");
                ct_timers_advance(s->clock, 10);
                note(&s->advanced, 0);
                done(s, 2);
        }
}

static void some_by_age(void *state)
{
        struct state *s = state;

        sim_saw(s->by_age);
        all_taken(state);
}

/* Two flush one item at the same time. */
static void flushed_twice(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                while (take(s))
                        ;
                return;
        }
        SIM_CHECK(add(s, (int)self) == 0);
        sim_at("flush");
        ct_batcher_flush(s->b);
        done(s, 2);
}

/* The close meets an add. */
static void closed(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                while (take(s))
                        ;
        } else if (self == 1) {
                for (int v = 0; v < 2; v++)
                        sim_saw(add(s, v) == -ESHUTDOWN);
        } else {
                sim_at("close");
                ct_batcher_close(s->b);
        }
}

/* Two take, one adds: both learn of the end. */
static void two_takers(void *state, unsigned self)
{
        struct state *s = state;

        if (self < 2) {
                while (take(s))
                        ;
                return;
        }
        SIM_CHECK(add(s, 0) == 0);
        done(s, 1);
}

static void takes(void *state, unsigned self)
{
        (void)self;
        while (take(state))
                ;
}

#define PROGRAM(n, w, t, up, body, end)                                                            \
        .name = n, .what = w, .tasks = t, .size = sizeof(struct state), .setup = up, .task = body, \
        .check = end, .bound = 2, .faults = -1

const struct sim_program batcher_programs[] = {
        {PROGRAM("batcher_size", "two add three, one takes", 3, pairs, by_size, all_taken)},
        {PROGRAM("batcher_age", "time passes while one adds", 3, roomy, by_age, some_by_age),
         .must_see = 3},
        {PROGRAM("batcher_flush", "two flushes at once", 3, roomy, flushed_twice, all_taken)},
        {PROGRAM("batcher_close", "a close while one adds", 3, pairs, closed, all_taken),
         .must_see = 3},
        {PROGRAM("batcher_takers", "two takers learn of the end", 3, pairs, two_takers, all_taken)},
        {PROGRAM("batcher_end", "three takers, two batches, closed", 3, closed_and_full, takes,
                 all_taken)},
        {0}};
