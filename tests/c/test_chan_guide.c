/* What a channel promises, one behaviour a test. Each runs on one CPU and on all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "chan_guide_help.h"

/* For the test that asks for more than there is. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
        return "allocator_may_return_null=1";
}
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
        return "allocator_may_return_null=1";
}

/* ---- making ---- */

static void new_channel_is_open_and_empty(void **state)
{
        struct ct_chan_guide *c = ints(3);

        (void)state;
        assert_int_equal(ct_chan_guide_len(c), 0);
        assert_int_equal(ct_chan_guide_cap(c), 3);
        assert_false(ct_chan_guide_try_recv(c, NULL, NULL));
        ct_chan_guide_free(c);
}

static void capacity_times_size_is_checked(void **state)
{
        struct ct_chan_guide *c = (void *)1;

        (void)state;
        assert_int_equal(ct_chan_guide_new(&c, 8, SIZE_MAX / 4), -EOVERFLOW);
        assert_null(c);
}

static void too_large_is_an_error(void **state)
{
        struct ct_chan_guide *c = (void *)1;

        (void)state;
        assert_int_equal(ct_chan_guide_new(&c, 1, SIZE_MAX / 2), -ENOMEM);
        assert_null(c);
}

static void signals_need_no_memory(void **state)
{
        struct ct_chan_guide *c = make(0, SIZE_MAX);

        (void)state;
        for (int i = 0; i < 1000; i++)
                ct_chan_guide_send(c, NULL);
        assert_int_equal(ct_chan_guide_len(c), 1000);
        for (int i = 0; i < 1000; i++)
                assert_true(ct_chan_guide_recv(c, NULL));
        assert_int_equal(ct_chan_guide_len(c), 0);
        ct_chan_guide_free(c);
}

static void free_of_null_and_of_a_filled_channel(void **state)
{
        struct ct_chan_guide *c = ints(2);

        (void)state;
        put(c, 1);
        ct_chan_guide_free(c);
        ct_chan_guide_free(NULL);
}

/* ---- a ring ---- */

static void first_in_first_out(void **state)
{
        struct ct_chan_guide *c = ints(10);

        (void)state;
        for (int i = 0; i < 10; i++)
                put(c, i);
        for (int i = 0; i < 10; i++)
                assert_int_equal(get(c), i);
        ct_chan_guide_free(c);
}

static void order_survives_wrap_around(void **state)
{
        (void)state;
        for (size_t cap = 1; cap <= 7; cap++) {
                for (size_t fill = 1; fill <= cap; fill++) {
                        struct ct_chan_guide *c = ints(cap);
                        int in = 0, out = 0;

                        for (int round = 0; round < 30; round++) {
                                for (size_t i = 0; i < fill; i++)
                                        put(c, in++);
                                for (size_t i = 0; i < fill; i++)
                                        assert_int_equal(get(c), out++);
                        }
                        ct_chan_guide_free(c);
                }
        }
}

static void len_follows_sends_and_receives(void **state)
{
        struct ct_chan_guide *c = ints(2);

        (void)state;
        put(c, 1);
        put(c, 2);
        assert_int_equal(ct_chan_guide_len(c), 2);
        get(c);
        assert_int_equal(ct_chan_guide_len(c), 1);
        assert_int_equal(ct_chan_guide_cap(c), 2);
        ct_chan_guide_free(c);
}

static void elements_of_any_size_are_copied_whole(void **state)
{
        static const size_t sizes[] = {1, 3, 8, 24, 200, 4096};
        unsigned char in[4098], out[4098];

        (void)state;
        for (size_t s = 0; s < 6; s++) {
                struct ct_chan_guide *c = make(sizes[s], 3);

                for (int round = 0; round < 7; round++) {
                        for (size_t i = 0; i < sizeof in; i++)
                                in[i] = (unsigned char)(i * 7 + (size_t)round + s);
                        memset(out, 0xee, sizeof out);
                        ct_chan_guide_send(c, in);
                        memset(in, 0, 1); /* the channel has its own copy */
                        assert_true(ct_chan_guide_recv(c, out + 1));
                        in[0] = (unsigned char)((size_t)round + s);
                        assert_memory_equal(out + 1, in, sizes[s]);
                        assert_int_equal(out[0], 0xee);
                        assert_int_equal(out[sizes[s] + 1], 0xee);
                }
                ct_chan_guide_free(c);
        }
}

