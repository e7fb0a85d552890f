/*
 * One life of a worker pool in a storm, and the oracle that judges it.
 *
 * Several contexts submit in every way there is, jobs fail and submit others, somebody shuts the
 * pool down at a random moment, gracefully or by a deadline. Every job has a slot of its own, into
 * which whoever does something to it adds a number, so the oracle knows each job's fate and not
 * only the sums: accepted and run once, accepted and discarded once, or neither.
 */
#ifndef CT_TESTS_POOL_STORM_H
#define CT_TESTS_POOL_STORM_H

#include "base/rng.h"
#include "pool_kinds.h"
#include "sync/latch.h"
#include "sync/waitgroup.h"

#include "contexts.h"

#include <string.h>

enum { STORM_JOBS = 1 << 17, STORM_SUBMITTERS = 16, STORM_WORKERS = 16, STORM_BATCH = 64 };

/* What is added to a job's slot; a second time shows. */
enum fate { ACCEPTED = 1, DONE = 1 << 4, FAILED = 1 << 8, DISCARDED = 1 << 12, RESULT = 1 << 16 };

struct storm;

struct slot {
        ct_atomic_u32 fate;
        uint32_t from; /* the submitter; STORM_SUBMITTERS: a job */
};

struct storm_worker {
        uint32_t last[STORM_SUBMITTERS]; /* the highest slot of each submitter so far */
        ct_atomic_u32 alive;
};

struct storm {
        const struct pool_kind *kind;
        enum ct_spawn spawn;
        unsigned submitters, workers, jobs, stop_at;
        bool graceful, results, batches, ordered;
        int64_t grace_ns;
        size_t queue;
        uint64_t seed;

        struct ct_pool *pool;
        struct ct_latch stop;         /* opens when slot stop_at is given out */
        struct ct_waitgroup everyone; /* but the closer */
        ct_atomic_u32 next, discards, wrong;
        uint64_t left; /* as the shutdown said */
        uint64_t received;
        struct ct_pool_stats stats;
        struct storm_worker worker[STORM_WORKERS];
        struct slot slot[STORM_JOBS];
};

#define STORM_CHECK(s, condition)                                                                  \
        do {                                                                                       \
                if (!(condition) && ct_add_u32_relaxed(&(s)->wrong, 1) < 5)                        \
                        fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, (s)->kind->name,    \
                                #condition);                                                       \
        } while (0)

static struct storm *storm; /* the one that blows: a job's argument is its slot alone */

/* ---- jobs ---- */

/* True: they may be given slots n to n + count - 1. */
static inline bool storm_take(struct storm *s, uint32_t count, uint32_t *n)
{
        if (ct_load_u32_relaxed(&s->next) >= s->jobs)
                return false;
        *n = ct_add_u32_relaxed(&s->next, count);
        if (*n < s->stop_at && *n + count >= s->stop_at)
                ct_latch_count_down(&s->stop, 1);
        return *n + count <= s->jobs;
}

static inline void storm_accepted(struct storm *s, uint32_t first, size_t n)
{
        for (uint32_t i = first; i < first + n; i++)
                ct_add_u32_relaxed(&s->slot[i].fate, ACCEPTED);
}

static int storm_job(void *arg, void *local);

/* Inside a job: it must not wait for room in its own pool. */
static inline void storm_child(struct storm *s)
{
        uint32_t i;

        if (!storm_take(s, 1, &i))
                return;
        s->slot[i].from = STORM_SUBMITTERS;
        if (ct_pool_try_submit(s->pool, storm_job, &s->slot[i]) == CT_POOL_OK)
                storm_accepted(s, i, 1);
}

static inline void storm_in_order(struct storm *s, struct storm_worker *w, struct slot *slot)
{
        uint32_t i = (uint32_t)(slot - s->slot);

        STORM_CHECK(s, ct_load_u32_relaxed(&w->alive) == 1);
        if (!s->ordered || slot->from == STORM_SUBMITTERS)
                return;
        STORM_CHECK(s, i >= w->last[slot->from]);
        w->last[slot->from] = i;
}

static int storm_job(void *arg, void *local)
{
        struct storm *s = storm;
        struct slot *slot = arg;
        uint64_t state = s->seed + (uint64_t)(slot - s->slot), draw = ct_splitmix64(&state);
        bool fails = draw % 16 == 0;

        if (local)
                storm_in_order(s, local, slot);
        if (draw >> 8 & 1 && (draw >> 9) % 8 == 0)
                storm_child(s);
        if ((draw >> 16) % 256 == 0)
                ct_parker_ops_self()->yield(); /* so that a shutdown finds jobs waiting */
        ct_add_u32_relaxed(&slot->fate, fails ? FAILED : DONE);
        if (fails && (draw >> 32) % 4 == 0)
                ct_task_fail_code(-EIO, "slot %u", (unsigned)(slot - s->slot));
        return fails ? -EIO : 0;
}

