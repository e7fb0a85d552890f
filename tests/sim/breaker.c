/* ct_breaker: one probe at a time; late reports are not counted; no failure of a row is lost. */
#include "programs.h"

#include "flow/breaker.h"

struct state {
        struct ct_breaker b;
        struct ct_breaker_ticket slow; /* let in before it opened */
        ct_atomic_u32 inside, probes;
        int told; /* written before the report that closes it */
};

static void make(struct state *s, unsigned failures, unsigned probes)
{
        struct ct_breaker_config c = {.failures = failures, .open_ns = 10, .probes = probes};

        SIM_CHECK(ct_breaker_init(&s->b, &c) == 0);
}

/* It opened at 0. */
static void opened(void *state)
{
        struct state *s = state;
        struct ct_breaker_ticket t;

        sim_calm(true);
        make(s, 1, 1000);
        SIM_CHECK(ct_breaker_enter(&s->b, 0, &s->slow) == 0);
        SIM_CHECK(ct_breaker_enter(&s->b, 0, &t) == 0);
        ct_breaker_leave(&s->b, &t, 0, false);
        sim_calm(false);
}

static void opened_one_probe(void *state)
{
        struct state *s = state;

        opened(state);
        s->b.config.probes = 1;
}

static void closed(void *state)
{
        make(state, 2, 1);
}

/* Whoever is let in is alone; success or failure, by who it is. */
static void probe(struct state *s, int64_t now, bool success)
{
        struct ct_breaker_ticket t;

        sim_at("enter");
        if (ct_breaker_enter(&s->b, now, &t))
                return;
        SIM_CHECK(ct_add_u32_relaxed(&s->inside, 1) == 0);
        ct_add_u32_relaxed(&s->probes, 1);
        sim_step();
        ct_sub_u32_relaxed(&s->inside, 1);
        sim_at("leave");
        ct_breaker_leave(&s->b, &t, now, success);
}

static void three_ask(void *state, unsigned self)
{
        probe(state, 10, self != 0);
}

static void some_probe(void *state)
{
        struct state *s = state;
        uint32_t n = ct_load_u32_relaxed(&s->probes);

        SIM_CHECK(n >= 1 && n <= 3);
        sim_saw(n - 1);
}

/* A slow report from before meets the probe. */
static void late(void *state, unsigned self)
{
        struct state *s = state;
        struct ct_breaker_ticket t;

        if (self == 0) {
                sim_at("late report");
                ct_breaker_leave(&s->b, &s->slow, 10, false);
                return;
        }
        SIM_CHECK(ct_breaker_enter(&s->b, 10, &t) == 0);
        SIM_WRITE(s->told, 1);
        ct_breaker_leave(&s->b, &t, 10, true);
}

static void is_closed(void *state)
{
        struct state *s = state;

        SIM_CHECK(ct_breaker_state(&s->b, 10) == CT_BREAKER_CLOSED);
}

/* Who finds it closed again sees what was done before. */
static void closes(void *state, unsigned self)
{
        struct state *s = state;
        struct ct_breaker_ticket t;

        if (self == 1) {
                late(state, 1);
                return;
        }
        sim_at("enter");
        if (ct_breaker_enter(&s->b, 5, &t) == 0)
                SIM_CHECK(SIM_READ(s->told) == 1);
}

/* Two failures side by side are two in a row. */
static void two_fail(void *state, unsigned self)
{
        struct state *s = state;
        struct ct_breaker_ticket t;

        (void)self;
        SIM_CHECK(ct_breaker_enter(&s->b, 0, &t) == 0);
        ct_breaker_leave(&s->b, &t, 0, false);
}

static void is_open(void *state)
{
        struct state *s = state;
        struct ct_breaker_stats st;

        ct_breaker_stats(&s->b, 9, &st);
        SIM_CHECK(st.state == CT_BREAKER_OPEN && st.opened == 1);
}

#define PROGRAM(n, w, t, up, body, end)                                                            \
        .name = n, .what = w, .tasks = t, .size = sizeof(struct state), .setup = up, .task = body, \
        .check = end

const struct sim_program breaker_programs[] = {
        {PROGRAM("breaker_probes", "three ask when the time is up, one of them fails", 3, opened,
                 three_ask, some_probe),
         .bound = 2, .must_see = 7},
        {PROGRAM("breaker_late", "a report from before meets the probe", 2, opened_one_probe, late,
                 is_closed)},
        {PROGRAM("breaker_closes", "one finds it closed by another", 2, opened_one_probe, closes,
                 is_closed)},
        {PROGRAM("breaker_row", "two failures at once", 2, closed, two_fail, is_open)},
        {0}};
