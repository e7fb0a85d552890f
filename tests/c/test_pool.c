/* ct_pool: what holds for every kind while it is open, for threads and tasks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pool_ledger.h"

#include <errno.h>

/* ---- every accepted job runs once ---- */

static int add_one(void *arg, void *local)
{
        (void)local;
        ct_add_u64_relaxed(arg, 1);
        return 0;
}

static void submit_each_way(struct ct_pool *p, struct pool_note *notes, uint32_t n)
{
        struct ct_pool_item item[3];
        uint32_t i = 0;
        size_t took;

        while (i + 5 <= n) {
                assert_int_equal(ct_pool_submit(p, pool_note_job, &notes[i++]), CT_POOL_OK);
                assert_int_equal(ct_pool_submit_until(p, pool_note_job, &notes[i++], CT_FOREVER),
                                 CT_POOL_OK);
                for (int k = 0; k < 3; k++)
                        item[k] = (struct ct_pool_item){pool_note_job, &notes[i++]};
                assert_int_equal(ct_pool_submit_batch(p, item, 3, &took), CT_POOL_OK);
                assert_int_equal(took, 3);
        }
        while (i < n)
                assert_int_equal(ct_pool_submit_at(p, 0, pool_note_job, &notes[i++], CT_FOREVER),
                                 CT_POOL_OK);
}

static void all_of(void **state, const struct pool_kind *k, unsigned workers, size_t queue)
{
        struct ct_pool_config config = pool_config(state, k, workers, queue);
        static struct pool_ledger l;
        struct ct_pool_stats stats;
        struct pool_note *notes;
        uint32_t n = ROUNDS(2000);
        struct ct_pool *p;

        memset(&l, 0, sizeof l);
        notes = pool_notes(&l, n);
        p = pool_begin(state, &config);
        submit_each_way(p, notes, n);
        ct_pool_shutdown(p);
        assert_int_equal(pool_notes_wrong(notes, n), 0);
        assert_int_equal(ct_load_u32_acquire(&l.over), n);
        ct_pool_stats(p, &stats);
        assert_int_equal(stats.submitted, n);
        assert_int_equal(stats.run, n);
        assert_int_equal(stats.done, n);
        assert_int_equal(stats.failed, 0);
        assert_int_equal(stats.workers, 0);
        assert_true(stats.workers_most >= 1);
        assert_int_equal(ct_pool_submit(p, pool_note_job, notes), CT_POOL_SHUTTING_DOWN);
        assert_int_equal(ct_pool_try_submit(p, pool_note_job, notes), CT_POOL_SHUTTING_DOWN);
        pool_end(state, p);
        free(notes);
}

static void every_job_runs_once(void **state)
{
        FOR_EACH_POOL_KIND(k)
        {
                all_of(state, k, 1, 0);
                all_of(state, k, 1, 64);
                all_of(state, k, 3, 2);
                all_of(state, k, 4, 1024);
        }
}

/* ---- full ---- */

static void fill(struct ct_pool *p, struct pool_note *notes, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                assert_int_equal(ct_pool_try_submit(p, pool_note_job, &notes[i]), CT_POOL_OK);
}

/* One worker that is held in a job, and `queue` more that wait: full. */
static void full_of(void **state, const struct pool_kind *k)
{
        struct ct_pool_config config = pool_config(state, k, 1, 4);
        unsigned most = k->traits & HAS_QUEUE ? 5 : 1;
        struct ct_semaphore gate;
        static struct pool_ledger l;
        struct ct_pool_stats stats;
        struct pool_note *notes;
        struct ct_pool *p;

        memset(&l, 0, sizeof l);
        ct_semaphore_init(&gate, 100);
        ct_semaphore_acquire(&gate, 100);
        l.gate = &gate;
        notes = pool_notes(&l, 8);
        p = pool_begin(state, &config);
        assert_int_equal(ct_pool_submit(p, pool_note_job, &notes[0]), CT_POOL_OK);
        UNTIL(ct_load_u32_acquire(&l.begun) == 1);
        fill(p, notes + 1, most - 1);
        assert_int_equal(ct_pool_queued(p), most - 1);
        assert_int_equal(ct_pool_try_submit(p, pool_note_job, &notes[7]), CT_POOL_QUEUE_FULL);
        assert_int_equal(
                ct_pool_submit_until(p, pool_note_job, &notes[7], ct_deadline_after(CT_NS_PER_MS)),
                CT_POOL_TIMED_OUT);
        assert_int_equal(ct_pool_submit_retry(p, pool_note_job, &notes[7], 1, CT_FOREVER),
                         CT_POOL_QUEUE_FULL);
        assert_int_equal(ct_pool_submit_retry(p, pool_note_job, &notes[7], 2, CT_FOREVER),
                         CT_POOL_QUEUE_FULL);
        assert_int_equal(ct_pool_submit_retry(p, pool_note_job, &notes[7], 1000000,
                                              ct_deadline_after(CT_NS_PER_MS)),
                         CT_POOL_TIMED_OUT);
        ct_semaphore_release(&gate, 1);
        assert_int_equal(ct_pool_submit(p, pool_note_job, &notes[6]), CT_POOL_OK);
        ct_semaphore_release(&gate, 99);
        ct_pool_shutdown(p);
        ct_pool_stats(p, &stats);
        assert_int_equal(stats.run, most + 1);
        assert_int_equal(stats.refused_full, 1 + 1 + 2 + 1);
        assert_int_equal(ct_load_u32_relaxed(&notes[7].ran), 0);
        pool_end(state, p);
        free(notes);
}

