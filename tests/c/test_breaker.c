/* ct_breaker: the law, on injected time; against a model; one probe at a time under load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/breaker.h"
#include "flow/guarded.h"

#include "both.h"

static const struct ct_breaker_config in_a_row = {.failures = 3, .open_ns = 100, .probes = 2};

static struct ct_breaker make(struct ct_breaker_config c)
{
        struct ct_breaker b;

        assert_int_equal(ct_breaker_init(&b, &c), 0);
        return b;
}

/* One call at that time: whether it was let in. */
static bool call(struct ct_breaker *b, int64_t now, bool success)
{
        struct ct_breaker_ticket t;

        if (ct_breaker_enter(b, now, &t))
                return false;
        ct_breaker_leave(b, &t, now, success);
        return true;
}

static void opens_with_the_failure_that_fills_the_row(void **state)
{
        struct ct_breaker b = make(in_a_row);

        (void)state;
        for (int i = 0; i < 5; i++) {
                assert_true(call(&b, i, false) && call(&b, i, false) && call(&b, i, true));
                assert_int_equal(ct_breaker_state(&b, i), CT_BREAKER_CLOSED);
        }
        assert_true(call(&b, 9, false) && call(&b, 9, false) && call(&b, 10, false));
        assert_int_equal(ct_breaker_state(&b, 10), CT_BREAKER_OPEN);
        assert_false(call(&b, 10, true));
}

static void stays_open_exactly_as_long_as_it_says(void **state)
{
        struct ct_breaker b = make(in_a_row);
        struct ct_breaker_stats st;

        (void)state;
        for (int i = 0; i < 3; i++)
                call(&b, 50, false);
        assert_false(call(&b, 149, true));
        assert_int_equal(ct_breaker_state(&b, 149), CT_BREAKER_OPEN);
        assert_int_equal(ct_breaker_state(&b, 150), CT_BREAKER_HALF_OPEN);
        assert_true(call(&b, 150, true));
        assert_int_equal(ct_breaker_state(&b, 150), CT_BREAKER_HALF_OPEN); /* one of two */
        assert_true(call(&b, 150, true));
        ct_breaker_stats(&b, 150, &st);
        assert_true(st.state == CT_BREAKER_CLOSED && st.opened == 1 && st.refused == 1);
        assert_true(call(&b, 150, false) && call(&b, 150, false)); /* with a clean record */
        assert_int_equal(ct_breaker_state(&b, 150), CT_BREAKER_CLOSED);
}

static void a_failed_probe_opens_it_again_from_its_report_on(void **state)
{
        struct ct_breaker b = make(in_a_row);
        struct ct_breaker_ticket t;

        (void)state;
        for (int i = 0; i < 3; i++)
                call(&b, 0, false);
        assert_true(call(&b, 100, true));
        assert_int_equal(ct_breaker_enter(&b, 101, &t), 0);
        ct_breaker_leave(&b, &t, 140, false);
        assert_false(call(&b, 239, true));
        assert_true(call(&b, 240, true));
        assert_true(call(&b, 241, true)); /* two again: the one before does not count */
        assert_int_equal(ct_breaker_state(&b, 241), CT_BREAKER_CLOSED);
}

static void one_probe_at_a_time(void **state)
{
        struct ct_breaker b = make(in_a_row);
        struct ct_breaker_ticket t, other;

        (void)state;
        for (int i = 0; i < 3; i++)
                call(&b, 0, false);
        assert_int_equal(ct_breaker_enter(&b, 100, &t), 0);
        assert_int_equal(ct_breaker_enter(&b, 100, &other), CT_BREAKER_OPEN_ERROR);
        assert_int_equal(ct_breaker_enter(&b, 1000, &other), CT_BREAKER_OPEN_ERROR);
        ct_breaker_abandon(&b, &t); /* it says nothing, but makes room */
        assert_int_equal(ct_breaker_enter(&b, 1000, &other), 0);
        ct_breaker_leave(&b, &other, 1000, true);
        assert_int_equal(ct_breaker_state(&b, 1000), CT_BREAKER_HALF_OPEN);
}

