/* Timers on the process's service, used by threads and by tasks; the race of a reset with firing
   and receiving; the service's thread and fork. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chan/select.h"
#include "chan/timer.h"
#include "chan/timer_private.h"

#include "both.h"
#include "child.h"

#include <errno.h>

/* TSan: a child of a process with threads starts some too. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
        return "die_after_fork=0";
}

static struct ct_timer *timer(int64_t deadline)
{
        struct ct_timer *t;

        if (ct_timer_new(&t, ct_timers_default(), deadline))
                abort();
        return t;
}

/* ---- waiting for one ---- */

#define WAITERS 8

static void receive_own(void *shared, unsigned index)
{
        int64_t deadline = ct_now_ns() + (int64_t)index * 300 * CT_NS_PER_US, when = 0;
        struct ct_timer *t = timer(deadline);

        (void)shared;
        CONTEXT_CHECK(ct_chan_recv(ct_timer_chan(t), &when));
        CONTEXT_CHECK(when == deadline);
        CONTEXT_CHECK(ct_now_ns() >= deadline);
        CONTEXT_CHECK(!ct_timer_stop(t));
        ct_timer_free(t);
}

static void each_gets_its_own_time(void **state)
{
        run_contexts(state, WAITERS, receive_own, NULL);
        assert_int_equal(ct_timers_next(ct_timers_default()), CT_FOREVER);
}

static void select_with_two(void *shared, unsigned index)
{
        int64_t now = ct_now_ns();
        struct ct_timer *soon = timer(now + CT_NS_PER_MS), *late = timer(CT_FOREVER);
        struct ct_chan *silent;
        struct ct_select_case cases[] = {
                {.op = CT_SELECT_RECV},
                {.op = CT_SELECT_RECV},
                {.op = CT_SELECT_RECV},
        };

        (void)shared;
        (void)index;
        if (ct_chan_new(&silent, 0, 0))
                abort();
        cases[0].chan = silent;
        cases[1].chan = ct_timer_chan(late);
        cases[2].chan = ct_timer_chan(soon);
        CONTEXT_CHECK(ct_select(cases, 3) == 2);
        CONTEXT_CHECK(ct_timer_stop(late));
        ct_timer_free(soon), ct_timer_free(late);
        ct_chan_free(silent);
}

static void a_timer_stands_in_a_select(void **state)
{
        run_contexts(state, 4, select_with_two, NULL);
}

static void until_service_sleeps(struct ct_timers *s)
{
        bool asleep;

        do {
                ct_parker_ops_self()->yield();
                ct_guard_lock(&s->guard);
                asleep = s->asleep;
                ct_guard_unlock(&s->guard);
        } while (!asleep);
}

static void start_late_then_soon(void *shared, unsigned index)
{
        struct ct_timers *s = ct_timers_default();
        struct ct_timer *late = timer(ct_now_ns() + 3600 * CT_NS_PER_S), *soon;

        (void)shared;
        (void)index;
        until_service_sleeps(s);
        soon = timer(ct_now_ns() + 1);
        CONTEXT_CHECK(ct_chan_recv(ct_timer_chan(soon), NULL));
        CONTEXT_CHECK(ct_timer_stop(late));
        ct_timer_free(soon), ct_timer_free(late);
}

static void an_earlier_deadline_wakes_the_service(void **state)
{
        for (int i = 0; i < 20; i++)
                run_contexts(state, 1, start_late_then_soon, NULL);
}

/* A ticker: each tick is at start + k x period. */
static void receive_ticks(void *shared, unsigned index)
{
        const int64_t period = 200 * CT_NS_PER_US;
        int64_t first = 0, when = 0, last = 0;
        struct ct_timer *t;

        (void)shared;
        (void)index;
        if (ct_ticker_new(&t, ct_timers_default(), period))
                abort();
        CONTEXT_CHECK(ct_chan_recv(ct_timer_chan(t), &first));
        last = first;
        for (int i = 0; i < 20; i++) {
                CONTEXT_CHECK(ct_chan_recv(ct_timer_chan(t), &when));
                CONTEXT_CHECK(when > last && (when - first) % period == 0);
                last = when;
        }
        ct_timer_free(t);
}

