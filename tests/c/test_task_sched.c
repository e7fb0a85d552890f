/* Scheduling: stealing, waking idle carriers, who runs next, and that nobody starves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tasks.h"

static bool two_cpus(void)
{
        if (usable_cpus() >= 2)
                return true;
        print_message("SKIPPED: needs two CPUs\n");
        return false;
}

/* ---- order on one carrier ---- */

struct order {
        struct ct_task_handle h[4];
        unsigned next, turn[4];
        struct order_arg {
                struct order *o;
                unsigned i;
        } arg[4];
};

static int take_turn(void *arg)
{
        struct order_arg *a = arg;

        a->o->turn[a->o->next++] = a->i;
        return 0;
}

static int start_four(void *arg)
{
        struct order *o = arg;

        for (unsigned i = 0; i < 4; i++) {
                o->arg[i] = (struct order_arg){o, i};
                start_or_die(&o->h[i], take_turn, &o->arg[i]);
        }
        for (unsigned i = 0; i < 4; i++)
                ct_task_join(&o->h[i]);
        return 0;
}

/* A slice that ends in between, which is allowed to, lets the one that waits longest run first. */
static void the_last_started_runs_next_and_the_others_in_order(void **state)
{
        static const unsigned expected[] = {3, 0, 1, 2}, slice_over[] = {0, 1, 2, 3};
        bool seen = false;

        (void)state;
        runtime_up(1, 1);
        while (!seen) {
                struct order o = {.next = 0};

                run_task(start_four, &o);
                seen = !memcmp(o.turn, expected, sizeof expected);
                if (!seen)
                        assert_memory_equal(o.turn, slice_over, sizeof slice_over);
        }
        runtime_down();
}

/* ---- each task exactly once ---- */

/* A carrier's queue holds 256 of them. ThreadSanitizer takes its time for each new task. */
#define BURST (ALIVE(3000u) < 3000u ? 600u : 3000u)

struct burst {
        struct ct_task_handle h[BURST];
        ct_atomic_u32 runs[BURST];
        ct_atomic_u32 next;
};

static int run_once(void *arg)
{
        struct burst *b = arg;

        /* The n-th to run marks n; a task that ran twice would mark one too many. */
        ct_add_u32_relaxed(&b->runs[ct_add_u32_relaxed(&b->next, 1) % BURST], 1);
        return 1;
}

static int start_burst(void *arg)
{
        struct burst *b = arg;
        int ended = 0;

        for (unsigned i = 0; i < BURST; i++)
                start_or_die(&b->h[i], run_once, b);
        for (unsigned i = 0; i < BURST; i++)
                ended += ct_task_join(&b->h[i]);
        return ended;
}

static void a_burst_larger_than_the_queue_runs_once_each_body(const struct runtime_case *c)
{
        struct burst *b = calloc(1, sizeof *b);

        (void)c;
        assert_non_null(b);
        for (unsigned round = 0; round < (BURST < 3000 ? 3 : ROUNDS(40)); round++) {
                memset(b, 0, sizeof *b);
                assert_int_equal(run_task(start_burst, b), BURST);
                assert_int_equal(ct_load_u32_relaxed(&b->next), BURST);
        }
        free(b);
}

static void a_burst_larger_than_the_queue_runs_once_each(void **state)
{
        (void)state;
        in_each_runtime(a_burst_larger_than_the_queue_runs_once_each_body);
}

/* ---- other carriers help ---- */

struct meeting {
        struct ct_task_handle h[8];
        ct_atomic_u32 here, met;
};

/* Keeps its carrier until another task runs at the same time. */
static int meet(void *arg)
{
        struct meeting *m = arg;

        if (ct_add_u32_seq(&m->here, 1) >= 1)
                ct_store_u32_relaxed(&m->met, 1);
        while (!ct_load_u32_relaxed(&m->met))
                ct_pause();
        return 0;
}

static int start_meeting(void *arg)
{
        struct meeting *m = arg;

        for (int i = 0; i < 8; i++)
                start_or_die(&m->h[i], meet, m);
        for (int i = 0; i < 8; i++)
                ct_task_join(&m->h[i]);
        return 0;
}

static void queued_tasks_are_stolen(void **state)
{
        (void)state;
        if (!two_cpus())
                return;
        runtime_up(2, 2);
        for (unsigned i = 0; i < ROUNDS(200); i++) {
                struct meeting m = {.here = 0};

                run_task(start_meeting, &m);
        }
        assert_true(ct_runtime_info().steals > 0);
        runtime_down();
}

static int raise_flag(void *arg)
{
        ct_store_u32_release(arg, 1);
        return 0;
}

/* Starts one task, which so becomes its carrier's run_next, and keeps the carrier until it ran. */
static int start_and_hog(void *arg)
{
        ct_atomic_u32 flag = 0;
        struct ct_task_handle h;

        (void)arg;
        start_or_die(&h, raise_flag, &flag);
        while (!ct_load_u32_acquire(&flag))
                ct_pause();
        return ct_task_join(&h);
}

