/* Trees of contexts: 10,000 cancelled in one call, by width, depth and in between, each with a
   task that waits on its own; and calls that meet on one tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chan/chan_private.h"
#include "chan/context.h"

#include "both.h"
#include "tasks.h"

#include <errno.h>

#define TREE ALIVE(10000)

static struct ct_context *child_of(struct ct_context *parent)
{
        struct ct_context *ctx;

        if (ct_context_with_cancel(&ctx, parent))
                abort();
        return ctx;
}

/* ---- 10,000 at once ---- */

struct tree {
        struct ct_context **ctx;
        struct ct_task_handle *task;
        unsigned n;
        ct_atomic_u32 woken;
};

struct leaf {
        struct tree *tree;
        struct ct_context *ctx;
};

static int wait_for_own(void *arg)
{
        struct leaf *leaf = arg;
        int err;

        if (ct_chan_recv(ct_context_done(leaf->ctx), NULL))
                return -1;
        err = ct_context_err(leaf->ctx);
        ct_add_u32_relaxed(&leaf->tree->woken, 1);
        return err;
}

/* The parent of node i: all under the first; each under the one before; or `fan` under each. */
static unsigned parent_of(unsigned i, unsigned fan)
{
        return (i - 1) / fan;
}

/* Builds the tree, lets all wait, cancels the first, joins all. */
static void cancel_tree(unsigned n, unsigned fan)
{
        struct tree t = {.n = n};
        struct leaf *leaf = calloc(n, sizeof *leaf);

        t.ctx = calloc(n, sizeof(struct ct_context *));
        t.task = calloc(n, sizeof *t.task);
        assert_true(leaf && t.ctx && t.task);
        for (unsigned i = 0; i < n; i++) {
                t.ctx[i] = child_of(i ? t.ctx[parent_of(i, fan)] : ct_context_background());
                leaf[i] = (struct leaf){&t, t.ctx[i]};
                start_or_die(&t.task[i], wait_for_own, &leaf[i]);
        }
        for (unsigned i = 0; i < n; i++)
                UNTIL(ct_chan_waiting_(ct_context_done(t.ctx[i]), false) == 1);
        assert_int_equal(ct_load_u32_relaxed(&t.woken), 0);
        ct_context_cancel(t.ctx[0]);
        for (unsigned i = 0; i < n; i++) { /* all, before the call returned */
                assert_int_equal(ct_context_err(t.ctx[i]), -ECANCELED);
                assert_int_equal(ct_chan_waiting_(ct_context_done(t.ctx[i]), false), 0);
        }
        for (unsigned i = 0; i < n; i++)
                assert_int_equal(ct_task_join(&t.task[i]), -ECANCELED);
        assert_int_equal(ct_load_u32_relaxed(&t.woken), n);
        for (unsigned i = 0; i < n; i++) /* parents first: the last child lets go of all */
                ct_context_release(t.ctx[i]);
        free(leaf);
        free(t.ctx);
        free(t.task);
}

static void no_one_is_left_waiting(void **state)
{
        unsigned carriers = usable_cpus() > 2 ? 2 : usable_cpus();

        (void)state;
        runtime_up(carriers, carriers);
        cancel_tree(TREE, TREE); /* width */
        cancel_tree(TREE, 1);    /* depth */
        cancel_tree(TREE, 10);
        runtime_down();
}

/* ---- calls that meet ---- */

#define FAN 3
#define NODES 40
#define MEETINGS ROUNDS(300)

struct meeting {
        struct ct_context *ctx[NODES];
        ct_atomic_u32 go, in, out;
        unsigned n;
};

static bool is_below(unsigned i, unsigned top)
{
        while (i > top)
                i = parent_of(i, FAN);
        return i == top;
}

static void all_below_is_cancelled(struct meeting *m, unsigned top)
{
        for (unsigned i = top; i < NODES; i++)
                if (is_below(i, top))
                        CONTEXT_CHECK(ct_context_err(m->ctx[i]) == -ECANCELED);
}

/* Everybody cancels a node, the upper ones first, or makes children and lets go of them. */
static void meet(struct meeting *m, unsigned index)
{
        struct ct_context *own;

        if (index % 4 < 3) {
                unsigned top = index % 4 == 0 ? 0 : index % NODES;

                ct_context_cancel(m->ctx[top]);
                all_below_is_cancelled(m, top);
                return;
        }
        own = child_of(m->ctx[index % NODES]);
        ct_context_release(child_of(own));
        (void)ct_chan_recv(ct_context_done(own), NULL);
        CONTEXT_CHECK(ct_context_err(own) == -ECANCELED);
        ct_context_release(own);
}

static void meet_often(void *shared, unsigned index)
{
        struct meeting *m = shared;

        for (unsigned round = 0; round < MEETINGS; round++) {
                if (index == 0) {
                        for (unsigned i = 0; i < NODES; i++)
                                m->ctx[i] = child_of(i ? m->ctx[parent_of(i, FAN)]
                                                       : ct_context_background());
                        ct_store_u32_release(&m->go, round + 1); /* pairs with the others */
                } else {
                        CONTEXT_UNTIL(ct_load_u32_acquire(&m->go) == round + 1); /* see above */
                }
                meet(m, index);
                ct_add_u32_acq_rel(&m->out, 1); /* all of a round are done before the next */
                if (index == 0) {
                        CONTEXT_UNTIL(ct_load_u32_acquire(&m->out) == m->n * (round + 1));
                        for (unsigned i = NODES; i-- > 0;)
                                ct_context_release(m->ctx[i]);
                }
        }
}

static void meeting_scene(void **state, const struct stress_placement *p)
{
        struct meeting m = {.n = p->threads + 2};

        run_contexts(state, m.n, meet_often, &m);
}

static void cancels_may_meet(void **state)
{
        everywhere(state, meeting_scene);
}

/* Deadlines that come while the context is cancelled, and released, by others. */
static void expire_and_cancel(void *shared, unsigned index)
{
        struct ct_rng rng;

        (void)shared;
        ct_rng_seed(&rng, index);
        for (unsigned i = 0; i < MEETINGS * 2; i++) {
                int64_t at = ct_now_ns() + (int64_t)ct_rng_below(&rng, 20000);
                struct ct_context *ctx, *below;
                int err;

                if (ct_context_with_deadline(&ctx, ct_context_background(), at))
                        abort();
                below = child_of(ctx);
                if (i % 3 == 0)
                        (void)ct_chan_recv(ct_context_done(below), NULL);
                else if (i % 3 == 1)
                        ct_context_cancel(ctx);
                err = ct_context_err(below);
                CONTEXT_CHECK(err == -ETIMEDOUT || (i % 3 == 1 && err == -ECANCELED) ||
                              (i % 3 == 2 && !err));
                CONTEXT_CHECK(err != -ETIMEDOUT || ct_now_ns() >= at);
                ct_context_release(ctx);
                ct_context_release(below);
        }
}

static void deadline_scene(void **state, const struct stress_placement *p)
{
        run_contexts(state, p->threads, expire_and_cancel, NULL);
        assert_int_equal(ct_timers_next(ct_timers_default()), CT_FOREVER);
}

static void deadlines_and_cancels_may_meet(void **state)
{
        everywhere(state, deadline_scene);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(no_one_is_left_waiting),
                BOTH_WAYS(cancels_may_meet),
                BOTH_WAYS(deadlines_and_cancels_may_meet),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