/* ---- the pool's callbacks ---- */

static void storm_discard(void *ctx, void *arg)
{
        struct storm *s = ctx;

        ct_add_u32_relaxed(&((struct slot *)arg)->fate, DISCARDED);
        ct_add_u32_relaxed(&s->discards, 1);
}

static int storm_worker_init(void *ctx, unsigned worker, void **local)
{
        struct storm *s = ctx;

        STORM_CHECK(s, worker < s->workers);
        STORM_CHECK(s, ct_exchange_u32_relaxed(&s->worker[worker].alive, 1) == 0);
        *local = &s->worker[worker];
        return 0;
}

static void storm_worker_exit(void *ctx, unsigned worker, void *local)
{
        struct storm *s = ctx;

        STORM_CHECK(s, local == &s->worker[worker]);
        STORM_CHECK(s, ct_exchange_u32_relaxed(&s->worker[worker].alive, 0) == 1);
}

static inline void storm_begin(struct storm *s)
{
        struct ct_pool_config c = plain_config(s->kind, s->spawn, s->workers, s->queue);
        int r;

        if (s->kind->traits & HAS_WORKERS) {
                c.worker_init = storm_worker_init;
                c.worker_exit = storm_worker_exit;
        }
        if (s->kind->kind == CT_POOL_DYNAMIC && !s->ordered) {
                c.workers_min = 1;
                c.idle_ns = 20 * CT_NS_PER_US;
        }
        if (s->kind->kind == CT_POOL_PRIORITY)
                c.aging_ns = 50 * CT_NS_PER_US;
        c.discard = storm_discard;
        c.ctx = s;
        c.results = s->results;
        c.results_capacity = s->results ? s->queue : 0;
        r = ct_pool_start(&s->pool, &c);
        if (r)
                contexts_failed("ct_pool_start", r);
}

/* ---- submitters ---- */

static inline enum ct_pool_status storm_batch(struct storm *s, struct ct_rng *rng, uint32_t self)
{
        struct ct_pool_item items[STORM_BATCH];
        uint32_t n = 1 + (uint32_t)ct_rng_below(rng, STORM_BATCH), first;
        enum ct_pool_status status;
        size_t accepted = n + 1;

        if (!storm_take(s, n, &first))
                return CT_POOL_SHUTTING_DOWN;
        for (uint32_t i = 0; i < n; i++) {
                s->slot[first + i].from = self;
                items[i] = (struct ct_pool_item){storm_job, &s->slot[first + i]};
        }
        status = ct_pool_submit_batch(s->pool, items, n, &accepted);
        STORM_CHECK(s, accepted <= n);
        STORM_CHECK(s, (status == CT_POOL_OK) == (accepted == n));
        storm_accepted(s, first, accepted);
        return status;
}

static inline enum ct_pool_status storm_submit(struct storm *s, struct ct_rng *rng, uint32_t self)
{
        uint32_t draw = (uint32_t)ct_rng_below(rng, 64), i;
        enum ct_pool_status status;
        struct slot *slot;

        if (s->batches && draw % 4 == 0)
                return storm_batch(s, rng, self);
        if (!storm_take(s, 1, &i))
                return CT_POOL_SHUTTING_DOWN;
        slot = &s->slot[i];
        slot->from = self;
        if (draw < 24)
                status = ct_pool_submit(s->pool, storm_job, slot);
        else if (draw < 26)
                status = ct_pool_submit_until(s->pool, storm_job, slot,
                                              ct_now_ns() + (int64_t)ct_rng_below(rng, 60000) -
                                                      20000);
        else if (draw < 27)
                status = ct_pool_submit_retry(s->pool, storm_job, slot, 1, CT_FOREVER);
        else if (draw < 40 && s->kind->kind == CT_POOL_PRIORITY)
                status = ct_pool_submit_at(s->pool, draw % 4, storm_job, slot, CT_FOREVER);
        else
                status = ct_pool_try_submit(s->pool, storm_job, slot);
        if (status == CT_POOL_OK)
                storm_accepted(s, i, 1);
        else if (status == CT_POOL_QUEUE_FULL || status == CT_POOL_NO_CONTEXT)
                ct_parker_ops_self()->yield();
        return status;
}

