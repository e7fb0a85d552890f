/* Cases of select that one context can tell: what is ready, what is chosen, what is left alone. */
#include "chan_cases.h"

#include <string.h>

static void nothing_is_done_when_nothing_is_ready(struct scene *s, unsigned me)
{
        struct ct_chan *full = s->c, *empty = s->d;
        int v = 1, got = 17;
        struct ct_select_case k[] = {send_case(full, &v), recv_case(empty, &got),
                                     recv_case(NULL, &got), send_case(NULL, &v)};

        (void)me;
        fill(full);
        k[1].open = true;
        for (int i = 0; i < 30; i++) {
                CASE_CHECK(ct_try_select(k, 4) == CT_SELECT_NONE);
                CASE_CHECK(ct_select_until(k, 4, i) == CT_SELECT_NONE);
        }
        CASE_CHECK(got == 17 && k[1].open);
        CASE_CHECK(ct_chan_len(full) == s->capacity && queued(full, TO_SEND) == 0);
        check_idle(empty);
}

static int run_select(unsigned how, struct ct_select_case *k, size_t n)
{
        static const int64_t far_off = CT_FOREVER - 1;

        if (how % 4 == 0)
                return ct_try_select(k, n);
        if (how % 4 == 1)
                return ct_select(k, n);
        return ct_select_until(k, n, how % 4 == 2 ? 0 : far_off);
}

/* The ready one in each position of four, by each way to call. */
static void the_ready_receive_fires(struct scene *s, unsigned me)
{
        (void)me;
        for (unsigned at = 0; at < 16; at++) {
                int got[4] = {17, 17, 17, 17};
                struct ct_select_case k[4];

                for (unsigned i = 0; i < 4; i++)
                        k[i] = recv_case(s->d, &got[i]);
                k[at % 4].chan = s->c;
                put(s->c, 5);
                CASE_CHECK(run_select(at / 4, k, 4) == (int)(at % 4));
                CASE_CHECK(k[at % 4].open);
                for (unsigned i = 0; i < 4; i++)
                        CASE_CHECK(got[i] == (i == at % 4 ? 5 : 17));
                check_idle(s->c);
                check_idle(s->d);
        }
}

static void the_ready_send_fires(struct scene *s, unsigned me)
{
        (void)me;
        fill(s->d);
        for (unsigned at = 0; at < 16; at++) {
                int v[4] = {0, 1, 2, 3};
                struct ct_select_case k[4];

                for (unsigned i = 0; i < 4; i++)
                        k[i] = send_case(s->d, &v[i]);
                k[at % 4].chan = s->c;
                CASE_CHECK(run_select(at / 4, k, 4) == (int)(at % 4));
                CASE_CHECK(ct_chan_len(s->c) == 1);
                CASE_CHECK(get(s->c) == (int)(at % 4));
        }
        for (int i = 0; i < (int)s->capacity; i++)
                CASE_CHECK(get(s->d) == i);
}

static void a_closed_channel_is_ready_to_receive(struct scene *s, unsigned me)
{
        int v;

        (void)me;
        fill(s->c);
        ct_chan_close(s->c);
        for (int i = 0; i < (int)s->capacity + 8; i++) {
                struct ct_select_case k[] = {recv_case(s->d, &v), recv_case(s->c, &v)};
                bool drained = i >= (int)s->capacity;

                v = 17;
                k[1].open = drained;
                CASE_CHECK(run_select((unsigned)i, k, 2) == 1);
                CASE_CHECK(k[1].open == !drained && v == (drained ? 0 : i));
        }
        check_idle(s->d);
}

static void null_cases_are_never_ready(struct scene *s, unsigned me)
{
        int v = 3, got = 17;
        struct ct_select_case k[] = {send_case(NULL, &v), recv_case(NULL, &got),
                                     send_case(s->c, &v)};

        (void)me;
        for (int i = 0; i < 20; i++) {
                CASE_CHECK(ct_try_select(k, 2) == CT_SELECT_NONE);
                CASE_CHECK(run_select((unsigned)i, k, 3) == 2);
                CASE_CHECK(get(s->c) == 3 && got == 17);
        }
}