static void receive_into_null_drops_the_value(void **state)
{
        struct ct_chan_guide *c = ints(2);

        (void)state;
        put(c, 1);
        put(c, 2);
        assert_true(ct_chan_guide_recv(c, NULL));
        assert_int_equal(get(c), 2);
        ct_chan_guide_free(c);
}

static void try_send_fails_when_full(void **state)
{
        struct ct_chan_guide *c = ints(1);
        int v = 5;

        (void)state;
        assert_true(ct_chan_guide_try_send(c, &v));
        v = 6;
        assert_false(ct_chan_guide_try_send(c, &v));
        assert_int_equal(get(c), 5);
        assert_false(ct_chan_guide_try_recv(c, &v, NULL));
        ct_chan_guide_free(c);
}

static void try_recv_leaves_its_arguments_alone_when_empty(void **state)
{
        struct ct_chan_guide *c = ints(1);
        bool open = true;
        int v = 17;

        (void)state;
        assert_false(ct_chan_guide_try_recv(c, &v, &open));
        assert_int_equal(v, 17);
        assert_true(open);
        put(c, 3);
        open = false;
        assert_true(ct_chan_guide_try_recv(c, &v, &open));
        assert_true(open);
        assert_int_equal(v, 3);
        ct_chan_guide_free(c);
}

static void send_waits_while_full(void **state)
{
        struct one o = {.c = ints(1)};
        struct crowd *sender;

        (void)state;
        put(o.c, 1);
        sender = crowd_start(1, send_seven, &o);
        AWAIT(waiting(o.c, true) == 1);
        assert_int_equal(ct_load_u32_acquire(&o.returned), 0);
        assert_int_equal(get(o.c), 1);
        assert_int_equal(get(o.c), 7);
        crowd_join(sender);
        ct_chan_guide_free(o.c);
}

static void receive_waits_while_empty(void **state)
{
        struct one o = {.c = ints(1)};
        struct crowd *receiver = crowd_start(1, receive_seven, &o);

        (void)state;
        AWAIT(waiting(o.c, false) == 1);
        assert_int_equal(ct_load_u32_acquire(&o.returned), 0);
        put(o.c, 7);
        crowd_join(receiver);
        ct_chan_guide_free(o.c);
}

/* Go's own test does this for the same capacities. */
static void every_capacity_up_to_199(void **state)
{
        (void)state;
        for (size_t cap = 1; cap < 200; cap++) {
                struct ct_chan_guide *c = ints(cap);
                int v = 0;

                assert_false(ct_chan_guide_try_recv(c, &v, NULL));
                for (size_t i = 0; i < cap; i++)
                        put(c, (int)i);
                assert_false(ct_chan_guide_try_send(c, &v));
                assert_int_equal(ct_chan_guide_len(c), cap);
                for (size_t i = 0; i < cap; i++)
                        assert_int_equal(get(c), i);
                ct_chan_guide_free(c);
        }
}

/* ---- a rendezvous ---- */

static void rendezvous_send_returns_only_with_a_receiver(void **state)
{
        struct one o = {.c = ints(0)};
        struct crowd *sender = crowd_start(1, send_seven, &o);

        (void)state;
        AWAIT(waiting(o.c, true) == 1 || ct_load_u32_acquire(&o.returned));
        assert_int_equal(ct_load_u32_acquire(&o.returned), 0);
        assert_int_equal(get(o.c), 7);
        crowd_join(sender);
        ct_chan_guide_free(o.c);
}