static void late_reports_are_not_counted(void **state)
{
        struct ct_breaker b = make(in_a_row);
        struct ct_breaker_ticket slow[8], probe;

        (void)state;
        for (int i = 0; i < 8; i++)
                assert_int_equal(ct_breaker_enter(&b, 0, &slow[i]), 0);
        for (int i = 0; i < 3; i++)
                ct_breaker_leave(&b, &slow[i], 0, false);
        ct_breaker_leave(&b, &slow[3], 50, false); /* it would stay open for longer */
        assert_int_equal(ct_breaker_enter(&b, 100, &probe), 0);
        ct_breaker_leave(&b, &slow[4], 100, false); /* it would open again */
        ct_breaker_leave(&b, &slow[5], 100, true);  /* it would count as a probe */
        assert_int_equal(ct_breaker_state(&b, 100), CT_BREAKER_HALF_OPEN);
        ct_breaker_leave(&b, &probe, 100, true);
        assert_int_equal(ct_breaker_state(&b, 100), CT_BREAKER_HALF_OPEN);
        ct_breaker_abandon(&b, &slow[6]);
        assert_true(call(&b, 100, true));
        assert_int_equal(ct_breaker_state(&b, 100), CT_BREAKER_CLOSED);
        ct_breaker_leave(&b, &slow[7], 100, false);
        assert_true(call(&b, 100, false) && call(&b, 100, false));
        assert_int_equal(ct_breaker_state(&b, 100), CT_BREAKER_CLOSED);
}

static void time_does_not_go_back(void **state)
{
        struct ct_breaker b = make(in_a_row);
        struct ct_breaker_ticket t;

        (void)state;
        assert_int_equal(ct_breaker_enter(&b, 1000, &t), 0);
        ct_breaker_leave(&b, &t, 1000, false);
        call(&b, 500, false);
        call(&b, 500, false); /* opens at 1000, not at 500 */
        assert_false(call(&b, 1099, true));
        assert_true(call(&b, 1100, true));
}

/* ---- the rate ---- */

static void a_rate_needs_a_full_window(void **state)
{
        struct ct_breaker b = make((struct ct_breaker_config){
                .window = 10, .rate_pct = 50, .open_ns = 1, .probes = 1});

        (void)state;
        for (int i = 0; i < 9; i++)
                assert_true(call(&b, 0, i % 2)); /* five failures */
        assert_int_equal(ct_breaker_state(&b, 0), CT_BREAKER_CLOSED);
        assert_true(call(&b, 0, true));
        assert_int_equal(ct_breaker_state(&b, 0), CT_BREAKER_OPEN);
}

/* Against a list of all reports since it closed. */
static void a_rate_is_that_of_the_last_reports(void **state)
{
        static const unsigned windows[] = {1, 5, 63, 64};
        struct ct_rng rng;

        (void)state;
        ct_rng_seed(&rng, 3);
        for (size_t w = 0; w < 4; w++) {
                for (int round = 0; round < 200; round++) {
                        unsigned window = windows[w], pct = 1 + (unsigned)ct_rng_below(&rng, 100);
                        struct ct_breaker b = make((struct ct_breaker_config){
                                .window = window, .rate_pct = pct, .open_ns = 1, .probes = 1});
                        unsigned p = (unsigned)ct_rng_below(&rng, 100);
                        bool failed[300];
                        unsigned n, bad = 0;

                        for (n = 0; n < 300; n++) {
                                failed[n] = ct_rng_below(&rng, 100) < p;
                                bad += failed[n];
                                if (n >= window)
                                        bad -= failed[n - window];
                                assert_true(call(&b, 0, !failed[n]));
                                if (n + 1 >= window && bad * 100 >= pct * window)
                                        break;
                                assert_int_equal(ct_breaker_state(&b, 0), CT_BREAKER_CLOSED);
                        }
                        if (n < 300)
                                assert_int_equal(ct_breaker_state(&b, 0), CT_BREAKER_OPEN);
                }
        }
}

static void what_init_refuses(void **state)
{
        static const struct ct_breaker_config bad[] = {
                {.open_ns = 1, .probes = 1},
                {.failures = 1, .probes = 1},
                {.failures = 1, .open_ns = 1},
                {.window = 65, .rate_pct = 1, .open_ns = 1, .probes = 1},
                {.window = 5, .open_ns = 1, .probes = 1},
                {.window = 5, .rate_pct = 101, .open_ns = 1, .probes = 1},
                {.failures = 1, .rate_pct = 5, .open_ns = 1, .probes = 1},
        };
        struct ct_breaker b;

        (void)state;
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                assert_int_equal(ct_breaker_init(&b, &bad[i]), -EINVAL);
}

