/*
 * Source: see the header.
 *
 * How a shutdown loses nothing. The queue is closed only when no submitter can be sending:
 * submitters count themselves in and out under the lock, and the one that finds the pool closing
 * does not come in. Those that wait for room are called off by closing `closing`, which they select
 * on. Then the queue is closed, the workers drain it, and the last one out closes `results` and
 * `ended`.
 *
 * The tempting wrong version looks at a flag, lets go of the lock and sends: the queue may be
 * closed in between, and a send on a closed channel is the end of the process.
 *
 * How the count of a cut-off shutdown stays exact. A worker that has received a job starts it under
 * the lock, unless `cut_off` is set, which the shutdown does under the same lock: after that `run`
 * does not change.
 */
#include "flow/pool_guide.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/panic.h"
#include "flow/thread_start.h"

static const char object[] = "worker pool";

struct task {
        ct_pool_guide_job *job;
        void *arg;
};

struct pool_worker {
        struct ct_pool_guide *pool;
        unsigned index;
        pthread_t thread;
};

struct ct_pool_guide {
        struct ct_pool_guide_config config;
        struct ct_chan_guide *queue;   /* of struct task */
        struct ct_chan_guide *results; /* of struct ct_pool_guide_result, or NULL */
        struct ct_chan_guide *hired;   /* of int: what worker_init() returned, one from each */
        struct ct_chan_guide *closing; /* closed when no more jobs are taken */
        struct ct_chan_guide
                *cut; /* closed with cut_off: frees those that wait for results' room */
        struct ct_chan_guide *ended; /* closed by the last worker */
        pthread_mutex_t lock;        /* protects everything below it */
        pthread_cond_t nobody_submits;
        unsigned submitting, alive, started;
        bool is_closing, cut_off;
        struct ct_pool_guide_stats stats;
        struct pool_worker worker[];
};

/* ---- workers ---- */

static void drop(struct ct_pool_guide *p, const struct task *t)
{
        if (p->config.discard)
                p->config.discard(p->config.ctx, t->arg);
}

static bool begin(struct ct_pool_guide *p)
{
        bool may_run;

        pthread_mutex_lock(&p->lock);
        may_run = !p->cut_off;
        p->stats.run += may_run;
        pthread_mutex_unlock(&p->lock);
        return may_run;
}

static void end(struct ct_pool_guide *p, int error, bool dropped)
{
        pthread_mutex_lock(&p->lock);
#ifdef CT_PLANT_pool_guide_failed_is_done
        p->stats.done++;
#else
        p->stats.done += error == 0;
#endif
        p->stats.failed += error != 0;
        if (error && !p->stats.first_error)
                p->stats.first_error = error;
        if (error)
                p->stats.last_error = error;
        p->stats.results_dropped += dropped;
        pthread_mutex_unlock(&p->lock);
}

/* False: nobody made room for it before the pool was cut off. */
static bool deliver(struct ct_pool_guide *p, const struct task *t, int error)
{
        struct ct_pool_guide_result r = {.arg = t->arg, .error = error};
        struct ct_chan_guide_case either[] = {
                {.chan = p->results, .op = CT_CHAN_GUIDE_SEND, .value = &r},
                {.chan = p->cut, .op = CT_CHAN_GUIDE_RECV},
        };

        if (!p->results || ct_chan_guide_try_send(p->results, &r))
                return true;
        return ct_chan_guide_select(either, 2) == 0;
}

static void run_jobs(struct ct_pool_guide *p, void *local)
{
        struct task t;

        while (ct_chan_guide_recv(p->queue, &t)) {
                int error;

#ifdef CT_PLANT_pool_guide_drops_queue
                if (ct_chan_guide_try_recv(p->closing, NULL, NULL))
                        continue;
#endif
                if (!begin(p)) {
                        drop(p, &t);
                        continue;
                }
                error = t.job(t.arg, local);
#ifdef CT_PLANT_pool_guide_runs_twice
                if (error)
                        error = t.job(t.arg, local);
#endif
                end(p, error, !deliver(p, &t, error));
        }
}

