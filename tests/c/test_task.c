/* Tasks: starting, ending, joining, what belongs to them, and the runtime's start and stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "panics.h"
#include "tasks.h"

#include <dirent.h>

/* ---- start and join ---- */

static int twice(void *arg)
{
        return 2 * *(int *)arg;
}

static void results_reach_the_joining_thread_body(const struct runtime_case *c)
{
        (void)c;
        for (int i = -50; i < 50; i++)
                assert_int_equal(run_task(twice, &i), 2 * i);
}

static void results_reach_the_joining_thread(void **state)
{
        (void)state;
        in_each_runtime(results_reach_the_joining_thread_body);
}

/* A binary tree of tasks, each joining its two children. */
static int tree(void *arg)
{
        int depth = *(int *)arg - 1;
        struct ct_task_handle h[2];
        int leaves = 0;

        if (depth < 0)
                return 1;
        for (int i = 0; i < 2; i++)
                start_or_die(&h[i], tree, &depth);
        for (int i = 0; i < 2; i++)
                leaves += ct_task_join(&h[i]);
        return leaves;
}

static void tasks_start_and_join_tasks_body(const struct runtime_case *c)
{
        int depth = ALIVE(10000) < 10000 ? 8 : 12;

        (void)c;
        for (int round = 0; round < 3; round++)
                assert_int_equal(run_task(tree, &depth), 1 << depth);
}

static void tasks_start_and_join_tasks(void **state)
{
        (void)state;
        in_each_runtime(tasks_start_and_join_tasks_body);
}

struct passing {
        struct ct_task_handle h;
        int number;
};

static int join_it(void *arg)
{
        return ct_task_join(arg);
}

static void a_handle_may_be_joined_by_whoever_has_it_body(const struct runtime_case *c)
{
        (void)c;
        for (int i = 0; i < 200; i++) {
                struct passing p = {.number = i};

                assert_int_equal(ct_task_start(&p.h, twice, &p.number), 0);
                if (i % 2)
                        UNTIL(ct_load_ptr_acquire(&p.h.state)); /* it has ended */
                assert_int_equal(run_task(join_it, &p.h), 2 * i);
        }
}

static void a_handle_may_be_joined_by_whoever_has_it(void **state)
{
        (void)state;
        in_each_runtime(a_handle_may_be_joined_by_whoever_has_it_body);
}

/* Plain data, handed to the task by its start and back by its join. */
struct baton {
        unsigned sum;
};

static int carry(void *arg)
{
        struct baton *b = arg;

        b->sum++;
        ct_yield();
        b->sum++;
        return 0;
}

static void start_and_join_order_memory_body(const struct runtime_case *c)
{
        struct baton b = {0};

        (void)c;
        for (unsigned i = 0; i < ROUNDS(2000); i++) {
                b.sum++;
                run_task(carry, &b);
                assert_int_equal(b.sum, 3 * (i + 1));
        }
}

static void start_and_join_order_memory(void **state)
{
        (void)state;
        in_each_runtime(start_and_join_order_memory_body);
}

static ct_atomic_u32 went;

static void go(void *arg)
{
        ct_add_u32_relaxed(&went, (uint32_t)(uintptr_t)arg);
}

static int go_from_a_task(void *arg)
{
        for (unsigned i = 0; i < 500; i++)
                if (ct_go(go, arg))
                        return 1;
        return 0;
}

static void detached_tasks_run_body(const struct runtime_case *c)
{
        (void)c;
        ct_store_u32_relaxed(&went, 0);
        for (unsigned i = 0; i < 500; i++)
                assert_int_equal(ct_go(go, (void *)2), 0);
        assert_int_equal(run_task(go_from_a_task, (void *)3), 0);
        UNTIL(ct_load_u32_relaxed(&went) == 2500);
}

static void detached_tasks_run(void **state)
{
        (void)state;
        in_each_runtime(detached_tasks_run_body);
}

/* ---- many ---- */

struct many {
        struct ct_task_handle *h;
        struct ct_waiter *w;
        unsigned n;
        ct_atomic_u32 next;
};

static int park_in_turn(void *arg)
{
        struct many *m = arg;
        unsigned me = ct_add_u32_relaxed(&m->next, 1);

        ct_waiter_init(&m->w[me]);
        ct_park(&m->w[me]);
        return 1;
}

static void a_hundred_thousand_live_at_once_body(const struct runtime_case *c)
{
        struct many m = {.n = ALIVE(100000)};
        unsigned ended = 0;

        (void)c;
        m.h = calloc(m.n, sizeof *m.h);
        m.w = calloc(m.n, sizeof *m.w);
        assert_true(m.h && m.w);
        for (unsigned i = 0; i < m.n; i++)
                assert_int_equal(ct_task_start(&m.h[i], park_in_turn, &m), 0);
        for (unsigned i = 0; i < m.n; i++)
                until_parked(&m.w[i]);
        for (unsigned i = 0; i < m.n; i++)
                ct_unpark(&m.w[i]);
        for (unsigned i = 0; i < m.n; i++)
                ended += (unsigned)ct_task_join(&m.h[i]);
        assert_int_equal(ended, m.n);
        free(m.h);
        free(m.w);
}

