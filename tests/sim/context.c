/* ct_context: cancels that meet each other, a deadline, a child that is just made, a select. */
#include "chan_programs.h"

#include "chan/context.h"

#define CAUSE 7

struct context_state {
        struct chan_state s;
        struct ct_timers *service;
        struct ct_context *parent, *child, *other;
};

static void parent_only(void *state)
{
        struct context_state *c = state;

        SIM_CHECK(ct_context_with_cancel(&c->parent, ct_context_background()) == 0);
        chan_make(&c->s.a, 0);
}

static void parent_and_child(void *state)
{
        struct context_state *c = state;

        parent_only(state);
        SIM_CHECK(ct_context_with_cancel(&c->child, c->parent) == 0);
}

static void parent_and_two(void *state)
{
        struct context_state *c = state;

        parent_and_child(state);
        SIM_CHECK(ct_context_with_cancel(&c->other, c->parent) == 0);
}

static void deadline_at_10(void *state)
{
        struct context_state *c = state;

        SIM_CHECK(ct_timers_new(&c->service, 0) == 0);
        SIM_CHECK(ct_context_with_deadline_on(&c->parent, ct_context_background(), c->service,
                                              10) == 0);
        chan_make(&c->s.a, 0);
}

static void deadline_and_child(void *state)
{
        struct context_state *c = state;

        deadline_at_10(state);
        SIM_CHECK(ct_context_with_cancel(&c->child, c->parent) == 0);
}

static bool is_done(struct ct_context *ctx)
{
        bool open = true;

        return ct_chan_try_recv(ct_context_done(ctx), NULL, &open) && !open;
}

static void let_go(struct context_state *c)
{
        if (c->other)
                ct_context_release(c->other);
        if (c->child)
                ct_context_release(c->child);
        if (c->parent)
                ct_context_release(c->parent);
        if (c->service) {
                SIM_CHECK(ct_timers_next(c->service) == CT_FOREVER);
                ct_timers_free(c->service);
        }
        chan_conserved(&c->s);
}

static void all_cancelled(void *state)
{
        struct context_state *c = state;

        SIM_CHECK(ct_context_err(c->parent) == -ECANCELED && is_done(c->parent));
        if (c->child)
                SIM_CHECK(ct_context_err(c->child) == -ECANCELED && is_done(c->child));
        if (c->other)
                SIM_CHECK(ct_context_err(c->other) == -ECANCELED && is_done(c->other));
        let_go(c);
}

static void cancel(struct context_state *c, struct ct_context *ctx)
{
        SIM_WRITE(c->s.told, 1);
        sim_at("cancel");
        ct_context_cancel(ctx);
}

static void awaits_done(struct context_state *c, struct ct_context *ctx)
{
        sim_at("await done");
        SIM_CHECK(!ct_chan_recv(ct_context_done(ctx), NULL));
        SIM_CHECK(ct_context_err(ctx) == -ECANCELED && ct_context_cause(ctx) == -ECANCELED);
        SIM_CHECK(SIM_READ(c->s.told) == 1);
}

/* The parent's cancel wakes those that wait for parent and child. */
static void wakes_all(void *state, unsigned self)
{
        struct context_state *c = state;

        if (self == 0)
                cancel(c, c->parent);
        else
                awaits_done(c, self == 1 ? c->parent : c->child);
}

/* One of two children is cancelled by itself while the parent is. */
static void one_of_two(void *state, unsigned self)
{
        struct context_state *c = state;

        if (self == 1) {
                ct_context_cancel(c->child);
                return;
        }
        cancel(c, c->parent);
        SIM_CHECK(is_done(c->child) && is_done(c->other)); /* in one call */
}

