/* ct_pool: shutdown, for every kind; contexts that jobs have for themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pool_ledger.h"

/* ---- shutdown ---- */

/* One job holds the only worker; the deadline has passed: the others are left. */
static void left_of(void **state, const struct pool_kind *k)
{
        struct ct_pool_config config = pool_config(state, k, 1, 10);
        unsigned n = k->traits & HAS_QUEUE ? 7 : 1;
        struct ct_semaphore gate;
        static struct pool_ledger l;
        struct ct_pool_stats stats;
        struct pool_note *notes;
        struct ct_pool *p;

        memset(&l, 0, sizeof l);
        ct_semaphore_init(&gate, 100);
        ct_semaphore_acquire(&gate, 100);
        l.gate = &gate;
        notes = pool_notes(&l, n);
        config.discard = pool_note_discard;
        p = pool_begin(state, &config);
        for (unsigned i = 0; i < n; i++) {
                assert_int_equal(ct_pool_submit(p, pool_note_job, &notes[i]), CT_POOL_OK);
                UNTIL(ct_load_u32_acquire(&l.begun) >= 1);
        }
        assert_int_equal(ct_pool_shutdown_until(p, ct_deadline_after(CT_NS_PER_MS)), n - 1);
        ct_semaphore_release(&gate, 100);
        ct_pool_stats(p, &stats);
        assert_int_equal(stats.submitted, n);
        assert_int_equal(stats.run, 1);
        /* Waits for the job that runs; what it discards, it discards by then. */
        pool_end(state, p);
        assert_int_equal(pool_notes_wrong(notes, n), 0);
        assert_int_equal(ct_load_u32_relaxed(&l.begun), 1);
        assert_int_equal(ct_load_u32_relaxed(&l.discarded), n - 1);
        free(notes);
}

static void a_deadline_says_how_many_are_left(void **state)
{
        FOR_EACH_POOL_KIND(k)
        left_of(state, k);
}

struct blocked {
        struct ct_pool *p;
        struct pool_note *note;
        ct_atomic_u32 trying, refused;
        bool retry;
};

static void *submit_blocked(void *arg)
{
        struct blocked *b = arg;
        enum ct_pool_status status;

        ct_add_u32_acq_rel(&b->trying, 1);
        status = b->retry ? ct_pool_submit_retry(b->p, pool_note_job, b->note, 1000000, CT_FOREVER)
                          : ct_pool_submit(b->p, pool_note_job, b->note);
        ct_add_u32_acq_rel(&b->refused, status == CT_POOL_SHUTTING_DOWN);
        return NULL;
}

/* Submitters that wait when the shutdown comes, and one that backs off. */
static void blocked_of(void **state, const struct pool_kind *k)
{
        struct ct_pool_config config = pool_config(state, k, 1, 1);
        unsigned n = k->traits & HAS_QUEUE ? 2 : 1;
        struct ct_semaphore gate;
        static struct pool_ledger l;
        struct blocked b[3] = {{.retry = false}};
        struct pool_note *notes;
        struct ct_pool *p;
        pthread_t t[3];

        memset(&l, 0, sizeof l);
        ct_semaphore_init(&gate, 100);
        ct_semaphore_acquire(&gate, 100);
        l.gate = &gate;
        notes = pool_notes(&l, 8);
        p = pool_begin(state, &config);
        for (unsigned i = 0; i < n; i++) {
                assert_int_equal(ct_pool_submit(p, pool_note_job, &notes[i]), CT_POOL_OK);
                UNTIL(ct_load_u32_acquire(&l.begun) >= 1);
        }
        for (unsigned i = 0; i < 3; i++) {
                b[i] = (struct blocked){.p = p, .note = &notes[n + i], .retry = i == 2};
                assert_int_equal(pthread_create(&t[i], NULL, submit_blocked, &b[i]), 0);
                UNTIL(ct_load_u32_acquire(&b[i].trying));
        }
        assert_int_equal(ct_pool_shutdown_until(p, 0), n - 1);
        for (unsigned i = 0; i < 3; i++) {
                pthread_join(t[i], NULL); /* the job still holds the worker */
                assert_int_equal(ct_load_u32_relaxed(&b[i].refused), 1);
        }
        ct_semaphore_release(&gate, 100);
        pool_end(state, p);
        free(notes);
}