static void ticks_come_at_multiples(void **state)
{
        run_contexts(state, 4, receive_ticks, NULL);
}

/* ---- reset against firing and receiving ---- */

#define RECEIVERS 3
#define RESETS 3000

struct race {
        struct ct_timer *t;
        ct_atomic_u64 floor; /* what is received after this was read is no older */
        ct_atomic_u64 received;
        ct_atomic_u32 over;
        uint64_t stopped, starts;
        unsigned resets;
};

static void receive_none_stale(struct race *r)
{
        while (!ct_load_u32_relaxed(&r->over)) {
                uint64_t floor = ct_load_u64_acquire(&r->floor); /* pairs with reset_often */
                int64_t when;

                /* The last time-out ends it. */
                if (ct_chan_recv_until(ct_timer_chan(r->t), &when, NULL,
                                       ct_now_ns() + CT_NS_PER_MS))
                        continue;
                CONTEXT_CHECK((uint64_t)when >= floor);
                ct_add_u64_relaxed(&r->received, 1);
        }
}

static void reset_often(struct race *r)
{
        struct ct_rng rng;
        int64_t deadline = ct_now_ns();

        ct_rng_seed(&rng, 8);
        for (unsigned i = 0; i < r->resets; i++) {
                int64_t now = ct_now_ns() + (int64_t)ct_rng_below(&rng, 4000);

                deadline = now > deadline ? now : deadline + 1; /* no two are equal */
                r->stopped += ct_timer_reset(r->t, deadline);
                r->starts++;
                ct_store_u64_release(&r->floor, (uint64_t)deadline); /* pairs with the receivers */
                if (i % 4 == 0)
                        ct_parker_ops_self()->yield();
                if (i % 64 == 0) { /* let one fire for certain */
                        uint64_t before = ct_load_u64_relaxed(&r->received);

                        CONTEXT_UNTIL(ct_load_u64_relaxed(&r->received) != before ||
                                      ct_timers_next(ct_timers_default()) == CT_FOREVER);
                }
        }
        r->stopped += ct_timer_stop(r->t);
        ct_store_u32_relaxed(&r->over, 1);
}

static void race_body(void *shared, unsigned index)
{
        struct race *r = shared;

        if (index == 0)
                reset_often(r);
        else
                receive_none_stale(r);
}

static void race_scene(void **state, const struct stress_placement *p)
{
#ifdef WATCHDOG_SANITIZED
        struct race r = {.resets = RESETS / 10};
#else
        struct race r = {.resets = RESETS};
#endif

        (void)p;
        r.t = timer(CT_FOREVER);
        assert_true(ct_timer_stop(r.t));
        run_contexts(state, 1 + RECEIVERS, race_body, &r);
        /* Each start was stopped in time or received, never both, never neither. */
        assert_int_equal(r.stopped + ct_load_u64_relaxed(&r.received), r.starts);
        assert_int_equal(ct_chan_len(ct_timer_chan(r.t)), 0);
        ct_timer_free(r.t);
}

static void nothing_stale_comes_after_a_reset(void **state)
{
        everywhere(state, race_scene);
}

/* ---- functions ---- */

struct running {
        struct ct_timer *t;
        ct_atomic_u32 entered, freed;
        bool returned; /* plain: the free orders it */
};

/* Stays until somebody waits for it, or has not waited. */
static void runs_on(void *arg)
{
        struct running *r = arg;
        struct ct_timers *s = r->t->service;
        bool awaited;

        ct_store_u32_relaxed(&r->entered, 1);
        do {
                sched_yield();
                ct_guard_lock(&s->guard);
                awaited = s->freers.head;
                ct_guard_unlock(&s->guard);
        } while (!awaited && !ct_load_u32_relaxed(&r->freed));
        if (awaited)
                r->returned = true;
}

