/* Cases that need one context: what goes in comes out, in order, and the edges of a capacity. */
#include "chan_cases.h"

#include <stdint.h>
#include <string.h>

static void new_is_open_and_empty(struct scene *s, unsigned me)
{
        (void)me;
        CASE_CHECK(ct_chan_len(s->c) == 0);
        CASE_CHECK(ct_chan_cap(s->c) == s->capacity);
        CASE_CHECK(try_get(s->c) == -3);
        CASE_CHECK(ct_chan_recv_until(s->c, NULL, NULL, 0) == -ETIMEDOUT);
        check_idle(s->c);
}

static void values_leave_in_the_order_in_which_they_came(struct scene *s, unsigned me)
{
        (void)me;
        for (int round = 0; round < 3; round++) {
                fill(s->c);
                for (int i = 0; i < (int)s->capacity; i++)
                        CASE_CHECK(get(s->c) == i);
        }
        check_idle(s->c);
}

/* Every fill level of every small capacity, three times round the ring. */
static void order_survives_the_wrap_around(struct scene *s, unsigned me)
{
        (void)me;
        for (size_t cap = 1; cap <= 9; cap++) {
                for (size_t level = 1; level <= cap; level++) {
                        struct ct_chan *c = make_ints(s->kind, cap);
                        int in = 0, out = 0;

                        while (in < (int)(3 * cap + level)) {
                                for (size_t i = 0; i < level; i++)
                                        CASE_CHECK(try_put(c, in++));
                                for (size_t i = 0; i < level; i++)
                                        CASE_CHECK(try_get(c) == out++);
                        }
                        ct_chan_free(c);
                }
        }
}

/* Kept nearly full, so that senders meet the receivers' cells. */
static void order_survives_many_laps_of_a_full_ring(struct scene *s, unsigned me)
{
        int in = (int)s->capacity, out = 0;

        (void)me;
        fill(s->c);
        while (in < 1500) {
                CASE_CHECK(!try_put(s->c, in));
                CASE_CHECK(get(s->c) == out++);
                CASE_CHECK(try_put(s->c, in++));
                CASE_CHECK(ct_chan_len(s->c) == s->capacity);
        }
}

static void len_follows_each_send_and_receive(struct scene *s, unsigned me)
{
        (void)me;
        for (size_t i = 0; i < s->capacity; i++) {
                CASE_CHECK(ct_chan_len(s->c) == i);
                put(s->c, 1);
        }
        for (size_t i = s->capacity; i > 0; i--) {
                CASE_CHECK(ct_chan_len(s->c) == i);
                CASE_CHECK(ct_chan_cap(s->c) == s->capacity);
                (void)get(s->c);
        }
        CASE_CHECK(ct_chan_len(s->c) == 0);
}

static void try_send_fails_when_full(struct scene *s, unsigned me)
{
        (void)me;
        fill(s->c);
        for (int i = 0; i < 3; i++) {
                CASE_CHECK(!try_put(s->c, 99));
                CASE_CHECK(ct_chan_send_until(s->c, &i, 1) == -ETIMEDOUT);
        }
        CASE_CHECK(ct_chan_len(s->c) == s->capacity);
        for (int i = 0; i < (int)s->capacity; i++)
                CASE_CHECK(get(s->c) == i);
        CASE_CHECK(try_get(s->c) == -3);
}

static void try_recv_from_empty_leaves_its_arguments_alone(struct scene *s, unsigned me)
{
        bool open = true;
        int v = 17;

        (void)me;
        CASE_CHECK(!ct_chan_try_recv(s->c, &v, &open));
        CASE_CHECK(v == 17 && open);
        CASE_CHECK(ct_chan_recv_until(s->c, &v, &open, 0) == -ETIMEDOUT);
        CASE_CHECK(v == 17 && open);
}

static void receive_into_null_drops_the_value(struct scene *s, unsigned me)
{
        bool open = false;

        (void)me;
        for (int i = 0; i < 3; i++) {
                CASE_CHECK(try_put(s->c, i));
                CASE_CHECK(i == 0   ? ct_chan_recv(s->c, NULL)
                           : i == 1 ? ct_chan_try_recv(s->c, NULL, &open)
                                    : !ct_chan_recv_until(s->c, NULL, NULL, CT_FOREVER));
        }
        CASE_CHECK(open);
        check_idle(s->c);
}

