/*
 * ct_errgroup: runs functions side by side and gives back the first error. Go's errgroup.Group.
 *
 *      struct ct_errgroup g;
 *      int r = ct_errgroup_init_with_context(&g, CT_SPAWN_TASK, parent);
 *      for (...)
 *              ct_errgroup_go(&g, fetch, &job[i]);     // fetch watches ct_errgroup_context(&g)
 *      r = ct_errgroup_wait(&g);                       // the first that was not 0
 *      ct_errgroup_fini(&g);
 *
 * What a function returns is 0 or an error, any other int. The first error stays; with a context it
 * cancels that, with the error as its cause, so that the others can stop early. wait cancels it in
 * any case. Functions run as tasks of the runtime that runs (CT_SPAWN_TASK; panics where none does)
 * or as one OS thread each (CT_SPAWN_THREAD): the caller says which.
 *
 * Limit: at most so many run at once. Below 0 (the default): no limit. 0: none may start.
 *
 * Blocks on: the parker: go at the limit, in FIFO order; wait until all have returned.
 * Wakes: the end of a function the first go that waits; the end of the last all who wait.
 * Order: what was before a go is seen by its function; what a function did is seen after wait.
 * Who may call: any thread or task, also the functions themselves (go from inside a group that is
 *      at its limit may wait for itself). set_limit: nothing may be running. init, fini: alone.
 * Ownership: the caller's storage, from init to fini; fini after wait. The context is the group's.
 * Failure: init: -ENOMEM. A function that cannot be started for lack of memory or threads
 *      counts as one that returned -ENOMEM or -EAGAIN: it is the group's error if it is the first,
 *      and go returns it too. Misuse panics: set_limit while functions run, go at limit 0 (it
 *      would wait for ever), fini while functions run.
 *
 * Source: errgroup of Go's x/sync as a contract; own code.
 */
#ifndef CT_FLOW_ERRGROUP_H
#define CT_FLOW_ERRGROUP_H

#include "base/atomic.h"
#include "chan/context.h"
#include "sync/semaphore.h"
#include "sync/waitgroup.h"

#include <stdbool.h>

enum ct_spawn { CT_SPAWN_TASK, CT_SPAWN_THREAD };

struct ct_errgroup {
        enum ct_spawn spawn; /* private, all of it */
        ct_atomic_u32 error; /* the first that was not 0 */
        ct_atomic_u32 active;
        int limit;
        struct ct_semaphore room; /* with a limit above 0 */
        struct ct_waitgroup running;
        struct ct_context *context; /* or NULL */
};

void ct_errgroup_init(struct ct_errgroup *g, enum ct_spawn spawn);
int ct_errgroup_init_with_context(struct ct_errgroup *g, enum ct_spawn spawn,
                                  struct ct_context *parent);
void ct_errgroup_fini(struct ct_errgroup *g);

/* NULL for a group without. */
struct ct_context *ct_errgroup_context(struct ct_errgroup *g);

void ct_errgroup_set_limit(struct ct_errgroup *g, int limit);

/* Starts fn(arg), once there is room. 0, or why it could not be started. */
int ct_errgroup_go(struct ct_errgroup *g, int (*fn)(void *arg), void *arg);

/* The same if there is room now. False: there is none, and nothing has happened. */
bool ct_errgroup_try_go(struct ct_errgroup *g, int (*fn)(void *arg), void *arg);

/* Waits until all have returned; the first error, or 0. */
int ct_errgroup_wait(struct ct_errgroup *g);

#endif