static void free_while_running(void *shared, unsigned index)
{
        struct running *r = shared;

        (void)index;
        if (ct_timer_new_func(&r->t, ct_timers_default(), CT_FOREVER, runs_on, r))
                abort();
        ct_timer_reset(r->t, 0);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&r->entered));
        CONTEXT_CHECK(!ct_timer_stop(r->t)); /* too late, and does not wait */
        ct_timer_free(r->t);
        ct_store_u32_relaxed(&r->freed, 1);
}

static void free_waits_for_the_function(void **state)
{
        for (int i = 0; i < 20; i++) {
                struct running r = {0};

                run_contexts(state, 1, free_while_running, &r);
                assert_true(r.returned);
        }
}

/* ---- many ---- */

#ifdef WATCHDOG_SANITIZED
#define MANY 10000
#else
#define MANY 100000
#endif

static ct_atomic_u64 calls;

static void count(void *arg)
{
        (void)arg;
        ct_add_u64_relaxed(&calls, 1);
}

/* Half of them are stopped, the other half fire. */
static void start_many(void *shared, unsigned index)
{
        struct ct_timer **t = shared;
        int64_t later = ct_now_ns() + 3600 * CT_NS_PER_S;

        (void)index;
        for (int i = 0; i < MANY; i++)
                if (ct_timer_new_func(&t[i], ct_timers_default(), later + i * 7919 % MANY, count,
                                      NULL))
                        abort();
        for (int i = 0; i < MANY; i += 2)
                CONTEXT_CHECK(ct_timer_stop(t[i]));
        for (int i = 1; i < MANY; i += 2)
                CONTEXT_CHECK(ct_timer_reset(t[i], later - i));
        CONTEXT_CHECK(ct_timers_next(ct_timers_default()) == later - (MANY - 1));
        for (int i = 1; i < MANY; i += 2)
                CONTEXT_CHECK(ct_timer_reset(t[i], i));
        CONTEXT_UNTIL(ct_load_u64_relaxed(&calls) == MANY / 2);
        for (int i = 0; i < MANY; i++)
                ct_timer_free(t[i]);
}

static void there_may_be_many(void **state)
{
        static struct ct_timer *t[MANY];

        ct_store_u64_relaxed(&calls, 0);
        run_contexts(state, 1, start_many, t);
        assert_int_equal(ct_load_u64_relaxed(&calls), MANY / 2);
}

/* ---- fork ---- */

static int use_in_child(void *inherited)
{
        struct ct_timer *t = inherited, *own;

        alarm(60);
        CHILD_CHECK(ct_timer_new(&own, ct_timers_default(), ct_now_ns() + CT_NS_PER_MS) == 0);
        CHILD_CHECK(ct_chan_recv(ct_timer_chan(own), NULL));
        ct_timer_reset(t, 0);
        CHILD_CHECK(ct_chan_recv(ct_timer_chan(t), NULL));
        ct_timer_free(own);
        ct_timer_free(t);
        return 0;
}

static void a_child_has_a_service_of_its_own(void **state)
{
        struct ct_timer *t = timer(CT_FOREVER);

        (void)state;
        until_service_sleeps(ct_timers_default());
        assert_int_equal(child_run(use_in_child, t), 0);
        assert_true(ct_timer_stop(t));
        ct_timer_free(t);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(each_gets_its_own_time),
                BOTH_WAYS(a_timer_stands_in_a_select),
                BOTH_WAYS(an_earlier_deadline_wakes_the_service),
                BOTH_WAYS(ticks_come_at_multiples),
                BOTH_WAYS(nothing_stale_comes_after_a_reset),
                BOTH_WAYS(free_waits_for_the_function),
                BOTH_WAYS(there_may_be_many),
                cmocka_unit_test(a_child_has_a_service_of_its_own),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
