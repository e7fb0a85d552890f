/* The forms that wait on the real clock. Counts and order are asserted, and the law over the time
   that has really passed; never how long anything took. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "limit/limiter.h"
#include "stress.h"
#include "watchdog.h"

enum { WAITERS = 20, MS = 1000000 };

/* ---- order: the test itself is the ticker ---- */

struct queue {
        struct ct_guide_ticker ticker;
        struct ct_guide_leaky leaky;
        ct_atomic_u32 served;
        unsigned order[WAITERS];
        int result[WAITERS];
        ct_atomic_u32 next; /* whose turn it is to join the line */
};

static void wait_for_ticker(void *shared, struct crew_member *me)
{
        struct queue *q = shared;

        UNTIL(ct_load_u32_acquire(&q->next) == me->index); /* pairs with the release in join */
        q->result[me->index] = ct_guide_ticker_wait_until(&q->ticker, CT_FOREVER);
        q->order[ct_load_u32_relaxed(&q->served)] = me->index;
        ct_add_u32_release(&q->served, 1); /* pairs with the acquire in serve */
}

static void wait_for_leaky(void *shared, struct crew_member *me)
{
        struct queue *q = shared;

        UNTIL(ct_load_u32_acquire(&q->next) == me->index); /* as above */
        q->result[me->index] = ct_guide_leaky_wait_until(&q->leaky, CT_FOREVER);
        q->order[ct_load_u32_relaxed(&q->served)] = me->index;
        ct_add_u32_release(&q->served, 1); /* as above */
}

static void in_order(const struct queue *q)
{
        for (unsigned i = 0; i < WAITERS; i++) {
                assert_int_equal(q->result[i], 0);
                assert_int_equal(q->order[i], i);
        }
}

static void ticker_serves_waiters_in_the_order_they_came(void **state)
{
        static struct queue q;
        struct crew c;

        (void)state;
        memset(&q, 0, sizeof q);
        assert_int_equal(ct_guide_ticker_init(&q.ticker, 1000, 5, 0), 0);
        crew_start(&c, WAITERS, 0, wait_for_ticker, &q);
        for (unsigned i = 0; i < WAITERS; i++) {
                UNTIL(ct_guide_ticker_waiting(&q.ticker) == i + 1);
                ct_store_u32_release(&q.next, i + 1);
        }
        assert_false(ct_guide_ticker_allow(&q.ticker, 1)); /* no passing the line */
        for (unsigned i = 0; i < WAITERS; i++) {
                ct_guide_ticker_advance(&q.ticker, (int64_t)(i + 1) * MS);
                UNTIL(ct_load_u32_acquire(&q.served) == i + 1); /* one tick, one of them */
                assert_int_equal(ct_guide_ticker_waiting(&q.ticker), WAITERS - 1 - i);
        }
        crew_join(&c);
        in_order(&q);
        ct_guide_ticker_fini(&q.ticker);
}

static void leaky_drains_waiters_in_the_order_they_came(void **state)
{
        static struct queue q;
        struct crew c;

        (void)state;
        memset(&q, 0, sizeof q);
        assert_int_equal(ct_guide_leaky_init(&q.leaky, 1000, WAITERS + 1, 0), 0);
        assert_true(ct_guide_leaky_allow(&q.leaky, 0)); /* one ahead of them */
        crew_start(&c, WAITERS, 0, wait_for_leaky, &q);
        for (unsigned i = 0; i < WAITERS; i++) {
                UNTIL(ct_guide_leaky_waiting(&q.leaky) == i + 1);
                ct_store_u32_release(&q.next, i + 1);
        }
        assert_int_equal(ct_guide_leaky_wait_until(&q.leaky, CT_FOREVER), -EAGAIN); /* full */
        ct_guide_leaky_advance(&q.leaky, MS);
        assert_int_equal(ct_guide_leaky_waiting(&q.leaky), WAITERS);
        for (unsigned i = 0; i < WAITERS; i++) {
                ct_guide_leaky_advance(&q.leaky, (int64_t)(i + 2) * MS);
                UNTIL(ct_load_u32_acquire(&q.served) == i + 1);
                assert_int_equal(ct_guide_leaky_drained(&q.leaky), i + 2);
        }
        crew_join(&c);
        in_order(&q);
        ct_guide_leaky_fini(&q.leaky);
}

/* ---- deadlines ---- */