static void a_full_pool_says_so(void **state)
{
        FOR_EACH_POOL_KIND(k)
        if (k->traits & IS_FULL)
                full_of(state, k);
}

/* ---- failures ---- */

static int fail_deeply(void *arg, void *local)
{
        (void)local;
        ct_add_u64_relaxed(arg, 1);
        ct_task_fail_code(-EPERM, "no such user: %d", 17);
}

static int fail_flatly(void *arg, void *local)
{
        (void)local;
        ct_add_u64_relaxed(arg, 1);
        return -EIO;
}

static void failures_of(void **state, const struct pool_kind *k)
{
        struct ct_pool_config config = pool_config(state, k, 1, 100);
        struct ct_pool *p = pool_begin(state, &config);
        struct ct_pool_stats stats;
        struct ct_failure first;
        ct_atomic_u64 sum = 0;

        ct_pool_first_failure(p, &first);
        assert_int_equal(first.code, 0);
        assert_int_equal(ct_pool_submit(p, fail_deeply, &sum), CT_POOL_OK);
        UNTIL((ct_pool_stats(p, &stats), stats.failed == 1));
        for (int i = 0; i < 10; i++) {
                assert_int_equal(ct_pool_submit(p, add_one, &sum), CT_POOL_OK);
                assert_int_equal(ct_pool_submit(p, fail_deeply, &sum), CT_POOL_OK);
        }
        UNTIL((ct_pool_stats(p, &stats), stats.failed == 11));
        assert_int_equal(ct_pool_submit(p, fail_flatly, &sum), CT_POOL_OK);
        ct_pool_shutdown(p);
        ct_pool_stats(p, &stats);
        assert_int_equal(ct_load_u64_relaxed(&sum), 22);
        assert_int_equal(stats.done, 10);
        assert_int_equal(stats.failed, 12);
        assert_int_equal(stats.run, 22);
        assert_int_equal(stats.first_error, -EPERM);
        assert_int_equal(stats.last_error, -EIO);
        ct_pool_first_failure(p, &first);
        assert_int_equal(first.code, -EPERM);
        assert_string_equal(first.message, "no such user: 17");
        pool_end(state, p);
}

static void a_failed_job_leaves_its_worker(void **state)
{
        FOR_EACH_POOL_KIND(k)
        failures_of(state, k);
}

/* ---- workers' own state ---- */

struct hands {
        ct_atomic_u32 inits, exits, wrong, jobs;
        unsigned fails_at;
        ct_atomic_u32 alive[8];
};

static int hand_init(void *ctx, unsigned worker, void **local)
{
        struct hands *h = ctx;

        ct_add_u32_relaxed(&h->inits, 1);
        if (worker == h->fails_at)
                return -ENOTCONN;
        ct_add_u32_relaxed(&h->wrong, ct_exchange_u32_relaxed(&h->alive[worker], 1));
        *local = &h->alive[worker];
        return 0;
}

static void hand_exit(void *ctx, unsigned worker, void *local)
{
        struct hands *h = ctx;

        ct_add_u32_relaxed(&h->exits, 1);
        ct_add_u32_relaxed(&h->wrong, local != &h->alive[worker]);
        ct_add_u32_relaxed(&h->wrong, !ct_exchange_u32_relaxed(&h->alive[worker], 0));
}

static int hand_job(void *arg, void *local)
{
        struct hands *h = arg;

        ct_add_u32_relaxed(&h->wrong, !ct_load_u32_relaxed((ct_atomic_u32 *)local));
        if (ct_add_u32_relaxed(&h->jobs, 1) % 8 == 0)
                ct_task_fail("one in eight");
        return 0;
}