static void no_cases_are_never_ready(struct scene *s, unsigned me)
{
        struct ct_select_case k[] = {recv_case(NULL, NULL)};
        int64_t deadline;

        (void)s;
        (void)me;
        CASE_CHECK(ct_try_select(NULL, 0) == CT_SELECT_NONE);
        CASE_CHECK(ct_select_until(NULL, 0, 0) == CT_SELECT_NONE);
        deadline = ct_deadline_after(CT_NS_PER_MS);
        CASE_CHECK(ct_select_until(NULL, 0, deadline) == CT_SELECT_NONE);
        CASE_CHECK(ct_now_ns() >= deadline);
        deadline = ct_deadline_after(CT_NS_PER_MS);
        CASE_CHECK(ct_select_until(k, 1, deadline) == CT_SELECT_NONE);
        CASE_CHECK(ct_now_ns() >= deadline);
}

/* One after the other, each once. */
static void exactly_one_of_the_ready_fires(struct scene *s, unsigned me)
{
        struct ct_chan *c[5];
        int out[5];

        (void)me;
        for (int i = 0; i < 5; i++) {
                c[i] = make_ints(s->kind, s->capacity);
                put(c[i], i);
        }
        for (unsigned left = 5; left > 0; left--) {
                struct ct_select_case k[5];
                size_t sum = 0;
                int fired;

                for (int i = 0; i < 5; i++) {
                        out[i] = -1;
                        k[i] = recv_case(c[i], &out[i]);
                }
                fired = run_select(left, k, 5);
                for (int i = 0; i < 5; i++) {
                        CASE_CHECK(out[i] == (i == fired ? i : -1));
                        sum += ct_chan_len(c[i]);
                }
                CASE_CHECK(sum == left - 1);
        }
        for (int i = 0; i < 5; i++)
                ct_chan_free(c[i]);
}

static void the_same_channel_in_several_cases(struct scene *s, unsigned me)
{
        int in[3] = {1, 2, 3}, out[3];
        struct ct_select_case r[3], w[3];

        (void)me;
        for (int round = 0; round < 30; round++) {
                int sent, got;

                for (int i = 0; i < 3; i++) {
                        out[i] = -1;
                        r[i] = recv_case(s->c, &out[i]);
                        w[i] = send_case(s->c, &in[i]);
                }
                sent = run_select((unsigned)round, w, 3);
                CASE_CHECK(sent >= 0 && ct_chan_len(s->c) == 1);
                got = run_select((unsigned)round, r, 3);
                CASE_CHECK(got >= 0 && ct_chan_len(s->c) == 0);
                for (int i = 0; i < 3; i++)
                        CASE_CHECK(out[i] == (i == got ? in[sent] : -1));
        }
        check_idle(s->c);
}

/* Both ends in one select: a buffer takes or gives, a rendezvous never meets itself. */
static void a_select_does_not_meet_itself(struct scene *s, unsigned me)
{
        int v = 3, got = 17;
        struct ct_select_case k[] = {send_case(s->c, &v), recv_case(s->c, &got),
                                     send_case(s->c, &v), recv_case(s->c, &got)};

        (void)me;
        for (int i = 0; i < 20 && s->capacity == 0; i++) {
                CASE_CHECK(ct_try_select(k, 4) == CT_SELECT_NONE);
                CASE_CHECK(ct_select_until(k, 4, ct_deadline_after(20 * CT_NS_PER_US)) ==
                           CT_SELECT_NONE);
                check_idle(s->c);
        }
        for (int i = 0; i < 200 && s->capacity > 0; i++) {
                size_t before = ct_chan_len(s->c);
                int fired = run_select((unsigned)i, k, 4);

                CASE_CHECK(fired >= 0);
                CASE_CHECK(ct_chan_len(s->c) == (fired % 2 ? before - 1 : before + 1));
                CASE_CHECK(fired % 2 == 0 || got == 3);
                CASE_CHECK(before != 0 || fired % 2 == 0);
                CASE_CHECK(before != s->capacity || fired % 2 == 1);
        }
        CASE_CHECK(queued(s->c, TO_SEND) == 0 && queued(s->c, TO_RECEIVE) == 0);
}

