/* The parker (thread back-end), its spin budget, the guard and the futex wrapper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/futex.h"
#include "base/guard.h"
#include "base/parker.h"

#include "child.h"
#include "stress.h"
#include "watchdog.h"

#include <sys/prctl.h>

/* ---- park and unpark ---- */

static void permit_given_first_is_taken_without_sleeping(void **state)
{
        struct ct_waiter w;

        (void)state;
        ct_waiter_init(&w);
        ct_unpark(&w);
        assert_int_equal(ct_park_until(&w, 0, CT_PARK_SLEEP), 0);
        assert_int_equal(ct_park_until(&w, 0, CT_PARK_SLEEP), -ETIMEDOUT);
}

static void two_unparks_are_one_permit(void **state)
{
        struct ct_waiter w;

        (void)state;
        ct_waiter_init(&w);
        ct_unpark(&w);
        ct_unpark(&w);
        assert_int_equal(ct_park_until(&w, 0, CT_PARK_SPIN), 0);
        assert_int_equal(ct_park_until(&w, 0, CT_PARK_SPIN), -ETIMEDOUT);
}

static void deadline_in_the_past_tries_once(void **state)
{
        static const int64_t past[] = {INT64_MIN, -1, 0, 1};
        struct ct_waiter w;

        (void)state;
        ct_waiter_init(&w);
        for (size_t i = 0; i < sizeof past / sizeof *past; i++) {
                assert_int_equal(ct_park_until(&w, past[i], CT_PARK_SPIN), -ETIMEDOUT);
                assert_int_equal(ct_park_until(&w, past[i], CT_PARK_SLEEP), -ETIMEDOUT);
        }
}

static void park_times_out_at_the_deadline(void **state)
{
        struct ct_waiter w;

        (void)state;
        ct_waiter_init(&w);
        for (int how = CT_PARK_SPIN; how <= CT_PARK_SLEEP; how++) {
                int64_t deadline = ct_deadline_after(5 * CT_NS_PER_MS);

                assert_int_equal(ct_park_until(&w, deadline, (enum ct_park_how)how), -ETIMEDOUT);
                assert_true(ct_now_ns() >= deadline);
        }
}

static void unpark_after_timeout_stays_for_the_next_park(void **state)
{
        struct ct_waiter w;

        (void)state;
        ct_waiter_init(&w);
        assert_int_equal(ct_park_until(&w, ct_deadline_after(CT_NS_PER_MS), CT_PARK_SLEEP),
                         -ETIMEDOUT);
        ct_unpark(&w);
        ct_park(&w);
        assert_int_equal(ct_park_until(&w, 0, CT_PARK_SLEEP), -ETIMEDOUT);
}

struct parking {
        struct ct_waiter w;
        ct_atomic_u32 ready, done;
        int64_t deadline;
        int result;
        unsigned payload; /* plain: ct_unpark must publish it */
        unsigned seen;
};

static void park_once(void *shared, struct crew_member *me)
{
        struct parking *p = shared;

        (void)me;
        ct_waiter_init(&p->w);
        ct_store_u32_release(&p->ready, 1); /* pairs with the main thread's wait */
        p->result = ct_park_until(&p->w, p->deadline, CT_PARK_SLEEP);
        p->seen = p->payload;
        ct_store_u32_release(&p->done, 1);
}

static void until_asleep(struct parking *p)
{
        UNTIL(ct_load_u32_acquire(&p->ready)); /* pairs with park_once */
        UNTIL(ct_load_u32_relaxed(&p->w.word) == CT_WAITER_PARKED_);
}

static void unpark_wakes_a_sleeper_and_publishes(void **state)
{
        struct parking p = {.deadline = CT_FOREVER};
        struct crew c;

        (void)state;
        crew_start(&c, 1, 0, park_once, &p);
        until_asleep(&p);
        assert_int_equal(ct_load_u32_acquire(&p.done), 0);
        p.payload = 42;
        ct_unpark(&p.w);
        crew_join(&c);
        assert_int_equal(p.result, 0);
        assert_int_equal(p.seen, 42);
}

