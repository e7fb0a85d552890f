/* Memory or threads run out at every single point of a pool's start and of its jobs' in turn: the
   call says so, what had been started has ended, nothing is lost. The linker sends the library's
   allocations and thread starts here (--wrap). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "both.h"
#include "pool_kinds.h"

#include <errno.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
                          void *arg);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
                          void *arg);

/* What is left over, LeakSanitizer sees: workers free on their own threads, when they get to it. */
static ct_atomic_u32 fail_at;    /* the n-th allocation from now, 1 the next; 0 none */
static ct_atomic_u32 threads_at; /* the n-th thread from now; 0 none */

static bool comes_now(ct_atomic_u32 *at)
{
        uint32_t n = ct_load_u32_relaxed(at);

        while (n)
                if (ct_cas_u32_relaxed(at, &n, n - 1))
                        return n == 1;
        return false;
}

void *__wrap_malloc(size_t size)
{
        return comes_now(&fail_at) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
        return comes_now(&fail_at) ? NULL : __real_calloc(n, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
        return comes_now(&fail_at) ? NULL : __real_aligned_alloc(align, size);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
                          void *arg)
{
        return comes_now(&threads_at) ? EAGAIN : __real_pthread_create(thread, attr, fn, arg);
}

enum { WORKERS = 3 };

static ct_atomic_u32 begun, ended, run;

static int worker_init(void *ctx, unsigned worker, void **local)
{
        (void)ctx, (void)worker, (void)local;
        ct_add_u32_relaxed(&begun, 1);
        return 0;
}

static void worker_exit(void *ctx, unsigned worker, void *local)
{
        (void)ctx, (void)worker, (void)local;
        ct_add_u32_relaxed(&ended, 1);
}

static int job(void *arg, void *local)
{
        (void)arg, (void)local;
        ct_add_u32_relaxed(&run, 1);
        return 0;
}

static struct ct_pool_config config_of(void **state, const struct pool_kind *k)
{
        struct ct_pool_config c = plain_config(
                k, both_exec(state) == EXEC_TASK ? CT_SPAWN_TASK : CT_SPAWN_THREAD, WORKERS, 64);

        c.results = true;
        c.results_capacity = 64;
        if (k->traits & HAS_WORKERS) {
                c.worker_init = worker_init;
                c.worker_exit = worker_exit;
        }
        return c;
}

/* One carrier: it has run by the time that what it keeps must be there. Of several one may come up
   only later, and ask for memory then. */
static void prepare(void **state)
{
        const struct ct_runtime_config one = {.carriers = 1};

        if (both_exec(state) == EXEC_TASK)
                assert_int_equal(ct_runtime_start(&one), 0);
        ct_store_u32_relaxed(&begun, 0);
        ct_store_u32_relaxed(&ended, 0);
        ct_store_u32_relaxed(&run, 0);
}

static void clear(void **state)
{
        if (both_exec(state) == EXEC_TASK)
                assert_int_equal(ct_runtime_stop(), 0);
}

/* Starts with the first, the second ... of them refused, until none is left to refuse; returns how
   many were. */
static unsigned refuse_each(const struct ct_pool_config *c, ct_atomic_u32 *at, int error)
{
        for (unsigned refusals = 0;; refusals++) {
                struct ct_pool *p = (struct ct_pool *)(uintptr_t)1;
                int r;

                ct_store_u32_relaxed(at, refusals + 1);
                r = ct_pool_start(&p, c);
                if (ct_exchange_u32_relaxed(at, 0)) { /* it was not reached */
                        assert_int_equal(r, 0);
                        ct_pool_shutdown(p);
                        ct_pool_free(p);
                        return refusals;
                }
                assert_int_equal(r, error);
                assert_null(p);
                assert_int_equal(ct_load_u32_relaxed(&begun), ct_load_u32_relaxed(&ended));
        }
}

static void warm_up(const struct ct_pool_config *c)
{
        struct ct_pool *p;

        assert_int_equal(ct_pool_start(&p, c), 0);
        assert_int_equal(ct_pool_submit(p, job, NULL), CT_POOL_OK);
        ct_pool_shutdown(p);
        ct_pool_free(p);
}

static void a_start_without_memory_leaves_nothing(void **state)
{
        FOR_EACH_POOL_KIND(k)
        {
                struct ct_pool_config c = config_of(state, k);
                unsigned refusals;

                prepare(state);
                warm_up(&c); /* what threads and the runtime keep for later is there */
                refusals = refuse_each(&c, &fail_at, -ENOMEM);
                assert_in_range(refusals, 4, 64);
                clear(state);
        }
}

static void a_start_without_threads_leaves_nothing(void **state)
{
        if (both_exec(state) == EXEC_TASK)
                return; /* tasks need none */
        FOR_EACH_POOL_KIND(k)
        {
                struct ct_pool_config c = config_of(state, k);

                prepare(state);
                warm_up(&c);
                assert_int_equal(refuse_each(&c, &threads_at, -EAGAIN),
                                 k->traits & HAS_WORKERS ? WORKERS : 0);
                clear(state);
        }
}

/* ---- no context for a job ---- */

static void refuse_job(const struct ct_pool_config *c, ct_atomic_u32 *at, int error)
{
        struct ct_pool_stats s;
        struct ct_pool *p;

        assert_int_equal(ct_pool_start(&p, c), 0);
        ct_store_u32_relaxed(at, 1);
        assert_int_equal(ct_pool_submit(p, job, NULL), CT_POOL_NO_CONTEXT);
        ct_store_u32_relaxed(at, 1);
        assert_int_equal(ct_pool_try_submit(p, job, NULL), CT_POOL_NO_CONTEXT);
        ct_store_u32_relaxed(at, 1);
        assert_int_equal(ct_pool_submit_retry(p, job, NULL, 5, CT_FOREVER), CT_POOL_NO_CONTEXT);
        ct_pool_stats(p, &s);
        assert_int_equal(s.submitted, 0);
        assert_int_equal(s.start_error, error < 0 ? -error : error);
        for (unsigned i = 0; i < 2 * WORKERS; i++) /* each permit has come back */
                assert_int_equal(ct_pool_submit(p, job, NULL), CT_POOL_OK);
        ct_pool_shutdown(p);
        ct_pool_stats(p, &s);
        assert_int_equal(s.submitted, 2 * WORKERS);
        assert_int_equal(s.done, 2 * WORKERS);
        ct_pool_free(p);
}

static void a_job_without_a_context_is_refused(void **state)
{
        FOR_EACH_POOL_KIND(k)
        {
                struct ct_pool_config c = config_of(state, k);

                if (k->traits & HAS_WORKERS)
                        continue;
                prepare(state);
                warm_up(&c);
                refuse_job(&c, &fail_at, -ENOMEM);
                if (both_exec(state) == EXEC_THREAD)
                        refuse_job(&c, &threads_at, -EAGAIN);
                clear(state);
        }
}

/* A batch stops there and says so. */
static void a_batch_stops_at_a_job_without_a_context(void **state)
{
        struct ct_pool_item items[4] = {{job, NULL}, {job, NULL}, {job, NULL}, {job, NULL}};

        if (both_exec(state) == EXEC_TASK)
                return;
        FOR_EACH_POOL_KIND(k)
        {
                struct ct_pool_config c = config_of(state, k);
                size_t accepted = 77;
                struct ct_pool *p;

                if (k->traits & HAS_WORKERS)
                        continue;
                prepare(state);
                assert_int_equal(ct_pool_start(&p, &c), 0);
                ct_store_u32_relaxed(&threads_at, 3);
                assert_int_equal(ct_pool_submit_batch(p, items, 4, &accepted), CT_POOL_NO_CONTEXT);
                assert_int_equal(accepted, 2);
                ct_pool_shutdown(p);
                ct_pool_free(p);
                assert_int_equal(ct_load_u32_relaxed(&run), 2);
                clear(state);
        }
}

/* ---- a pool that has what it needs needs no more ---- */

static void jobs_of_workers_need_no_memory(void **state)
{
        FOR_EACH_POOL_KIND(k)
        {
                struct ct_pool_config c = config_of(state, k);
                struct ct_pool *p;

                if (!(k->traits & HAS_WORKERS))
                        continue;
                c.results = false;
                prepare(state);
                warm_up(&c);
                assert_int_equal(ct_pool_start(&p, &c), 0);
                ct_store_u32_relaxed(&fail_at, 1);
                for (unsigned i = 0; i < 500; i++)
                        assert_int_equal(ct_pool_submit(p, job, NULL), CT_POOL_OK);
                assert_int_equal(ct_exchange_u32_relaxed(&fail_at, 0), 1); /* nobody asked */
                ct_pool_shutdown(p);
                assert_int_equal(ct_load_u32_relaxed(&run), 501);
                ct_pool_free(p);
                clear(state);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(a_start_without_memory_leaves_nothing),
                BOTH_WAYS(a_start_without_threads_leaves_nothing),
                BOTH_WAYS(a_job_without_a_context_is_refused),
                BOTH_WAYS(a_batch_stops_at_a_job_without_a_context),
                BOTH_WAYS(jobs_of_workers_need_no_memory),
        };

        return cmocka_run_group_tests_name("pool faults", tests, NULL, NULL);
}