/* 0, 1, what fits on the stack, one more, and many; the ready one is the last. */
static void any_number_of_cases(struct scene *s, unsigned me)
{
        static const unsigned numbers[] = {1, 2, 15, 16, 17, 100};
        struct ct_select_case *k = calloc(100, sizeof *k);
        struct ct_chan *c[100];
        int out;

        (void)me;
        for (unsigned i = 0; i < 100; i++)
                c[i] = make_ints(s->kind, s->capacity);
        for (unsigned j = 0; j < sizeof numbers / sizeof *numbers; j++) {
                unsigned n = numbers[j];

                for (unsigned how = 0; how < 4; how++) {
                        for (unsigned i = 0; i < n; i++)
                                k[i] = recv_case(c[99 - i], &out);
                        CASE_CHECK(ct_try_select(k, n) == CT_SELECT_NONE);
                        CASE_CHECK(ct_select_until(k, n, ct_now_ns() + 1000) == CT_SELECT_NONE);
                        put(c[100 - n], (int)n);
                        CASE_CHECK(run_select(how, k, n) == (int)n - 1 && out == (int)n);
                }
        }
        for (unsigned i = 0; i < 100; i++) {
                check_idle(c[i]);
                ct_chan_free(c[i]);
        }
        free(k);
}

static void channels_of_different_sizes(struct scene *s, unsigned me)
{
        struct ct_chan *big = make_chan(s->kind, 256, s->capacity);
        struct ct_chan *none = make_chan(s->kind, 0, s->capacity);
        unsigned char in[256], out[256];
        struct ct_select_case k[] = {recv_case(big, out), recv_case(none, NULL),
                                     recv_case(s->c, NULL)};

        (void)me;
        memset(in, 0x5a, sizeof in);
        CASE_CHECK(ct_try_select(k, 3) == CT_SELECT_NONE);
        ct_chan_send(big, in);
        CASE_CHECK(ct_select(k, 3) == 0 && k[0].open && !memcmp(in, out, sizeof in));
        ct_chan_send(none, NULL);
        CASE_CHECK(ct_select(k, 3) == 1 && k[1].open);
        put(s->c, 1);
        CASE_CHECK(ct_select(k, 3) == 2 && k[2].open);
        ct_chan_close(big);
        CASE_CHECK(ct_select(k, 3) == 0 && !k[0].open && out[0] == 0 && out[255] == 0);
        ct_chan_free(big);
        ct_chan_free(none);
}

static void a_single_case_is_the_plain_operation(struct scene *s, unsigned me)
{
        struct ct_select_case r = recv_case(s->c, NULL), w;
        int v = 9, out = 0;

        (void)me;
        w = send_case(s->c, &v);
        r.out = &out;
        for (unsigned how = 0; how < 4; how++) {
                for (size_t i = 0; i < s->capacity; i++)
                        CASE_CHECK(run_select(how, &w, 1) == 0);
                CASE_CHECK(ct_try_select(&w, 1) == CT_SELECT_NONE);
                for (size_t i = 0; i < s->capacity; i++)
                        CASE_CHECK(run_select(how, &r, 1) == 0 && r.open && out == 9);
                CASE_CHECK(ct_try_select(&r, 1) == CT_SELECT_NONE);
        }
        ct_chan_close(s->c);
        CASE_CHECK(ct_select(&r, 1) == 0 && !r.open && out == 0);
}

static const struct chan_case CASES[] = {
        {"select_does_nothing_when_nothing_is_ready", 1, nothing_is_done_when_nothing_is_ready, ANY,
         false},
        {"select_the_ready_receive_fires", 1, the_ready_receive_fires, BUFFERED, false},
        {"select_the_ready_send_fires", 1, the_ready_send_fires, BUFFERED, false},
        {"select_a_closed_channel_is_ready_to_receive", 1, a_closed_channel_is_ready_to_receive,
         ANY, false},
        {"select_null_cases_are_never_ready", 1, null_cases_are_never_ready, BUFFERED, false},
        {"select_no_cases_are_never_ready", 1, no_cases_are_never_ready, AT_1, false},
        {"select_exactly_one_of_the_ready_fires", 1, exactly_one_of_the_ready_fires, BUFFERED,
         false},
        {"select_the_same_channel_in_several_cases", 1, the_same_channel_in_several_cases, BUFFERED,
         false},
        {"select_does_not_meet_itself", 1, a_select_does_not_meet_itself, ANY, false},
        {"select_any_number_of_cases", 1, any_number_of_cases, AT_1 | AT_3, false},
        {"select_channels_of_different_sizes", 1, channels_of_different_sizes, BUFFERED, false},
        {"select_a_single_case_is_the_plain_operation", 1, a_single_case_is_the_plain_operation,
         ANY, false},
};

CHAN_CASES(select_now_cases, CASES);
