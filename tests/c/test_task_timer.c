/* Deadlines of tasks: order, lateness by a busy carrier, and the race of time-out and unpark. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "task/internal.h"

#include "tasks.h"

static int park_until(void *arg)
{
        struct ct_waiter w;

        ct_waiter_init(&w);
        return ct_park_until(&w, *(int64_t *)arg, CT_PARK_SPIN);
}

static void a_sleep_ends_at_its_deadline_body(const struct runtime_case *c)
{
        static const int64_t past[] = {INT64_MIN, -1, 0, 1};

        (void)c;
        for (size_t i = 0; i < sizeof past / sizeof *past; i++)
                assert_int_equal(run_task(park_until, (void *)&past[i]), -ETIMEDOUT);
        for (int64_t ns = 1000; ns < 20 * CT_NS_PER_MS; ns *= 3) {
                int64_t deadline = ct_deadline_after(ns);

                assert_int_equal(run_task(park_until, &deadline), -ETIMEDOUT);
                assert_true(ct_now_ns() >= deadline);
        }
}

static void a_sleep_ends_at_its_deadline(void **state)
{
        (void)state;
        in_each_runtime(a_sleep_ends_at_its_deadline_body);
}

/* ---- order ---- */

#define NODES 1000u

/* The heap by itself: nodes of waits that have been parked, in an order without pattern. */
struct heap {
        struct ct_timers_ timers;
        struct ct_timer_ node[NODES];
        struct ct_waiter waiter[NODES];
        struct ct_task_ task[NODES];
        bool gone[NODES];
};

static void fill(struct heap *h, struct ct_rng *rng, int64_t spread)
{
        memset(h, 0, sizeof *h);
        ct_timers_init_(&h->timers);
        for (unsigned i = 0; i < NODES; i++) {
                h->node[i].deadline = 1 + (int64_t)ct_rng_below(rng, (uint64_t)spread);
                h->node[i].waiter = &h->waiter[i];
                h->node[i].task = &h->task[i];
                ct_store_u32_relaxed(&h->waiter[i].word, CT_WAITER_PARKED_);
                ct_timer_start_(&h->timers, &h->node[i]);
        }
}

static int64_t earliest(const struct heap *h)
{
        int64_t first = CT_FOREVER;

        for (unsigned i = 0; i < NODES; i++)
                if (!h->gone[i] && h->node[i].deadline < first)
                        first = h->node[i].deadline;
        return first;
}

/* Lets time come to `now`: exactly what was due must come out, by deadline, and by insertion where
   that is equal. */
static unsigned expire_until(struct heap *h, int64_t now)
{
        struct ct_tasks_ ready = {0};
        struct ct_task_ *t;
        unsigned n = 0, last = 0;

        ct_timers_expire_(&h->timers, now, &ready);
        while ((t = ct_tasks_pop_(&ready))) {
                unsigned i = (unsigned)(t - h->task);

                assert_false(h->gone[i]);
                assert_true(h->node[i].deadline <= now);
                assert_int_equal(ct_load_u32_relaxed(&h->waiter[i].word), CT_WAITER_EMPTY_);
                if (n++)
                        assert_true(h->node[last].deadline < h->node[i].deadline ||
                                    (h->node[last].deadline == h->node[i].deadline && last < i));
                h->gone[i] = true;
                last = i;
        }
        for (unsigned i = 0; i < NODES; i++)
                assert_true(h->gone[i] || h->node[i].deadline > now);
        return n;
}

