/*
 * The channel and select in short: every operation once, both kinds. The contract in full is
 * tested beside this, test_chan_*.c and test_select*.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "both.h"
#include "chan/select.h"

#define MESSAGES ROUNDS(20000)

struct scene {
        struct ct_chan *c, *d;
        uint64_t sum;
};

static void set_up(struct scene *s, bool spsc, size_t capacity)
{
        memset(s, 0, sizeof *s);
        assert_int_equal(
                spsc ? ct_chan_new_spsc(&s->c, 8, capacity) : ct_chan_new(&s->c, 8, capacity), 0);
}

static void send_and_receive(void *shared, unsigned self)
{
        struct scene *s = shared;
        uint64_t v;

        if (self == 0) {
                for (v = 1; v <= (uint64_t)MESSAGES; v++)
                        ct_chan_send(s->c, &v);
                ct_chan_close(s->c);
                return;
        }
        for (uint64_t expected = 1; ct_chan_recv(s->c, &v); expected++) {
                CONTEXT_CHECK(v == expected);
                s->sum += v;
        }
        CONTEXT_CHECK(v == 0);
}

static void values_arrive_in_order(void **state)
{
        static const size_t capacities[] = {0, 1, 3, 64};

        for (size_t i = 0; i < 8; i++) {
                struct scene s;

                if (i >= 4 && capacities[i % 4] == 0)
                        continue;
                set_up(&s, i >= 4, capacities[i % 4]);
                run_contexts(state, 2, send_and_receive, &s);
                assert_int_equal(s.sum, (uint64_t)MESSAGES * (MESSAGES + 1) / 2);
                ct_chan_free(s.c);
        }
}

static void try_and_until(void **state)
{
        struct scene s;
        uint64_t v, out;
        bool open = false;

        (void)state;
        for (int spsc = 0; spsc < 2; spsc++) {
                v = 7;
                out = 9;
                set_up(&s, spsc, 2);
                assert_false(ct_chan_try_recv(s.c, &out, &open));
                assert_int_equal(out, 9);
                assert_int_equal(ct_chan_recv_until(s.c, &out, &open, 0), -ETIMEDOUT);
                assert_int_equal(
                        ct_chan_recv_until(s.c, &out, &open, ct_deadline_after(CT_NS_PER_MS)),
                        -ETIMEDOUT);
                assert_true(ct_chan_try_send(s.c, &v));
                v++;
                assert_int_equal(ct_chan_send_until(s.c, &v, 0), 0);
                assert_int_equal(ct_chan_len(s.c), 2);
                assert_int_equal(ct_chan_cap(s.c), 2);
                assert_false(ct_chan_try_send(s.c, &v));
                assert_int_equal(ct_chan_send_until(s.c, &v, ct_deadline_after(CT_NS_PER_MS)),
                                 -ETIMEDOUT);
                assert_true(ct_chan_recv(s.c, &out));
                assert_int_equal(out, 7);
                ct_chan_close(s.c);
                assert_int_equal(ct_chan_recv_until(s.c, &out, &open, 0), 0);
                assert_true(open);
                assert_int_equal(out, 8);
                assert_true(ct_chan_try_recv(s.c, &out, &open));
                assert_false(open);
                assert_int_equal(out, 0);
                ct_chan_free(s.c);
        }
}

static void select_between_two(void *shared, unsigned self)
{
        struct scene *s = shared;
        uint64_t v = 0;

        if (self < 2) {
                struct ct_chan *mine = self ? s->d : s->c;

                for (v = 1; v <= (uint64_t)MESSAGES; v++)
                        ct_chan_send(mine, &v);
                return;
        }
        for (int i = 0; i < 2 * MESSAGES; i++) {
                struct ct_select_case cases[] = {
                        {.op = CT_SELECT_RECV, .chan = s->c, .out = &v},
                        {.op = CT_SELECT_RECV, .chan = s->d, .out = &v},
                };
                int which = ct_select(cases, 2);

                CONTEXT_CHECK(which == 0 || which == 1);
                CONTEXT_CHECK(cases[which].open);
                s->sum += v;
        }
}

static void select_takes_from_both(void **state)
{
        for (size_t capacity = 0; capacity < 3; capacity++) {
                struct scene s;

                set_up(&s, false, capacity);
                assert_int_equal(ct_chan_new(&s.d, 8, capacity), 0);
                run_contexts(state, 3, select_between_two, &s);
                assert_int_equal(s.sum, (uint64_t)MESSAGES * (MESSAGES + 1));
                ct_chan_free(s.c);
                ct_chan_free(s.d);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(values_arrive_in_order),
                WATCHED(try_and_until),
                BOTH_WAYS(select_takes_from_both),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
