/* What a select promises, one behaviour a test. Each runs on one CPU and on all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "chan_guide_help.h"
#include "panics.h"

#define SEND(c, v)                                                                                 \
        ((struct ct_chan_guide_case){.chan = (c), .op = CT_CHAN_GUIDE_SEND, .value = (v)})
#define RECV(c, v) ((struct ct_chan_guide_case){.chan = (c), .op = CT_CHAN_GUIDE_RECV, .out = (v)})

/* ---- at once ---- */

static void default_when_nothing_is_ready(void **state)
{
        struct ct_chan_guide *full = ints(1), *empty = ints(1), *nobody = ints(0);
        int v = 1, got;

        (void)state;
        put(full, 1);
        struct ct_chan_guide_case k[] = {SEND(full, &v), RECV(empty, &got), SEND(nobody, &v),
                                         RECV(nobody, &got)};
        for (int i = 0; i < 100; i++)
                assert_int_equal(ct_chan_guide_try_select(k, 4), CT_CHAN_GUIDE_NONE);
        assert_int_equal(ct_chan_guide_len(full), 1);
        ct_chan_guide_free(full);
        ct_chan_guide_free(empty);
        ct_chan_guide_free(nobody);
}

static void the_ready_receive_fires(void **state)
{
        struct ct_chan_guide *a = ints(1), *b = ints(1);
        int va = 0, vb = 0;

        (void)state;
        put(b, 5);
        struct ct_chan_guide_case k[] = {RECV(a, &va), RECV(b, &vb)};
        assert_int_equal(ct_chan_guide_try_select(k, 2), 1);
        assert_true(k[1].open);
        assert_int_equal(vb, 5);
        assert_int_equal(va, 0);
        ct_chan_guide_free(a);
        ct_chan_guide_free(b);
}

static void the_ready_send_fires(void **state)
{
        struct ct_chan_guide *a = ints(1), *b = ints(1);
        int va = 1, vb = 2;

        (void)state;
        put(a, 0);
        struct ct_chan_guide_case k[] = {SEND(a, &va), SEND(b, &vb)};
        assert_int_equal(ct_chan_guide_select(k, 2), 1);
        assert_int_equal(ct_chan_guide_len(a), 1);
        assert_int_equal(get(b), 2);
        ct_chan_guide_free(a);
        ct_chan_guide_free(b);
}

static void null_cases_are_never_ready(void **state)
{
        struct ct_chan_guide *a = ints(1);
        int v = 3, got = 0;

        (void)state;
        struct ct_chan_guide_case k[] = {SEND(NULL, &v), RECV(NULL, &got), SEND(a, &v)};
        assert_int_equal(ct_chan_guide_try_select(k, 2), CT_CHAN_GUIDE_NONE);
        assert_int_equal(ct_chan_guide_select(k, 3), 2);
        assert_int_equal(ct_chan_guide_try_select(k, 0), CT_CHAN_GUIDE_NONE);
        ct_chan_guide_free(a);
}

static void only_null_cases_time_out(void **state)
{
        int64_t deadline = ct_deadline_after(2 * CT_NS_PER_MS);
        struct ct_chan_guide_case k[] = {RECV(NULL, NULL)};

        (void)state;
        assert_int_equal(ct_chan_guide_select_until(k, 1, deadline), CT_CHAN_GUIDE_NONE);
        assert_true(ct_now_ns() >= deadline);
}

static void a_closed_channel_is_ready_to_receive(void **state)
{
        struct ct_chan_guide *a = ints(2), *b = ints(0);
        int v = 17;

        (void)state;
        ct_chan_guide_close(a);
        struct ct_chan_guide_case k[] = {RECV(b, NULL), RECV(a, &v)};
        assert_int_equal(ct_chan_guide_select(k, 2), 1);
        assert_false(k[1].open);
        assert_int_equal(v, 0);
        ct_chan_guide_free(a);
        ct_chan_guide_free(b);
}