static void *worker_main(void *arg)
{
        struct pool_worker *w = arg;
        struct ct_pool_guide *p = w->pool;
        void *local = NULL;
        int rc = p->config.worker_init ? p->config.worker_init(p->config.ctx, w->index, &local) : 0;
        bool last;

        ct_chan_guide_send(p->hired, &rc);
        if (!rc) {
                run_jobs(p, local);
                if (p->config.worker_exit)
                        p->config.worker_exit(p->config.ctx, w->index, local);
        }
        pthread_mutex_lock(&p->lock);
        last = --p->alive == 0;
        pthread_mutex_unlock(&p->lock);
        if (last && p->results)
                ct_chan_guide_close(p->results);
        if (last)
                ct_chan_guide_close(p->ended);
        return NULL;
}

/* ---- start ---- */

static void release(struct ct_pool_guide *p)
{
        ct_chan_guide_free(p->queue);
        ct_chan_guide_free(p->results);
        ct_chan_guide_free(p->hired);
        ct_chan_guide_free(p->closing);
        ct_chan_guide_free(p->cut);
        ct_chan_guide_free(p->ended);
        pthread_cond_destroy(&p->nobody_submits);
        pthread_mutex_destroy(&p->lock);
        free(p);
}

static int make_channels(struct ct_pool_guide *p)
{
        const struct ct_pool_guide_config *c = &p->config;
        int rc = ct_chan_guide_new(&p->queue, sizeof(struct task), c->queue);

        if (!rc && c->results)
                rc = ct_chan_guide_new(&p->results, sizeof(struct ct_pool_guide_result),
                                       c->results_capacity);
        if (!rc)
                rc = ct_chan_guide_new(&p->hired, sizeof(int), c->workers);
        if (!rc)
                rc = ct_chan_guide_new(&p->closing, 0, 0);
        if (!rc)
                rc = ct_chan_guide_new(&p->cut, 0, 0);
        if (!rc)
                rc = ct_chan_guide_new(&p->ended, 0, 0);
        return rc;
}

/* Starts all workers, or as many as it can and says why no more. */
static int hire(struct ct_pool_guide *p)
{
        int rc = 0, said;

        p->alive = p->config.workers; /* before the first of them can end */
        while (p->started < p->config.workers && !rc) {
                struct pool_worker *w = &p->worker[p->started];

                w->pool = p;
                w->index = p->started;
                rc = ct_thread_start_(&w->thread, worker_main, w);
                p->started += !rc;
        }
        for (unsigned i = 0; i < p->started; i++) {
                ct_chan_guide_recv(p->hired, &said);
                rc = rc ? rc : said;
        }
        return rc;
}

static void join_all(struct ct_pool_guide *p)
{
        for (unsigned i = 0; i < p->started; i++)
                pthread_join(p->worker[i].thread, NULL);
}

int ct_pool_guide_start(struct ct_pool_guide **out, const struct ct_pool_guide_config *config)
{
        struct ct_pool_guide *p;
        int rc;

        *out = NULL;
        if (!config->workers)
                return -EINVAL;
        p = calloc(1, sizeof *p + config->workers * sizeof p->worker[0]);
        if (!p)
                return -ENOMEM;
        p->config = *config;
        pthread_mutex_init(&p->lock, NULL);
        pthread_cond_init(&p->nobody_submits, NULL);
        rc = make_channels(p);
        if (!rc)
                rc = hire(p);
        if (rc) {
                if (p->started)
                        ct_chan_guide_close(p->queue);
                join_all(p);
                release(p);
                return rc;
        }
        *out = p;
        return 0;
}

/* ---- submit ---- */

static bool come_in(struct ct_pool_guide *p)
{
        bool open;

        pthread_mutex_lock(&p->lock);
        open = !p->is_closing;
        p->submitting += open;
        pthread_mutex_unlock(&p->lock);
        return open;
}

static enum ct_pool_status go_out(struct ct_pool_guide *p, enum ct_pool_status status)
{
        pthread_mutex_lock(&p->lock);
        p->stats.submitted += status == CT_POOL_OK;
        p->stats.refused_full += status == CT_POOL_QUEUE_FULL;
        if (--p->submitting == 0 && p->is_closing)
                pthread_cond_signal(&p->nobody_submits);
        pthread_mutex_unlock(&p->lock);
        return status;
}

enum ct_pool_status ct_pool_guide_try_submit(struct ct_pool_guide *p, ct_pool_guide_job *job,
                                             void *arg)
{
        struct task t = {.job = job, .arg = arg};

        if (!come_in(p))
                return CT_POOL_SHUTTING_DOWN;
        return go_out(p, ct_chan_guide_try_send(p->queue, &t) ? CT_POOL_OK : CT_POOL_QUEUE_FULL);
}

