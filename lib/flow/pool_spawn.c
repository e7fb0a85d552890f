/*
 * The pools without workers: a context for each job, unbounded, or `workers` of them at a time.
 *
 * Source: the guides' "a goroutine for each", and the channel that they bound it with: a permit is
 * a place in its buffer.
 *
 * Whether a job is accepted is known only when its context has started, so submitters are counted
 * in and out of the `gate`, one word with the number of accepted jobs and "closed": nobody comes in
 * after that, and close waits for those inside, which wait for no permit any more by then. So the
 * number is final afterwards. A job may begin before its submitter has counted it; whoever reads
 * both numbers allows for that.
 *
 * `begun` is one word as well: the number of jobs that have begun, and "cut": none begins after
 * that, so that number is final at once.
 */
#include "chan/select.h"
#include "flow/pool_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CLOSED UINT64_C(1)
#define INSIDE UINT64_C(2)                   /* one submitter */
#define INSIDE_ALL ((UINT64_C(1) << 25) - 2) /* all of them */
#define ACCEPTED (UINT64_C(1) << 25)         /* one job */

#define CUT UINT64_C(1)
#define BEGUN UINT64_C(2)

struct spawned {
        CT_ALIGN_PAIR ct_atomic_u64 gate;
        struct ct_latch all_out; /* nobody is inside any more; used where close has to wait */
        struct ct_chan *permits; /* as many values in it as are out; unbounded: NULL */
        CT_ALIGN_PAIR ct_atomic_u64 begun;
        ct_atomic_u64 done, failed;
};

struct call {
        struct ct_pool *pool;
        struct ct_pool_item item;
};

static struct spawned *spawned_of(struct ct_pool *p)
{
        return p->kind;
}

static int init(struct ct_pool *p)
{
        struct spawned *s = aligned_alloc(_Alignof(struct spawned), sizeof *s);
        int rc = 0;

        if (!s)
                return -ENOMEM;
        memset(s, 0, sizeof *s);
        ct_latch_init(&s->all_out, 1);
        if (p->config.kind == CT_POOL_SEMAPHORE)
                rc = ct_chan_new(&s->permits, 0, p->config.workers);
        if (rc)
                free(s);
        else
                p->kind = s;
        return rc;
}

static void fini(struct ct_pool *p)
{
        ct_chan_free(spawned_of(p)->permits);
        free(p->kind);
}

/* ---- permits ---- */

static enum ct_pool_status acquire(struct ct_pool *p, int64_t deadline)
{
        struct spawned *s = spawned_of(p);
        struct ct_select_case either[] = {
                {.op = CT_SELECT_SEND, .chan = s->permits},
                {.op = CT_SELECT_RECV, .chan = p->closing},
        };

        if (!s->permits || ct_chan_try_send(s->permits, NULL))
                return CT_POOL_OK;
        if (ct_pool_is_past_(deadline))
                return CT_POOL_TIMED_OUT;
        switch (ct_select_until(either, 2, deadline)) {
        case 0:
                return CT_POOL_OK;
        case 1:
                return CT_POOL_SHUTTING_DOWN;
        default:
                return CT_POOL_TIMED_OUT;
        }
}

static void give_back(struct spawned *s)
{
#ifdef CT_PLANT_pool_permit_is_kept
        return;
#endif
        if (s->permits)
                (void)ct_chan_try_recv(s->permits, NULL, NULL); /* the caller's own is in there */
}

/* ---- a job's context ---- */

static bool begin(struct spawned *s)
{
        uint64_t begun = ct_load_u64_relaxed(&s->begun);

        do {
#ifndef CT_PLANT_pool_spawn_starts_after_cut
                if (begun & CUT)
                        return false;
#endif
                /* Release: who reads this reads what was counted before. */
        } while (!ct_cas_weak_u64_acq_rel(&s->begun, &begun, begun + BEGUN));
        return true;
}

static void run(struct ct_pool *p, struct ct_pool_item *item)
{
        struct spawned *s = spawned_of(p);
        int error = ct_pool_run_guarded_(p, item);

        /* Release: who reads that it has ended also reads that it has begun. */
        (void)ct_add_u64_release(error ? &s->failed : &s->done, 1);
        ct_pool_deliver_(p, item->arg, error);
}

