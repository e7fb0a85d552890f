/*
 * The contexts of a pool: how they start, run jobs, count and end.
 *
 * State: a worker's counters are written by it alone, so that a job costs it two plain stores.
 * `alive` counts contexts, and the pool's own stake in them until its shutdown; whoever brings it
 * to 0 closes the results and says that it is over. Nothing starts once it is 0.
 *
 * How the count of a cut-off pool is exact though no lock is taken for a job. A worker counts the
 * job as run, then looks whether the pool is cut off; the shutdown cuts it off, then reads the
 * counts. With a fence in between on both sides (the worker's is free, see asymmetric.h) at least
 * one sees the other: a worker that sees no cut has been counted. One that sees it asks, under the
 * guard, whether it was: if so, it runs the job; if not, it takes its count back, and the shutdown,
 * which decides under the same guard, reads it without. So `run` of a cut-off pool is what was
 * decided, and each job beyond it is dropped.
 *
 * The tempting wrong version looks first and counts then: a job that starts in between runs after
 * the shutdown has reported it as left.
 *
 * All jobs of a worker run inside one guarded call, which is entered again after each failure: an
 * ordinary job pays no setjmp.
 */
#include "base/asymmetric.h"
#include "chan/select.h"
#include "flow/pool_private.h"
#include "flow/thread_start.h"
#include "task/task.h"

#include <errno.h>
#include <stdlib.h>

/* ---- jobs ---- */

void ct_pool_note_failure_(struct ct_pool *p, int error, const struct ct_failure *why)
{
        ct_guard_lock(&p->guard);
        if (!p->first_failure.code) {
                if (why)
                        p->first_failure = *why;
                p->first_failure.code = error;
        }
        p->last_error = error;
        ct_guard_unlock(&p->guard);
}

void ct_pool_deliver_(struct ct_pool *p, void *arg, int error)
{
        struct ct_pool_result r = {.arg = arg, .error = error};
        struct ct_select_case either[] = {
                {.op = CT_SELECT_SEND, .chan = p->results, .value = &r},
                {.op = CT_SELECT_RECV, .chan = p->cut_off},
        };

#ifdef CT_PLANT_pool_result_waits_for_nobody
        either[0].chan = p->cut_off, either[0].op = CT_SELECT_RECV;
        if (p->results && !ct_chan_try_send(p->results, &r) && ct_try_select(either, 2) != 0)
                return;
#endif
        if (p->results && !ct_chan_try_send(p->results, &r) && ct_select(either, 2) != 0)
                (void)ct_add_u64_relaxed(&p->results_dropped, 1);
}

void ct_pool_discard_(struct ct_pool *p, void *arg)
{
        if (p->config.discard)
                p->config.discard(p->config.ctx, arg);
}

/* The n-th job of this worker, when the pool is cut off: was it counted? */
static __attribute__((noinline)) bool was_counted(struct ct_pool_worker_ *w, uint64_t n)
{
        struct ct_pool *p = w->pool;
        bool counted;

        ct_guard_lock(&p->guard);
        counted = p->decided && n <= w->final;
#ifndef CT_PLANT_pool_counts_what_it_drops
        if (!counted)
                ct_store_u64_release(&w->run, n - 1);
#endif
        ct_guard_unlock(&p->guard);
        return counted;
}

/* Counts a job as run. False: it must not run. */
static inline bool begin(struct ct_pool_worker_ *w)
{
        uint64_t n = ct_load_u64_relaxed(&w->run) + 1;

#ifdef CT_PLANT_pool_looks_before_counting
        if (!ct_load_u32_seq(&w->pool->cut)) {
                ct_store_u64_release(&w->run, n);
                return true;
        }
        return false;
#endif
        /* Release: who reads this count reads that of the accepted jobs afterwards. */
        if (ct_asymmetric_ready()) {
                ct_store_u64_release(&w->run, n);
                ct_asymmetric_light(); /* pairs with the heavy one in ct_pool_cut_workers_ */
        } else {
                (void)ct_exchange_u64_seq(&w->run, n); /* pairs with that on cut */
        }
        return __builtin_expect(!ct_load_u32_seq(&w->pool->cut), 1) || was_counted(w, n);
}