/* A value or the cancel; the sender gives up if nobody takes it. */
static void select_or_cancel(void *state, unsigned self)
{
        struct context_state *c = state;
        struct chan_state *s = &c->s;
        int out = -1;
        struct ct_select_case cases[] = {
                chan_recv_case(s->a, &out),
                {.op = CT_SELECT_RECV, .chan = ct_context_done(c->parent)},
        };

        if (self == 0) {
                cancel(c, c->parent);
        } else if (self == 1) {
                s->turn[1] = chan_put_timed(s, self, s->a, 1);
        } else {
                sim_at("select");
                s->turn[2] = ct_select(cases, 2);
                sim_saw((unsigned)s->turn[2]);
                SIM_CHECK(cases[s->turn[2]].open == (s->turn[2] == 0));
                if (s->turn[2] == 0)
                        chan_got(s, self, out);
                else
                        SIM_CHECK(out == -1 && ct_context_err(c->parent) == -ECANCELED);
        }
}

static void sent_or_cancelled(void *state)
{
        struct context_state *c = state;

        SIM_CHECK(c->s.turn[1] == (c->s.turn[2] == 0));
        all_cancelled(state);
}

/* Two causes: the first one stays. */
static void two_causes(void *state, unsigned self)
{
        struct context_state *c = state;
        int before;

        sim_at("cancel");
        ct_context_cancel_cause(c->parent, CAUSE + (int)self);
        before = ct_context_cause(c->parent);
        SIM_CHECK(before == CAUSE || before == CAUSE + 1);
        SIM_CHECK(is_done(c->parent));
        sim_step();
        SIM_CHECK(ct_context_cause(c->parent) == before);
        c->s.turn[self] = before;
        sim_saw((unsigned)before - CAUSE);
}

static void one_cause(void *state)
{
        struct context_state *c = state;

        SIM_CHECK(c->s.turn[0] == c->s.turn[1]);
        all_cancelled(state);
}

/* A child is made while its parent is cancelled: it is cancelled whatever came first. */
static void child_or_cancel(void *state, unsigned self)
{
        struct context_state *c = state;

        if (self == 0) {
                cancel(c, c->parent);
                return;
        }
        sim_at("with_cancel");
        SIM_CHECK(ct_context_with_cancel(&c->child, c->parent) == 0);
        sim_saw(ct_context_err(c->child) != 0);
        awaits_done(c, c->child);
}

/* Parent and child at once, in both orders of their locks. */
static void both_cancelled(void *state, unsigned self)
{
        struct context_state *c = state;
        struct ct_context *ctx = self ? c->child : c->parent;

        sim_at("cancel");
        ct_context_cancel(ctx);
        SIM_CHECK(is_done(ctx) && is_done(c->child));
}

/* The child goes away while its parent is cancelled. */
static void release_or_cancel(void *state, unsigned self)
{
        struct context_state *c = state;

        if (self == 0) {
                cancel(c, c->parent);
                return;
        }
        sim_at("cancel and release");
        ct_context_cancel(c->child);
        ct_context_release(c->child);
}

static void parent_left(void *state)
{
        struct context_state *c = state;

        c->child = NULL;
        all_cancelled(state);
}

/* The last reference to the parent is the child's. */
static void parent_released_first(void *state, unsigned self)
{
        struct context_state *c = state;

        sim_at("release");
        if (self == 0)
                ct_context_cancel(c->parent);
        else
                ct_context_cancel(c->child);
        ct_context_release(self ? c->child : c->parent);
}

static void none_left(void *state)
{
        struct context_state *c = state;

        c->parent = c->child = NULL;
        let_go(c);
}

/* The deadline and a cancel: one of the two is the reason, for everybody. */
static void deadline_or_cancel(void *state, unsigned self)
{
        struct context_state *c = state;
        int err;

        if (self == 0) {
                sim_at("advance");
                ct_timers_advance(c->service, 10);
        } else if (self == 1) {
                sim_at("cancel");
                ct_context_cancel(c->parent);
                SIM_CHECK(ct_timers_next(c->service) == CT_FOREVER); /* fired or stopped */
        } else {
                sim_at("await done");
                SIM_CHECK(!ct_chan_recv(ct_context_done(c->parent), NULL));
                err = ct_context_err(c->parent);
                SIM_CHECK(err == -ECANCELED || err == -ETIMEDOUT);
                SIM_CHECK(ct_context_cause(c->parent) == err);
                sim_saw(err == -ETIMEDOUT);
                c->s.turn[2] = err;
        }
}