static void timers_expire_in_the_order_of_their_deadlines(void **state)
{
        struct heap *h = malloc(sizeof *h);
        struct ct_rng rng;

        (void)state;
        assert_non_null(h);
        ct_rng_seed(&rng, 3);
        for (int64_t spread = 1; spread < 100000; spread *= 7) {
                unsigned left = NODES;

                fill(h, &rng, spread);
                for (unsigned k = 0; k < NODES / 3; k++) {
                        unsigned i = (unsigned)ct_rng_below(&rng, NODES);

                        ct_timer_cancel_(&h->node[i]); /* twice does no harm */
                        left -= !h->gone[i];
                        h->gone[i] = true;
                        assert_int_equal(ct_load_u64_relaxed(&h->timers.first), earliest(h));
                }
                for (int64_t now = 0; now <= spread; now += 1 + spread / 20)
                        left -= expire_until(h, now);
                left -= expire_until(h, spread);
                assert_int_equal(left, 0);
                assert_int_equal(ct_load_u64_relaxed(&h->timers.first), CT_FOREVER);
        }
        free(h);
}

/* Expiry leaves a permit alone, and marks a wait that is not parked yet. */
static void expiry_respects_the_waiters_word(void **state)
{
        static const uint32_t before[] = {CT_WAITER_EMPTY_, CT_WAITER_PERMIT_, CT_WAITER_PARKED_};
        static const uint32_t after[] = {CT_WAITER_TIMED_, CT_WAITER_PERMIT_, CT_WAITER_EMPTY_};

        (void)state;
        for (int i = 0; i < 3; i++) {
                struct ct_waiter w = {0};
                struct ct_task_ task = {0};
                struct ct_timer_ node = {.deadline = 5, .waiter = &w, .task = &task};
                struct ct_timers_ timers;
                struct ct_tasks_ ready = {0};

                ct_timers_init_(&timers);
                ct_store_u32_relaxed(&w.word, before[i]);
                ct_timer_start_(&timers, &node);
                ct_timers_expire_(&timers, 4, &ready);
                assert_int_equal(ct_load_u32_relaxed(&w.word), before[i]);
                ct_timers_expire_(&timers, 5, &ready);
                assert_int_equal(ct_load_u32_relaxed(&w.word), after[i]);
                assert_int_equal(ready.n, before[i] == CT_WAITER_PARKED_);
        }
}

/* Many with random deadlines; every other one is woken before its own, so that timers leave the
   heap from the middle. */
struct crowd {
        struct crowd_member {
                struct crowd *c;
                struct ct_waiter w;
                int64_t deadline;
                ct_atomic_u32 ready;
                int result;
        } * m;
        unsigned n;
};

static int crowd_member(void *arg)
{
        struct crowd_member *m = arg;

        ct_waiter_init(&m->w);
        ct_store_u32_release(&m->ready, 1); /* pairs with the waker */
        m->result = ct_park_until(&m->w, m->deadline, CT_PARK_SPIN);
        if (m->result && ct_now_ns() < m->deadline)
                m->result = 1; /* too early */
        return 0;
}

static void timers_leave_the_heap_in_any_order_body(const struct runtime_case *r)
{
        struct crowd c = {.n = ALIVE(4000)};
        struct ct_task_handle *h = calloc(c.n, sizeof *h);
        struct ct_rng rng;
        unsigned timed = 0;

        (void)r;
        c.m = calloc(c.n, sizeof *c.m);
        assert_true(h && c.m);
        ct_rng_seed(&rng, 4);
        for (unsigned i = 0; i < c.n; i++) {
                int64_t ns = (int64_t)ct_rng_below(&rng, 50 * CT_NS_PER_MS);

                c.m[i].c = &c;
                c.m[i].deadline = ct_deadline_after(i % 2 ? ns : 3600 * CT_NS_PER_S + ns);
                assert_int_equal(ct_task_start(&h[i], crowd_member, &c.m[i]), 0);
        }
        for (unsigned i = 0; i < c.n; i += 2) {
                UNTIL(ct_load_u32_acquire(&c.m[i].ready)); /* pairs with the member */
                ct_unpark(&c.m[i].w);
        }
        for (unsigned i = 0; i < c.n; i++) {
                ct_task_join(&h[i]);
                assert_int_equal(c.m[i].result, i % 2 ? -ETIMEDOUT : 0);
                timed += c.m[i].result != 0;
        }
        assert_int_equal(timed, c.n / 2);
        free(c.m);
        free(h);
}

