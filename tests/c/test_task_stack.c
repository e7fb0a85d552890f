/* Stacks: overflow is found, they are reused, and a parked task costs one page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "panics.h"
#include "tasks.h"

#include <alloca.h>

#if defined(__SANITIZE_ADDRESS__)
#define NO_CANARY_TEST 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NO_CANARY_TEST 1
#endif
#endif

static int nothing(void *arg)
{
        (void)arg;
        return 0;
}

static void stacks_are_used_again(void **state)
{
        (void)state;
        runtime_up(2, 1);
        for (unsigned i = 0; i < ROUNDS(20000); i++)
                run_task(nothing, NULL);
        assert_true(ct_runtime_info().guarded + ct_runtime_info().guardless <= 512);
        runtime_down();
}

/* Fills most of what a task may use, and looks at it again. */
static int use_most(void *arg)
{
        size_t size = ct_runtime_info().stack_bytes * 5 / 8;
        unsigned char *p = alloca(size), sum = 0;

        (void)arg;
        memset(p, 1, size);
        ct_yield();
        for (size_t i = 0; i < size; i++)
                sum += p[i];
        return sum == (unsigned char)size;
}

static void most_of_a_stack_can_be_used(void **state)
{
        (void)state;
        for (int guard = CT_STACK_GUARD_AUTO; guard <= CT_STACK_GUARD_CANARY; guard++) {
                struct ct_task_handle h[40];

                assert_int_equal(ct_runtime_start(&(struct ct_runtime_config){
                                         .guard = (enum ct_stack_guard)guard}),
                                 0);
                for (int i = 0; i < 40; i++)
                        assert_int_equal(ct_task_start(&h[i], use_most, NULL), 0);
                for (int i = 0; i < 40; i++)
                        assert_int_equal(ct_task_join(&h[i]), 1);
                runtime_down();
        }
}

static void the_size_of_stacks_can_be_chosen(void **state)
{
        (void)state;
        for (size_t kib = 12; kib < 3000; kib *= 3) {
                struct ct_runtime_config config = {.carriers = 2, .stack_bytes = kib << 10};

                assert_int_equal(ct_runtime_start(&config), 0);
                assert_true(ct_runtime_info().stack_bytes >= kib << 10);
                assert_int_equal(run_task(use_most, NULL), 1);
                runtime_down();
        }
}

/* ---- memory ---- */

struct parked {
        struct ct_waiter *w;
        ct_atomic_u32 next;
};

static int park(void *arg)
{
        struct parked *p = arg;
        unsigned me = ct_add_u32_relaxed(&p->next, 1);

        ct_waiter_init(&p->w[me]);
        ct_park(&p->w[me]);
        return 0;
}