static void the_next_task_of_a_stuck_carrier_is_taken_too(void **state)
{
        (void)state;
        if (!two_cpus())
                return;
        runtime_up(2, 2);
        for (unsigned i = 0; i < ROUNDS(200); i++)
                run_task(start_and_hog, NULL);
        runtime_down();
}

/* The first task is alone on its carrier; each next one comes from outside. */
static void work_from_threads_wakes_idle_carriers_body(const struct runtime_case *c)
{
        ct_atomic_u32 flag;

        for (unsigned i = 0; i < ROUNDS(1000); i++) {
                ct_store_u32_relaxed(&flag, 0);
                run_task(raise_flag, (void *)&flag);
                assert_int_equal(ct_load_u32_relaxed(&flag), 1);
                if (i % 100 == 0 && c->carriers > 1) /* long enough to be asleep */
                        ct_sleep_until(ct_deadline_after(5 * CT_NS_PER_MS));
        }
}

static void work_from_threads_wakes_idle_carriers(void **state)
{
        (void)state;
        in_each_runtime(work_from_threads_wakes_idle_carriers_body);
}

/* ---- nobody starves ---- */

struct pair {
        struct ct_waiter w[2];
        ct_atomic_u32 ready, stop;
};

struct half {
        struct pair *p;
        unsigned i;
};

/* Two of these wake each other for ever: each is the other's run_next. */
static int play(void *arg)
{
        struct half *h = arg;
        struct pair *p = h->p;

        ct_waiter_init(&p->w[h->i]);
        ct_add_u32_release(&p->ready, 1);
        CONTEXT_UNTIL(ct_load_u32_acquire(&p->ready) == 2);
        while (!ct_load_u32_acquire(&p->stop)) {
                ct_unpark(&p->w[!h->i]);
                (void)ct_park_until(&p->w[h->i], ct_deadline_after(CT_NS_PER_S), CT_PARK_SPIN);
        }
        ct_unpark(&p->w[!h->i]);
        return 0;
}

static int yield_until_stopped(void *arg)
{
        struct half *h = arg;

        ct_add_u32_release(&h->p->ready, 1);
        CONTEXT_UNTIL(ct_load_u32_acquire(&h->p->stop));
        return 0;
}

static int check_until_stopped(void *arg)
{
        struct half *h = arg;

        ct_add_u32_release(&h->p->ready, 1);
        while (!ct_load_u32_acquire(&h->p->stop))
                ct_checkpoint();
        return 0;
}

struct third {
        int (*fn)(void *);
        struct pair p;
        struct half half[2];
        struct ct_task_handle h[2];
        ct_atomic_u32 flag;
        bool from_thread;
};

/* A pair keeps the one carrier busy; a third task must get its turn. */
static int third_from_inside(void *arg)
{
        struct third *t = arg;
        struct ct_task_handle h;

        CONTEXT_UNTIL(ct_load_u32_acquire(&t->p.ready) >= 1);
        start_or_die(&h, raise_flag, &t->flag);
        return ct_task_join(&h);
}

static void try_third(int (*fn)(void *), bool from_thread)
{
        struct third t = {.fn = fn};

        for (unsigned i = 0; i < 2; i++) {
                t.half[i] = (struct half){&t.p, i};
                assert_int_equal(ct_task_start(&t.h[i], fn, &t.half[i]), 0);
        }
        if (from_thread) {
                UNTIL(ct_load_u32_acquire(&t.p.ready) >= 1);
                run_task(raise_flag, &t.flag);
        } else {
                run_task(third_from_inside, &t);
        }
        assert_int_equal(ct_load_u32_acquire(&t.flag), 1);
        ct_store_u32_release(&t.p.stop, 1);
        for (unsigned i = 0; i < 2; i++)
                ct_task_join(&t.h[i]);
}

static void busy_pairs_starve_nobody(void **state)
{
        int (*const pairs[])(void *) = {play, yield_until_stopped, check_until_stopped};

        (void)state;
        runtime_up(1, 1);
        for (unsigned i = 0; i < 5 * sizeof pairs / sizeof *pairs; i++) {
                try_third(pairs[i / 5], false);
                try_third(pairs[i / 5], true);
        }
        runtime_down();
}

/* Three tasks that never park, on two carriers: each must come to run on both, else one carrier's
   two would have half of the other's one for ever. */
struct shares {
        struct ct_task_handle h[3];
        ct_atomic_u32 where[3]; /* bit n: ran on carrier n */
        ct_atomic_u32 all;
        struct share {
                struct shares *s;
                unsigned i;
                bool check;
        } arg[3];
};

static int run_everywhere(void *arg)
{
        struct share *a = arg;

        while (ct_load_u32_relaxed(&a->s->all) != 7) {
                uint32_t bit = 1u << (ct_parker_ops_self()->here() & 1);

                if (ct_or_u32_relaxed(&a->s->where[a->i], bit) == (3 ^ bit))
                        ct_or_u32_relaxed(&a->s->all, 1u << a->i);
                if (a->check)
                        ct_checkpoint();
                else
                        ct_yield();
        }
        return 0;
}

