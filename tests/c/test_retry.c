/* ct_retry: the law as a function, attempts, what is final, and the context's end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/retry.h"

#include "both.h"

#include <errno.h>

static const struct ct_retry_law guide = {
        .attempts = 9, .first_ns = 10 * CT_NS_PER_MS, .most_ns = CT_NS_PER_S, .factor = 2};

struct scene {
        struct ct_retry_law law;
        struct ct_retry_report report;
        struct ct_context *context;
        struct ct_timers *clock;
        unsigned succeeds_at; /* 0: never */
        unsigned attempts;
        ct_atomic_u32 calls, over;
        int64_t at[16]; /* the clock at each attempt */
        int answer;
};

/* ---- the law ---- */

static void waits_double_up_to_the_cap(void **state)
{
        static const int64_t want_ms[] = {10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000};

        (void)state;
        for (unsigned k = 1; k <= 10; k++)
                assert_int_equal(ct_retry_wait_ns(&guide, k, 12345), want_ms[k - 1] * CT_NS_PER_MS);
        assert_int_equal(ct_retry_wait_ns(&guide, UINT32_MAX, 0), CT_NS_PER_S);
}

static void jitter_only_shortens_and_by_no_more_than_its_share(void **state)
{
        struct ct_retry_law law = guide;

        (void)state;
        for (law.jitter_pct = 0; law.jitter_pct <= 100; law.jitter_pct += 25) {
                for (unsigned k = 1; k < 12; k++) {
                        int64_t full = ct_retry_wait_ns(&guide, k, 0);
                        int64_t least = full - full * law.jitter_pct / 100;

                        assert_int_equal(ct_retry_wait_ns(&law, k, 0), full);
                        assert_int_equal(ct_retry_wait_ns(&law, k, UINT64_MAX), least);
                        assert_true(ct_retry_wait_ns(&law, k, UINT64_MAX / 2) <= full);
                        assert_true(ct_retry_wait_ns(&law, k, UINT64_MAX / 2) >= least);
                }
        }
}

static void the_law_never_overflows(void **state)
{
        struct ct_retry_law law = {
                .first_ns = INT64_MAX / 3, .most_ns = INT64_MAX, .factor = 7, .jitter_pct = 100};

        (void)state;
        assert_int_equal(ct_retry_wait_ns(&law, 1, 0), INT64_MAX / 3);
        assert_int_equal(ct_retry_wait_ns(&law, 2, 0), INT64_MAX);
        assert_int_equal(ct_retry_wait_ns(&law, 1000, UINT64_MAX), 0);
        law = (struct ct_retry_law){.first_ns = 0, .most_ns = 5, .factor = 3};
        assert_int_equal(ct_retry_wait_ns(&law, UINT32_MAX, 7), 0);
        law = (struct ct_retry_law){.first_ns = 4, .most_ns = 5, .factor = 1};
        assert_int_equal(ct_retry_wait_ns(&law, UINT32_MAX, 7), 4);
        law.factor = UINT32_MAX;
        assert_int_equal(ct_retry_wait_ns(&law, 2, 7), 5);
}

/* ---- attempts ---- */

static int attempt(void *arg, unsigned k)
{
        struct scene *s = arg;

        CONTEXT_CHECK(k == ++s->attempts);
        if (s->clock && k <= 16)
                s->at[k - 1] = ct_timers_now(s->clock);
        ct_add_u32_release(&s->calls, 1); /* pairs with the one that advances */
        return k == s->succeeds_at ? 0 : -(int)k;
}

static bool not_three(void *arg, int error)
{
        (void)arg;
        return error != -3;
}

static void at_once(void *shared, unsigned index)
{
        struct scene *s = shared;

        (void)index;
        s->answer = ct_retry(&s->law, NULL, attempt, s, &s->report);
}

static struct scene run_at_once(void **state, struct ct_retry_law law, unsigned succeeds_at)
{
        struct scene s = {.law = law, .succeeds_at = succeeds_at};

        run_contexts(state, 1, at_once, &s);
        return s;
}