/* ---- call ---- */

static int give(void *arg)
{
        return *(int *)arg;
}

static int unwind(void *arg)
{
        ct_task_fail_code(*(int *)arg, "no");
}

static bool is_bad(int result)
{
        return result == -EIO;
}

struct guarded {
        struct ct_breaker *b;
        int code;
};

static int call_unwinding(void *arg)
{
        struct guarded *g = arg;

        return ct_breaker_call(g->b, unwind, &g->code);
}

static void a_call_reports_what_the_function_returns(void **state)
{
        struct ct_breaker_config c = {
                .failures = 2, .open_ns = CT_FOREVER, .probes = 1, .is_failure = is_bad};
        struct ct_breaker b = make(c);
        int bad = -EIO, fine = -ENOENT;
        struct guarded g = {&b, -EPROTO};
        struct ct_failure why;

        (void)state;
        for (int i = 0; i < 5; i++)
                assert_int_equal(ct_breaker_call(&b, give, &fine), -ENOENT);
        assert_int_equal(ct_breaker_call(&b, give, &bad), -EIO);
        assert_int_equal(ct_guarded(&why, call_unwinding, &g), -EPROTO); /* a failure, passed on */
        assert_string_equal(why.message, "no");
        assert_int_equal(ct_breaker_call(&b, give, &fine), CT_BREAKER_OPEN_ERROR);
}

/* ---- many at once ---- */

struct storm {
        struct ct_breaker b;
        ct_atomic_u32 now, inside, probes, refused;
        unsigned rounds;
};

/* It never closes, so that whoever is let in is the probe. */
static void storm(void *shared, unsigned index)
{
        struct storm *s = shared;

        (void)index;
        for (unsigned i = 0; i < s->rounds; i++) {
                int64_t now = ct_add_u32_relaxed(&s->now, 1);
                struct ct_breaker_ticket t;

                if (ct_breaker_enter(&s->b, now, &t)) {
                        ct_add_u32_relaxed(&s->refused, 1);
                        continue;
                }
                CONTEXT_CHECK(ct_add_u32_relaxed(&s->inside, 1) == 0);
                ct_add_u32_relaxed(&s->probes, 1);
                if (i % 5 == 0)
                        ct_parker_ops_self()->yield();
                ct_sub_u32_relaxed(&s->inside, 1);
                if (i % 7 == 0)
                        ct_breaker_abandon(&s->b, &t);
                else
                        ct_breaker_leave(&s->b, &t, now, i % 3);
        }
}

static void storms(void **state, const struct stress_placement *p)
{
        struct storm s = {.rounds = ROUNDS(20000) / p->threads};
        struct ct_breaker_config c = {.failures = 1, .open_ns = 3, .probes = UINT32_MAX};
        struct ct_breaker_stats st;

        assert_int_equal(ct_breaker_init(&s.b, &c), 0);
        assert_true(call(&s.b, 0, false));
        run_contexts(state, p->threads, storm, &s);
        ct_breaker_stats(&s.b, 0, &st);
        assert_int_equal(st.refused, ct_load_u32_relaxed(&s.refused));
        assert_true(ct_load_u32_relaxed(&s.probes) > 10 && st.opened > 2);
}

static void one_probe_however_many_ask(void **state)
{
        everywhere(state, storms);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(opens_with_the_failure_that_fills_the_row),
                WATCHED(stays_open_exactly_as_long_as_it_says),
                WATCHED(a_failed_probe_opens_it_again_from_its_report_on),
                WATCHED(one_probe_at_a_time),
                WATCHED(late_reports_are_not_counted),
                WATCHED(time_does_not_go_back),
                WATCHED(a_rate_needs_a_full_window),
                WATCHED(a_rate_is_that_of_the_last_reports),
                WATCHED(what_init_refuses),
                WATCHED(a_call_reports_what_the_function_returns),
                BOTH_WAYS(one_probe_however_many_ask),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