static void a_hundred_thousand_live_at_once(void **state)
{
        (void)state;
        in_each_runtime(a_hundred_thousand_live_at_once_body);
}

/* ---- what belongs to a task ---- */

/* Not inlined, as task.h demands: the address of errno is the OS thread's. */
__attribute__((noinline)) static int get_errno(void)
{
        __asm__ volatile("");
        return errno;
}

__attribute__((noinline)) static void set_errno(int e)
{
        __asm__ volatile("");
        errno = e;
}

static ct_atomic_u32 errno_lost;

static void keep_errno(void *arg, unsigned index)
{
        int mine = (int)index + 1;

        (void)arg;
        if (get_errno())
                ct_add_u32_relaxed(&errno_lost, 1); /* a new task begins with 0 */
        for (unsigned i = 0; i < ROUNDS(500); i++) {
                set_errno(mine);
                if (i % 16)
                        ct_yield();
                else
                        ct_task_sleep_until(ct_deadline_after(10 * CT_NS_PER_US));
                if (get_errno() != mine)
                        ct_add_u32_relaxed(&errno_lost, 1);
        }
}

static void errno_belongs_to_the_task_body(const struct runtime_case *c)
{
        (void)c;
        ct_store_u32_relaxed(&errno_lost, 0);
        contexts_run(EXEC_TASK, 30, keep_errno, NULL);
        assert_int_equal(ct_load_u32_relaxed(&errno_lost), 0);
}

static void errno_belongs_to_the_task(void **state)
{
        (void)state;
        in_each_runtime(errno_belongs_to_the_task_body);
}

static int count_self(void *arg)
{
        uint64_t *self = arg;

        *self = ct_parker_ops_self()->self();
        return ct_in_task();
}

static void tasks_know_that_they_are(void **state)
{
        uint64_t a = 0, b = 0, here = ct_parker_ops_self()->self();

        (void)state;
        runtime_up(1, 1);
        assert_false(ct_in_task());
        assert_int_equal(run_task(count_self, &a), 1);
        assert_int_equal(run_task(count_self, &b), 1);
        assert_true(a && b && a != b && a != here && b != here);
        assert_true((a & CT_SELF_TASK) && (b & CT_SELF_TASK) && !(here & CT_SELF_TASK));
        ct_yield(); /* on a thread: allowed */
        ct_checkpoint();
        runtime_down();
}

/* ---- start and stop ---- */

static unsigned entries(const char *path)
{
        DIR *dir = opendir(path);
        unsigned n = 0;

        while (dir && readdir(dir))
                n++;
        if (dir)
                closedir(dir);
        return n;
}

static unsigned mappings(void)
{
        FILE *f = fopen("/proc/self/maps", "r");
        unsigned n = 0;

        for (int ch; f && (ch = getc(f)) != EOF;)
                n += ch == '\n';
        if (f)
                fclose(f);
        return n;
}

static void starts_and_stops_again_and_again(void **state)
{
        unsigned threads = entries("/proc/self/task"), maps = 0;
        int depth = 6;

        (void)state;
        for (int i = 0; i < 20; i++) {
                assert_int_equal(ct_runtime_start(NULL), 0);
                assert_int_equal(ct_runtime_start(NULL), -EBUSY);
                assert_int_equal(ct_runtime_info().carriers, ct_parker_cpus());
                assert_int_equal(run_task(tree, &depth), 1 << depth);
                runtime_down();
                assert_int_equal(ct_runtime_info().carriers, 0);
                /* a joined thread's entry may stay for a moment */
                UNTIL(entries("/proc/self/task") == threads);
                if (i == 9)
                        maps = mappings();
        }
        /* Threads' stacks and malloc's arenas are kept by the C library, up to a point. */
        assert_true(mappings() <= maps + 8);
}

static void bad_configurations_are_refused(void **state)
{
        (void)state;
        assert_int_equal(
                ct_runtime_start(&(struct ct_runtime_config){.carriers = CT_CARRIERS_MAX + 1}),
                -EINVAL);
        assert_int_equal(ct_runtime_start(&(struct ct_runtime_config){.stack_bytes = 100}),
                         -EINVAL);
        assert_int_equal(ct_runtime_start(&(struct ct_runtime_config){.stack_bytes = SIZE_MAX}),
                         -EINVAL);
        assert_int_equal(ct_runtime_info().carriers, 0);
}

static ct_atomic_u32 checking;

static void check_for_ever(void *arg)
{
        (void)arg;
        for (;;) {
                ct_store_u32_relaxed(&checking, 1);
                ct_checkpoint();
        }
}

