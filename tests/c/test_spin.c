/* The spin locks: exclusion and order. Few rounds where threads outnumber CPUs: each hand-over then
   takes a scheduler slice, which is what these locks are in the suite to show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/spin_mcs.h"
#include "sync/spin_ticket.h"

#include "stress.h"
#include "watchdog.h"

#define LINE 3 /* members that queue in order */

struct scene {
        struct ct_ticket ticket;
        struct ct_mcs mcs;
        unsigned rounds;
        uint64_t count; /* plain */
        ct_atomic_u32 queued;
        unsigned turns, order[LINE];
};

static void ticket_body(void *shared, struct crew_member *me)
{
        struct scene *s = shared;

        (void)me;
        for (unsigned i = 0; i < s->rounds; i++) {
                ct_ticket_lock(&s->ticket);
                s->count++;
                ct_ticket_unlock(&s->ticket);
        }
}

static void mcs_body(void *shared, struct crew_member *me)
{
        struct scene *s = shared;
        struct ct_mcs_node mine;

        (void)me;
        for (unsigned i = 0; i < s->rounds; i++) {
                ct_mcs_lock(&s->mcs, &mine);
                s->count++;
                ct_mcs_unlock(&s->mcs, &mine);
        }
}

static void excludes(void (*body)(void *, struct crew_member *))
{
        FOR_EACH_PLACEMENT(p)
        {
                bool crowded = p->threads > p->cpus;
                unsigned threads = crowded ? p->cpus + 1 : p->threads;
                struct scene s = {.rounds = crowded ? 20 : ROUNDS(1000000)};

                crew_run(threads, p->cpus, body, &s);
                assert_int_equal(s.count, s.rounds * threads);
                assert_int_equal(ct_load_u32_relaxed(&s.ticket.next),
                                 ct_load_u32_relaxed(&s.ticket.serving));
                assert_null(ct_load_ptr_relaxed(&s.mcs.tail));
        }
}

static void ticket_excludes(void **state)
{
        (void)state;
        excludes(ticket_body);
}

static void mcs_excludes(void **state)
{
        (void)state;
        excludes(mcs_body);
}

static void ticket_tries(void **state)
{
        struct ct_ticket t = {0};

        (void)state;
        assert_true(ct_ticket_try_lock(&t));
        assert_false(ct_ticket_try_lock(&t));
        ct_ticket_unlock(&t);
        ct_ticket_lock(&t);
        assert_false(ct_ticket_try_lock(&t));
        ct_ticket_unlock(&t);
        assert_true(ct_ticket_try_lock(&t));
        ct_ticket_unlock(&t);
}

static void ticket_survives_its_counter_wrapping(void **state)
{
        struct ct_ticket t;

        (void)state;
        ct_store_u32_relaxed(&t.next, UINT32_MAX);
        ct_store_u32_relaxed(&t.serving, UINT32_MAX);
        for (int i = 0; i < 3; i++) {
                ct_ticket_lock(&t);
                assert_false(ct_ticket_try_lock(&t));
                ct_ticket_unlock(&t);
        }
        assert_int_equal(ct_load_u32_relaxed(&t.serving), 2);
}

static void mcs_tries(void **state)
{
        struct ct_mcs l = {NULL};
        struct ct_mcs_node a, b;

        (void)state;
        assert_true(ct_mcs_try_lock(&l, &a));
        assert_false(ct_mcs_try_lock(&l, &b));
        ct_mcs_unlock(&l, &a);
        ct_mcs_lock(&l, &b);
        assert_false(ct_mcs_try_lock(&l, &a));
        ct_mcs_unlock(&l, &b);
        assert_null(ct_load_ptr_relaxed(&l.tail));
}

/* Each member joins the line once its predecessor stands in it. */
static void ticket_line(void *shared, struct crew_member *me)
{
        struct scene *s = shared;

        UNTIL(ct_load_u32_relaxed(&s->ticket.next) == me->index + 1); /* the main thread holds 0 */
        ct_ticket_lock(&s->ticket);
        s->order[s->turns++] = me->index;
        ct_ticket_unlock(&s->ticket);
}

static void ticket_serves_in_order(void **state)
{
        struct scene s = {0};
        struct crew c;

        (void)state;
        ct_ticket_lock(&s.ticket);
        crew_start(&c, LINE, 0, ticket_line, &s);
        UNTIL(ct_load_u32_relaxed(&s.ticket.next) == LINE + 1);
        ct_ticket_unlock(&s.ticket);
        crew_join(&c);
        for (unsigned i = 0; i < LINE; i++)
                assert_int_equal(s.order[i], i);
}

static void mcs_line(void *shared, struct crew_member *me)
{
        struct scene *s = shared;
        struct ct_mcs_node mine;

        UNTIL(ct_load_u32_acquire(&s->queued) == me->index); /* pairs with the main thread */
        ct_mcs_lock(&s->mcs, &mine);
        s->order[s->turns++] = me->index;
        ct_mcs_unlock(&s->mcs, &mine);
}

static void mcs_serves_in_order(void **state)
{
        struct scene s = {0};
        struct ct_mcs_node mine;
        struct crew c;

        (void)state;
        ct_mcs_lock(&s.mcs, &mine);
        ct_store_u32_relaxed(&s.queued, UINT32_MAX);
        crew_start(&c, LINE, 0, mcs_line, &s);
        for (unsigned i = 0; i < LINE; i++) {
                void *tail = ct_load_ptr_relaxed(&s.mcs.tail);

                ct_store_u32_release(&s.queued, i); /* lets member i join; pairs with mcs_line */
                UNTIL(ct_load_ptr_relaxed(&s.mcs.tail) != tail);
        }
        ct_mcs_unlock(&s.mcs, &mine);
        crew_join(&c);
        for (unsigned i = 0; i < LINE; i++)
                assert_int_equal(s.order[i], i);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(ticket_tries),
                WATCHED(ticket_survives_its_counter_wrapping),
                WATCHED(ticket_serves_in_order),
                WATCHED(ticket_excludes),
                WATCHED(mcs_tries),
                WATCHED(mcs_serves_in_order),
                WATCHED(mcs_excludes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
