/* Many threads on one limiter, on a virtual clock that they all push on, so that times arrive out
   of order as they do in life. The oracles are the laws, and where nothing can be lost, exact sums.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "limit/limiter.h"
#include "limiter/law.h"
#include "stress.h"
#include "watchdog.h"

enum { CALLS = 400000, STEP_NS = 100, RATE = 1000000, BURST = 50, WINDOW = 50000, MOST = 8 };

struct arena {
        ct_atomic_u64 clock, admitted;
        struct ct_guide_token_bucket bucket;
        struct ct_guide_ticker ticker;
        struct ct_guide_fixed_window window;
        struct ct_guide_sliding_log log;
        struct ct_guide_leaky leaky;
        bool (*allow)(struct arena *, int64_t now);
        unsigned threads;
};

static struct arena a;

static bool allow_bucket(struct arena *x, int64_t now)
{
        return ct_guide_token_bucket_allow(&x->bucket, now);
}

static bool allow_ticker(struct arena *x, int64_t now)
{
        return ct_guide_ticker_allow(&x->ticker, now);
}

static bool allow_window(struct arena *x, int64_t now)
{
        return ct_guide_fixed_window_allow(&x->window, now);
}

static bool allow_log(struct arena *x, int64_t now)
{
        return ct_guide_sliding_log_allow(&x->log, now);
}

static bool allow_leaky(struct arena *x, int64_t now)
{
        return ct_guide_leaky_allow(&x->leaky, now);
}

static void hammer(void *shared, struct crew_member *me)
{
        struct arena *x = shared;
        uint64_t admitted = 0;

        (void)me;
        for (unsigned i = 0; i < ROUNDS(CALLS) / x->threads; i++) {
                int64_t now = (int64_t)ct_add_u64_relaxed(&x->clock, STEP_NS) + STEP_NS;

                if (i % 4096 == 4095)
                        sched_yield(); /* with the time in hand: others overtake it */
                admitted += x->allow(x, now);
        }
        ct_add_u64_relaxed(&x->admitted, admitted);
}

/* Returns the final time, to which every limiter has been brought. */
static int64_t hammer_all(unsigned threads, bool (*allow)(struct arena *, int64_t))
{
        memset(&a, 0, sizeof a);
        assert_int_equal(ct_guide_token_bucket_init(&a.bucket, RATE, BURST, 0), 0);
        assert_int_equal(ct_guide_ticker_init(&a.ticker, RATE, BURST, 0), 0);
        assert_int_equal(ct_guide_fixed_window_init(&a.window, BURST, WINDOW, 0), 0);
        assert_int_equal(ct_guide_sliding_log_init(&a.log, BURST, WINDOW, 0), 0);
        assert_int_equal(ct_guide_leaky_init(&a.leaky, RATE, BURST, 0), 0);
        /* Empty from the start: tokens that come to a full bucket are lost, how many depends on who
           is first. */
        assert_true(ct_guide_token_bucket_allow_n(&a.bucket, 0, BURST));
        a.allow = allow;
        a.threads = threads;
        crew_run(threads, usable_cpus() < 2 ? 1 : 2, hammer, &a);
        a.admitted += allow(&a, (int64_t)a.clock);
        return (int64_t)a.clock;
}

static void close_all(void)
{
        ct_guide_token_bucket_fini(&a.bucket);
        ct_guide_ticker_fini(&a.ticker);
        ct_guide_fixed_window_fini(&a.window);
        ct_guide_sliding_log_fini(&a.log);
        ct_guide_leaky_fini(&a.leaky);
}

static const unsigned crews[] = {1, 2, 8};
#define FOR_EACH_CREW(t)                                                                           \
        for (const unsigned *t = crews; t < crews + sizeof crews / sizeof *crews; t++)

static void bucket_loses_no_token_and_makes_none(void **state)
{
        (void)state;
        FOR_EACH_CREW(t)
        {
                int64_t end = hammer_all(*t, allow_bucket);
                /* The load is ten times the rate: it does not become full again. */
                double left = ct_guide_token_bucket_tokens(&a.bucket, end);

                assert_int_equal((int64_t)a.admitted * CT_NS_PER_S + llround(left * 1e9),
                                 end * RATE);
                assert_true(left >= 0 && left < 1);
                close_all();
        }
}

