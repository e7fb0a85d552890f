/* ct_mutex under stress: an oracle in the critical section, starvation by counts, and timed locks
   that race with unlocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/mutex.h"

#include "stress.h"
#include "watchdog.h"

#include <errno.h>
#include <sys/prctl.h>

/* What the mutex protects: plain memory, so that a second owner shows as a lost increment, and an
   occupancy count that shows it at once. */
struct oracle {
        struct ct_mutex m;
        uint64_t count; /* plain */
        ct_atomic_u32 inside;
        ct_atomic_u32 overlaps;
        ct_atomic_u64 expected;
        unsigned rounds;
};

static void visit(struct oracle *o)
{
        if (ct_add_u32_relaxed(&o->inside, 1) != 0)
                ct_add_u32_relaxed(&o->overlaps, 1);
        o->count++;
        ct_sub_u32_relaxed(&o->inside, 1);
}

static void assert_sound(struct oracle *o)
{
        assert_int_equal(ct_load_u32_relaxed(&o->overlaps), 0);
        assert_int_equal(o->count, ct_load_u64_relaxed(&o->expected));
        assert_int_equal(ct_load_u32_relaxed(&o->m.state), 0);
        assert_null(o->m.queue.head);
}

static void lock_body(void *shared, struct crew_member *me)
{
        struct oracle *o = shared;

        (void)me;
        for (unsigned i = 0; i < o->rounds; i++) {
                ct_mutex_lock(&o->m);
                visit(o);
                ct_mutex_unlock(&o->m);
        }
        ct_add_u64_relaxed(&o->expected, o->rounds);
}

static void owners_exclude_each_other(void **state)
{
        (void)state;
        FOR_EACH_PLACEMENT(p)
        {
                struct oracle o = {.rounds = ROUNDS(800000) / p->threads};

                crew_run(p->threads, p->cpus, lock_body, &o);
                assert_sound(&o);
        }
}

static void pause_for(int64_t ns)
{
        int64_t end = ct_now_ns() + ns;

        while (ct_now_ns() < end)
                ct_pause();
}

/* Every way in, with holds and waits of every length; about a third of the timed ones fail. */
static void mixed_body(void *shared, struct crew_member *me)
{
        struct oracle *o = shared;
        uint64_t got = 0;

        for (unsigned i = 0; i < o->rounds; i++) {
                uint64_t dice = ct_rng_next(&me->rng);
                int64_t wait = (int64_t)(dice >> 32) % (100 * CT_NS_PER_US);
                bool in = true;

                switch (dice % 4) {
                case 0:
                        in = ct_mutex_try_lock(&o->m);
                        break;
                case 1:
                        ct_mutex_lock(&o->m);
                        break;
                default:
                        in = !ct_mutex_lock_until(&o->m, ct_now_ns() + wait);
                }
                if (!in)
                        continue;
                visit(o);
                if (dice / 4 % 8 == 0)
                        pause_for(wait / 2);
                ct_mutex_unlock(&o->m);
                got++;
        }
        ct_add_u64_relaxed(&o->expected, got);
}

static void timed_and_untimed_locks_mix(void **state)
{
        (void)state;
        FOR_EACH_PLACEMENT(p)
        {
                struct oracle o = {.rounds = ROUNDS(60000) / p->threads};

                crew_run(p->threads, p->cpus, mixed_body, &o);
                assert_sound(&o);
        }
}

/* ---- starvation ---- */

/* One thread holds the mutex nearly always; the other wants it once. Without hand-off the gap
   between the owner's turns is some tens of ns, and the waiter needs 10 us to wake. */
struct hammering {
        struct oracle o;
        ct_atomic_u32 served;    /* the waiter has had the mutex */
        unsigned turns;          /* of the hammer, while the waiter waited */
        unsigned starving_turns; /* of those, how many ended in starving mode */
        unsigned passed;         /* turns of the hammer after one that ended in starving mode */
};

#define HAMMER_TURNS_MOST 20000

static void hammer(struct hammering *h)
{
        bool starving = false;

        while (!ct_load_u32_acquire(&h->served) && h->turns < HAMMER_TURNS_MOST) {
                ct_mutex_lock(&h->o.m);
                if (ct_load_u32_acquire(&h->served)) { /* handed over in between: as it should be */
                        ct_mutex_unlock(&h->o.m);
                        break;
                }
                h->passed += starving;
                visit(&h->o);
                pause_for(100 * CT_NS_PER_US);
                starving = ct_load_u32_relaxed(&h->o.m.state) & CT_MUTEX_STARVING_;
                h->starving_turns += starving;
                h->turns += ct_mutex_waiters(&h->o.m) > 0;
                ct_mutex_unlock(&h->o.m);
        }
}