static size_t resident(void)
{
        FILE *f = fopen("/proc/self/statm", "r");
        unsigned long size = 0, pages = 0;

        if (!f || fscanf(f, "%lu %lu", &size, &pages) != 2)
                pages = 0;
        if (f)
                fclose(f);
        return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void park_many(enum ct_stack_guard guard, unsigned n)
{
        struct parked p = {.w = calloc(n, sizeof *p.w)};
        struct ct_task_handle *h = calloc(n, sizeof *h);
        struct ct_runtime_info info;
        size_t before;

        assert_true(p.w && h);
        memset(p.w, 1, n * sizeof *p.w); /* resident before it is looked at */
        memset(h, 1, n * sizeof *h);
        assert_int_equal(ct_runtime_start(&(struct ct_runtime_config){.guard = guard}), 0);
        before = resident();
        for (unsigned i = 0; i < n; i++)
                assert_int_equal(ct_task_start(&h[i], park, &p), 0);
        for (unsigned i = 0; i < n; i++)
                until_parked(&p.w[i]);
        info = ct_runtime_info();
        print_message("%u parked, guarded by %s: %zu bytes each\n", n, info.guard_how,
                      (resident() - before) / n);
#ifndef WATCHDOG_SANITIZED
        assert_true((resident() - before) / n <= 6 << 10);
#endif
        assert_true(info.guarded + info.guardless >= n);
        if (guard == CT_STACK_GUARD_CANARY)
                assert_int_equal(info.guarded, 0);
        for (unsigned i = 0; i < n; i++)
                ct_unpark(&p.w[i]);
        for (unsigned i = 0; i < n; i++)
                ct_task_join(&h[i]);
        runtime_down();
        free(p.w);
        free(h);
}

static void a_parked_task_costs_at_most_six_kib(void **state)
{
        (void)state;
        park_many(CT_STACK_GUARD_AUTO, ALIVE(50000));
        park_many(CT_STACK_GUARD_CANARY, ALIVE(50000));
}

/* ---- overflow, in a sub-process ---- */

__attribute__((noinline)) static unsigned deeper(volatile unsigned char *outer, unsigned depth)
{
        volatile unsigned char frame[256];

        frame[0] = (unsigned char)(outer[0] + 1);
        if (depth > 100000)
                return 0;
        return deeper(frame, depth + 1) + frame[0];
}

static int recurse(void *arg)
{
        volatile unsigned char start[1] = {0};

        (void)arg;
        return (int)deeper(start, 0);
}

static void overflow_into_the_guard(void)
{
        static struct ct_task_handle h;

        if (ct_runtime_start(NULL))
                _exit(1);
        start_or_die(&h, recurse, NULL);
        (void)ct_task_join(&h);
}

/* Writes over the end by a little and goes back, so that only the canary tells. */
__attribute__((noinline)) static void scribble(size_t size)
{
        volatile char *p = alloca(size);

        for (size_t i = 256; i < 2048; i++)
                p[i] = 1;
}

static int overwrite(void *arg)
{
        (void)arg;
        scribble(ct_runtime_info().stack_bytes);
        ct_task_sleep_until(ct_deadline_after(CT_NS_PER_MS)); /* switched away from here */
        return 0;
}

static int wait_there(void *arg)
{
        ct_waiter_init(arg);
        ct_park(arg);
        return 0;
}

static void overwrite_the_canary(void)
{
        static struct ct_waiter below;
        static struct ct_task_handle h[2];

        if (ct_runtime_start(
                    &(struct ct_runtime_config){.carriers = 1, .guard = CT_STACK_GUARD_CANARY}))
                _exit(1);
        start_or_die(&h[0], wait_there, &below); /* so that something lies below */
        until_parked(&below);
        start_or_die(&h[1], overwrite, NULL);
        (void)ct_task_join(&h[1]);
}

static void a_fault_of_another_kind(void)
{
        static volatile int *volatile nowhere = (volatile int *)8;

        signal(SIGSEGV, SIG_DFL);
        if (ct_runtime_start(NULL))
                _exit(1);
        *nowhere = 1;
}

static void overflow_dies_with_a_name(void **state)
{
        (void)state;
        assert_panics(overflow_into_the_guard, "stack overflow: task 1 ran into its guard page");
#ifdef NO_CANARY_TEST
        (void)overwrite_the_canary;
        print_message("SKIPPED: AddressSanitizer is faster than the canary\n");
#else
        assert_panics(overwrite_the_canary, "stack overflow: task 2 used more than its");
#endif
}

static void other_faults_are_not_ours(void **state)
{
        int status;
        pid_t pid;

        (void)state;
        fflush(NULL);
        pid = fork();
        if (pid == 0) {
                a_fault_of_another_kind();
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(stacks_are_used_again),
                WATCHED(most_of_a_stack_can_be_used),
                WATCHED(the_size_of_stacks_can_be_chosen),
                WATCHED(a_parked_task_costs_at_most_six_kib),
                cmocka_unit_test(overflow_dies_with_a_name),
                cmocka_unit_test(other_faults_are_not_ours),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