static void timers_leave_the_heap_in_any_order(void **state)
{
        (void)state;
        in_each_runtime(timers_leave_the_heap_in_any_order_body);
}

/* ---- somebody else's carrier ---- */

struct hogged {
        ct_atomic_u32 awake;
        ct_atomic_u32 same; /* the hog ran where the timer is */
        uint32_t where;
};

static int hog(void *arg)
{
        struct hogged *h = arg;

        if (ct_parker_ops_self()->here() == h->where)
                ct_store_u32_relaxed(&h->same, 1);
        while (!ct_load_u32_acquire(&h->awake))
                ct_pause();
        return 0;
}

static int sleep_under_a_hog(void *arg)
{
        struct hogged *h = arg;
        struct ct_task_handle t;

        h->where = ct_parker_ops_self()->here();
        start_or_die(&t, hog, h); /* it runs as soon as this task parks */
        ct_task_sleep_until(ct_deadline_after(3 * CT_NS_PER_MS));
        ct_store_u32_release(&h->awake, 1);
        return ct_task_join(&t);
}

static void a_deadline_does_not_wait_for_a_busy_carrier(void **state)
{
        unsigned same = 0;

        (void)state;
        if (usable_cpus() < 2) {
                print_message("SKIPPED: needs two CPUs\n");
                return;
        }
        runtime_up(2, 2);
        for (int i = 0; i < 20 || !same; i++) {
                struct hogged h = {0};

                run_task(sleep_under_a_hog, &h);
                same += ct_load_u32_relaxed(&h.same);
        }
        runtime_down();
}

/* ---- time-out against unpark ---- */

/* A waiter with a short deadline and a waker that unparks exactly once a round, somewhere around
   it. The waiter must get exactly that permit, in time or afterwards; one that is lost hangs. */
struct race {
        struct ct_waiter w;
        ct_atomic_u32 round; /* the waiter has begun it */
        ct_atomic_u64 deadline;
        ct_atomic_u32 over; /* the waiter begins no more */
        unsigned rounds, in_time, late, spread;
};

/* Each round needs both on a CPU: on a busy machine so many of them that there is no end to it. */
#define RACE_MOST (2 * CT_NS_PER_S)

static void race_waiter(struct race *r)
{
        int64_t end = ct_deadline_after(RACE_MOST);

        ct_waiter_init(&r->w);
        for (unsigned i = 1; i <= r->rounds && (i < 100 || ct_now_ns() < end); i++) {
                int64_t deadline = ct_deadline_after(20 * CT_NS_PER_US);

                ct_store_u64_relaxed(&r->deadline, (uint64_t)deadline);
                ct_store_u32_release(&r->round, i); /* pairs with race_waker */
                if (ct_park_until(&r->w, deadline, CT_PARK_SLEEP) == 0) {
                        r->in_time++;
                } else {
                        ct_park(&r->w);
                        r->late++;
                }
        }
        ct_store_u32_release(&r->over, 1); /* pairs with race_waker */
}

static void race_waker(struct race *r)
{
        struct ct_rng rng;

        ct_rng_seed(&rng, 7);
        for (unsigned i = 1; i <= r->rounds; i++) {
                int64_t at;

                /* Both pair with race_waiter. */
                CONTEXT_UNTIL(ct_load_u32_acquire(&r->round) == i || ct_load_u32_acquire(&r->over));
                if (ct_load_u32_relaxed(&r->round) != i)
                        return;
                at = (int64_t)ct_load_u64_relaxed(&r->deadline) - 5 * CT_NS_PER_US +
                     (int64_t)ct_rng_below(&rng, r->spread);
                while (ct_now_ns() < at)
                        ct_pause();
                ct_unpark(&r->w);
        }
}