static void ticker_loses_no_token_and_makes_none(void **state)
{
        (void)state;
        FOR_EACH_CREW(t)
        {
                int64_t end = hammer_all(*t, allow_ticker), ticks = end / (CT_NS_PER_S / RATE);

                ct_guide_ticker_advance(&a.ticker, end);
                assert_int_equal((int64_t)a.admitted + a.ticker.tokens +
                                         (int64_t)ct_guide_ticker_dropped(&a.ticker),
                                 ticks);
                close_all();
        }
}

static void window_admits_its_limit_in_each_window(void **state)
{
        (void)state;
        FOR_EACH_CREW(t)
        {
                int64_t end = hammer_all(*t, allow_window);

                assert_true((int64_t)a.admitted <= BURST * (end / WINDOW + 1));
                assert_true((int64_t)a.admitted >= BURST);
                if (*t ==
                    1) /* in order each window begins on time; the last has the last two calls */
                        assert_int_equal(a.admitted, BURST * (end / WINDOW) + 2);
                close_all();
        }
}

static void log_admits_its_limit_in_any_window(void **state)
{
        (void)state;
        FOR_EACH_CREW(t)
        {
                int64_t end = hammer_all(*t, allow_log);

                assert_true((int64_t)a.admitted <= BURST * (end / (WINDOW + 1) + 1));
                assert_true((int64_t)a.admitted >= BURST);
                assert_true(a.log.count <= BURST);
                close_all();
        }
}

static void leaky_accepts_what_it_drains_and_what_it_holds(void **state)
{
        (void)state;
        FOR_EACH_CREW(t)
        {
                int64_t end = hammer_all(*t, allow_leaky), ticks = end / (CT_NS_PER_S / RATE);

                assert_int_equal(a.admitted, a.leaky.accepted);
                assert_true(a.leaky.accepted - ct_guide_leaky_drained(&a.leaky) <= BURST);
                assert_true((int64_t)a.admitted <= BURST + ticks);
                ct_guide_leaky_advance(&a.leaky, end + 2 * BURST * (CT_NS_PER_S / RATE));
                assert_int_equal(ct_guide_leaky_drained(&a.leaky), a.admitted);
                close_all();
        }
}

/* Reservations from many threads: no two may act closer than the rate allows. */
struct booking {
        struct ct_guide_token_bucket bucket;
        int64_t act[MOST][1000];
        unsigned each;
};

static void book(void *shared, struct crew_member *me)
{
        struct booking *b = shared;

        for (unsigned i = 0; i < b->each; i++)
                b->act[me->index][i] =
                        ct_guide_token_bucket_reserve(&b->bucket, 0, 1, CT_FOREVER).act_ns;
}

static int by_time(const void *x, const void *y)
{
        int64_t p = *(const int64_t *)x, q = *(const int64_t *)y;

        return (p > q) - (p < q);
}

static void reservations_of_many_threads_are_an_interval_apart(void **state)
{
        (void)state;
        FOR_EACH_CREW(t)
        {
                static struct booking b;
                static int64_t all[MOST * 1000];
                size_t n = 0;

                memset(&b, 0, sizeof b);
                b.each = 1000;
                assert_int_equal(ct_guide_token_bucket_init(&b.bucket, 1000, 1, 0), 0);
                crew_run(*t, 0, book, &b);
                for (unsigned i = 0; i < *t; i++)
                        for (unsigned k = 0; k < b.each; k++) {
                                if (k) /* each thread's own in the order of its calls */
                                        assert_true(b.act[i][k] > b.act[i][k - 1]);
                                all[n++] = b.act[i][k];
                        }
                qsort(all, n, sizeof *all, by_time);
                for (size_t i = 0; i < n; i++)
                        assert_int_equal(all[i], (int64_t)i * CT_NS_PER_MS);
                ct_guide_token_bucket_fini(&b.bucket);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(bucket_loses_no_token_and_makes_none),
                WATCHED(ticker_loses_no_token_and_makes_none),
                WATCHED(window_admits_its_limit_in_each_window),
                WATCHED(log_admits_its_limit_in_any_window),
                WATCHED(leaky_accepts_what_it_drains_and_what_it_holds),
                WATCHED(reservations_of_many_threads_are_an_interval_apart),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