static void exactly_one_of_the_ready_fires(void **state)
{
        struct ct_chan_guide *c[4];
        struct ct_chan_guide_case k[4];
        int v[4];

        (void)state;
        for (int i = 0; i < 4; i++) {
                c[i] = ints(1);
                put(c[i], i);
        }
        for (int left = 4; left > 0; left--) {
                size_t sum = 0;
                int fired;

                for (int i = 0; i < 4; i++)
                        k[i] = RECV(c[i], &v[i]);
                fired = ct_chan_guide_try_select(k, 4);
                assert_in_range(fired, 0, 3);
                assert_int_equal(v[fired], fired);
                for (int i = 0; i < 4; i++)
                        sum += ct_chan_guide_len(c[i]);
                assert_int_equal(sum, left - 1);
        }
        assert_int_equal(ct_chan_guide_try_select(k, 4), CT_CHAN_GUIDE_NONE);
        for (int i = 0; i < 4; i++)
                ct_chan_guide_free(c[i]);
}

static void passed_deadline_looks_once(void **state)
{
        struct ct_chan_guide *a = ints(1);
        int v = 0;
        struct ct_chan_guide_case k[] = {RECV(a, &v)};

        (void)state;
        assert_int_equal(ct_chan_guide_select_until(k, 1, -5), CT_CHAN_GUIDE_NONE);
        put(a, 4);
        assert_int_equal(ct_chan_guide_select_until(k, 1, -5), 0);
        assert_int_equal(v, 4);
        ct_chan_guide_free(a);
}

static void many_cases(void **state)
{
#ifdef WATCHDOG_SANITIZED
        enum { N = 60 }; /* ThreadSanitizer follows at most 64 locks that one thread holds */
#else
        enum { N = 1000 };
#endif
        static struct ct_chan_guide *c[N];
        static struct ct_chan_guide_case k[N];
        static int v[N];

        (void)state;
        for (int i = 0; i < N; i++) {
                c[i] = ints(1);
                k[i] = RECV(c[i], &v[i]);
        }
        put(c[N - 23], 8);
        assert_int_equal(ct_chan_guide_select(k, N), N - 23);
        assert_int_equal(v[N - 23], 8);
        for (int i = 0; i < N; i++)
                ct_chan_guide_free(c[i]);
}

/* ---- fair among the ready ---- */

/* Each of n equal choices, `rounds` times: within 5 standard deviations of its share. */
static void assert_uniform(const unsigned *count, unsigned n, unsigned rounds)
{
        double mean = (double)rounds / n, sd = sqrt(mean * (1 - 1.0 / n));

        for (unsigned i = 0; i < n; i++)
                if (fabs(count[i] - mean) > 5 * sd)
                        fail_msg("case %u fired %u times, expected %.0f +- %.0f", i, count[i], mean,
                                 5 * sd);
}

static void choice_among_ready_receives_is_uniform(void **state)
{
        enum { ROUNDS = 100000 / SCALE };

        (void)state;
        for (unsigned n = 2; n <= 5; n += 3) {
                struct ct_chan_guide *c[5];
                unsigned count[5] = {0};

                for (unsigned i = 0; i < n; i++) {
                        c[i] = ints(1);
                        put(c[i], 0);
                }
                for (int round = 0; round < ROUNDS; round++) {
                        struct ct_chan_guide_case k[5];
                        int fired;

                        for (unsigned i = 0; i < n; i++)
                                k[i] = RECV(c[i], NULL);
                        fired = ct_chan_guide_select(k, n);
                        count[fired]++;
                        put(c[fired], 0);
                }
                assert_uniform(count, n, ROUNDS);
                for (unsigned i = 0; i < n; i++)
                        ct_chan_guide_free(c[i]);
        }
}

static void choice_between_send_and_receive_is_uniform(void **state)
{
        enum { ROUNDS = 100000 / SCALE };
        struct ct_chan_guide *c = ints(2);
        unsigned count[3] = {0};
        int v = 0;

        (void)state;
        put(c, 0);
        for (int round = 0; round < ROUNDS; round++) {
                struct ct_chan_guide_case k[] = {RECV(c, NULL), SEND(c, &v), RECV(c, NULL)};
                int fired = ct_chan_guide_try_select(k, 3);

                count[fired]++;
                if (fired == 1)
                        get(c);
                else
                        put(c, 0);
        }
        assert_uniform(count, 3, ROUNDS); /* the same channel in three cases */
        ct_chan_guide_free(c);
}