static void a_shutdown_calls_off_those_who_wait(void **state)
{
        FOR_EACH_POOL_KIND(k)
        if (k->traits & IS_FULL)
                blocked_of(state, k);
}

struct tree {
        struct ct_pool *p;
        ct_atomic_u32 run, accepted;
};

static int branch(void *arg, void *local)
{
        struct tree *t = arg;
        uint32_t n = ct_add_u32_relaxed(&t->run, 1);

        (void)local;
        for (int i = 0; i < 2 && n < 1000; i++)
                if (ct_pool_try_submit(t->p, branch, t) == CT_POOL_OK)
                        ct_add_u32_relaxed(&t->accepted, 1);
        return 0;
}

/* Jobs that submit jobs while the shutdown goes on. */
static void jobs_may_submit(void **state)
{
        FOR_EACH_POOL_KIND(k)
        {
                struct ct_pool_config config = pool_config(state, k, 3, 64);
                struct ct_pool *p = pool_begin(state, &config);
                struct tree t = {.p = p};
                struct ct_pool_stats stats;

                for (int i = 0; i < 2; i++)
                        assert_int_equal(ct_pool_submit(p, branch, &t), CT_POOL_OK);
                ct_pool_shutdown(p);
                assert_int_equal(ct_load_u32_relaxed(&t.run), ct_load_u32_relaxed(&t.accepted) + 2);
                ct_pool_stats(p, &stats);
                assert_int_equal(stats.run, ct_load_u32_relaxed(&t.run));
                assert_int_equal(stats.submitted, stats.run);
                pool_end(state, p);
        }
}

/* ---- a context for each job ---- */

static void as_many_at_once(void **state, enum ct_pool_kind kind, unsigned held, unsigned more)
{
        const struct pool_kind *k = &POOL_KINDS[kind];
        struct ct_pool_config config = pool_config(state, k, held, 0);
        struct ct_pool *p = pool_begin(state, &config);
        static struct pool_ledger l;
        struct ct_pool_stats stats;
        struct ct_semaphore gate;
        struct pool_note *notes;

        assert_int_equal(k->kind, kind);
        memset(&l, 0, sizeof l);
        ct_semaphore_init(&gate, held + more);
        ct_semaphore_acquire(&gate, held + more);
        l.gate = &gate;
        notes = pool_notes(&l, held + more);
        for (unsigned i = 0; i < held; i++)
                assert_int_equal(ct_pool_submit(p, pool_note_job, &notes[i]), CT_POOL_OK);
        UNTIL(ct_load_u32_acquire(&l.begun) == held); /* nobody waits for another */
        ct_pool_stats(p, &stats);
        assert_int_equal(stats.workers, held);
        ct_semaphore_release(&gate, held + more);
        for (unsigned i = held; i < held + more; i++)
                assert_int_equal(ct_pool_submit(p, pool_note_job, &notes[i]), CT_POOL_OK);
        ct_pool_shutdown(p);
        ct_pool_stats(p, &stats);
        assert_int_equal(stats.done, held + more);
        assert_true(stats.workers_most >= held);
        if (kind == CT_POOL_SEMAPHORE)
                assert_int_equal(stats.workers_most, held);
        pool_end(state, p);
        free(notes);
}

static void unbounded_runs_all_at_once(void **state)
{
        as_many_at_once(state, CT_POOL_UNBOUNDED, 50, 50);
}

static void semaphore_keeps_its_limit(void **state)
{
        as_many_at_once(state, CT_POOL_SEMAPHORE, 3, 500);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(a_deadline_says_how_many_are_left),
                BOTH_WAYS(a_shutdown_calls_off_those_who_wait),
                BOTH_WAYS(jobs_may_submit),
                BOTH_WAYS(unbounded_runs_all_at_once),
                BOTH_WAYS(semaphore_keeps_its_limit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