static void on_signal(int sig)
{
        (void)sig;
}

static void signals_do_not_extend_the_deadline(void **state)
{
        struct sigaction sa = {.sa_handler = on_signal}; /* no SA_RESTART: EINTR each time */
        struct parking p = {.deadline = ct_deadline_after(30 * CT_NS_PER_MS)};
        struct crew c;

        (void)state;
        assert_int_equal(sigaction(SIGUSR1, &sa, NULL), 0);
        crew_start(&c, 1, 0, park_once, &p);
        while (!ct_load_u32_acquire(&p.done)) { /* pairs with park_once */
                pthread_kill(c.member[0].thread, SIGUSR1);
                sched_yield();
        }
        crew_join(&c);
        assert_int_equal(p.result, -ETIMEDOUT);
        assert_true(ct_now_ns() >= p.deadline);
}

/* A waker and a waiter with a short deadline, round after round. The waker unparks exactly once a
   round, somewhere around the moment of the timeout; the waiter must get exactly that permit,
   within the deadline or afterwards. A permit that gets lost hangs the round. */
struct race {
        struct ct_waiter w;
        ct_atomic_u32 round; /* the waiter has begun it */
        ct_atomic_u64 deadline;
        unsigned rounds, in_time, late;
};

static void race_waiter(struct race *r)
{
        prctl(PR_SET_TIMERSLACK, 1); /* else the kernel adds 50 us to each timeout */
        ct_waiter_init(&r->w);
        for (unsigned i = 1; i <= r->rounds; i++) {
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
}

static void race_waker(struct race *r, struct ct_rng *rng)
{
        for (unsigned i = 1; i <= r->rounds; i++) {
                int64_t at;

                UNTIL(ct_load_u32_acquire(&r->round) == i); /* pairs with race_waiter */
                at = (int64_t)ct_load_u64_relaxed(&r->deadline) - 5 * CT_NS_PER_US +
                     (int64_t)ct_rng_below(rng, 25 * CT_NS_PER_US);
                while (ct_now_ns() < at)
                        ct_pause();
                ct_unpark(&r->w);
        }
}

static void race_body(void *shared, struct crew_member *me)
{
        if (me->index == 0)
                race_waiter(shared);
        else
                race_waker(shared, &me->rng);
}

static void unpark_and_timeout_exclude_each_other(void **state)
{
        struct race r = {.rounds = ROUNDS(20000)};

        (void)state;
        crew_run(2, usable_cpus() < 2 ? 1 : 2, race_body, &r);
        assert_int_equal(r.in_time + r.late, r.rounds);
        assert_int_equal(ct_park_until(&r.w, 0, CT_PARK_SLEEP), -ETIMEDOUT);
}

/* Neighbours in a ring pass one token on: every park has one unpark, and order goes with it. */
struct ring {
        struct ct_waiter w[CREW_MAX];
        ct_atomic_u32 ready;
        unsigned n, rounds;
        uint64_t hops; /* plain: only the token's holder touches it */
};

static void ring_body(void *shared, struct crew_member *me)
{
        struct ring *r = shared;

        ct_waiter_init(&r->w[me->index]);
        ct_add_u32_release(&r->ready, 1);              /* pairs with the next line */
        UNTIL(ct_load_u32_acquire(&r->ready) == r->n); /* all waiters exist */
        if (me->index == 0)
                ct_unpark(&r->w[0]);
        for (unsigned i = 0; i < r->rounds; i++) {
                ct_park(&r->w[me->index]);
                r->hops++;
                if (i + 1 < r->rounds || me->index + 1 < r->n)
                        ct_unpark(&r->w[(me->index + 1) % r->n]);
        }
}

static void no_permit_is_lost_in_a_ring(void **state)
{
        (void)state;
        FOR_EACH_PLACEMENT(p)
        {
                struct ring r = {.n = p->threads, .rounds = ROUNDS(40000) / p->threads};

                crew_run(p->threads, p->cpus, ring_body, &r);
                assert_int_equal(r.hops, (uint64_t)r.n * r.rounds);
        }
}

/* ---- spin budget ---- */

static void calibration_measures_this_machine(void **state)
{
        struct ct_parker_calibration c;

        (void)state;
        if (usable_cpus() < 2) {
                print_message("SKIPPED: a wake-up between CPUs needs two of them\n");
                skip();
        }
        assert_int_equal(ct_parker_calibrate(), 0);
        c = ct_parker_calibration();
        print_message("cpus %u, pause %.1f ns, wake-up %lld ns, spin %lld ns\n", c.cpus, c.pause_ns,
                      (long long)c.wake_ns, (long long)c.spin_ns);
        assert_true(c.measured);
        assert_int_equal(c.cpus, usable_cpus());
        assert_true(c.pause_ns > 0 && c.pause_ns < 10000);
        assert_true(c.wake_ns >= 1000 && c.wake_ns <= 100000);
        assert_int_equal(c.spin_ns, c.wake_ns);
}

static uint32_t budget(int64_t deadline)
{
        struct ct_spin s;

        ct_spin_start(&s, CT_SPIN_FOR_EVENT, deadline, 1000);
        return s.left;
}

static int a_child_has_a_number_of_its_own(void *arg)
{
        (void)arg;
        return ct_parker_ops_self()->self() != (uint64_t)gettid();
}

static void a_forked_child_is_another_context(void **state)
{
        (void)state;
        assert_int_equal(ct_parker_ops_self()->self(), gettid());
        assert_int_equal(child_run(a_child_has_a_number_of_its_own, NULL), 0);
        assert_int_equal(ct_parker_ops_self()->self(), gettid());
}

static void spin_is_bounded_and_steps_grow(void **state)
{
        struct ct_spin s;
        uint32_t total, used = 0, step = 0, waits = 0;

        (void)state;
        ct_parker_set_cpus(2);
        ct_spin_start(&s, CT_SPIN_FOR_EVENT, CT_FOREVER, 1000);
        total = s.left;
        assert_true(total > 0);
        for (uint32_t left = s.left; ct_spin_wait(&s); left = s.left, waits++) {
                used += left - s.left;
                if (s.left) /* the last step is what remains */
                        assert_true(left - s.left >= step && left - s.left <= s.max_step);
                step = left - s.left;
        }
        assert_int_equal(used, total);
        assert_true(waits < total);
        assert_false(ct_spin_wait(&s));
}

static void failing_spins_shorten_the_budget_and_paying_ones_restore_it(void **state)
{
        struct ct_spin s;
        uint32_t full, least, probes = 0;

        (void)state;
        ct_parker_set_cpus(2);
        for (int i = 0; i < 10; i++)
                ct_spin_end(&s, true);
        full = budget(CT_FOREVER);
        for (int i = 0; i < 10; i++)
                ct_spin_end(&s, false);
        least = budget(CT_FOREVER);
        assert_true(least > 0 && least <= full / 16);
        for (int i = 0; i < 320; i++) {
                probes += budget(CT_FOREVER) == full;
                ct_spin_end(&s, false);
        }
        assert_int_equal(probes, 10);
        for (int i = 0; i < 10; i++)
                ct_spin_end(&s, true);
        assert_int_equal(budget(CT_FOREVER), full);
}

static void spin_ends_with_the_deadline(void **state)
{
        struct ct_spin s;

        (void)state;
        ct_parker_set_cpus(2);
        for (int i = 0; i < 10; i++)
                ct_spin_end(&s, true);
        assert_int_equal(budget(0), 0);
        assert_true(budget(ct_deadline_after(500)) < budget(CT_FOREVER));
}

static void one_cpu_never_spins(void **state)
{
        (void)state;
        ct_parker_set_cpus(1);
        assert_int_equal(ct_parker_calibration().spin_ns, 0);
        assert_int_equal(budget(CT_FOREVER), 0);
        ct_parker_set_cpus(usable_cpus());
}

static void one_allowed_cpu_is_found(void)
{
        cpu_set_t set;

        CPU_ZERO(&set);
        CPU_SET(crew_cpu(0, 1), &set);
        if (sched_setaffinity(0, sizeof set, &set) || ct_parker_calibrate())
                _exit(1);
        if (ct_parker_cpus() == 1 && budget(CT_FOREVER) == 0)
                ct_panic("test", NULL, "one usable CPU");
}

static void calibration_follows_the_affinity_mask(void **state)
{
        (void)state;
        assert_true(dies_saying(one_allowed_cpu_is_found, "one usable CPU"));
}

/* ---- guard and futex ---- */

struct guarded {
        struct ct_guard guard;
        unsigned rounds;
        uint64_t count; /* plain */
};

static void guard_body(void *shared, struct crew_member *me)
{
        struct guarded *g = shared;

        (void)me;
        for (unsigned i = 0; i < g->rounds; i++) {
                ct_guard_lock(&g->guard);
                g->count++;
                ct_guard_unlock(&g->guard);
        }
}

static void guard_excludes(void **state)
{
        (void)state;
        FOR_EACH_PLACEMENT(p)
        {
                struct guarded g = {.rounds = ROUNDS(400000) / p->threads};

                crew_run(p->threads, p->cpus, guard_body, &g);
                assert_int_equal(g.count, (uint64_t)p->threads * g.rounds);
                assert_int_equal(ct_load_u32_relaxed(&g.guard.word), 0);
        }
}

static void guard_wakes_a_sleeper(void **state)
{
        struct guarded g = {.rounds = 1};
        struct crew c;

        (void)state;
        ct_guard_lock(&g.guard);
        crew_start(&c, 1, 0, guard_body, &g);
        UNTIL(ct_load_u32_relaxed(&g.guard.word) == 2);
        /* It sleeps now or is about to; let it, so that only a wake can help. */
        for (int i = 0; i < 100; i++)
                sched_yield();
        ct_guard_unlock(&g.guard);
        crew_join(&c);
        assert_int_equal(g.count, 1);
}

static void futex_reports_what_happened(void **state)
{
        ct_atomic_u32 word = 7;
        int64_t deadline = ct_deadline_after(2 * CT_NS_PER_MS);

        (void)state;
        assert_int_equal(ct_futex_wait(&word, 8, CT_FOREVER), -EAGAIN);
        assert_int_equal(ct_futex_wait(&word, 7, INT64_MIN), -ETIMEDOUT);
        assert_int_equal(ct_futex_wait(&word, 7, deadline), -ETIMEDOUT);
        assert_true(ct_now_ns() >= deadline);
        assert_int_equal(ct_futex_wake(&word, 1), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(permit_given_first_is_taken_without_sleeping),
                WATCHED(two_unparks_are_one_permit),
                WATCHED(deadline_in_the_past_tries_once),
                WATCHED(park_times_out_at_the_deadline),
                WATCHED(unpark_after_timeout_stays_for_the_next_park),
                WATCHED(unpark_wakes_a_sleeper_and_publishes),
                WATCHED(signals_do_not_extend_the_deadline),
                WATCHED(unpark_and_timeout_exclude_each_other),
                WATCHED(no_permit_is_lost_in_a_ring),
                WATCHED(calibration_measures_this_machine),
                WATCHED(a_forked_child_is_another_context),
                WATCHED(spin_is_bounded_and_steps_grow),
                WATCHED(failing_spins_shorten_the_budget_and_paying_ones_restore_it),
                WATCHED(spin_ends_with_the_deadline),
                WATCHED(one_cpu_never_spins),
                cmocka_unit_test(calibration_follows_the_affinity_mask),
                WATCHED(guard_excludes),
                WATCHED(guard_wakes_a_sleeper),
                WATCHED(futex_reports_what_happened),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