/* ---- waiting ---- */

struct meeting {
        struct ct_chan_guide *a, *b;
        ct_atomic_u32 fired[2];
        unsigned rounds;
};

static void select_receive(void *ctx, unsigned index)
{
        struct meeting *m = ctx;
        int va = 0, vb = 0;
        struct ct_chan_guide_case k[] = {RECV(m->a, &va), RECV(m->b, &vb)};
        int fired = ct_chan_guide_select(k, 2);

        (void)index;
        CROWD_CHECK(k[fired].open && (fired ? vb : va) == 7);
        ct_add_u32_relaxed(&m->fired[fired], 1);
}

static void select_send(void *ctx, unsigned index)
{
        struct meeting *m = ctx;
        int v = 7;
        struct ct_chan_guide_case k[] = {SEND(m->a, &v), SEND(m->b, &v)};

        (void)index;
        ct_add_u32_relaxed(&m->fired[ct_chan_guide_select(k, 2)], 1);
}

static void a_waiting_select_gets_a_value(void **state)
{
        (void)state;
        for (size_t cap = 0; cap < 2; cap++) {
                struct meeting m = {.a = ints(cap), .b = ints(1 - cap)};
                struct crowd *other = crowd_start(1, select_receive, &m);

                AWAIT(waiting(m.a, false) == 1 && waiting(m.b, false) == 1);
                put(m.b, 7);
                crowd_join(other);
                assert_int_equal(ct_load_u32_relaxed(&m.fired[1]), 1);
                assert_int_equal(waiting(m.a, false), 0);
                ct_chan_guide_free(m.a);
                ct_chan_guide_free(m.b);
        }
}

static void a_waiting_select_gives_its_value(void **state)
{
        (void)state;
        for (size_t cap = 0; cap < 2; cap++) {
                struct meeting m = {.a = ints(cap), .b = ints(cap)};
                struct crowd *other;

                if (cap) {
                        put(m.a, 1);
                        put(m.b, 1);
                }
                other = crowd_start(1, select_send, &m);
                AWAIT(waiting(m.a, true) == 1 && waiting(m.b, true) == 1);
                if (cap)
                        assert_int_equal(get(m.b), 1);
                assert_int_equal(get(m.b), 7);
                crowd_join(other);
                assert_int_equal(ct_load_u32_relaxed(&m.fired[1]), 1);
                assert_int_equal(waiting(m.a, true), 0);
                ct_chan_guide_free(m.a);
                ct_chan_guide_free(m.b);
        }
}

static void try_operations_meet_a_waiting_select(void **state)
{
        struct meeting m = {.a = ints(0), .b = ints(0)};
        struct crowd *other = crowd_start(1, select_receive, &m);
        int v = 7;

        (void)state;
        AWAIT(waiting(m.b, false) == 1);
        assert_true(ct_chan_guide_try_send(m.b, &v));
        assert_false(ct_chan_guide_try_send(m.a, &v)); /* it has fired: not to be met again */
        crowd_join(other);
        other = crowd_start(1, select_send, &m);
        AWAIT(waiting(m.a, true) == 1);
        assert_true(ct_chan_guide_try_recv(m.a, &v, NULL));
        assert_false(ct_chan_guide_try_recv(m.b, &v, NULL));
        crowd_join(other);
        ct_chan_guide_free(m.a);
        ct_chan_guide_free(m.b);
}