static void call_main(void *arg)
{
        struct call c = *(struct call *)arg;

        free(arg);
        if (begin(spawned_of(c.pool)))
                run(c.pool, &c.item);
        else
                ct_pool_discard_(c.pool, c.item.arg);
        ct_pool_context_ends_(c.pool);
        give_back(spawned_of(c.pool));
        ct_pool_leave_(c.pool);
}

static int start_call(struct ct_pool *p, const struct ct_pool_item *item)
{
        struct call *c = malloc(sizeof *c);
        int rc;

        if (!c)
                return -ENOMEM;
        *c = (struct call){p, *item};
        rc = ct_pool_context_(p, call_main, c);
        if (rc)
                free(c);
        return rc;
}

/* ---- submitters ---- */

static bool come_in(struct spawned *s)
{
        uint64_t gate = ct_load_u64_relaxed(&s->gate);

        do {
                if (gate & CLOSED)
                        return false;
        } while (!ct_cas_weak_u64_acq_rel(&s->gate, &gate, gate + INSIDE));
        return true;
}

static void go_out(struct spawned *s, size_t accepted)
{
        uint64_t change = accepted * ACCEPTED - INSIDE;
        uint64_t gate = ct_add_u64_acq_rel(&s->gate, change) + change;

        if ((gate & CLOSED) && !(gate & INSIDE_ALL))
                ct_latch_count_down(&s->all_out, 1); /* the pool may be gone from here on */
}

static enum ct_pool_status no_context(struct ct_pool *p, int rc)
{
        ct_guard_lock(&p->guard);
        p->start_error = -rc;
        ct_guard_unlock(&p->guard);
        return CT_POOL_NO_CONTEXT;
}

static enum ct_pool_status put_one(struct ct_pool *p, const struct ct_pool_item *item,
                                   int64_t deadline)
{
        enum ct_pool_status status = acquire(p, deadline);
        int rc;

        if (status != CT_POOL_OK)
                return status;
        rc = start_call(p, item);
        if (!rc)
                return CT_POOL_OK;
        give_back(spawned_of(p));
        return no_context(p, rc);
}

static enum ct_pool_status put(struct ct_pool *p, unsigned level, const struct ct_pool_item *items,
                               size_t n, int64_t deadline, size_t *accepted)
{
        enum ct_pool_status status = CT_POOL_OK;
        struct spawned *s = spawned_of(p);

        (void)level;
        *accepted = 0;
        if (!come_in(s))
                return CT_POOL_SHUTTING_DOWN;
        while (*accepted < n) {
                status = put_one(p, &items[*accepted], deadline);
                if (status != CT_POOL_OK)
                        break;
                ++*accepted;
        }
        go_out(s, *accepted);
        return status;
}

/* ---- the end ---- */

static void close_gate(struct ct_pool *p)
{
        struct spawned *s = spawned_of(p);

#ifdef CT_PLANT_pool_gate_does_not_wait
        (void)ct_or_u64_acq_rel(&s->gate, CLOSED);
        return;
#endif
        if (ct_or_u64_acq_rel(&s->gate, CLOSED) & INSIDE_ALL)
                ct_latch_wait(&s->all_out);
}

static void cut(struct ct_pool *p)
{
        (void)ct_or_u64_acq_rel(&spawned_of(p)->begun, CUT);
}

static uint64_t accepted(struct ct_pool *p)
{
        return ct_load_u64_acquire(&spawned_of(p)->gate) / ACCEPTED;
}

/* What ended is read before what began, so that it is never more. */
static void count(struct ct_pool *p, struct ct_pool_stats *stats)
{
        struct spawned *s = spawned_of(p);

        stats->done = ct_load_u64_acquire(&s->done);
        stats->failed = ct_load_u64_acquire(&s->failed);
        stats->run = ct_load_u64_acquire(&s->begun) / BEGUN;
}

const struct ct_pool_ops_ ct_pool_unbounded_ops_ = {
        .init = init,
        .fini = fini,
        .put = put,
        .close = close_gate,
        .accepted = accepted,
        .cut = cut,
        .count = count,
};

const struct ct_pool_ops_ ct_pool_semaphore_ops_ = {
        .init = init,
        .fini = fini,
        .put = put,
        .close = close_gate,
        .accepted = accepted,
        .cut = cut,
        .count = count,
};
