/* Closing, deadlines, NULL and misuse of a channel, one behaviour a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "chan_guide_help.h"
#include "panics.h"

/* ---- close ---- */

static void closed_channel_is_drained_then_says_closed(void **state)
{
        struct ct_chan_guide *c = ints(4);
        int v;

        (void)state;
        for (int i = 1; i <= 4; i++)
                put(c, i);
        ct_chan_guide_close(c);
        for (int i = 1; i <= 4; i++) {
                assert_true(ct_chan_guide_recv(c, &v));
                assert_int_equal(v, i);
        }
        for (int i = 0; i < 3; i++) { /* for ever */
                v = 17;
                assert_false(ct_chan_guide_recv(c, &v));
                assert_int_equal(v, 0);
        }
        ct_chan_guide_free(c);
}

static void closed_rendezvous_says_closed(void **state)
{
        struct ct_chan_guide *c = ints(0);
        int v = 17;

        (void)state;
        ct_chan_guide_close(c);
        assert_false(ct_chan_guide_recv(c, &v));
        assert_int_equal(v, 0);
        assert_false(ct_chan_guide_recv(c, NULL));
        ct_chan_guide_free(c);
}

static void try_and_timed_receives_see_the_end(void **state)
{
        (void)state;
        for (size_t cap = 0; cap < 2; cap++) {
                struct ct_chan_guide *c = ints(cap);
                bool open = true;
                int v = 17;

                ct_chan_guide_close(c);
                assert_true(ct_chan_guide_try_recv(c, &v, &open));
                assert_false(open);
                assert_int_equal(v, 0);
                open = true;
                assert_true(ct_chan_guide_recv_until(c, &v, &open, CT_FOREVER));
                assert_false(open);
                ct_chan_guide_free(c);
        }
}

static void receive_closed(void *ctx, unsigned index)
{
        int v = 17;

        (void)index;
        CROWD_CHECK(!ct_chan_guide_recv(ctx, &v));
        CROWD_CHECK(v == 0);
}

static void receive_closed_timed(void *ctx, unsigned index)
{
        bool open = true;

        (void)index;
        CROWD_CHECK(
                ct_chan_guide_recv_until(ctx, NULL, &open, ct_deadline_after(3600 * CT_NS_PER_S)));
        CROWD_CHECK(!open);
}

static void close_wakes(size_t cap, void (*fn)(void *, unsigned))
{
        struct ct_chan_guide *c = ints(cap);
        struct crowd *receivers = crowd_start(100, fn, c);

        AWAIT(waiting(c, false) == 100);
        ct_chan_guide_close(c);
        crowd_join(receivers);
        ct_chan_guide_free(c);
}

static void close_wakes_100_receivers(void **state)
{
        (void)state;
        close_wakes(5, receive_closed);
}

static void close_wakes_100_receivers_of_a_rendezvous(void **state)
{
        (void)state;
        close_wakes(0, receive_closed);
}

static void close_wakes_100_timed_receivers(void **state)
{
        (void)state;
        close_wakes(5, receive_closed_timed);
        close_wakes(0, receive_closed_timed);
}

struct tally {
        struct ct_chan_guide *c;
        ct_atomic_u32 values, ends;
};

static void receive_some(void *ctx, unsigned index)
{
        struct tally *t = ctx;

        (void)index;
        if (get(t->c) == -1)
                ct_add_u32_relaxed(&t->ends, 1);
        else
                ct_add_u32_relaxed(&t->values, 1);
}

static void values_sent_before_close_are_all_received(void **state)
{
        struct tally t = {.c = ints(8)};
        struct crowd *receivers;

        (void)state;
        for (int i = 0; i < 8; i++)
                put(t.c, i);
        ct_chan_guide_close(t.c);
        receivers = crowd_start(20, receive_some, &t);
        crowd_join(receivers);
        assert_int_equal(ct_load_u32_relaxed(&t.values), 8);
        assert_int_equal(ct_load_u32_relaxed(&t.ends), 12);
        ct_chan_guide_free(t.c);
}

static void receive_the_signal(void *ctx, unsigned index)
{
        (void)index;
        CROWD_CHECK(!ct_chan_guide_recv(ctx, NULL));
}

static void signal_channel_as_broadcast(void **state)
{
        struct ct_chan_guide *done = make(0, 0);
        struct crowd *receivers = crowd_start(10, receive_the_signal, done);

        (void)state;
        AWAIT(waiting(done, false) == 10);
        ct_chan_guide_close(done);
        crowd_join(receivers);
        ct_chan_guide_free(done);
}

/* ---- deadlines ---- */

static void receive_times_out_not_before_its_deadline(void **state)
{
        (void)state;
        for (size_t cap = 0; cap < 2; cap++) {
                struct ct_chan_guide *c = ints(cap);
                int64_t deadline = ct_deadline_after(5 * CT_NS_PER_MS);
                bool open = true;
                int v = 17;

                assert_false(ct_chan_guide_recv_until(c, &v, &open, deadline));
                assert_true(ct_now_ns() >= deadline);
                assert_int_equal(v, 17);
                assert_true(open);
                ct_chan_guide_free(c);
        }
}