static void a_sending_select_meets_a_receiving_one(void **state)
{
        struct meeting m = {.a = ints(0), .b = ints(0)};

        (void)state;
        for (int i = 0; i < 100; i++) {
                struct crowd *receiver = crowd_start(1, select_receive, &m);
                struct crowd *sender = crowd_start(1, select_send, &m);

                crowd_join(receiver);
                crowd_join(sender);
        }
        assert_int_equal(ct_load_u32_relaxed(&m.fired[0]) + ct_load_u32_relaxed(&m.fired[1]), 200);
        assert_int_equal(ct_load_u32_relaxed(&m.fired[0]) % 2, 0); /* both on the same channel */
        ct_chan_guide_free(m.a);
        ct_chan_guide_free(m.b);
}

/* Each offers to give on one and to take on the other, in opposite order. */
static void exchange(void *ctx, unsigned index)
{
        struct meeting *m = ctx;

        for (unsigned i = 0; i < m->rounds; i++) {
                int v = 7, got = 0;
                struct ct_chan_guide_case k[] = {SEND(index ? m->b : m->a, &v),
                                                 RECV(index ? m->a : m->b, &got)};
                int fired = ct_chan_guide_select(k, 2);

                CROWD_CHECK(fired == 0 || got == 7);
                ct_add_u32_relaxed(&m->fired[fired], 1);
        }
}

static void opposite_selects_do_not_deadlock(void **state)
{
        struct meeting m = {.a = ints(0), .b = ints(0), .rounds = 10000 / SCALE};

        (void)state;
        crowd_run(2, exchange, &m);
        assert_int_equal(ct_load_u32_relaxed(&m.fired[0]), m.rounds);
        assert_int_equal(ct_load_u32_relaxed(&m.fired[1]), m.rounds);
        ct_chan_guide_free(m.a);
        ct_chan_guide_free(m.b);
}

static void a_select_never_meets_itself(void **state)
{
        struct ct_chan_guide *c = ints(0);
        int v = 1, got = 0;

        (void)state;
        for (int i = 0; i < 20; i++) {
                struct ct_chan_guide_case k[] = {SEND(c, &v), RECV(c, &got), SEND(c, &v)};

                assert_int_equal(ct_chan_guide_try_select(k, 3), CT_CHAN_GUIDE_NONE);
                assert_int_equal(ct_chan_guide_select_until(k, 3, ct_deadline_after(100000)),
                                 CT_CHAN_GUIDE_NONE);
        }
        assert_int_equal(got, 0);
        ct_chan_guide_free(c);
}

static void the_same_channel_twice_receives_once(void **state)
{
        struct meeting m = {.a = ints(0)};
        struct crowd *other;
        int v = 7;

        (void)state;
        m.b = m.a;
        other = crowd_start(1, select_receive, &m);
        AWAIT(waiting(m.a, false) == 2);
        put(m.a, 7);
        assert_false(ct_chan_guide_try_send(m.a, &v));
        crowd_join(other);
        assert_int_equal(ct_load_u32_relaxed(&m.fired[0]) + ct_load_u32_relaxed(&m.fired[1]), 1);
        ct_chan_guide_free(m.a);
}

static void times_out_not_early_and_leaves_the_queues(void **state)
{
        struct ct_chan_guide *a = ints(0), *b = ints(1);
        int64_t deadline = ct_deadline_after(5 * CT_NS_PER_MS);
        int v = 7;
        struct ct_chan_guide_case k[] = {RECV(a, NULL), RECV(b, NULL), SEND(a, &v)};

        (void)state;
        assert_int_equal(ct_chan_guide_select_until(k, 3, deadline), CT_CHAN_GUIDE_NONE);
        assert_true(ct_now_ns() >= deadline);
        assert_int_equal(waiting(a, false) + waiting(b, false) + waiting(a, true), 0);
        assert_false(ct_chan_guide_try_send(a, &v));
        assert_false(ct_chan_guide_try_recv(a, &v, NULL));
        ct_chan_guide_free(a);
        ct_chan_guide_free(b);
}

static void select_closed(void *ctx, unsigned index)
{
        struct meeting *m = ctx;
        struct ct_chan_guide_case k[] = {RECV(m->a, NULL), RECV(m->b, NULL)};

        (void)index;
        CROWD_CHECK(ct_chan_guide_select(k, 2) == 0 && !k[0].open);
}

