/* Channels and selects that find no memory, and one channel used by threads and tasks at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "both.h"
#include "chan_kinds.h"

/* ---- no memory ---- */

static int allocations_left = -1; /* -1: no limit */
static int failed;

static bool may_allocate(void)
{
        if (allocations_left < 0)
                return true;
        if (allocations_left > 0) {
                allocations_left--;
                return true;
        }
        failed++;
        return false;
}

#define WRAP(name, parameters, arguments)                                                          \
        void *__real_##name parameters;                                                            \
        void *__wrap_##name parameters;                                                            \
        void *__wrap_##name parameters                                                             \
        {                                                                                          \
                return may_allocate() ? __real_##name arguments : NULL;                            \
        }

WRAP(malloc, (size_t n), (n))
WRAP(calloc, (size_t n, size_t size), (n, size))
WRAP(aligned_alloc, (size_t alignment, size_t n), (alignment, n))

static void making_fails_without_a_trace(void **state)
{
        (void)state;
        FOR_EACH_KIND(kind)
        {
                struct ct_chan *c = NULL;
                int r = -ENOMEM, n;

                for (n = 0; r == -ENOMEM; n++) {
                        c = (void *)1;
                        failed = 0;
                        allocations_left = n;
                        r = kind->make(&c, 8, 100);
                        allocations_left = -1;
                        if (r)
                                assert_null(c);
                        assert_true(failed ? r == -ENOMEM : r == 0);
                }
                assert_true(n > 1); /* some did fail */
                ct_chan_free(c);
        }
}

#define CASES (CT_SELECT_ON_STACK + 1)

static void a_select_of_many_fails_without_a_trace(void **state)
{
        struct ct_chan *c = make_ints(CHAN_KINDS, 2);
        struct ct_select_case k[CASES];
        int v = 1, r = -ENOMEM, n;

        (void)state;
        for (n = 0; r == -ENOMEM; n++) {
                for (int i = 0; i < CASES; i++)
                        k[i] = send_case(c, &v);
                failed = 0;
                allocations_left = n;
                r = n % 2 ? ct_select(k, CASES) : ct_try_select(k, CASES);
                allocations_left = -1;
                assert_true(failed ? r == -ENOMEM : r >= 0);
                assert_int_equal(ct_chan_len(c), r >= 0);
                assert_int_equal(queued(c, TO_SEND), 0);
        }
        assert_true(n > 1);
        assert_true(-ENOMEM < CT_SELECT_NONE);
        ct_chan_free(c);
}

static void what_fits_on_the_stack_needs_no_memory(void **state)
{
        struct ct_chan *c = make_ints(CHAN_KINDS, 2);
        struct ct_select_case k[CT_SELECT_ON_STACK];
        int v = 1;

        (void)state;
        for (int i = 0; i < CT_SELECT_ON_STACK; i++)
                k[i] = send_case(c, &v);
        failed = 0;
        allocations_left = 0;
        assert_true(ct_try_select(k, CT_SELECT_ON_STACK) >= 0);
        assert_true(ct_select(k, CT_SELECT_ON_STACK) >= 0);
        assert_int_equal(ct_select_until(k, CT_SELECT_ON_STACK, ct_now_ns() + 1000),
                         CT_SELECT_NONE);
        assert_int_equal(ct_chan_recv_until(c, &v, NULL, CT_FOREVER), 0);
        put(c, 2);
        assert_int_equal(ct_chan_send_until(c, &v, ct_now_ns() + 1000), -ETIMEDOUT);
        allocations_left = -1;
        assert_int_equal(failed, 0);
        ct_chan_free(c);
}

/* ---- threads and tasks at once ---- */

#define SIDES 3
#define EACH 3000

struct mixture {
        struct ct_chan *c;
        ct_atomic_u32 sending;
        ct_atomic_u64 sum, n;
};

/* Of each kind of context, three send and three receive, plainly and by select in turn. */
static void mixture_body(void *shared, unsigned index)
{
        struct mixture *m = shared;
        int v = 0;
        struct ct_select_case out[] = {recv_case(m->c, &v), recv_case(NULL, NULL)};
        struct ct_select_case in[] = {recv_case(NULL, NULL), send_case(m->c, &v)};

        if (index < SIDES) {
                for (v = 1; v <= ROUNDS(EACH); v++) {
                        if (v % 2)
                                put(m->c, v);
                        else
                                CONTEXT_CHECK(ct_select(in, 2) == 1);
                }
                if (ct_sub_u32_acq_rel(&m->sending, 1) == 1)
                        ct_chan_close(m->c);
                return;
        }
        for (unsigned i = 0;; i++) {
                bool open = i % 2 ? ct_select(out, 2) == 0 && out[0].open : ct_chan_recv(m->c, &v);

                if (!open)
                        break;
                ct_add_u64_relaxed(&m->sum, (uint64_t)v);
                ct_add_u64_relaxed(&m->n, 1);
        }
}

static void *mixture_threads(void *shared)
{
        contexts_run(EXEC_THREAD, 2 * SIDES, mixture_body, shared);
        return NULL;
}

static void mixture_scene(void **state, const struct stress_placement *p)
{
        static const size_t capacities[] = {0, 1, 64};

        (void)p;
        for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
                struct mixture m = {.c = make_ints(CHAN_KINDS, capacities[i])};
                uint64_t each = ROUNDS(EACH);
                pthread_t threads;

                ct_store_u32_relaxed(&m.sending, 2 * SIDES);
                assert_int_equal(pthread_create(&threads, NULL, mixture_threads, &m), 0);
                run_contexts(state, 2 * SIDES, mixture_body, &m);
                pthread_join(threads, NULL);
                assert_int_equal(ct_load_u64_relaxed(&m.n), 2 * SIDES * each);
                assert_int_equal(ct_load_u64_relaxed(&m.sum), SIDES * each * (each + 1));
                ct_chan_free(m.c);
        }
}

static void threads_and_tasks_share_a_channel(void **state)
{
        everywhere(state, mixture_scene);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(making_fails_without_a_trace),
                cmocka_unit_test(a_select_of_many_fails_without_a_trace),
                cmocka_unit_test(what_fits_on_the_stack_needs_no_memory),
                {"threads_and_tasks_share_a_channel", threads_and_tasks_share_a_channel, both_start,
                 watchdog_stop, &both_execs[EXEC_TASK]},
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