enum ct_pool_status ct_pool_guide_submit(struct ct_pool_guide *p, ct_pool_guide_job *job, void *arg)
{
        struct task t = {.job = job, .arg = arg};
        struct ct_chan_guide_case either[] = {
                {.chan = p->queue, .op = CT_CHAN_GUIDE_SEND, .value = &t},
                {.chan = p->closing, .op = CT_CHAN_GUIDE_RECV},
        };

        if (!come_in(p))
                return CT_POOL_SHUTTING_DOWN;
        if (ct_chan_guide_try_send(p->queue, &t) || ct_chan_guide_select(either, 2) == 0)
                return go_out(p, CT_POOL_OK);
        return go_out(p, CT_POOL_SHUTTING_DOWN);
}

int64_t ct_pool_guide_backoff_ns(unsigned n)
{
        int64_t ns = 10 * CT_NS_PER_MS;

        while (n-- && ns < CT_NS_PER_S)
                ns *= 2;
        return ns < CT_NS_PER_S ? ns : CT_NS_PER_S;
}

enum ct_pool_status ct_pool_guide_submit_retry(struct ct_pool_guide *p, ct_pool_guide_job *job,
                                               void *arg, unsigned attempts, int64_t deadline_ns)
{
        for (unsigned n = 0; n < attempts; n++) {
                enum ct_pool_status status = ct_pool_guide_try_submit(p, job, arg);
                int64_t next = ct_deadline_after(ct_pool_guide_backoff_ns(n));

                if (status != CT_POOL_QUEUE_FULL || n + 1 == attempts)
                        return status;
                if (ct_chan_guide_recv_until(p->closing, NULL, NULL,
                                             next < deadline_ns ? next : deadline_ns))
                        return CT_POOL_SHUTTING_DOWN;
                if (next >= deadline_ns)
                        return CT_POOL_TIMED_OUT;
        }
        return CT_POOL_QUEUE_FULL;
}

/* ---- shutdown ---- */

static void close_queue(struct ct_pool_guide *p)
{
        pthread_mutex_lock(&p->lock);
        if (p->is_closing) {
                pthread_mutex_unlock(&p->lock);
                ct_panic(object, p, "shut down twice");
        }
        p->is_closing = true;
        pthread_mutex_unlock(&p->lock);
        ct_chan_guide_close(p->closing);
        pthread_mutex_lock(&p->lock);
        while (p->submitting) /* not for long: none of them waits for room any more */
                pthread_cond_wait(&p->nobody_submits, &p->lock);
        pthread_mutex_unlock(&p->lock);
        ct_chan_guide_close(p->queue);
}

uint64_t ct_pool_guide_shutdown_until(struct ct_pool_guide *p, int64_t deadline_ns)
{
        uint64_t left;

        close_queue(p);
        if (ct_chan_guide_recv_until(p->ended, NULL, NULL, deadline_ns))
                return 0;
        pthread_mutex_lock(&p->lock);
        p->cut_off = true;
        left = p->stats.submitted - p->stats.run;
        pthread_mutex_unlock(&p->lock);
        ct_chan_guide_close(p->cut);
        return left;
}

void ct_pool_guide_shutdown(struct ct_pool_guide *p)
{
        ct_pool_guide_shutdown_until(p, CT_FOREVER);
}

/* ---- the rest ---- */

struct ct_chan_guide *ct_pool_guide_results(struct ct_pool_guide *p)
{
        return p->results;
}

void ct_pool_guide_stats(struct ct_pool_guide *p, struct ct_pool_guide_stats *out)
{
        pthread_mutex_lock(&p->lock);
        *out = p->stats;
        if (out->submitted < out->run) /* its submitter has not come out yet, but it was accepted */
                out->submitted = out->run;
        pthread_mutex_unlock(&p->lock);
}

size_t ct_pool_guide_queued(struct ct_pool_guide *p)
{
        return ct_chan_guide_len(p->queue);
}

void ct_pool_guide_free(struct ct_pool_guide *p)
{
        bool closed;

        if (!p)
                return;
        pthread_mutex_lock(&p->lock);
        closed = p->is_closing;
        pthread_mutex_unlock(&p->lock);
        if (!closed)
                ct_panic(object, p, "freed without a shutdown");
        join_all(p); /* they drop what is left in the queue */
        release(p);
}