static void close_wakes_100_selects(void **state)
{
        (void)state;
        for (size_t cap = 0; cap < 2; cap++) {
                struct meeting m = {.a = ints(cap), .b = ints(cap)};
                struct crowd *others = crowd_start(100, select_closed, &m);

                AWAIT(waiting(m.a, false) == 100);
                ct_chan_guide_close(m.a);
                crowd_join(others);
                assert_int_equal(waiting(m.b, false), 0);
                ct_chan_guide_free(m.a);
                ct_chan_guide_free(m.b);
        }
}

/* A value on a ring must not be lost on a select that takes another case instead. */
static void plain_receivers_and_selects_share_a_ring(void **state)
{
        struct meeting m = {.a = ints(4), .b = ints(4)};
        struct crowd *selects = crowd_start(10, select_receive, &m);
        struct one o = {.c = m.a};
        struct crowd *plain = crowd_start(10, receive_seven, &o);

        (void)state;
        AWAIT(waiting(m.a, false) == 20);
        for (int i = 0; i < 5; i++)
                put(m.b, 7);
        /* Else a late select may find both ready, and take what a plain receiver waits for. */
        AWAIT(ct_load_u32_relaxed(&m.fired[1]) == 5);
        for (int i = 0; i < 15; i++)
                put(m.a, 7);
        crowd_join(plain);
        crowd_join(selects);
        assert_int_equal(ct_load_u32_relaxed(&m.fired[1]), 5);
        ct_chan_guide_free(m.a);
        ct_chan_guide_free(m.b);
}

/* ---- misuse ---- */

static void select_nothing(void)
{
        struct ct_chan_guide_case k[] = {RECV(NULL, NULL)};

        ct_chan_guide_select(k, 1);
}

static void select_send_closed(void)
{
        struct ct_chan_guide *c = ints(1);
        int v = 1;
        struct ct_chan_guide_case k[] = {SEND(c, &v)};

        ct_chan_guide_close(c);
        ct_chan_guide_try_select(k, 1);
}

static void close_under_a_sending_select(void)
{
        struct meeting m = {.a = ints(0), .b = ints(0)};
        struct crowd *other = crowd_start(1, select_send, &m);

        AWAIT(waiting(m.b, true) == 1);
        ct_chan_guide_close(m.b);
        crowd_join(other);
}

static void misuse_of_select_panics(void **state)
{
        (void)state;
        assert_panics(select_nothing, "panic: select 0x");
        assert_panics(select_send_closed, "send on closed channel");
        assert_panics(close_under_a_sending_select, "send on closed channel");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(default_when_nothing_is_ready),
                WATCHED(the_ready_receive_fires),
                WATCHED(the_ready_send_fires),
                WATCHED(null_cases_are_never_ready),
                WATCHED(only_null_cases_time_out),
                WATCHED(a_closed_channel_is_ready_to_receive),
                WATCHED(exactly_one_of_the_ready_fires),
                WATCHED(passed_deadline_looks_once),
                WATCHED(many_cases),
                WATCHED(choice_among_ready_receives_is_uniform),
                WATCHED(choice_between_send_and_receive_is_uniform),
                WATCHED(a_waiting_select_gets_a_value),
                WATCHED(a_waiting_select_gives_its_value),
                WATCHED(try_operations_meet_a_waiting_select),
                WATCHED(a_sending_select_meets_a_receiving_one),
                WATCHED(opposite_selects_do_not_deadlock),
                WATCHED(a_select_never_meets_itself),
                WATCHED(the_same_channel_twice_receives_once),
                WATCHED(times_out_not_early_and_leaves_the_queues),
                WATCHED(close_wakes_100_selects),
                WATCHED(plain_receivers_and_selects_share_a_ring),
                cmocka_unit_test(misuse_of_select_panics),
        };
        int failed;

        crowd_cpus(1);
        failed = cmocka_run_group_tests_name("select, one CPU", tests, NULL, NULL);
        crowd_cpus(0);
        return failed + cmocka_run_group_tests_name("select, all CPUs", tests, NULL, NULL);
}
