/* Memory runs out at every single allocation of channel, timer, context, lossy ring and errgroup in
   turn: the call says so, nothing has changed, nothing is lost. The linker sends the library's
   allocations here (--wrap). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chan/chan.h"
#include "chan/context.h"
#include "chan/lossy.h"
#include "chan/select.h"
#include "chan/timer.h"
#include "flow/errgroup.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void __real_free(void *p);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
                          void *arg);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void __wrap_free(void *p);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
                          void *arg);

static int fail_at; /* the n-th allocation from now, 1 the next; 0 none */
static long live;   /* blocks not freed yet */
static bool no_threads;

static bool refused(void)
{
        return fail_at > 0 && --fail_at == 0;
}

static void *counted(void *p)
{
        live += p != NULL;
        return p;
}

void *__wrap_malloc(size_t size)
{
        return refused() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
        return refused() ? NULL : counted(__real_calloc(n, size));
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
        return refused() ? NULL : counted(__real_aligned_alloc(align, size));
}

void __wrap_free(void *p)
{
        live -= p != NULL;
        __real_free(p);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
                          void *arg)
{
        return no_threads ? EAGAIN : __real_pthread_create(thread, attr, fn, arg);
}

/* What a call makes stands here, and is NULL after a refusal. */
static void *made;

/* Calls again with the first, the second ... allocation refused, until none is left to refuse.
   Returns how many were. */
static int refuse_each(int (*call)(void *), void *context)
{
        int refusals = 0;

        for (;;) {
                long before = live;
                int r;

                made = &made;
                fail_at = refusals + 1;
                r = call(context);
                if (fail_at) { /* it was not reached */
                        fail_at = 0;
                        assert_int_equal(r, 0);
                        assert_non_null(made);
                        return refusals;
                }
                assert_int_equal(r, -ENOMEM);
                assert_null(made);
                assert_int_equal(live, before);
                refusals++;
        }
}

/* ---- channels ---- */

static int new_chan(void *capacity)
{
        return ct_chan_new((struct ct_chan **)&made, 24, *(size_t *)capacity);
}

static int new_spsc(void *capacity)
{
        return ct_chan_new_spsc((struct ct_chan **)&made, 24, *(size_t *)capacity);
}

static int new_lossy(void *capacity)
{
        return ct_lossy_new((struct ct_lossy **)&made, 24, *(size_t *)capacity);
}

static void every_new_says_so(void **state)
{
        long before = live;

        (void)state;
        for (size_t capacity = 0; capacity <= 64; capacity += 32) {
                assert_true(refuse_each(new_chan, &capacity) >= 1);
                ct_chan_free(made);
                if (!capacity)
                        continue;
                assert_true(refuse_each(new_spsc, &capacity) >= 1);
                ct_chan_free(made);
                assert_int_equal(refuse_each(new_lossy, &capacity), 1);
                ct_lossy_free(made);
        }
        assert_int_equal(live, before);
}

#define CASES (CT_SELECT_ON_STACK * 4)

static void a_wide_select_says_so_or_works(void **state)
{
        static struct ct_select_case cases[CASES];
        struct ct_chan *c;
        long before = live;
        int r;

        (void)state;
        assert_int_equal(ct_chan_new(&c, 0, 1), 0);
        for (int i = 0; i < CASES; i++)
                cases[i] = (struct ct_select_case){.op = CT_SELECT_RECV, .chan = c};
        for (fail_at = 1;;) {
                int this_time = fail_at;

                r = ct_select_until(cases, CASES, 1);
                if (fail_at) {
                        fail_at = 0;
                        break;
                }
                assert_int_equal(r, -ENOMEM);
                fail_at = this_time + 1;
        }
        assert_int_equal(r, CT_SELECT_NONE);
        ct_chan_free(c);
        assert_int_equal(live, before);
}

/* ---- timers ---- */

static int new_service(void *unused)
{
        (void)unused;
        return ct_timers_new((struct ct_timers **)&made, 0);
}

static int new_timer(void *s)
{
        return ct_timer_new((struct ct_timer **)&made, s, 5);
}

static int new_ticker(void *s)
{
        return ct_ticker_new((struct ct_timer **)&made, s, 5);
}

static void nothing(void *arg)
{
        (void)arg;
}

static int new_func(void *s)
{
        return ct_timer_new_func((struct ct_timer **)&made, s, 5, nothing, NULL);
}

#define TIMERS 200