static void race_body(void *arg, unsigned i)
{
        if (i == 0)
                race_waiter(arg);
        else
                race_waker(arg);
}

static int race_task(void *arg)
{
        race_waiter(arg);
        return 0;
}

static void unpark_and_timeout_exclude_each_other_body(const struct runtime_case *c)
{
        struct race r = {.rounds = ROUNDS(c->cpus > 1 ? 10000 : 2000), .spread = 25 * CT_NS_PER_US};
        struct ct_task_handle h;

        contexts_run(EXEC_TASK, 2, race_body, &r);
        assert_int_equal(r.in_time + r.late, ct_load_u32_relaxed(&r.round));

        /* On one CPU the thread and the carrier take turns of some ms. */
        r = (struct race){.rounds = ROUNDS(c->cpus > 1 ? 4000 : 400), .spread = 100 * CT_NS_PER_US};
        assert_int_equal(ct_task_start(&h, race_task, &r), 0);
        race_waker(&r); /* this thread */
        ct_task_join(&h);
        assert_int_equal(r.in_time + r.late, ct_load_u32_relaxed(&r.round));
}

static void unpark_and_timeout_exclude_each_other(void **state)
{
        (void)state;
        in_each_runtime(unpark_and_timeout_exclude_each_other_body);
}

/* A deadline that is over by the time the switch away from the task is: the timer may expire, on
   the monitor or another carrier, while the task is still on its way out. */
static int park_very_shortly(void *arg)
{
        struct ct_waiter w;
        struct ct_rng rng;
        int timed = 0;

        ct_waiter_init(&w);
        ct_rng_seed(&rng, (uintptr_t)arg);
        for (unsigned i = 0; i < ROUNDS(3000); i++)
                timed += ct_park_until(&w, ct_deadline_after((int64_t)ct_rng_below(&rng, 300)),
                                       CT_PARK_SLEEP) == -ETIMEDOUT;
        return timed;
}

static void very_short_deadlines_all_come_body(const struct runtime_case *c)
{
        struct ct_task_handle h[8];

        (void)c;
        for (uintptr_t i = 0; i < 8; i++)
                assert_int_equal(ct_task_start(&h[i], park_very_shortly, (void *)i), 0);
        for (unsigned i = 0; i < 8; i++)
                assert_int_equal(ct_task_join(&h[i]), ROUNDS(3000));
}

static void very_short_deadlines_all_come(void **state)
{
        (void)state;
        in_each_runtime(very_short_deadlines_all_come_body);
}

static int late_permit(void *arg)
{
        struct ct_waiter w;

        (void)arg;
        ct_waiter_init(&w);
        if (ct_park_until(&w, ct_deadline_after(CT_NS_PER_MS), CT_PARK_SLEEP) != -ETIMEDOUT)
                return 1;
        ct_unpark(&w);
        ct_park(&w);
        ct_unpark(&w);
        ct_unpark(&w); /* one permit, not two */
        if (ct_park_until(&w, 0, CT_PARK_SPIN) != 0)
                return 2;
        return ct_park_until(&w, 0, CT_PARK_SPIN) == -ETIMEDOUT ? 0 : 3;
}

static void a_late_permit_stays_for_the_next_park(void **state)
{
        (void)state;
        runtime_up(1, 1);
        assert_int_equal(run_task(late_permit, NULL), 0);
        runtime_down();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(a_sleep_ends_at_its_deadline),
                WATCHED(timers_expire_in_the_order_of_their_deadlines),
                WATCHED(expiry_respects_the_waiters_word),
                WATCHED(timers_leave_the_heap_in_any_order),
                WATCHED(a_deadline_does_not_wait_for_a_busy_carrier),
                WATCHED(unpark_and_timeout_exclude_each_other),
                WATCHED(very_short_deadlines_all_come),
                WATCHED(a_late_permit_stays_for_the_next_park),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