static void the_channel_has_its_own_copy(struct scene *s, unsigned me)
{
        int v = 5;

        (void)me;
        ct_chan_send(s->c, &v);
        v = 6;
        CASE_CHECK(get(s->c) == 5);
}

/* Every size whole, nothing written beside it, from and to addresses without alignment. */
static void elements_of_every_size_are_copied_whole(struct scene *s, unsigned me)
{
        static const size_t sizes[] = {0, 1, 3, 8, 16, 64, 256, 4096};
        unsigned char *in = malloc(4098), *out = malloc(4098);

        (void)me;
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
                struct ct_chan *c = make_chan(s->kind, sizes[k], s->capacity);

                for (unsigned round = 0; round < 2 * s->capacity + 1; round++) {
                        for (size_t i = 0; i < 4098; i++)
                                in[i] = (unsigned char)(i * 7 + round + k);
                        memset(out, 0xee, 4098);
                        ct_chan_send(c, in + 1);
                        CASE_CHECK(ct_chan_recv(c, out + 1));
                        CASE_CHECK(!memcmp(out + 1, in + 1, sizes[k]));
                        CASE_CHECK(out[0] == 0xee && out[sizes[k] + 1] == 0xee);
                }
                ct_chan_close(c);
                memset(out, 0xee, 4098);
                CASE_CHECK(!ct_chan_recv(c, out + 1));
                for (size_t i = 1; i <= sizes[k]; i++)
                        CASE_CHECK(out[i] == 0);
                CASE_CHECK(out[0] == 0xee && out[sizes[k] + 1] == 0xee);
                ct_chan_free(c);
        }
        free(in);
        free(out);
}

static void signals_need_no_pointers(struct scene *s, unsigned me)
{
        struct ct_chan *c = make_chan(s->kind, 0, 1000);
        bool open = false;

        (void)me;
        for (int i = 0; i < 1000; i++)
                ct_chan_send(c, NULL);
        CASE_CHECK(!ct_chan_try_send(c, NULL));
        CASE_CHECK(ct_chan_len(c) == 1000);
        for (int i = 0; i < 1000; i++)
                CASE_CHECK(ct_chan_recv(c, NULL));
        CASE_CHECK(!ct_chan_try_recv(c, NULL, NULL));
        ct_chan_close(c);
        CASE_CHECK(ct_chan_try_recv(c, NULL, &open) && !open);
        ct_chan_free(c);
}

static void what_does_not_fit_is_an_error(struct scene *s, unsigned me)
{
        struct ct_chan *c = (void *)1;

        (void)me;
        CASE_CHECK(s->kind->make(&c, 8, SIZE_MAX / 4) == -EOVERFLOW && !c);
        c = (void *)1;
        CASE_CHECK(s->kind->make(&c, SIZE_MAX, 2) == -EOVERFLOW && !c);
        c = (void *)1;
        CASE_CHECK(s->kind->make(&c, SIZE_MAX / 2, 3) == -EOVERFLOW && !c);
        c = (void *)1;
        CASE_CHECK(s->kind->make(&c, 1, SIZE_MAX / 2) == -ENOMEM && !c);
        c = (void *)1;
        CASE_CHECK(s->kind->make(&c, SIZE_MAX / 2, 1) == -ENOMEM && !c);
}

/* The bytes of cells and heads must not overflow behind a product that fits. */
static void the_last_sizes_that_fit_are_an_error_too(struct scene *s, unsigned me)
{
        (void)me;
        for (size_t less = 0; less < 200; less++) {
                struct ct_chan *c = (void *)1;
                int r = s->kind->make(&c, 1, SIZE_MAX - less);

                CASE_CHECK((r == -ENOMEM || r == -EOVERFLOW) && !c);
                c = (void *)1;
                r = s->kind->make(&c, SIZE_MAX - less, 1);
                CASE_CHECK((r == -ENOMEM || r == -EOVERFLOW) && !c);
                c = (void *)1;
                r = s->kind->make(&c, 16, SIZE_MAX / 16 - less);
                CASE_CHECK((r == -ENOMEM || r == -EOVERFLOW) && !c);
        }
}

static void one_to_one_needs_a_buffer(struct scene *s, unsigned me)
{
        struct ct_chan *c = (void *)1;

        (void)me;
        if (s->kind->least == 0)
                return;
        CASE_CHECK(s->kind->make(&c, sizeof(int), 0) == -EINVAL && !c);
}