static void send_times_out_not_before_its_deadline(void **state)
{
        (void)state;
        for (size_t cap = 0; cap < 2; cap++) {
                struct ct_chan_guide *c = ints(cap);
                int64_t deadline;
                int v = 1;

                if (cap)
                        put(c, 0);
                deadline = ct_deadline_after(5 * CT_NS_PER_MS);
                assert_false(ct_chan_guide_send_until(c, &v, deadline));
                assert_true(ct_now_ns() >= deadline);
                ct_chan_guide_free(c);
        }
}

static void passed_deadline_still_tries_once(void **state)
{
        static const int64_t passed[] = {INT64_MIN, -1, 0, 1};

        (void)state;
        for (size_t i = 0; i < 4; i++) {
                struct ct_chan_guide *c = ints(1);
                int v = 3;

                assert_true(ct_chan_guide_send_until(c, &v, passed[i]));
                assert_false(ct_chan_guide_send_until(c, &v, passed[i]));
                assert_true(ct_chan_guide_recv_until(c, &v, NULL, passed[i]));
                assert_false(ct_chan_guide_recv_until(c, &v, NULL, passed[i]));
                ct_chan_guide_free(c);
        }
}

static void timed_out_send_leaves_nothing(void **state)
{
        (void)state;
        for (size_t cap = 0; cap < 2; cap++) {
                struct ct_chan_guide *c = ints(cap);
                int v = 9;

                if (cap)
                        put(c, 1);
                assert_false(ct_chan_guide_send_until(c, &v, ct_deadline_after(CT_NS_PER_MS)));
                assert_int_equal(waiting(c, true), 0);
                if (cap)
                        assert_int_equal(get(c), 1);
                assert_false(ct_chan_guide_try_recv(c, &v, NULL));
                ct_chan_guide_free(c);
        }
}

static void timed_out_receiver_is_not_met(void **state)
{
        struct ct_chan_guide *c = ints(0);
        int v = 9;

        (void)state;
        assert_false(ct_chan_guide_recv_until(c, &v, NULL, ct_deadline_after(CT_NS_PER_MS)));
        assert_int_equal(waiting(c, false), 0);
        assert_false(ct_chan_guide_try_send(c, &v));
        ct_chan_guide_free(c);
}

static void receive_seven_timed(void *ctx, unsigned index)
{
        struct one *o = ctx;
        bool open = false;
        int v = 0;

        (void)index;
        CROWD_CHECK(
                ct_chan_guide_recv_until(o->c, &v, &open, ct_deadline_after(3600 * CT_NS_PER_S)));
        CROWD_CHECK(open && v == 7);
}

static void send_seven_timed(void *ctx, unsigned index)
{
        struct one *o = ctx;
        int v = 7;

        (void)index;
        CROWD_CHECK(ct_chan_guide_send_until(o->c, &v, ct_deadline_after(3600 * CT_NS_PER_S)));
}

static void timed_operations_end_when_the_other_side_comes(void **state)
{
        (void)state;
        for (size_t cap = 0; cap < 2; cap++) {
                struct one o = {.c = ints(cap)};
                struct crowd *other = crowd_start(1, receive_seven_timed, &o);

                AWAIT(waiting(o.c, false) == 1);
                put(o.c, 7);
                crowd_join(other);
                if (cap)
                        put(o.c, 1);
                other = crowd_start(1, send_seven_timed, &o);
                AWAIT(waiting(o.c, true) == 1);
                if (cap)
                        assert_int_equal(get(o.c), 1);
                assert_int_equal(get(o.c), 7);
                crowd_join(other);
                ct_chan_guide_free(o.c);
        }
}

static void on_signal(int sig)
{
        (void)sig;
}

static void signals_end_no_wait(void **state)
{
        struct sigaction sa = {.sa_handler = on_signal};

        (void)state;
        sigaction(SIGUSR1, &sa, NULL);
        for (size_t cap = 0; cap < 2; cap++) {
                struct one o = {.c = ints(cap)};
                struct crowd *other = crowd_start(1, receive_seven_timed, &o);

                AWAIT(waiting(o.c, false) == 1);
                for (int i = 0; i < 100; i++)
                        pthread_kill(other->thread[0], SIGUSR1);
                AWAIT(waiting(o.c, false) == 1);
                put(o.c, 7);
                crowd_join(other);
                ct_chan_guide_free(o.c);
        }
}

/* ---- NULL ---- */

static void null_is_never_ready(void **state)
{
        int64_t deadline = ct_deadline_after(2 * CT_NS_PER_MS);
        int v = 17;

        (void)state;
        assert_false(ct_chan_guide_try_send(NULL, &v));
        assert_false(ct_chan_guide_try_recv(NULL, &v, NULL));
        assert_false(ct_chan_guide_send_until(NULL, &v, deadline));
        assert_true(ct_now_ns() >= deadline);
        deadline = ct_deadline_after(2 * CT_NS_PER_MS);
        assert_false(ct_chan_guide_recv_until(NULL, &v, NULL, deadline));
        assert_true(ct_now_ns() >= deadline);
        assert_int_equal(v, 17);
        assert_int_equal(ct_chan_guide_len(NULL), 0);
        assert_int_equal(ct_chan_guide_cap(NULL), 0);
}