static void end(struct ct_pool_worker_ *w, int error, const struct ct_failure *why)
{
        struct ct_pool *p = w->pool;
        ct_atomic_u64 *count = error ? &w->failed : &w->done;

        if (error)
                ct_pool_note_failure_(p, error, why);
        /* Release: who reads that it has ended also reads that it has begun. */
        ct_store_u64_release(count, ct_load_u64_relaxed(count) + 1);
        if (p->results)
                ct_pool_deliver_(p, w->item.arg, error);
}

static int run_jobs(void *arg)
{
        struct ct_pool_worker_ *w = arg;
        bool (*take)(struct ct_pool_worker_ *, struct ct_pool_item *) = w->pool->ops->take;

        while (take(w, &w->item)) {
#ifdef CT_PLANT_pool_loses_at_shutdown
                if (ct_load_u32_relaxed(&w->pool->state) != CT_POOL_OPEN_)
                        continue;
#endif
                if (begin(w))
                        end(w, w->item.job(w->item.arg, w->local), NULL);
#ifndef CT_PLANT_pool_left_is_not_discarded
                else
                        ct_pool_discard_(w->pool, w->item.arg);
#endif
        }
        return 0;
}

static void run_all_jobs(struct ct_pool_worker_ *w)
{
        struct ct_failure why;
        int error;

        while ((error = ct_guarded(&why, run_jobs, w))) {
#ifdef CT_PLANT_pool_failed_job_runs_again
                (void)ct_pool_run_guarded_(w->pool, &w->item);
#endif
                end(w, error, &why);
#ifdef CT_PLANT_pool_failure_ends_worker
                break;
#endif
        }
}

static int run_single(void *arg)
{
        const struct ct_pool_item *item = arg;

        return item->job(item->arg, NULL);
}

int ct_pool_run_guarded_(struct ct_pool *p, struct ct_pool_item *item)
{
        struct ct_failure why;
        int error = ct_guarded(&why, run_single, item);

        if (error)
                ct_pool_note_failure_(p, error, &why);
        return error;
}

/* ---- contexts ---- */

static void note_most(struct ct_pool *p, uint32_t contexts)
{
        uint32_t most = ct_load_u32_relaxed(&p->contexts_most);

        while (contexts > most && !ct_cas_weak_u32_relaxed(&p->contexts_most, &most, contexts))
                ;
}

/* False: all have left. */
static bool join(struct ct_pool *p)
{
        uint32_t alive = ct_load_u32_relaxed(&p->alive);

        do {
                if (!alive)
                        return false;
        } while (!ct_cas_weak_u32_relaxed(&p->alive, &alive, alive + 1));
        return true;
}

void ct_pool_leave_(struct ct_pool *p)
{
        /* Release: what this context did is before the end; acquire: so is what the others did. */
        if (ct_sub_u32_acq_rel(&p->alive, 1) != 1)
                return;
        if (p->results)
                ct_chan_close(p->results);
        ct_latch_count_down(&p->ended, 1); /* the pool may be gone from here on */
}

struct start {
        void (*fn)(void *arg);
        void *arg;
};

static void *thread_main(void *arg)
{
        struct start s = *(struct start *)arg;

        free(arg);
        s.fn(s.arg);
        return NULL;
}

static int start_thread(void (*fn)(void *arg), void *arg)
{
        struct start *s = malloc(sizeof *s);
        int rc;

        if (!s)
                return -ENOMEM;
        *s = (struct start){fn, arg};
        rc = ct_thread_start_(NULL, thread_main, s);
        if (rc)
                free(s);
        return rc;
}

int ct_pool_context_(struct ct_pool *p, void (*fn)(void *arg), void *arg)
{
        uint32_t contexts;
        int rc;

        if (!join(p))
                return -ESHUTDOWN;
        contexts = ct_add_u32_relaxed(&p->contexts, 1) + 1;
        rc = p->config.spawn == CT_SPAWN_TASK ? ct_go(fn, arg) : start_thread(fn, arg);
        if (rc) {
                ct_pool_context_ends_(p);
                ct_pool_leave_(p);
        } else {
                note_most(p, contexts);
        }
        return rc;
}

/* ---- workers ---- */

