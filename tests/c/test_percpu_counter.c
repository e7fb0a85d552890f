/* The counters with a cell per slot and per CPU: no add is lost, whatever interrupts it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/counter_percpu.h"
#include "sync/counter_slots.h"

#include "both.h"

#include <sys/time.h>

struct world {
        struct ct_slot_counter slots;
        struct ct_percpu_counter percpu, atomic;
        unsigned rounds;
        ct_atomic_u32 have, done;
        ct_atomic_u64 expected;
};

static void open_world(struct world *w)
{
        assert_int_equal(ct_slot_counter_init(&w->slots), 0);
        assert_int_equal(ct_percpu_counter_init(&w->percpu), 0);
        assert_int_equal(ct_percpu_counter_init(&w->atomic), 0);
}

static void close_world(struct world *w, uint64_t expected)
{
        assert_int_equal(ct_slot_counter_sum(&w->slots), expected);
        assert_int_equal(ct_percpu_counter_sum(&w->percpu), expected);
        assert_int_equal(ct_percpu_counter_sum(&w->atomic), expected);
        ct_slot_counter_fini(&w->slots);
        ct_percpu_counter_fini(&w->percpu);
        ct_percpu_counter_fini(&w->atomic);
}

static void add(struct world *w, uint64_t n)
{
        ct_slot_counter_add(&w->slots, n);
        ct_percpu_counter_add(&w->percpu, n);
        ct_percpu_counter_add_atomic(&w->atomic, n);
}

static void a_sum_is_what_was_added(void **state)
{
        struct world w;

        (void)state;
        open_world(&w);
        add(&w, 1);
        add(&w, 41);
        add(&w, 0);
        assert_int_equal(ct_slot_counter_sum(&w.slots), 42);
        assert_int_equal(ct_percpu_counter_sum(&w.percpu), 42);
        add(&w, UINT64_MAX); /* wraps: one less */
        close_world(&w, 41);
        print_message("restartable sequences: %s\n",
                      ct_percpu_counter_restartable() ? "yes" : "no");
}

/* ---- contexts ---- */

static void add_body(void *shared, unsigned index)
{
        struct world *w = shared;

        for (unsigned i = 0; i < w->rounds; i++) {
                add(w, index + 1);
                if (i % 1000 == 0)
                        ct_parker_ops_self()->yield(); /* a task may come back elsewhere */
        }
}

static void adds(void **state, const struct stress_placement *p)
{
        struct world w = {.rounds = ROUNDS(2000000) / p->threads};

        open_world(&w);
        run_contexts(state, p->threads, add_body, &w);
        close_world(&w, (uint64_t)w.rounds * p->threads * (p->threads + 1) / 2);
}

static void no_add_is_lost(void **state)
{
        everywhere(state, adds);
}

/* A signal interrupts a restartable sequence as a preemption does, only more often. */
static ct_atomic_u32 alarms;

static void count_alarm(int sig)
{
        (void)sig;
        ct_add_u32_relaxed(&alarms, 1);
}

static void percpu_body(void *shared, unsigned index)
{
        struct world *w = shared;

        (void)index;
        for (unsigned i = 0; i < w->rounds; i++)
                ct_percpu_counter_add(&w->percpu, 1);
}

static void interrupted_adds(void **state, const struct stress_placement *p)
{
        struct world w = {.rounds = ROUNDS(50000000) / p->threads};
        struct sigaction sa = {.sa_handler = count_alarm, .sa_flags = SA_RESTART}, before;
        const struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};

        assert_int_equal(ct_percpu_counter_init(&w.percpu), 0);
        assert_int_equal(sigaction(SIGALRM, &sa, &before), 0);
        assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
        run_contexts(state, p->threads, percpu_body, &w);
        setitimer(ITIMER_REAL, &never, NULL);
        sigaction(SIGALRM, &before, NULL);
        assert_true(ct_load_u32_relaxed(&alarms) > 0);
        assert_int_equal(ct_percpu_counter_sum(&w.percpu), (uint64_t)w.rounds * p->threads);
        ct_percpu_counter_fini(&w.percpu);
}

static void an_interrupted_add_is_done_once(void **state)
{
        everywhere(state, interrupted_adds);
}

/* ---- more threads than slots ---- */

enum { EXTRA = 4 };

/* Those that share a cell add much, at the same time. */
static void *add_and_stay(void *arg)
{
        struct world *w = arg;
        unsigned n = ct_slot() == CT_SLOT_NONE ? w->rounds : 100;

        ct_add_u32_relaxed(&w->have, 1);
        UNTIL(ct_load_u32_relaxed(&w->have) == CT_SLOTS + EXTRA); /* all slots are taken */
        for (unsigned i = 0; i < n; i++)
                ct_slot_counter_add(&w->slots, 1);
        ct_add_u64_relaxed(&w->expected, n);
        ct_add_u32_relaxed(&w->done, 1);
        UNTIL(ct_load_u32_relaxed(&w->done) == CT_SLOTS + EXTRA);
        return NULL;
}

static void threads_without_a_slot_add_too(void **state)
{
        static pthread_t thread[CT_SLOTS + EXTRA];
        struct world w = {.rounds = ROUNDS(5000000)};

        (void)state;
        assert_int_equal(ct_slot_counter_init(&w.slots), 0);
        for (unsigned i = 0; i < CT_SLOTS + EXTRA; i++)
                assert_int_equal(pthread_create(&thread[i], NULL, add_and_stay, &w), 0);
        for (unsigned i = 0; i < CT_SLOTS + EXTRA; i++)
                pthread_join(thread[i], NULL);
        assert_int_equal(ct_slot_counter_sum(&w.slots), ct_load_u64_relaxed(&w.expected));
        ct_slot_counter_fini(&w.slots);
}

static void *add_and_go(void *arg)
{
        ct_slot_counter_add(arg, 1);
        return NULL;
}

static void a_slots_next_owner_counts_on(void **state)
{
        struct ct_slot_counter c;

        (void)state;
        assert_int_equal(ct_slot_counter_init(&c), 0);
        for (int i = 0; i < 600; i++) {
                pthread_t thread;

                assert_int_equal(pthread_create(&thread, NULL, add_and_go, &c), 0);
                pthread_join(thread, NULL);
        }
        assert_int_equal(ct_slot_counter_sum(&c), 600);
        ct_slot_counter_fini(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(a_sum_is_what_was_added),           BOTH_WAYS(no_add_is_lost),
                BOTH_WAYS(an_interrupted_add_is_done_once), WATCHED(threads_without_a_slot_add_too),
                WATCHED(a_slots_next_owner_counts_on),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
