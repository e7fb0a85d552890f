/* The sequential run: the worker does all the work itself, one item after the other, a batch for
   each; and calls without a guard. By a task it is the same, but each block has its own: only what
   was measured interleaved can be compared. */
#include <stdlib.h>

#include "flow/batching.h"
#include "flow/guard.h"

static int start(struct flow_desk *d)
{
        (void)d;
        return 0;
}

static bool next(struct flow_desk *d, struct flow_item *item)
{
        if (!flow_source_take(&d->source, item))
                return false;
        for (unsigned s = 0; s < d->plan.depth; s++)
                flow_stage(&d->plan, s, item);
        return true;
}

static void finish(struct flow_desk *d)
{
        (void)d;
}

#include "flow/stream.h"

static int batch_start(struct batching *b)
{
        (void)b;
        return 0;
}

static void batch_add(struct batching *b, const struct batch_item *item)
{
        batching_process(b, item, 1, false);
}

static void batch_end(struct batching *b)
{
        (void)b;
}

#include "flow/batch_loop.h"

static int call_twice(struct caller *c)
{
        return guard_attempt(c, 1) ? guard_attempt(c, 2) : 0;
}

#define REFUSED 0
#define CALL_RETRY(c) call_twice(c)
#define CALL_BREAKER(hall, c) guard_query(c)
#include "flow/guard_loop.h"

#define RUN_ORDERED run_stream
#include "flow/contestant.h"

FLOW_CONTESTANT(null, "the sequential run: no hand-over, no guard", CAP_FLOOR, struct flow_hall,
                NULL);
