/* Blocking sections: a task stuck in the kernel strands neither queue nor timers of its carrier. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tasks.h"

struct channel {
        int fd[2];
};

static int read_blocking(void *arg)
{
        struct channel *c = arg;
        char byte = 0;
        ssize_t got;

        ct_blocking_begin();
        got = read(c->fd[0], &byte, 1);
        ct_blocking_end();
        return got == 1 ? byte : -1;
}

static int write_one(void *arg)
{
        struct channel *c = arg;

        return write(c->fd[1], "x", 1) == 1 ? 0 : -1;
}

static void open_channel(struct channel *c)
{
        assert_int_equal(pipe(c->fd), 0);
}

static void close_channel(struct channel *c)
{
        close(c->fd[0]);
        close(c->fd[1]);
}

/* The writer is queued behind the reader, on the reader's carrier. */
static int read_what_the_next_writes(void *arg)
{
        struct ct_task_handle h;
        int r;

        start_or_die(&h, write_one, arg);
        r = read_blocking(arg);
        ct_task_join(&h);
        return r;
}

static void the_queue_goes_on_body(const struct runtime_case *r)
{
        struct channel c;

        (void)r;
        open_channel(&c);
        for (unsigned i = 0; i < ROUNDS(200); i++)
                assert_int_equal(run_task(read_what_the_next_writes, &c), 'x');
        close_channel(&c);
        assert_true(ct_runtime_info().handovers > 0);
}

static void the_queue_goes_on(void **state)
{
        (void)state;
        in_each_runtime(the_queue_goes_on_body);
}

/* More blocked tasks than carriers; then the writers come, from outside. */
static void all_carriers_may_be_blocked_body(const struct runtime_case *r)
{
        struct channel c[24];
        struct ct_task_handle h[24];

        (void)r;
        for (int i = 0; i < 24; i++) {
                open_channel(&c[i]);
                assert_int_equal(ct_task_start(&h[i], read_blocking, &c[i]), 0);
        }
        for (int i = 0; i < 24; i++)
                assert_int_equal(run_task(write_one, &c[i]), 0);
        for (int i = 0; i < 24; i++) {
                assert_int_equal(ct_task_join(&h[i]), 'x');
                close_channel(&c[i]);
        }
        assert_true(ct_runtime_info().threads <= ct_runtime_info().carriers + 25);
}

static void all_carriers_may_be_blocked(void **state)
{
        (void)state;
        in_each_runtime(all_carriers_may_be_blocked_body);
}

static int sleep_then_write(void *arg)
{
        ct_task_sleep_until(ct_deadline_after(2 * CT_NS_PER_MS));
        return write_one(arg);
}

static int start_sleeper_and_read(void *arg)
{
        struct ct_task_handle h;
        int r;

        start_or_die(&h, sleep_then_write, arg);
        ct_yield(); /* it sleeps now, with its timer on this carrier */
        r = read_blocking(arg);
        ct_task_join(&h);
        return r;
}

static void timers_go_on_body(const struct runtime_case *r)
{
        struct channel c;

        (void)r;
        open_channel(&c);
        for (unsigned i = 0; i < 20; i++)
                assert_int_equal(run_task(start_sleeper_and_read, &c), 'x');
        close_channel(&c);
}

static void timers_go_on(void **state)
{
        (void)state;
        in_each_runtime(timers_go_on_body);
}

/* ---- what the section is for the task ---- */

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

static int fail_in_the_kernel(void *arg)
{
        bool right;

        (void)arg;
        ct_blocking_begin();
        ct_blocking_begin(); /* they nest */
        right = ct_in_task() && close(-1) == -1;
        ct_blocking_end();
        right = right && get_errno() == EBADF;
        set_errno(EDOM);
        ct_blocking_end();
        right = right && get_errno() == EDOM;
        /* A task again: with a carrier, and able to park as one. */
        right = right && (ct_parker_ops_self()->here() & 1u << 31);
        ct_yield();
        return right && get_errno() == EDOM;
}

static void errno_and_nesting_body(const struct runtime_case *r)
{
        struct ct_task_handle h[20];

        (void)r;
        for (int i = 0; i < 20; i++)
                assert_int_equal(ct_task_start(&h[i], fail_in_the_kernel, NULL), 0);
        for (int i = 0; i < 20; i++)
                assert_int_equal(ct_task_join(&h[i]), 1);
}

static void errno_and_nesting(void **state)
{
        (void)state;
        in_each_runtime(errno_and_nesting_body);
}

static int unpark_it(void *arg)
{
        until_parked(arg);
        ct_unpark(arg);
        return 0;
}

/* Parks inside: on a waiter of the section as a thread, on one from before it as the task. */
static int park_inside(void *arg)
{
        struct ct_waiter before, inside;
        struct ct_task_handle h;

        (void)arg;
        ct_waiter_init(&before);
        ct_blocking_begin();
        ct_waiter_init(&inside);
        ct_store_u32_relaxed(&inside.word, CT_WAITER_EMPTY_);
        start_or_die(&h, unpark_it, &inside);
        ct_park(&inside);
        ct_task_join(&h);
        start_or_die(&h, unpark_it, &before);
        ct_park(&before);
        ct_task_join(&h);
        ct_blocking_end();
        return 1;
}

static void parking_inside_a_section_works_body(const struct runtime_case *r)
{
        (void)r;
        for (unsigned i = 0; i < ROUNDS(100); i++)
                assert_int_equal(run_task(park_inside, NULL), 1);
}

static void parking_inside_a_section_works(void **state)
{
        (void)state;
        in_each_runtime(parking_inside_a_section_works_body);
}

/* Sections that begin and end all the time, beside tasks that want the carriers. */
static void block_shortly(void *arg, unsigned index)
{
        (void)arg;
        for (unsigned i = 0; i < ROUNDS(400); i++) {
                if ((i + index) % 3) {
                        ct_blocking_begin();
                        if (i % 8 == 0)
                                sched_yield();
                        ct_blocking_end();
                } else {
                        ct_yield();
                }
        }
}

static void sections_come_and_go_body(const struct runtime_case *r)
{
        (void)r;
        contexts_run(EXEC_TASK, 12, block_shortly, NULL);
}

static void sections_come_and_go(void **state)
{
        (void)state;
        in_each_runtime(sections_come_and_go_body);
}

static void threads_may_call_them(void **state)
{
        (void)state;
        ct_blocking_begin();
        ct_blocking_end();
        ct_blocking_end(); /* no pair to be kept: there is no carrier */
        assert_false(ct_in_task());
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(the_queue_goes_on),
                WATCHED(all_carriers_may_be_blocked),
                WATCHED(timers_go_on),
                WATCHED(errno_and_nesting),
                WATCHED(parking_inside_a_section_works),
                WATCHED(sections_come_and_go),
                WATCHED(threads_may_call_them),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