static void stop_ends_a_task_at_its_checkpoint(void **state)
{
        (void)state;
        runtime_up(1, 1);
        ct_store_u32_relaxed(&checking, 0);
        assert_int_equal(ct_go(check_for_ever, NULL), 0);
        UNTIL(ct_load_u32_relaxed(&checking));
        assert_int_equal(ct_runtime_stop(), 1);
}

/* ---- in a sub-process ---- */

static struct ct_waiter forever[3];

static int park_for_ever(void *arg)
{
        ct_waiter_init(arg);
        ct_park(arg);
        return 0;
}

static void leave_three(void)
{
        static struct ct_task_handle h[3];

        if (ct_runtime_start(NULL))
                _exit(1);
        for (int i = 0; i < 3; i++)
                start_or_die(&h[i], park_for_ever, &forever[i]);
        for (int i = 0; i < 3; i++)
                until_parked(&forever[i]);
        if (ct_runtime_stop() == 3)
                abort();
}

static void dump_three(void)
{
        static struct ct_task_handle h[3];

        if (ct_runtime_start(NULL))
                _exit(1);
        for (int i = 0; i < 3; i++)
                start_or_die(&h[i], park_for_ever, &forever[i]);
        for (int i = 0; i < 3; i++)
                until_parked(&forever[i]);
        ct_runtime_dump(STDERR_FILENO);
        abort();
}

static void stop_reports_who_is_left_and_where(void **state)
{
        (void)state;
        assert_panics(leave_three, "runtime stopped with 3 tasks left");
        assert_panics(leave_three, "waits in test_task+0x");
        assert_panics(dump_three, "contend: task 3 waits in test_task+0x");
}

static int nothing(void *arg)
{
        (void)arg;
        return 0;
}

static void join_twice(void)
{
        static struct ct_task_handle h, joiner;

        if (ct_runtime_start(NULL))
                _exit(1);
        start_or_die(&h, park_for_ever, &forever[0]);
        start_or_die(&joiner, join_it, &h);
        until_parked(&forever[0]);
        UNTIL(ct_load_ptr_acquire(&h.state)); /* the joiner waits */
        ct_task_join(&h);
}

static void start_without_a_runtime(void)
{
        struct ct_task_handle h;

        (void)ct_task_start(&h, nothing, NULL);
}

static void stop_without_a_runtime(void)
{
        ct_runtime_stop();
}

static int stop_inside(void *arg)
{
        (void)arg;
        ct_runtime_stop();
        return 0;
}

static void in_a_task(int (*fn)(void *))
{
        static struct ct_task_handle h;

        if (ct_runtime_start(NULL))
                _exit(1);
        start_or_die(&h, fn, NULL);
        (void)ct_task_join(&h);
}

static void stop_by_a_task(void)
{
        in_a_task(stop_inside);
}

static int end_while_blocking(void *arg)
{
        (void)arg;
        ct_blocking_begin();
        return 0;
}

static void end_in_a_blocking_section(void)
{
        in_a_task(end_while_blocking);
}

static int only_end_blocking(void *arg)
{
        (void)arg;
        ct_blocking_end();
        return 0;
}

static void end_blocking_without_begin(void)
{
        in_a_task(only_end_blocking);
}

static int park_on_foreign(void *arg)
{
        (void)arg;
        until_parked(&forever[0]);
        ct_park(&forever[0]);
        return 0;
}

static void park_on_a_foreign_waiter(void)
{
        static struct ct_task_handle h;

        if (ct_runtime_start(NULL))
                _exit(1);
        start_or_die(&h, park_for_ever, &forever[0]);
        until_parked(&forever[0]);
        start_or_die(&h, park_on_foreign, NULL);
        (void)ct_task_join(&h);
}

static void misuse_dies_with_a_name(void **state)
{
        (void)state;
        assert_panics(join_twice, "panic: task handle");
        assert_panics(join_twice, "joined twice");
        assert_panics(start_without_a_runtime, "no runtime");
        assert_panics(stop_without_a_runtime, "it does not run");
        assert_panics(stop_by_a_task, "stopped by one of its own tasks");
        assert_panics(end_in_a_blocking_section, "ended inside ct_blocking_begin");
        assert_panics(end_blocking_without_begin, "without ct_blocking_begin");
        assert_panics(park_on_a_foreign_waiter, "another context than its own");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(results_reach_the_joining_thread),
                WATCHED(tasks_start_and_join_tasks),
                WATCHED(a_handle_may_be_joined_by_whoever_has_it),
                WATCHED(start_and_join_order_memory),
                WATCHED(detached_tasks_run),
                WATCHED(a_hundred_thousand_live_at_once),
                WATCHED(errno_belongs_to_the_task),
                WATCHED(tasks_know_that_they_are),
                WATCHED(starts_and_stops_again_and_again),
                WATCHED(bad_configurations_are_refused),
                WATCHED(stop_ends_a_task_at_its_checkpoint),
                cmocka_unit_test(stop_reports_who_is_left_and_where),
                cmocka_unit_test(misuse_dies_with_a_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