static void a_ticker_wait_that_times_out_leaves_the_line(void **state)
{
        struct ct_guide_ticker l;

        (void)state;
        assert_int_equal(ct_guide_ticker_init(&l, 1000, 5, 0), 0);
        assert_int_equal(ct_guide_ticker_wait_until(&l, ct_now_ns() - 1), -ETIMEDOUT);
        assert_int_equal(ct_guide_ticker_wait_until(&l, ct_deadline_after(MS)), -ETIMEDOUT);
        assert_int_equal(ct_guide_ticker_waiting(&l), 0);
        ct_guide_ticker_advance(&l, 2 * MS); /* two tokens, and nobody they are lost to */
        assert_int_equal(ct_guide_ticker_wait_until(&l, ct_now_ns() - 1), 0);
        assert_int_equal(ct_guide_ticker_wait_until(&l, CT_FOREVER), 0);
        assert_int_equal(ct_guide_ticker_wait_until(&l, ct_now_ns() - 1), -ETIMEDOUT);
        ct_guide_ticker_fini(&l);
}

static void a_leaky_wait_that_times_out_leaves_its_place_empty(void **state)
{
        struct ct_guide_leaky l;
        int64_t departs;

        (void)state;
        assert_int_equal(ct_guide_leaky_init(&l, 1000, 5, 0), 0);
        assert_int_equal(ct_guide_leaky_wait_until(&l, ct_deadline_after(MS)), -ETIMEDOUT);
        assert_int_equal(ct_guide_leaky_waiting(&l), 0);
        assert_true(ct_guide_leaky_submit(&l, 0, &departs));
        assert_int_equal(departs, 2 * MS); /* behind the place that was left */
        ct_guide_leaky_advance(&l, 2 * MS);
        assert_int_equal(ct_guide_leaky_drained(&l), 2);
        ct_guide_leaky_fini(&l);
}

static void waits_beyond_their_deadline_take_nothing(void **state)
{
        int64_t hour = 3600 * CT_NS_PER_S, start = ct_now_ns();
        struct ct_guide_token_bucket b;
        struct ct_guide_fixed_window f;
        struct ct_guide_sliding_log s;

        (void)state;
        assert_int_equal(ct_guide_token_bucket_init(&b, 1.0 / 3600, 1, start), 0);
        assert_int_equal(ct_guide_fixed_window_init(&f, 1, hour, start), 0);
        assert_int_equal(ct_guide_sliding_log_init(&s, 1, hour, start), 0);
        assert_int_equal(ct_guide_token_bucket_wait_until(&b, 1, CT_FOREVER), 0);
        assert_int_equal(ct_guide_fixed_window_wait_until(&f, CT_FOREVER), 0);
        assert_int_equal(ct_guide_sliding_log_wait_until(&s, CT_FOREVER), 0);
        for (int i = 0; i < 3; i++) { /* at once: none of them waits for an hour to find out */
                int64_t deadline = ct_deadline_after(hour / 2);

                assert_int_equal(ct_guide_token_bucket_wait_until(&b, 1, deadline), -ETIMEDOUT);
                assert_int_equal(ct_guide_fixed_window_wait_until(&f, deadline), -ETIMEDOUT);
                assert_int_equal(ct_guide_sliding_log_wait_until(&s, deadline), -ETIMEDOUT);
        }
        assert_true(ct_guide_token_bucket_tokens(&b, ct_now_ns()) >= 0); /* no debt was left */
        ct_guide_token_bucket_fini(&b);
        ct_guide_fixed_window_fini(&f);
        ct_guide_sliding_log_fini(&s);
}

/* ---- real clock, real threads: all are served, and not too many of them ---- */

enum { CREW = 4, EACH = 50, RATE = 20000, BURST = 5 };

struct real {
        struct ct_guide_ticker ticker;
        struct ct_guide_leaky leaky;
        struct ct_guide_token_bucket bucket;
        struct ct_guide_fixed_window window;
        struct ct_guide_sliding_log log;
        struct ct_guide_per_user users;
        int kind;
        ct_atomic_u32 done;
};

static int wait_once(struct real *r)
{
        switch (r->kind) {
        case 0:
                return ct_guide_ticker_wait_until(&r->ticker, CT_FOREVER);
        case 1:
                return ct_guide_leaky_wait_until(&r->leaky, CT_FOREVER);
        case 2:
                return ct_guide_token_bucket_wait_until(&r->bucket, 1, CT_FOREVER);
        case 3:
                return ct_guide_fixed_window_wait_until(&r->window, CT_FOREVER);
        case 4:
                return ct_guide_sliding_log_wait_until(&r->log, CT_FOREVER);
        default:
                return ct_guide_per_user_wait_until(&r->users, "one", CT_FOREVER);
        }
}