static void hands_of(void **state, const struct pool_kind *k)
{
        struct ct_pool_config config = pool_config(state, k, 3, 16);
        struct hands h = {.fails_at = 99};
        struct ct_pool *p;

        config.worker_init = hand_init;
        config.worker_exit = hand_exit;
        config.ctx = &h;
        p = pool_begin(state, &config);
        assert_true(ct_load_u32_relaxed(&h.inits) >= (k->kind == CT_POOL_DYNAMIC ? 1 : 3));
        for (int i = 0; i < 200; i++)
                assert_int_equal(ct_pool_submit(p, hand_job, &h), CT_POOL_OK);
        ct_pool_shutdown(p);
        assert_int_equal(ct_load_u32_relaxed(&h.jobs), 200);
        assert_int_equal(ct_load_u32_relaxed(&h.inits), ct_load_u32_relaxed(&h.exits));
        assert_int_equal(ct_load_u32_relaxed(&h.wrong), 0);
        pool_end(state, p);
}

static void no_hands_of(void **state, const struct pool_kind *k)
{
        struct ct_pool_config config = pool_config(state, k, 3, 16);
        struct hands h = {.fails_at = 0};
        struct ct_pool *p = (void *)&h;

        config.worker_init = hand_init;
        config.worker_exit = hand_exit;
        config.ctx = &h;
        if (both_exec(state) == EXEC_TASK)
                assert_int_equal(ct_runtime_start(NULL), 0);
        assert_int_equal(ct_pool_start(&p, &config), -ENOTCONN);
        assert_null(p);
        assert_int_equal(ct_load_u32_relaxed(&h.inits), ct_load_u32_relaxed(&h.exits) + 1);
        assert_int_equal(ct_load_u32_relaxed(&h.wrong), 0);
        if (both_exec(state) == EXEC_TASK)
                assert_int_equal(ct_runtime_stop(), 0);
}

static void workers_have_their_own_state(void **state)
{
        FOR_EACH_POOL_KIND(k)
        if (k->traits & HAS_WORKERS) {
                hands_of(state, k);
                no_hands_of(state, k);
        }
}

/* ---- results ---- */

struct reader {
        struct ct_receiver results;
        uint64_t got, failed;
};

static void *read_all(void *arg)
{
        struct reader *r = arg;
        struct ct_pool_result result;

        while (ct_receiver_recv(r->results, &result)) {
                r->got++;
                r->failed += result.error == -EIO;
        }
        return NULL;
}

static void results_of(void **state, const struct pool_kind *k, size_t capacity)
{
        struct ct_pool_config config = pool_config(state, k, 2, 8);
        struct reader r = {.got = 0};
        ct_atomic_u64 sum = 0;
        struct ct_pool *p;
        pthread_t t;

        config.results = true;
        config.results_capacity = capacity;
        p = pool_begin(state, &config);
        r.results = ct_pool_results(p);
        assert_int_equal(pthread_create(&t, NULL, read_all, &r), 0);
        for (int i = 0; i < 100; i++) {
                assert_int_equal(ct_pool_submit(p, add_one, &sum), CT_POOL_OK);
                assert_int_equal(ct_pool_submit(p, fail_flatly, &sum), CT_POOL_OK);
        }
        ct_pool_shutdown(p);
        assert_int_equal(pthread_join(t, NULL), 0);
        assert_int_equal(r.got, 200);
        assert_int_equal(r.failed, 100);
        pool_end(state, p);
}

/* Nobody reads: a shutdown with a deadline ends all the same. */
static void unread_results_of(void **state, const struct pool_kind *k)
{
        struct ct_pool_config config = pool_config(state, k, 1, 8);
        struct ct_pool_stats stats;
        ct_atomic_u64 sum = 0;
        struct ct_pool *p;
        uint64_t left;

        config.results = true;
        p = pool_begin(state, &config);
        assert_int_equal(ct_pool_submit(p, add_one, &sum), CT_POOL_OK);
        UNTIL((ct_pool_stats(p, &stats), stats.done == 1));
        left = ct_pool_shutdown_until(p, 0);
        assert_int_equal(left, 0);
        pool_end(state, p);
}

static void each_job_has_a_result(void **state)
{
        FOR_EACH_POOL_KIND(k)
        {
                results_of(state, k, 0);
                results_of(state, k, 16);
                unread_results_of(state, k);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(every_job_runs_once),
                BOTH_WAYS(a_full_pool_says_so),
                BOTH_WAYS(a_failed_job_leaves_its_worker),
                BOTH_WAYS(workers_have_their_own_state),
                BOTH_WAYS(each_job_has_a_result),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