static void rendezvous_receive_waits_for_a_sender(void **state)
{
        struct one o = {.c = ints(0)};
        struct crowd *receiver = crowd_start(1, receive_seven, &o);

        (void)state;
        AWAIT(waiting(o.c, false) == 1);
        assert_int_equal(ct_load_u32_acquire(&o.returned), 0);
        put(o.c, 7);
        crowd_join(receiver);
        ct_chan_guide_free(o.c);
}

static void rendezvous_try_needs_the_other_side(void **state)
{
        struct one o = {.c = ints(0)};
        struct crowd *other;
        bool open = false;
        int v = 7;

        (void)state;
        assert_false(ct_chan_guide_try_send(o.c, &v));
        assert_false(ct_chan_guide_try_recv(o.c, &v, NULL));
        other = crowd_start(1, receive_seven, &o);
        AWAIT(waiting(o.c, false) == 1);
        assert_true(ct_chan_guide_try_send(o.c, &v));
        crowd_join(other);
        other = crowd_start(1, send_seven, &o);
        AWAIT(waiting(o.c, true) == 1);
        v = 0;
        assert_true(ct_chan_guide_try_recv(o.c, &v, &open));
        assert_true(open);
        assert_int_equal(v, 7);
        crowd_join(other);
        ct_chan_guide_free(o.c);
}

static void rendezvous_try_send_serves_each_receiver_once(void **state)
{
        struct one o = {.c = ints(0)};
        struct crowd *receivers = crowd_start(5, receive_seven, &o);
        int v = 7;

        (void)state;
        AWAIT(waiting(o.c, false) == 5);
        for (int i = 0; i < 5; i++)
                assert_true(ct_chan_guide_try_send(o.c, &v));
        assert_false(ct_chan_guide_try_send(o.c, &v));
        crowd_join(receivers);
        ct_chan_guide_free(o.c);
}

static void receive_own_index(void *ctx, unsigned index)
{
        CROWD_CHECK(get(ctx) == (int)index);
}

static void send_own_index(void *ctx, unsigned index)
{
        put(ctx, (int)index);
}

/* Starts a crowd of single threads, each waiting before the next begins. */
struct offset {
        struct ct_chan_guide *c;
        unsigned index;
        void (*fn)(void *, unsigned);
};

static void with_offset(void *ctx, unsigned index)
{
        struct offset *o = ctx;

        (void)index;
        o->fn(o->c, o->index);
}

static void start_in_order(struct ct_chan_guide *c, bool to_send, struct offset *o,
                           struct crowd **crowds, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                o[i] = (struct offset){c, i, to_send ? send_own_index : receive_own_index};
                crowds[i] = crowd_start(1, with_offset, &o[i]);
                AWAIT(waiting(c, to_send) == i + 1);
        }
}

static void rendezvous_receivers_are_served_in_order(void **state)
{
        struct ct_chan_guide *c = ints(0);
        struct offset o[8];
        struct crowd *crowds[8];

        (void)state;
        start_in_order(c, false, o, crowds, 8);
        for (int i = 0; i < 8; i++)
                put(c, i);
        for (int i = 0; i < 8; i++)
                crowd_join(crowds[i]);
        ct_chan_guide_free(c);
}

static void rendezvous_senders_are_served_in_order(void **state)
{
        struct ct_chan_guide *c = ints(0);
        struct offset o[8];
        struct crowd *crowds[8];

        (void)state;
        start_in_order(c, true, o, crowds, 8);
        for (int i = 0; i < 8; i++)
                assert_int_equal(get(c), i);
        for (int i = 0; i < 8; i++)
                crowd_join(crowds[i]);
        ct_chan_guide_free(c);
}