static void a_timer_that_could_not_be_made_leaves_the_others(void **state)
{
        int (*const kinds[])(void *) = {new_timer, new_ticker, new_func};
        static struct ct_timer *t[TIMERS];
        struct ct_timers *s;
        long before = live;
        int most = 0;

        (void)state;
        assert_int_equal(refuse_each(new_service, NULL), 1);
        s = made;
        for (int i = 0; i < TIMERS; i++) {
                int refusals = refuse_each(kinds[i % 3], s); /* one more where the heap grows */

                most = refusals > most ? refusals : most;
                t[i] = made;
        }
        assert_int_equal(most, 3);
        assert_int_equal(ct_timers_advance(s, 5), TIMERS);
        for (int i = 0; i < TIMERS; i++)
                ct_timer_free(t[i]);
        ct_timers_free(s);
        assert_int_equal(live, before);
}

/* ---- contexts ---- */

static int new_cancel(void *parent)
{
        return ct_context_with_cancel((struct ct_context **)&made, parent);
}

static int new_value(void *parent)
{
        return ct_context_with_value((struct ct_context **)&made, parent, &live, &live);
}

static struct ct_timers *service;

static int new_deadline(void *parent)
{
        return ct_context_with_deadline_on((struct ct_context **)&made, parent, service, 100);
}

static void a_context_that_could_not_be_made_leaves_its_parent(void **state)
{
        int (*const kinds[])(void *) = {new_cancel, new_value, new_deadline, new_cancel};
        struct ct_context *ctx[5] = {ct_context_background()};
        long before = live;

        (void)state;
        assert_int_equal(ct_timers_new(&service, 0), 0);
        for (int i = 0; i < 4; i++) {
                assert_true(refuse_each(kinds[i], ctx[i]) >= 1);
                ctx[i + 1] = made;
        }
        assert_int_equal(ct_timers_advance(service, 100), 1);
        assert_int_equal(ct_context_err(ctx[2]), 0);
        assert_int_equal(ct_context_err(ctx[4]), -ETIMEDOUT);
        ct_context_cancel(ctx[1]);
        for (int i = 4; i > 0; i--)
                ct_context_release(ctx[i]);
        ct_timers_free(service);
        assert_int_equal(live, before);
}

/* ---- errgroup ---- */

static int count(void *n)
{
        ++*(int *)n;
        return 0;
}

static void a_function_that_cannot_start_is_the_groups_error(void **state)
{
        struct ct_errgroup g;
        long before = live;
        int calls = 0;

        (void)state;
        fail_at = 1;
        assert_int_equal(
                ct_errgroup_init_with_context(&g, CT_SPAWN_THREAD, ct_context_background()),
                -ENOMEM);
        assert_int_equal(
                ct_errgroup_init_with_context(&g, CT_SPAWN_THREAD, ct_context_background()), 0);
        ct_errgroup_set_limit(&g, 1);
        fail_at = 1;
        assert_int_equal(ct_errgroup_go(&g, count, &calls), -ENOMEM);
        assert_int_equal(ct_context_cause(ct_errgroup_context(&g)), -ENOMEM);
        no_threads = true;
        assert_int_equal(ct_errgroup_go(&g, count, &calls), -EAGAIN); /* there is room again */
        assert_true(ct_errgroup_try_go(&g, count, &calls));
        no_threads = false;
        assert_int_equal(ct_errgroup_wait(&g), -ENOMEM); /* the first */
        assert_int_equal(calls, 0);
        ct_errgroup_fini(&g);
        assert_int_equal(live, before);
}

/* ---- the service's thread ---- */

static void without_a_thread_there_is_no_default_service(void **state)
{
        struct ct_timer *t = (void *)state;
        struct ct_context *ctx = (void *)state;
        long before = live;

        no_threads = true;
        assert_null(ct_timers_default());
        assert_int_equal(ct_timer_new(&t, ct_timers_default(), 0), -EAGAIN);
        assert_null(t);
        assert_int_equal(ct_context_with_timeout(&ctx, ct_context_background(), 1), -EAGAIN);
        assert_null(ctx);
        assert_int_equal(live, before);
        no_threads = false;
        assert_non_null(ct_timers_default()); /* it tries again */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(without_a_thread_there_is_no_default_service),
                cmocka_unit_test(every_new_says_so),
                cmocka_unit_test(a_wide_select_says_so_or_works),
                cmocka_unit_test(a_timer_that_could_not_be_made_leaves_the_others),
                cmocka_unit_test(a_context_that_could_not_be_made_leaves_its_parent),
                cmocka_unit_test(a_function_that_cannot_start_is_the_groups_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