static void hammer_body(void *shared, struct crew_member *me)
{
        struct hammering *h = shared;

        if (me->index == 0) {
                hammer(h);
                return;
        }
        UNTIL(ct_load_u32_relaxed(&h->o.m.state)); /* the hammer has begun */
        ct_mutex_lock(&h->o.m);
        visit(&h->o);
        ct_store_u32_release(&h->served, 1); /* pairs with hammer */
        ct_mutex_unlock(&h->o.m);
}

static void a_starving_waiter_is_handed_the_mutex(void **state)
{
        unsigned starving_turns = 0;

        (void)state;
        /* Every round gets there when nothing else runs; on a busy machine luck gets the waiter in
           early in most. */
        for (int round = 0; round < 1000 && starving_turns < 20; round++) {
                struct hammering h = {.turns = 0};

                crew_run(2, usable_cpus() < 2 ? 1 : 2, hammer_body, &h);
                assert_int_equal(ct_load_u32_relaxed(&h.o.overlaps), 0);
                assert_true(h.turns < HAMMER_TURNS_MOST); /* a bounded number of turns */
                assert_int_equal(h.passed, 0);            /* in starving mode nobody passes */
                assert_int_equal(ct_load_u32_relaxed(&h.o.m.state), 0);
                starving_turns += h.starving_turns;
        }
        assert_true(starving_turns >= 20);
}

/* Many waiters while one hammers: starving mode serves all of them and ends. */
static void crowd_body(void *shared, struct crew_member *me)
{
        struct hammering *h = shared;

        for (unsigned i = 0; i < h->o.rounds; i++) {
                ct_mutex_lock(&h->o.m);
                visit(&h->o);
                if (me->index == 0)
                        pause_for(20 * CT_NS_PER_US);
                ct_mutex_unlock(&h->o.m);
        }
        ct_add_u64_relaxed(&h->o.expected, h->o.rounds);
}

static void starving_mode_ends(void **state)
{
        struct hammering h = {.o.rounds = ROUNDS(3000)};

        (void)state;
        crew_run(8, usable_cpus() < 2 ? 1 : 2, crowd_body, &h);
        assert_sound(&h.o);
}

/* ---- a timeout that meets a wake ---- */

/* The owner lets go just about when the timed waiter's time is up, and takes the mutex again. If
   the unlock woke the timed waiter, which then gives up, the untimed one behind it must be woken by
   the next unlock. All on different CPUs, because unlock makes up for a lost wake at its own. */
struct meeting {
        struct ct_mutex m;
        int64_t deadline;
        ct_atomic_u32 timed_done;
};

static void meeting_body(void *shared, struct crew_member *me)
{
        struct meeting *s = shared;

        UNTIL(ct_mutex_waiters(&s->m) == me->index || ct_load_u32_relaxed(&s->timed_done));
        if (me->index == 0) {
                prctl(PR_SET_TIMERSLACK, 1);
                if (!ct_mutex_lock_until(&s->m, s->deadline))
                        ct_mutex_unlock(&s->m);
                ct_store_u32_release(&s->timed_done, 1); /* pairs with the owner */
        } else {
                ct_mutex_lock(&s->m);
                ct_mutex_unlock(&s->m);
        }
}

static void pin_to(unsigned k)
{
        cpu_set_t set;

        CPU_ZERO(&set);
        CPU_SET(k, &set);
        assert_int_equal(sched_setaffinity(0, sizeof set, &set), 0);
}

static void one_meeting(struct ct_rng *rng, unsigned home, unsigned away)
{
        struct meeting s = {.deadline = ct_deadline_after(400 * CT_NS_PER_US)};
        struct crew c;

        ct_mutex_lock(&s.m);
        pin_to(away);
        crew_start(&c, 2, 0, meeting_body, &s); /* they inherit the CPU */
        pin_to(home);
        while (ct_now_ns() < s.deadline - 5 * CT_NS_PER_US + (int64_t)ct_rng_below(rng, 40000))
                ct_pause();
        ct_mutex_unlock(&s.m);
        if (ct_mutex_try_lock(&s.m)) {
                UNTIL(ct_load_u32_acquire(&s.timed_done)); /* pairs with meeting_body */
                ct_mutex_unlock(&s.m);
        }
        crew_join(&c);
        assert_int_equal(ct_load_u32_relaxed(&s.m.state), 0);
}

static void a_timeout_passes_the_wake_on(void **state)
{
        cpu_set_t all;
        struct ct_rng rng;
        unsigned home, away;

        (void)state;
        if (usable_cpus() < 2) {
                print_message("SKIPPED: needs two CPUs\n");
                skip();
        }
        assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
        home = (unsigned)crew_cpu(0, 2);
        away = (unsigned)crew_cpu(1, 2);
        ct_rng_seed(&rng, 7);
        for (int round = 0; round < ROUNDS(3000); round++) {
                one_meeting(&rng, home, away);
                assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(owners_exclude_each_other),
                WATCHED(timed_and_untimed_locks_mix),
                WATCHED(a_starving_waiter_is_handed_the_mutex),
                WATCHED(starving_mode_ends),
                WATCHED(a_timeout_passes_the_wake_on),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