static void free_takes_null_full_and_closed(struct scene *s, unsigned me)
{
        (void)me;
        ct_chan_free(NULL);
        for (int closed = 0; closed < 2; closed++) {
                struct ct_chan *c = make_ints(s->kind, s->capacity);

                fill(c);
                if (closed)
                        ct_chan_close(c);
                ct_chan_free(c);
        }
}

static void null_is_never_ready(struct scene *s, unsigned me)
{
        int64_t deadline;
        bool open = true;
        int v = 17;

        (void)s;
        (void)me;
        CASE_CHECK(!ct_chan_try_send(NULL, &v));
        CASE_CHECK(!ct_chan_try_recv(NULL, &v, &open));
        CASE_CHECK(ct_chan_send_until(NULL, &v, 0) == -ETIMEDOUT);
        CASE_CHECK(ct_chan_recv_until(NULL, &v, &open, 0) == -ETIMEDOUT);
        deadline = ct_deadline_after(CT_NS_PER_MS);
        CASE_CHECK(ct_chan_send_until(NULL, &v, deadline) == -ETIMEDOUT);
        CASE_CHECK(ct_now_ns() >= deadline);
        deadline = ct_deadline_after(CT_NS_PER_MS);
        CASE_CHECK(ct_chan_recv_until(NULL, &v, &open, deadline) == -ETIMEDOUT);
        CASE_CHECK(ct_now_ns() >= deadline);
        CASE_CHECK(v == 17 && open);
        CASE_CHECK(ct_chan_len(NULL) == 0 && ct_chan_cap(NULL) == 0);
}

static void handles_are_the_channel(struct scene *s, unsigned me)
{
        struct ct_sender in = ct_chan_sender(s->c);
        struct ct_receiver out = ct_chan_receiver(s->c);
        bool open = false;
        int v = 3;

        (void)me;
        ct_sender_send(in, &v);
        v = 0;
        CASE_CHECK(ct_receiver_recv(out, &v) && v == 3);
        CASE_CHECK(ct_sender_try_send(in, &v));
        CASE_CHECK(ct_receiver_try_recv(out, &v, &open) && open && v == 3);
        v = 4;
        CASE_CHECK(ct_sender_send_until(in, &v, CT_FOREVER) == 0);
        CASE_CHECK(ct_receiver_recv_until(out, &v, &open, CT_FOREVER) == 0 && open && v == 4);
        CASE_CHECK(!ct_receiver_try_recv(out, &v, &open));
        ct_sender_close(in);
        CASE_CHECK(!ct_receiver_recv(out, &v) && v == 0);
}

static const struct chan_case CASES[] = {
        {"new_is_open_and_empty", 1, new_is_open_and_empty, ANY, false},
        {"values_leave_in_the_order_in_which_they_came", 1,
         values_leave_in_the_order_in_which_they_came, BUFFERED, false},
        {"order_survives_the_wrap_around", 1, order_survives_the_wrap_around, AT_1, false},
        {"order_survives_many_laps_of_a_full_ring", 1, order_survives_many_laps_of_a_full_ring,
         BUFFERED, false},
        {"len_follows_each_send_and_receive", 1, len_follows_each_send_and_receive, BUFFERED,
         false},
        {"try_send_fails_when_full", 1, try_send_fails_when_full, ANY, false},
        {"try_recv_from_empty_leaves_its_arguments_alone", 1,
         try_recv_from_empty_leaves_its_arguments_alone, ANY, false},
        {"receive_into_null_drops_the_value", 1, receive_into_null_drops_the_value, BUFFERED,
         false},
        {"the_channel_has_its_own_copy", 1, the_channel_has_its_own_copy, BUFFERED, false},
        {"elements_of_every_size_are_copied_whole", 1, elements_of_every_size_are_copied_whole,
         AT_1 | AT_3, false},
        {"signals_need_no_pointers", 1, signals_need_no_pointers, AT_1, false},
        {"what_does_not_fit_is_an_error", 1, what_does_not_fit_is_an_error, AT_1, false},
        {"the_last_sizes_that_fit_are_an_error_too", 1, the_last_sizes_that_fit_are_an_error_too,
         AT_1, false},
        {"one_to_one_needs_a_buffer", 1, one_to_one_needs_a_buffer, AT_1, false},
        {"free_takes_null_full_and_closed", 1, free_takes_null_full_and_closed, ANY, false},
        {"null_is_never_ready", 1, null_is_never_ready, AT_1, false},
        {"handles_are_the_channel", 1, handles_are_the_channel, BUFFERED, false},
};

CHAN_CASES(chan_ring_cases, CASES);
