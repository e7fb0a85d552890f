/*
 * Source: errgroup of Go's x/sync as a contract; own code.
 *
 * Order at the end of a function: its error, then the context, then the room, then the count that
 * wait looks at; so wait finds the first error, and whoever got the room finds it too. The group
 * may be gone once the count is down.
 */
#include "flow/errgroup.h"

#include "base/panic.h"
#include "flow/thread_start.h"
#include "task/task.h"

#include <errno.h>
#include <stdlib.h>

static const char object[] = "ct_errgroup";

struct call {
        struct ct_errgroup *group;
        int (*fn)(void *arg);
        void *arg;
};

void ct_errgroup_init(struct ct_errgroup *g, enum ct_spawn spawn)
{
        *g = (struct ct_errgroup){.spawn = spawn, .limit = -1};
}

int ct_errgroup_init_with_context(struct ct_errgroup *g, enum ct_spawn spawn,
                                  struct ct_context *parent)
{
        ct_errgroup_init(g, spawn);
        return ct_context_with_cancel(&g->context, parent);
}

static void must_be_idle(struct ct_errgroup *g, const char *what)
{
        uint32_t active = ct_load_u32_relaxed(&g->active);

        if (active)
                ct_panic(object, g, "%s while %u functions are running", what, (unsigned)active);
}

void ct_errgroup_fini(struct ct_errgroup *g)
{
        must_be_idle(g, "fini");
        if (!g->context)
                return;
        ct_context_cancel(g->context);
        ct_context_release(g->context);
        g->context = NULL;
}

struct ct_context *ct_errgroup_context(struct ct_errgroup *g)
{
        return g->context;
}

void ct_errgroup_set_limit(struct ct_errgroup *g, int limit)
{
        must_be_idle(g, "set_limit");
        g->limit = limit;
        if (limit > 0)
                ct_semaphore_init(&g->room, (uint64_t)limit);
}

/* ---- a function's end ---- */

static void keep_error(struct ct_errgroup *g, int error)
{
        uint32_t none = 0;

        if (!error)
                return;
#ifdef CT_PLANT_errgroup_last_error
        none = ct_load_u32_relaxed(&g->error);
#endif
        /* Relaxed: wait reads it after the waitgroup has ordered all of this. */
        if (!ct_cas_u32_relaxed(&g->error, &none, (uint32_t)error))
                return;
#ifndef CT_PLANT_errgroup_no_cancel
        if (g->context)
                ct_context_cancel_cause(g->context, error);
#endif
}

static void end(struct ct_errgroup *g, int error)
{
        keep_error(g, error);
#ifndef CT_PLANT_errgroup_keeps_room
        if (g->limit > 0)
                ct_semaphore_release(&g->room, 1);
#endif
        (void)ct_sub_u32_relaxed(&g->active, 1);
        ct_waitgroup_done(&g->running);
}

static void run(void *arg)
{
        struct call c = *(struct call *)arg;

        free(arg);
        end(c.group, c.fn(c.arg));
}

static void *run_thread(void *arg)
{
        run(arg);
        return NULL;
}

/* ---- its start ---- */

static int spawn(const struct ct_errgroup *g, struct call c)
{
        struct call *copy = malloc(sizeof *copy);
        int r;

        if (!copy)
                return -ENOMEM;
        *copy = c;
        if (g->spawn == CT_SPAWN_TASK)
                r = ct_go(run, copy);
        else
                r = ct_thread_start_(NULL, run_thread, copy);
        if (r)
                free(copy);
        return r;
}

/* There is room, and it is this call's. */
static int start(struct ct_errgroup *g, int (*fn)(void *arg), void *arg)
{
        int r;

        ct_waitgroup_add(&g->running, 1);
        (void)ct_add_u32_relaxed(&g->active, 1);
        r = spawn(g, (struct call){g, fn, arg});
        if (r)
                end(g, r);
        return r;
}

int ct_errgroup_go(struct ct_errgroup *g, int (*fn)(void *arg), void *arg)
{
        if (g->limit == 0)
                ct_panic(object, g, "go at limit 0 would wait for ever");
        if (g->limit > 0)
                ct_semaphore_acquire(&g->room, 1);
        return start(g, fn, arg);
}

bool ct_errgroup_try_go(struct ct_errgroup *g, int (*fn)(void *arg), void *arg)
{
        if (g->limit == 0 || (g->limit > 0 && !ct_semaphore_try_acquire(&g->room, 1)))
                return false;
        (void)start(g, fn, arg); /* a failure is the group's error */
        return true;
}

int ct_errgroup_wait(struct ct_errgroup *g)
{
        int error;

        ct_waitgroup_wait(&g->running);
        error = (int)ct_load_u32_relaxed(&g->error);
        if (g->context)
                ct_context_cancel_cause(g->context, error);
        return error;
}
