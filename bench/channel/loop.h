/*
 * The channel family's measured loops and the descriptor: included once by each contestant's file,
 * so that its operations are inlined where they can be. No include guard: one file, one contestant.
 * C and C++: nothing of <stdatomic.h>, casts from void pointers written out.
 *
 * A contestant's file defines, beside CONTESTANT, NAME, SOURCE, CAPS:
 *
 *      CHAN_TYPE                     a pointer or another small handle; `c` below is one
 *      CHAN_NEW(c, bytes, capacity)  sets c: 0 or -errno
 *      CHAN_FREE(c)
 *      SEND(c, value)                waits for room; value is a uint64_t * to `bytes` bytes
 *      RECV(c, out)                  waits: true a value, false closed and drained
 *      CLOSE(c)                      by the last sender, when no send is under way
 *
 * and where it can: TRY_SEND(c, value), TRY_RECV(c, out, open), which return false where they would
 * have had to wait and set the bool *open as RECV would return, for `blocked`; SELECT_CASE (a
 * type), SELECT_SET(set, i, c, out), SELECT_DROP(set, i) (never ready again), SELECT(set, n) (index
 * of the case that received) and SELECT_OPEN(set, i), for `select`; WAKES_ALL if CLOSE wakes
 * whoever waits in RECV, for `close_wake`.
 *
 * What it cannot do is said by CAPS: CAP_BUFFERED (no capacity 0), CAP_PAIR (only 1:1),
 * CAP_UNBOUNDED (only at the largest capacity, which it does not keep), CAP_WORDS (8 bytes only).
 */

#ifdef SELECT
#define SELECT_SET_OF SELECT_CASE
#else
#define SELECT_SET_OF char
#endif

struct channel_box {
        CT_ALIGN_PAIR CHAN_TYPE chan[CHANNEL_MOST];
        unsigned chans;
        size_t bytes, capacity;
        CT_ALIGN_PAIR SELECT_SET_OF set[CHANNEL_MOST]; /* the receiver's */
        unsigned drained;                              /* of its channels */
        struct channel_shared shared;
};

#include "channel/loop_stream.h"

#include "channel/loop_open.h"

#ifdef SELECT
#include "channel/loop_select.h"
#define RUN_SELECT run_select
#else
#define RUN_SELECT NULL
#endif

#ifdef WAKES_ALL
#include "channel/loop_close.h"
#define RUN_CLOSE_WAKE run_close_wake
#else
#define RUN_CLOSE_WAKE NULL
#endif

#ifdef TRY_SEND
#define RUN_BLOCKED run_blocked
#else
#define RUN_BLOCKED NULL
#endif

#ifdef FLOOR /* nothing arrives anywhere, so nothing can be late */
#define RUN_OPEN_LOOP NULL
#else
#define RUN_OPEN_LOOP run_open_loop
#endif

/* Nobody else is in run() with this worker's role, or all the others of it go on. */
static void leave(void *self, struct worker *w)
{
        struct channel_box *b = (struct channel_box *)self;

#ifdef FLOOR
        (void)b;
        (void)w;
#else
        switch (channel_workload(w->params)) {
        case CHANNEL_PINGPONG:
                leave_pingpong(b, w);
                break;
#ifdef SELECT
        case CHANNEL_SELECT:
                leave_select(b, w);
                break;
#endif
#ifdef WAKES_ALL
        case CHANNEL_CLOSE_WAKE:
                leave_close_wake(b, w);
                break;
#endif
        default:
                leave_stream(b, w);
        }
#endif
}

static void fini(void *self)
{
        struct channel_box *b = (struct channel_box *)self;

        while (b->chans)
                CHAN_FREE(b->chan[--b->chans]);
        channel_shared_end(&b->shared);
}

static int init(void *self, const struct params *p, unsigned threads)
{
        struct channel_box *b = (struct channel_box *)self;
        unsigned n = channel_count(p);
        int rc = channel_shared_begin(&b->shared, p, threads);

        b->bytes = channel_bytes(p);
        b->capacity = channel_capacity(p);
        for (; !rc && b->chans < n; b->chans += !rc)
                rc = CHAN_NEW(b->chan[b->chans], b->bytes, b->capacity);
        if (rc)
                fini(b);
        return rc;
}

static int worker_begin(void *self, struct worker *w)
{
        struct channel_box *b = (struct channel_box *)self;
        int rc = channel_party_begin(&b->shared, w);

#ifdef SELECT
        if (!rc && channel_workload(w->params) == CHANNEL_SELECT && w->role == CHANNEL_RECEIVER)
                begin_select(b, w);
#endif
        return rc;
}

static void worker_end(void *self, struct worker *w)
{
        channel_party_end(&((struct channel_box *)self)->shared, w);
}

static int check(const void *self, const struct totals *t, double *metrics)
{
#ifdef FLOOR
        (void)self;
        (void)t;
        (void)metrics;
        return 0;
#else
        return channel_check(&((const struct channel_box *)self)->shared, t, metrics);
#endif
}

extern const struct contestant CONTESTANT;
const struct contestant CONTESTANT = {
        .name = NAME,
        .source = SOURCE,
        .caps = CAPS,
        .size = sizeof(struct channel_box),
        .align = CT_CACHE_PAIR,
        .init = init,
        /* In the order of the workloads' enum: C++ has no designators for arrays. */
        .run = {run_stream, RUN_BLOCKED, run_pingpong, RUN_SELECT, RUN_CLOSE_WAKE, RUN_OPEN_LOOP},
        .check = check,
        .fini = fini,
        .worker_init = worker_begin,
        .worker_fini = worker_end,
        .worker_leave = leave,
};
