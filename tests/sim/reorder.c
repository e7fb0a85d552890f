/* ct_reorder: every number that was accepted leaves once and in order; nobody waits for ever. */
#include "programs.h"

#include "flow/reorder.h"

#include <errno.h>

struct state {
        struct ct_reorder *r;
        uint64_t taken;   /* the next number that is expected; the taker's */
        bool accepted[4]; /* by number */
        bool was_taken[4];
};

static void make(struct state *s, size_t window)
{
        SIM_CHECK(ct_reorder_new(&s->r, sizeof(uint64_t), window) == 0);
}

static void window_1(void *state)
{
        make(state, 1);
}

static void window_2(void *state)
{
        make(state, 2);
}

static int put(struct state *s, uint64_t seq, int64_t deadline)
{
        int r;

        sim_at("put");
        r = ct_reorder_put_until(s->r, seq, &seq, deadline);
        s->accepted[seq] = r == 0;
        return r;
}

static int take(struct state *s, int64_t deadline)
{
        uint64_t v = 99;
        int r;

        sim_at("take");
        r = ct_reorder_take_until(s->r, &v, deadline);
        if (r == 0) {
                SIM_CHECK(v < 4 && !s->was_taken[v]);
                SIM_CHECK(v >= s->taken);
                s->was_taken[v] = true;
                s->taken = v + 1;
        }
        return r;
}

/* What was accepted was taken, or is given back. */
static void conserved(void *state)
{
        struct state *s = state;
        uint64_t v;

        ct_reorder_cancel(s->r);
        while (ct_reorder_drain(s->r, &v)) {
                SIM_CHECK(v < 4 && !s->was_taken[v]);
                s->was_taken[v] = true;
        }
        for (v = 0; v < 4; v++)
                SIM_CHECK(s->accepted[v] == s->was_taken[v]);
        ct_reorder_free(s->r);
}

/* The later numbers wait ahead of the window until the head comes. */
static void head_comes(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                for (int i = 0; i < 3; i++)
                        SIM_CHECK(take(s, CT_FOREVER) == 0);
                SIM_CHECK(s->taken == 3);
        } else {
                SIM_CHECK(put(s, 3 - self, CT_FOREVER) == 0);
        }
}

/* One that is ahead, and the taker, may give up. */
static void both_give_up(void *state, unsigned self)
{
        struct state *s = state;
        int64_t soon = ct_deadline_after(SIM_TIMEOUT_NS);

        if (self == 0) {
                sim_saw((unsigned)(take(s, soon) != 0));
                (void)take(s, soon);
        } else if (self == 1) {
                SIM_CHECK(put(s, 0, CT_FOREVER) == 0);
        } else {
                sim_saw(2 + (unsigned)(put(s, 1, soon) != 0));
        }
}

static void cancelled(void *state, unsigned self)
{
        struct state *s = state;
        int r;

        if (self == 0) {
                sim_at("cancel");
                ct_reorder_cancel(s->r);
                return;
        }
        r = self == 1 ? take(s, CT_FOREVER) : put(s, self - 2 ? 1 : 0, CT_FOREVER);
        SIM_CHECK(r == 0 || r == -ECANCELED);
        sim_saw((unsigned)(r != 0));
}

/* 0 is skipped while 1 waits for it; the end is known before. */
static void skipped(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                sim_at("close");
                ct_reorder_close(s->r, 2);
                SIM_CHECK(take(s, CT_FOREVER) == 0 && s->taken == 2);
                SIM_CHECK(take(s, CT_FOREVER) == -EPIPE);
        } else if (self == 1) {
                SIM_CHECK(put(s, 1, CT_FOREVER) == 0);
        } else {
                sim_at("skip");
                SIM_CHECK(ct_reorder_skip(s->r, 0) == 0);
        }
}

/* The end comes while a taker waits for it. */
static void ends(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                SIM_CHECK(put(s, 0, CT_FOREVER) == 0);
        } else if (self == 1) {
                sim_at("close");
                ct_reorder_close(s->r, 1);
        } else {
                SIM_CHECK(take(s, CT_FOREVER) == 0);
                SIM_CHECK(take(s, CT_FOREVER) == -EPIPE);
        }
}

#define PROGRAM(n, w, t, up, body)                                                                 \
        .name = n, .what = w, .tasks = t, .size = sizeof(struct state), .setup = up, .task = body, \
        .check = conserved, .bound = 2, .faults = -1

const struct sim_program reorder_programs[] = {
        {PROGRAM("reorder_head_1", "three puts out of order, window 1", 4, window_1, head_comes)},
        {PROGRAM("reorder_head_2", "three puts out of order, window 2", 4, window_2, head_comes)},
        {PROGRAM("reorder_timed", "a put ahead and the take may give up", 3, window_1,
                 both_give_up),
         .must_see = 15},
        {PROGRAM("reorder_cancel", "a cancel meets a take and two puts", 4, window_1, cancelled),
         .must_see = 3},
        {PROGRAM("reorder_skip", "the head is skipped while another waits", 3, window_1, skipped)},
        {PROGRAM("reorder_end", "the end is told to a taker that waits", 3, window_1, ends)},
        {0}};