static void rendezvous_has_no_length(void **state)
{
        struct one o = {.c = ints(0)};
        struct crowd *sender = crowd_start(1, send_seven, &o);

        (void)state;
        AWAIT(waiting(o.c, true) == 1);
        assert_int_equal(ct_chan_guide_len(o.c), 0);
        assert_int_equal(ct_chan_guide_cap(o.c), 0);
        get(o.c);
        crowd_join(sender);
        ct_chan_guide_free(o.c);
}

static void write_then_receive(void *ctx, unsigned index)
{
        struct one *o = ctx;

        (void)index;
        o->plain = 42;
        get(o->c);
}

static void write_then_send(void *ctx, unsigned index)
{
        struct one *o = ctx;

        (void)index;
        o->plain = 43;
        put(o->c, 1);
}

static void rendezvous_shows_the_receivers_writes_to_the_sender(void **state)
{
        struct one o = {.c = ints(0)};
        struct crowd *other = crowd_start(1, write_then_receive, &o);

        (void)state;
        put(o.c, 1);
        assert_int_equal(o.plain, 42);
        crowd_join(other);
        ct_chan_guide_free(o.c);
}

static void receive_shows_the_senders_writes(void **state)
{
        (void)state;
        for (size_t cap = 0; cap < 3; cap++) {
                struct one o = {.c = ints(cap)};
                struct crowd *other = crowd_start(1, write_then_send, &o);

                assert_int_equal(get(o.c), 1);
                assert_int_equal(o.plain, 43);
                crowd_join(other);
                ct_chan_guide_free(o.c);
        }
}

static void echo(void *ctx, unsigned index)
{
        struct ct_chan_guide **both = ctx;

        (void)index;
        for (int v; ct_chan_guide_recv(both[0], &v);)
                put(both[1], v + 1);
}

static void ping_pong(void **state)
{
        struct ct_chan_guide *both[2] = {ints(0), ints(0)};
        struct crowd *other = crowd_start(1, echo, both);

        (void)state;
        for (int i = 0; i < 1000; i++) {
                put(both[0], i);
                assert_int_equal(get(both[1]), i + 1);
        }
        ct_chan_guide_close(both[0]);
        crowd_join(other);
        ct_chan_guide_free(both[0]);
        ct_chan_guide_free(both[1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(new_channel_is_open_and_empty),
                WATCHED(capacity_times_size_is_checked),
                WATCHED(too_large_is_an_error),
                WATCHED(signals_need_no_memory),
                WATCHED(free_of_null_and_of_a_filled_channel),
                WATCHED(first_in_first_out),
                WATCHED(order_survives_wrap_around),
                WATCHED(len_follows_sends_and_receives),
                WATCHED(elements_of_any_size_are_copied_whole),
                WATCHED(receive_into_null_drops_the_value),
                WATCHED(try_send_fails_when_full),
                WATCHED(try_recv_leaves_its_arguments_alone_when_empty),
                WATCHED(send_waits_while_full),
                WATCHED(receive_waits_while_empty),
                WATCHED(every_capacity_up_to_199),
                WATCHED(rendezvous_send_returns_only_with_a_receiver),
                WATCHED(rendezvous_receive_waits_for_a_sender),
                WATCHED(rendezvous_try_needs_the_other_side),
                WATCHED(rendezvous_try_send_serves_each_receiver_once),
                WATCHED(rendezvous_receivers_are_served_in_order),
                WATCHED(rendezvous_senders_are_served_in_order),
                WATCHED(rendezvous_has_no_length),
                WATCHED(rendezvous_shows_the_receivers_writes_to_the_sender),
                WATCHED(receive_shows_the_senders_writes),
                WATCHED(ping_pong),
        };
        int failed;

        crowd_cpus(1);
        failed = cmocka_run_group_tests_name("channel, one CPU", tests, NULL, NULL);
        crowd_cpus(0);
        return failed + cmocka_run_group_tests_name("channel, all CPUs", tests, NULL, NULL);
}