static void it_ends_with_success_the_last_error_or_a_final_one(void **state)
{
        struct ct_retry_law law = {.attempts = 5, .factor = 1}, final = law, endless = law;
        struct scene s;

        s = run_at_once(state, law, 1);
        assert_true(s.answer == 0 && s.report.attempts == 1 && s.report.last_error == 0);
        s = run_at_once(state, law, 4);
        assert_true(s.answer == 0 && s.report.attempts == 4 && s.report.last_error == -3);
        s = run_at_once(state, law, 0);
        assert_true(s.answer == -5 && s.report.attempts == 5 && s.report.last_error == -5);
        final.again = not_three;
        s = run_at_once(state, final, 0);
        assert_true(s.answer == -3 && s.attempts == 3);
        endless.attempts = 0;
        s = run_at_once(state, endless, 1000);
        assert_true(s.answer == 0 && s.attempts == 1000);
}

static void a_law_that_means_nothing_is_refused(void **state)
{
        static const struct ct_retry_law bad[] = {
                {.factor = 0},
                {.factor = 1, .first_ns = -1},
                {.factor = 1, .first_ns = 2, .most_ns = 1},
                {.factor = 1, .jitter_pct = 101},
        };

        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                struct scene s = run_at_once(state, bad[i], 1);

                assert_true(s.answer == -EINVAL && s.attempts == 0);
        }
}

/* ---- time ---- */

/* One retries on a clock that the other advances, always to the next timer and no further. */
static void on_a_clock(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 0) {
                s->answer = ct_retry(&s->law, s->context, attempt, s, &s->report);
                ct_store_u32_release(&s->over, 1); /* pairs with the other's load */
                return;
        }
        while (!ct_load_u32_acquire(&s->over)) { /* pairs with the store above */
                int64_t next = ct_timers_next(s->clock);

                if (next != CT_FOREVER)
                        ct_timers_advance(s->clock, next);
                ct_parker_ops_self()->yield();
        }
}

static void attempts_come_exactly_at_their_times(void **state)
{
        for (unsigned jitter = 0; jitter <= 50; jitter += 50) {
                struct scene s = {.law = guide};
                int64_t sum = 0;

                assert_int_equal(ct_timers_new(&s.clock, 0), 0);
                s.law.clock = s.clock;
                s.law.jitter_pct = jitter;
                s.law.seed = 4;
                run_contexts(state, 2, on_a_clock, &s);
                assert_int_equal(s.answer, -9);
                for (unsigned k = 1; k < 9; k++) {
                        int64_t full = ct_retry_wait_ns(&guide, k, 0), was = s.at[k] - s.at[k - 1];

                        sum += was;
                        assert_true(jitter ? was <= full && was >= full / 2 : was == full);
                }
                assert_int_equal(s.report.waited_ns, sum);
                assert_true(!jitter || sum < 2270 * CT_NS_PER_MS); /* it did shorten */
                ct_timers_free(s.clock);
        }
}

/* The context ends in the middle of a wait that nothing else would end. */
static void cancel_in_a_wait(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 0) {
                s->answer = ct_retry(&s->law, s->context, attempt, s, &s->report);
                return;
        }
        CONTEXT_UNTIL(ct_load_u32_acquire(&s->calls) == 1); /* pairs with attempt */
        ct_context_cancel(s->context);
}

static void the_contexts_end_ends_a_wait(void **state)
{
        for (int own_clock = 0; own_clock < 2; own_clock++) {
                struct scene s = {
                        .law = {.first_ns = INT64_MAX, .most_ns = INT64_MAX, .factor = 1}};

                assert_int_equal(ct_timers_new(&s.clock, 0), 0);
                assert_int_equal(ct_context_with_cancel(&s.context, ct_context_background()), 0);
                s.law.clock = own_clock ? s.clock : NULL;
                run_contexts(state, 2, cancel_in_a_wait, &s);
                assert_true(s.answer == -ECANCELED && s.report.last_error == -1);
                assert_true(s.report.attempts == 1 && s.attempts == 1);
                s.answer = ct_retry(&s.law, s.context, attempt, &s, &s.report);
                assert_true(s.answer == -ECANCELED && s.report.attempts == 0 && s.attempts == 1);
                ct_context_release(s.context);
                ct_timers_free(s.clock);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(waits_double_up_to_the_cap),
                WATCHED(jitter_only_shortens_and_by_no_more_than_its_share),
                WATCHED(the_law_never_overflows),
                BOTH_WAYS(it_ends_with_success_the_last_error_or_a_final_one),
                BOTH_WAYS(a_law_that_means_nothing_is_refused),
                BOTH_WAYS(attempts_come_exactly_at_their_times),
                BOTH_WAYS(the_contexts_end_ends_a_wait),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