static void send_null(void)
{
        int v = 1;

        ct_chan_guide_send(NULL, &v);
}

static void receive_null(void)
{
        ct_chan_guide_recv(NULL, NULL);
}

static void close_null(void)
{
        ct_chan_guide_close(NULL);
}

static void null_panics_where_it_would_block_for_ever(void **state)
{
        (void)state;
        assert_panics(send_null, "panic: channel (nil): send on a NULL channel");
        assert_panics(receive_null, "panic: channel (nil): receive from a NULL channel");
        assert_panics(close_null, "panic: channel (nil): close of NULL channel");
}

/* ---- misuse ---- */

static size_t child_cap; /* for the functions that run in the child */

static void send_closed(void)
{
        struct ct_chan_guide *c = ints(child_cap);

        ct_chan_guide_close(c);
        put(c, 1);
}

static void try_send_closed(void)
{
        struct ct_chan_guide *c = ints(child_cap);
        int v = 1;

        ct_chan_guide_close(c);
        ct_chan_guide_try_send(c, &v);
}

static void timed_send_closed(void)
{
        struct ct_chan_guide *c = ints(child_cap);
        int v = 1;

        ct_chan_guide_close(c);
        ct_chan_guide_send_until(c, &v, 0);
}

static void close_twice(void)
{
        struct ct_chan_guide *c = ints(child_cap);

        ct_chan_guide_close(c);
        ct_chan_guide_close(c);
}

static void close_under_a_sender(void)
{
        struct one o = {.c = ints(child_cap)};
        struct crowd *sender;

        for (size_t i = 0; i < child_cap; i++)
                put(o.c, 1);
        sender = crowd_start(1, send_seven, &o);
        AWAIT(waiting(o.c, true) == 1);
        ct_chan_guide_close(o.c);
        crowd_join(sender);
}

static void free_under_a_receiver(void)
{
        struct one o = {.c = ints(child_cap)};

        crowd_start(1, receive_seven, &o);
        AWAIT(waiting(o.c, false) == 1);
        ct_chan_guide_free(o.c);
}

static void panics_at_each_capacity(void (*fn)(void), const char *message)
{
        for (child_cap = 0; child_cap < 3; child_cap++)
                assert_panics(fn, message);
}

static void send_on_closed_panics(void **state)
{
        (void)state;
        panics_at_each_capacity(send_closed, "send on closed channel");
}

static void try_send_on_closed_panics(void **state)
{
        (void)state;
        panics_at_each_capacity(try_send_closed, "send on closed channel");
}

static void timed_send_on_closed_panics(void **state)
{
        (void)state;
        panics_at_each_capacity(timed_send_closed, "send on closed channel");
}

static void second_close_panics(void **state)
{
        (void)state;
        panics_at_each_capacity(close_twice, "panic: channel 0x");
        panics_at_each_capacity(close_twice, "close of closed channel");
}

static void close_makes_waiting_senders_panic(void **state)
{
        (void)state;
        panics_at_each_capacity(close_under_a_sender, "send on closed channel");
}

static void free_panics_while_somebody_waits(void **state)
{
        (void)state;
        panics_at_each_capacity(free_under_a_receiver, "freed while somebody waits");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(closed_channel_is_drained_then_says_closed),
                WATCHED(closed_rendezvous_says_closed),
                WATCHED(try_and_timed_receives_see_the_end),
                WATCHED(close_wakes_100_receivers),
                WATCHED(close_wakes_100_receivers_of_a_rendezvous),
                WATCHED(close_wakes_100_timed_receivers),
                WATCHED(values_sent_before_close_are_all_received),
                WATCHED(signal_channel_as_broadcast),
                WATCHED(receive_times_out_not_before_its_deadline),
                WATCHED(send_times_out_not_before_its_deadline),
                WATCHED(passed_deadline_still_tries_once),
                WATCHED(timed_out_send_leaves_nothing),
                WATCHED(timed_out_receiver_is_not_met),
                WATCHED(timed_operations_end_when_the_other_side_comes),
                WATCHED(signals_end_no_wait),
                WATCHED(null_is_never_ready),
                cmocka_unit_test(null_panics_where_it_would_block_for_ever),
                cmocka_unit_test(send_on_closed_panics),
                cmocka_unit_test(try_send_on_closed_panics),
                cmocka_unit_test(timed_send_on_closed_panics),
                cmocka_unit_test(second_close_panics),
                cmocka_unit_test(close_makes_waiting_senders_panic),
                cmocka_unit_test(free_panics_while_somebody_waits),
        };
        int failed;

        crowd_cpus(1);
        failed = cmocka_run_group_tests_name("channel close, one CPU", tests, NULL, NULL);
        crowd_cpus(0);
        return failed + cmocka_run_group_tests_name("channel close, all CPUs", tests, NULL, NULL);
}