static inline void storm_submitter(struct storm *s, uint32_t self)
{
        enum ct_pool_status status = CT_POOL_OK;
        struct ct_rng rng;

        ct_rng_seed(&rng, s->seed ^ self);
        while (status != CT_POOL_SHUTTING_DOWN) {
                status = storm_submit(s, &rng, self);
                STORM_CHECK(s, status == CT_POOL_OK || status == CT_POOL_QUEUE_FULL ||
                                       status == CT_POOL_TIMED_OUT ||
                                       status == CT_POOL_SHUTTING_DOWN ||
                                       (status == CT_POOL_NO_CONTEXT &&
                                        !(s->kind->traits & HAS_WORKERS)));
        }
        ct_waitgroup_done(&s->everyone);
}

/* ---- the others ---- */

static inline void storm_reader(struct storm *s)
{
        struct ct_pool_result r;

        while (s->results && ct_receiver_recv(ct_pool_results(s->pool), &r)) {
                struct slot *slot = r.arg;
                uint32_t fate = ct_add_u32_relaxed(&slot->fate, RESULT);

                STORM_CHECK(s, fate & (r.error ? FAILED : DONE));
                s->received++;
        }
        ct_waitgroup_done(&s->everyone);
}

static inline void storm_closer(struct storm *s)
{
        /* Not by yielding: on one CPU that keeps it from workers of the other kind. */
        if (s->stop_at)
                ct_latch_wait(&s->stop);
        if (s->graceful)
                ct_pool_shutdown(s->pool);
        else
                s->left = ct_pool_shutdown_until(s->pool, ct_now_ns() + s->grace_ns);
        ct_pool_stats(s->pool, &s->stats);
        ct_waitgroup_wait(&s->everyone);
        if (s->results) { /* they are closed, so every worker has ended */
                struct ct_pool_stats t;

                ct_pool_stats(s->pool, &t);
                STORM_CHECK(s, t.submitted == s->stats.submitted && t.run == s->stats.run);
                STORM_CHECK(s, t.done + t.failed == t.run);
                STORM_CHECK(s, s->received + t.results_dropped == t.run);
                STORM_CHECK(s, !s->graceful || !t.results_dropped);
        }
        ct_pool_free(s->pool);
}

static void storm_body(void *shared, unsigned index)
{
        struct storm *s = shared;

        if (index == 0)
                storm_closer(s);
        else if (index == 1)
                storm_reader(s);
        else
                storm_submitter(s, index - 2);
}

/* ---- the oracle ---- */

static inline void storm_judge(struct storm *s)
{
        uint64_t done = 0, failed = 0, discarded = 0, results = 0, error = 0;
        uint32_t used = ct_load_u32_relaxed(&s->next);

        for (uint32_t i = 0; i < used && i < s->jobs; i++) {
                uint32_t fate = ct_load_u32_relaxed(&s->slot[i].fate);

                results += (fate & RESULT) != 0;
                switch (fate & ~(uint32_t)RESULT) {
                case 0:
                        break;
                case ACCEPTED + DONE:
                        done++;
                        break;
                case ACCEPTED + FAILED:
                        failed++;
                        break;
                case ACCEPTED + DISCARDED:
                        discarded++;
                        break;
                default:
                        if (error++ < 5)
                                fprintf(stderr, "%s: slot %u of %u has the fate %#x\n",
                                        s->kind->name, i, used, fate);
                }
        }
        STORM_CHECK(s, !error);
        STORM_CHECK(s, done + failed == s->stats.run);
        STORM_CHECK(s, done + failed + discarded == s->stats.submitted);
        STORM_CHECK(s, s->left == s->stats.submitted - s->stats.run);
        STORM_CHECK(s, discarded == s->left);
        STORM_CHECK(s, results == s->received);
        STORM_CHECK(s, s->stats.done + s->stats.failed <= s->stats.run);
        STORM_CHECK(s, s->stats.failed <= failed && s->stats.done <= done);
        if (s->graceful) {
                STORM_CHECK(s, s->stats.done == done && s->stats.failed == failed);
                STORM_CHECK(s, (s->stats.first_error != 0) == (failed != 0));
        }
        for (unsigned i = 0; i < s->workers && i < STORM_WORKERS; i++)
                STORM_CHECK(s, !ct_load_u32_relaxed(&s->worker[i].alive));
}

/* Accepted jobs; 0 if the oracle objects. */
static inline uint64_t storm_run(struct storm *s, enum exec exec)
{
        storm = s;
        ct_latch_init(&s->stop, 1);
        ct_waitgroup_add(&s->everyone, (int32_t)s->submitters + 1);
        storm_begin(s);
        contexts_run(exec, s->submitters + 2, storm_body, s);
        storm_judge(s);
        return ct_load_u32_relaxed(&s->wrong) ? 0 : s->stats.submitted;
}

#endif