static void set_rc(struct ct_pool *p, int rc)
{
        ct_guard_lock(&p->guard);
        if (!p->start_rc)
                p->start_rc = rc;
        ct_guard_unlock(&p->guard);
}

static void vacate(struct ct_pool_worker_ *w)
{
        ct_guard_lock(&w->pool->guard);
        w->taken = false; /* its next holder goes on with its counters */
        ct_guard_unlock(&w->pool->guard);
}

static bool moves_in(struct ct_pool_worker_ *w)
{
        const struct ct_pool_config *c = &w->pool->config;
        struct ct_pool *p = w->pool;
        int rc;

        w->local = NULL;
        w->own = NULL;
        rc = c->worker_init ? c->worker_init(c->ctx, w->index, &w->local) : 0;
        if (w->first) {
                if (rc)
                        set_rc(p, rc);
                ct_waitgroup_done(&p->hiring);
        } else if (rc && p->ops->absent) {
                p->ops->absent(p);
        }
        return rc == 0;
}

static void worker_main(void *arg)
{
        struct ct_pool_worker_ *w = arg;
        struct ct_pool *p = w->pool;
        bool came = moves_in(w);

        if (came) {
                run_all_jobs(w);
                if (p->config.worker_exit)
                        p->config.worker_exit(p->config.ctx, w->index, w->local);
        }
        ct_pool_context_ends_(p); /* before another can have the slot */
        vacate(w);
        if (came && p->ops->left)
                p->ops->left(p);
        ct_pool_leave_(p);
}

static struct ct_pool_worker_ *free_slot(struct ct_pool *p)
{
        struct ct_pool_worker_ *w = NULL;

        ct_guard_lock(&p->guard);
        for (unsigned i = 0; i < p->config.workers && !w; i++)
                if (!p->workers[i].taken)
                        w = &p->workers[i];
        if (w)
                w->taken = true;
        ct_guard_unlock(&p->guard);
        return w;
}

static int hire(struct ct_pool_worker_ *w, bool first)
{
        int rc;

        w->first = first;
        rc = ct_pool_context_(w->pool, worker_main, w);
        if (rc)
                vacate(w);
        return rc;
}

int ct_pool_hire_(struct ct_pool *p)
{
        struct ct_pool_worker_ *w = free_slot(p);

        return w ? hire(w, false) : -EAGAIN;
}

int ct_pool_hire_first_(struct ct_pool *p, unsigned n)
{
        int rc;

        ct_waitgroup_add(&p->hiring, (int32_t)n);
        for (unsigned i = 0; i < n; i++) {
                p->workers[i].taken = true; /* nobody else hires yet */
                rc = hire(&p->workers[i], true);
                if (!rc)
                        continue;
                set_rc(p, rc);
                ct_waitgroup_add(&p->hiring, -(int32_t)(n - i));
                break;
        }
        ct_waitgroup_wait(&p->hiring);
        return p->start_rc; /* all who write it have been waited for */
}

/* ---- the end ---- */

void ct_pool_cut_workers_(struct ct_pool *p)
{
        (void)ct_exchange_u32_seq(&p->cut, 1);
#ifndef CT_PLANT_pool_cut_no_heavy_fence
        ct_asymmetric_heavy(); /* pairs with the light one in begin */
#endif
        ct_guard_lock(&p->guard);
        for (unsigned i = 0; i < p->config.workers; i++)
                p->workers[i].final = ct_load_u64_seq(&p->workers[i].run);
        p->decided = true;
        ct_guard_unlock(&p->guard);
}

/* What ended is read before what began, so that it is never more. */
void ct_pool_count_workers_(struct ct_pool *p, struct ct_pool_stats *stats)
{
        bool decided;

        for (unsigned i = 0; i < p->config.workers; i++) {
                stats->done += ct_load_u64_acquire(&p->workers[i].done); /* pair with end */
                stats->failed += ct_load_u64_acquire(&p->workers[i].failed);
        }
        ct_guard_lock(&p->guard);
        decided = p->decided;
        for (unsigned i = 0; i < p->config.workers; i++)
                stats->run += decided ? p->workers[i].final
                                      : ct_load_u64_acquire(&p->workers[i].run); /* begin */
        ct_guard_unlock(&p->guard);
}