static void one_reason(void *state)
{
        struct context_state *c = state;

        SIM_CHECK(ct_context_err(c->parent) == c->s.turn[2]);
        SIM_CHECK(ct_timers_next(c->service) == CT_FOREVER);
        let_go(c);
}

/* The deadline reaches the child, or the child was cancelled before. */
static void deadline_or_child(void *state, unsigned self)
{
        struct context_state *c = state;

        if (self == 0) {
                sim_at("advance");
                SIM_CHECK(ct_timers_advance(c->service, 10) == 1);
                SIM_CHECK(ct_context_err(c->parent) == -ETIMEDOUT && is_done(c->parent));
                SIM_CHECK(is_done(c->child));
                return;
        }
        sim_at("cancel");
        ct_context_cancel(c->child);
        sim_saw(ct_context_err(c->child) == -ETIMEDOUT);
}

/* Released while its deadline fires. */
static void deadline_or_release(void *state, unsigned self)
{
        struct context_state *c = state;

        if (self == 0) {
                sim_at("advance");
                ct_timers_advance(c->service, 10);
                return;
        }
        sim_at("cancel and release");
        ct_context_cancel(c->parent);
        ct_context_release(c->parent);
}

static void parent_gone(void *state)
{
        ((struct context_state *)state)->parent = NULL;
        let_go(state);
}

static void let_go_all(void *state)
{
        let_go(state);
}

#define CONTEXT_PROGRAM(n, w, t, s, f, c)                                                          \
        .name = (n), .what = (w), .tasks = (t), .size = sizeof(struct context_state),              \
        .setup = (s), .task = (f), .check = (c), .bound = 2

const struct sim_program context_programs[] = {
        {CONTEXT_PROGRAM("context_wakes_all", "a cancel wakes who waits for parent and child", 3,
                         parent_and_child, wakes_all, all_cancelled)},
        {CONTEXT_PROGRAM("context_two_children", "a parent of two is cancelled, and one of them", 2,
                         parent_and_two, one_of_two, all_cancelled)},
        {CONTEXT_PROGRAM("context_select", "a select on a value and a cancel", 3, parent_only,
                         select_or_cancel, sent_or_cancelled),
         .must_see = 3},
        {CONTEXT_PROGRAM("context_causes", "two cancels with a cause each", 2, parent_only,
                         two_causes, one_cause),
         .must_see = 3},
        {CONTEXT_PROGRAM("context_new_child", "a child is made while its parent is cancelled", 2,
                         parent_only, child_or_cancel, all_cancelled),
         .must_see = 3},
        {CONTEXT_PROGRAM("context_both", "parent and child are cancelled at once", 2,
                         parent_and_child, both_cancelled, all_cancelled)},
        {CONTEXT_PROGRAM("context_release", "a child leaves while its parent is cancelled", 2,
                         parent_and_child, release_or_cancel, parent_left)},
        {CONTEXT_PROGRAM("context_release_both", "parent and child are released at once", 2,
                         parent_and_child, parent_released_first, none_left)},
        {CONTEXT_PROGRAM("context_deadline", "a deadline, a cancel and one who waits", 3,
                         deadline_at_10, deadline_or_cancel, one_reason),
         .must_see = 3},
        {CONTEXT_PROGRAM("context_deadline_child", "a deadline and a cancel of the child", 2,
                         deadline_and_child, deadline_or_child, let_go_all),
         .must_see = 3},
        {CONTEXT_PROGRAM("context_deadline_release", "a release while the deadline fires", 2,
                         deadline_at_10, deadline_or_release, parent_gone)},
        {0}};