static void wait_often(void *shared, struct crew_member *me)
{
        (void)me;
        for (int i = 0; i < EACH; i++)
                if (wait_once(shared) == 0)
                        ct_add_u32_relaxed(&((struct real *)shared)->done, 1);
}

static void everybody_is_served_and_no_faster_than_the_law(void **state)
{
        static struct real r;

        (void)state;
        for (r.kind = 0; r.kind < 6; r.kind++) {
                int64_t start = ct_now_ns(), window = CT_NS_PER_S * BURST / RATE, most;

                r.done = 0;
                assert_int_equal(ct_guide_ticker_init(&r.ticker, RATE, BURST, start), 0);
                assert_int_equal(ct_guide_leaky_init(&r.leaky, RATE, CREW, start), 0);
                assert_int_equal(ct_guide_token_bucket_init(&r.bucket, RATE, BURST, start), 0);
                assert_int_equal(ct_guide_fixed_window_init(&r.window, BURST, window, start), 0);
                assert_int_equal(ct_guide_sliding_log_init(&r.log, BURST, window, start), 0);
                assert_int_equal(ct_guide_per_user_init(&r.users, RATE, BURST, MS, start), 0);
                if (r.kind == 0)
                        assert_int_equal(ct_guide_ticker_start(&r.ticker), 0);
                if (r.kind == 1)
                        assert_int_equal(ct_guide_leaky_start(&r.leaky), 0);
                crew_run(CREW, 0, wait_often, &r);
                most = (ct_now_ns() - start) / (CT_NS_PER_S / RATE) + 2 * BURST;
                assert_int_equal(r.done, CREW * EACH);
                assert_true(r.done <= most);
                ct_guide_ticker_fini(&r.ticker);
                ct_guide_leaky_fini(&r.leaky);
                ct_guide_token_bucket_fini(&r.bucket);
                ct_guide_fixed_window_fini(&r.window);
                ct_guide_sliding_log_fini(&r.log);
                ct_guide_per_user_fini(&r.users);
        }
}

static void the_thread_can_be_started_and_stopped_again(void **state)
{
        struct ct_guide_ticker t;
        struct ct_guide_leaky k;

        (void)state;
        assert_int_equal(ct_guide_ticker_init(&t, 10000, 5, ct_now_ns()), 0);
        assert_int_equal(ct_guide_leaky_init(&k, 10000, 5, ct_now_ns()), 0);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(ct_guide_ticker_start(&t), 0);
                assert_int_equal(ct_guide_ticker_start(&t), -EBUSY);
                assert_int_equal(ct_guide_leaky_start(&k), 0);
                assert_int_equal(ct_guide_leaky_start(&k), -EBUSY);
                assert_int_equal(ct_guide_ticker_wait_until(&t, CT_FOREVER), 0);
                assert_int_equal(ct_guide_leaky_wait_until(&k, CT_FOREVER), 0);
                ct_guide_ticker_stop(&t);
                ct_guide_leaky_stop(&k);
                while (ct_guide_ticker_wait_until(&t, ct_now_ns() - 1) == 0)
                        ; /* what was in the store */
                assert_int_equal(ct_guide_leaky_wait_until(&k, ct_now_ns() - 1), -ETIMEDOUT);
        }
        ct_guide_ticker_fini(&t);
        ct_guide_leaky_fini(&k);
}

static struct ct_guide_ticker busy;

static void advance_a_running_ticker(void)
{
        ct_guide_ticker_advance(&busy, ct_now_ns());
}

static void advancing_while_the_thread_ticks_is_a_loud_error(void **state)
{
        (void)state;
        assert_int_equal(ct_guide_ticker_init(&busy, 1, 1, ct_now_ns()), 0);
        assert_int_equal(ct_guide_ticker_start(&busy), 0);
        assert_true(dies_saying(advance_a_running_ticker, "ct_guide_ticker"));
        ct_guide_ticker_fini(&busy);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(ticker_serves_waiters_in_the_order_they_came),
                WATCHED(leaky_drains_waiters_in_the_order_they_came),
                WATCHED(a_ticker_wait_that_times_out_leaves_the_line),
                WATCHED(a_leaky_wait_that_times_out_leaves_its_place_empty),
                WATCHED(waits_beyond_their_deadline_take_nothing),
                WATCHED(everybody_is_served_and_no_faster_than_the_law),
                WATCHED(the_thread_can_be_started_and_stopped_again),
                WATCHED(advancing_while_the_thread_ticks_is_a_loud_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