static void tasks_that_never_park_change_carriers(void **state)
{
        (void)state;
        if (!two_cpus())
                return;
        runtime_up(2, 2);
        for (int check = 0; check < 2; check++) {
                struct shares s = {.all = 0};

                for (unsigned i = 0; i < 3; i++) {
                        s.arg[i] = (struct share){&s, i, check};
                        assert_int_equal(ct_task_start(&s.h[i], run_everywhere, &s.arg[i]), 0);
                }
                for (unsigned i = 0; i < 3; i++)
                        ct_task_join(&s.h[i]);
        }
        runtime_down();
}

/* ---- parks and unparks ---- */

/* A token goes round a ring of contexts, every other one a thread: each park has one unpark, and
   order goes with it. */
struct ring {
        struct ct_waiter w[24];
        ct_atomic_u32 ready;
        unsigned n, rounds;
        uint64_t hops; /* plain: only the token's holder touches it */
};

static void ring_body(void *arg, unsigned i)
{
        struct ring *r = arg;

        ct_waiter_init(&r->w[i]);
        ct_add_u32_release(&r->ready, 1); /* pairs with the next line */
        CONTEXT_UNTIL(ct_load_u32_acquire(&r->ready) == r->n);
        if (i == 0)
                ct_unpark(&r->w[0]);
        for (unsigned k = 0; k < r->rounds; k++) {
                ct_park(&r->w[i]);
                r->hops++;
                if (k + 1 < r->rounds || i + 1 < r->n)
                        ct_unpark(&r->w[(i + 1) % r->n]);
        }
}

struct ring_seat {
        struct ring *r;
        unsigned i;
};

static int ring_task(void *arg)
{
        struct ring_seat *s = arg;

        ring_body(s->r, s->i);
        return 0;
}

static void *ring_thread(void *arg)
{
        ring_task(arg);
        return NULL;
}

static void ring_round(unsigned n, unsigned rounds, bool mixed)
{
        struct ring r = {.n = n, .rounds = rounds};
        struct ring_seat seat[24];
        struct ct_task_handle h[24];
        pthread_t thread[24];

        for (unsigned i = 0; i < n; i++) {
                seat[i] = (struct ring_seat){&r, i};
                if (mixed && i % 2)
                        assert_int_equal(pthread_create(&thread[i], NULL, ring_thread, &seat[i]),
                                         0);
                else
                        assert_int_equal(ct_task_start(&h[i], ring_task, &seat[i]), 0);
        }
        for (unsigned i = 0; i < n; i++) {
                if (mixed && i % 2)
                        pthread_join(thread[i], NULL);
                else
                        ct_task_join(&h[i]);
        }
        assert_int_equal(r.hops, (uint64_t)n * rounds);
}

static void no_permit_is_lost_in_a_ring_body(const struct runtime_case *c)
{
        (void)c;
        ring_round(2, ROUNDS(100000), false);
        ring_round(24, ROUNDS(10000), false);
        ring_round(2, ROUNDS(4000), true);
        ring_round(12, ROUNDS(400), true);
}

static void no_permit_is_lost_in_a_ring(void **state)
{
        (void)state;
        in_each_runtime(no_permit_is_lost_in_a_ring_body);
}

/* A waiter that is unparked from another carrier at the very moment it parks: were it resumed
   before its context is saved, two carriers would run on one stack. The local variables tell. */
struct clash {
        struct ct_waiter w;
        ct_atomic_u32 round; /* the waiter has begun it */
        unsigned rounds;
};

static void clash_body(void *arg, unsigned i)
{
        struct clash *c = arg;

        if (i == 0)
                ct_waiter_init(&c->w);
        for (unsigned k = 1; k <= c->rounds; k++) {
                volatile unsigned mine = k;

                if (i == 0) {
                        ct_store_u32_release(&c->round, k); /* pairs with the waker */
                        ct_park(&c->w);
                        if (mine != k)
                                contexts_failed("a stack was used twice", (int)k);
                } else {
                        while (ct_load_u32_acquire(&c->round) != k) /* pairs with the waiter */
                                ct_checkpoint();
                        ct_unpark(&c->w);
                }
        }
}

static void a_task_is_resumed_only_after_it_has_left_body(const struct runtime_case *r)
{
        struct clash c = {.rounds = r->cpus > 1 ? ROUNDS(4000) : 40};

        contexts_run(EXEC_TASK, 2, clash_body, &c);
}

static void a_task_is_resumed_only_after_it_has_left(void **state)
{
        (void)state;
        in_each_runtime(a_task_is_resumed_only_after_it_has_left_body);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(the_last_started_runs_next_and_the_others_in_order),
                WATCHED(a_burst_larger_than_the_queue_runs_once_each),
                WATCHED(queued_tasks_are_stolen),
                WATCHED(the_next_task_of_a_stuck_carrier_is_taken_too),
                WATCHED(work_from_threads_wakes_idle_carriers),
                WATCHED(busy_pairs_starve_nobody),
                WATCHED(tasks_that_never_park_change_carriers),
                WATCHED(no_permit_is_lost_in_a_ring),
                WATCHED(a_task_is_resumed_only_after_it_has_left),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
