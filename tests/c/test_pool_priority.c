/*
 * The priority pool: the order in which it starts jobs, where the clock cannot change it. Its law
 * and the bound on waiting: test_pool_laws.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pool_scene.h"

static enum ct_pool_status submit_level(struct scene *s, unsigned level, ct_pool_job *job,
                                        unsigned mark, int64_t deadline)
{
        return ct_pool_submit_at(s->pool, level, job, &s->mark[mark], deadline);
}

static void start_levels(struct scene *s, unsigned workers, size_t queue, int64_t aging)
{
        struct ct_pool_config c = config_of(s, workers, queue);

        c.aging_ns = aging;
        s->pool = start_with(&c);
}

/* The only worker stands at the gate with mark 0. */
static void occupy(struct scene *s)
{
        CASE_EQUAL(submit_level(s, 3, gate_job, 0, CT_FOREVER), CT_POOL_OK);
        CONTEXT_UNTIL(count_of(&s->begun) == 1);
}

static const unsigned scramble[] = {3, 1, 0, 2, 2, 0, 3, 1, 1, 0, 3, 2, 0};
enum { SCRAMBLED = sizeof scramble / sizeof *scramble };

/* Apart in time by more than levels of 1 ns can make up, and than the clock's step may be. */
static void a_tick(void)
{
        int64_t before = ct_now_ns();

        while (ct_now_ns() < before + 1000)
                ct_pause();
}

static void submit_scrambled(struct scene *s)
{
        for (unsigned i = 0; i < SCRAMBLED; i++) {
                CASE_EQUAL(submit_level(s, scramble[i], plain_job, i + 1, CT_FOREVER), CT_POOL_OK);
                a_tick();
        }
}

static void levels_go_first_to_last(struct scene *s, unsigned me)
{
        unsigned place = 1;

        (void)me;
        start_levels(s, 1, SCRAMBLED, 3600 * CT_NS_PER_S);
        occupy(s);
        submit_scrambled(s);
        open_gate(s, 1);
        end_pool(s);
        for (unsigned level = 0; level < 4; level++)
                for (unsigned i = 0; i < SCRAMBLED; i++)
                        if (scramble[i] == level)
                                CASE_EQUAL(s->order[place++]->number, i + 1);
        CASE_EQUAL(place, SCRAMBLED + 1);
}

static void aged_jobs_go_as_they_came(struct scene *s, unsigned me)
{
        (void)me;
        start_levels(s, 1, SCRAMBLED, 1);
        occupy(s);
        submit_scrambled(s);
        open_gate(s, 1);
        end_pool(s);
        for (unsigned i = 0; i <= SCRAMBLED; i++)
                CASE_EQUAL(s->order[i]->number, i);
}

/* Submits itself again and again, so that there is always one of its level waiting: for longer than
   anybody should have to wait. */
static int again_job(void *arg, void *local)
{
        struct mark *m = arg;

        a_tick();
        if (count_of(&m->scene->begun) < 300)
                CASE_EQUAL(ct_pool_submit_at(m->scene->pool, 0, again_job, m, 1), CT_POOL_OK);
        ct_add_u32_acq_rel(&m->scene->begun, 1);
        (void)local;
        return 0;
}

static int probing_job(void *arg, void *local)
{
        struct mark *m = arg;

        m->place = count_of(&m->scene->begun);
        (void)local;
        return 0;
}

/* A job of the last level while level 0 always waits: it is due 3 ns after it came, so exactly
   those go before it that waited when it came. */
static void level_0_does_not_starve_the_last(struct scene *s, unsigned me)
{
        (void)me;
        start_levels(s, 1, 8, 1);
        occupy(s);
        for (unsigned i = 1; i <= 5; i++) {
                CASE_EQUAL(submit_level(s, i == 3 ? 3 : 0, i == 3 ? probing_job : again_job, i,
                                        CT_FOREVER),
                           CT_POOL_OK);
                a_tick();
        }
        open_gate(s, 1);
        CONTEXT_UNTIL(count_of(&s->begun) > 300);
        end_pool(s);
        CASE_EQUAL(s->mark[3].place, 3); /* mark 0, 1 and 2 */
}

static void the_queue_is_one_for_all_levels(struct scene *s, unsigned me)
{
        (void)me;
        start_levels(s, 1, 4, 1);
        occupy(s);
        for (unsigned i = 0; i < 4; i++)
                CASE_EQUAL(submit_level(s, i, plain_job, 1 + i, 1), CT_POOL_OK);
        for (unsigned i = 0; i < 4; i++)
                CASE_EQUAL(submit_level(s, i, plain_job, 5, 1), CT_POOL_TIMED_OUT);
        CASE_EQUAL(ct_pool_try_submit(s->pool, plain_job, &s->mark[5]), CT_POOL_QUEUE_FULL);
        CASE_EQUAL(ct_pool_queued(s->pool), 4);
        open_gate(s, 1);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, 5), 5);
        CASE_EQUAL(count_of(&s->mark[5].run), 0);
}

/* Without a level it is the last one. */
static void plain_submits_are_the_least_urgent(struct scene *s, unsigned me)
{
        struct ct_pool_item batch = {plain_job, &s->mark[2]};

        (void)me;
        start_levels(s, 1, 8, 3600 * CT_NS_PER_S);
        occupy(s);
        submit_ok(s, plain_job, 1);
        CASE_EQUAL(ct_pool_submit_batch(s->pool, &batch, 1, NULL), CT_POOL_OK);
        CASE_EQUAL(submit_level(s, 3, plain_job, 3, CT_FOREVER), CT_POOL_OK);
        CASE_EQUAL(submit_level(s, 2, plain_job, 4, CT_FOREVER), CT_POOL_OK);
        open_gate(s, 1);
        end_pool(s);
        CASE_EQUAL(s->order[1]->number, 4);
        for (unsigned i = 1; i <= 3; i++)
                CASE_EQUAL(s->order[1 + i]->number, i);
}

/* Contexts 1 to 3 come to a full line one after the other, with levels 3, 1 and 2. */
static void at_the_door_levels_count_too(struct scene *s, unsigned me)
{
        static const unsigned level[] = {0, 3, 1, 2}, order[] = {0, 4, 2, 3, 1};

        if (me) {
                hear(s, me);
                CASE_EQUAL(submit_level(s, level[me], plain_job, me, CT_FOREVER), CT_POOL_OK);
                ct_add_u32_acq_rel(&s->ended, 1);
                return;
        }
        start_levels(s, 1, 1, 3600 * CT_NS_PER_S);
        occupy(s);
        CASE_EQUAL(submit_level(s, 3, plain_job, 4, 1), CT_POOL_OK);
        for (unsigned i = 1; i <= 3; i++) {
                say(s, i);
                CONTEXT_UNTIL(at_door(s->pool) == i);
        }
        open_gate(s, 1);
        CONTEXT_UNTIL(count_of(&s->ended) == 1 + 4 + 3); /* five jobs, three submitters */
        end_pool(s);
        for (unsigned i = 0; i < 5; i++)
                CASE_EQUAL(s->order[i]->number, order[i]);
}

/* Whoever gives up leaves nothing behind, and who came after it is let in. */
static void giving_up_at_the_door(struct scene *s, unsigned me)
{
        if (me) {
                hear(s, 1);
                CASE_EQUAL(submit_level(s, 2, plain_job, 2, CT_FOREVER), CT_POOL_OK);
                ct_add_u32_acq_rel(&s->ended, 1);
                return;
        }
        start_levels(s, 1, 1, 1);
        occupy(s);
        CASE_EQUAL(submit_level(s, 3, plain_job, 1, 1), CT_POOL_OK);
        say(s, 1);
        CONTEXT_UNTIL(at_door(s->pool) == 1);
        CASE_EQUAL(submit_level(s, 2, plain_job, 3, ct_deadline_after(CT_NS_PER_MS)),
                   CT_POOL_TIMED_OUT);
        CASE_EQUAL(at_door(s->pool), 1);
        open_gate(s, 1);
        CONTEXT_UNTIL(count_of(&s->ended) == 3 + 1);
        end_pool(s);
        CASE_EQUAL(run_once(s, 0, 3), 3);
        CASE_EQUAL(count_of(&s->mark[3].run), 0);
}

/* A batch waits once, and its jobs get in one by one, in order. */
static void a_batch_larger_than_the_queue(struct scene *s, unsigned me)
{
        struct ct_pool_item items[20];
        size_t accepted;

        (void)me;
        for (unsigned i = 0; i < 20; i++)
                items[i] = (struct ct_pool_item){plain_job, &s->mark[i]};
        start_levels(s, 1, 3, 1);
        CASE_EQUAL(ct_pool_submit_batch(s->pool, items, 20, &accepted), CT_POOL_OK);
        CASE_EQUAL(accepted, 20);
        end_pool(s);
        for (unsigned i = 0; i < 20; i++)
                CASE_EQUAL(s->order[i]->number, i);
}

/* A shutdown in between: exactly what was accepted runs. */
static void a_shutdown_sends_the_door_away(struct scene *s, unsigned me)
{
        struct ct_pool_item items[5];
        size_t accepted;

        if (me) {
                for (unsigned i = 0; i < 5; i++)
                        items[i] = (struct ct_pool_item){plain_job, &s->mark[1 + i]};
                hear(s, 1);
                CASE_EQUAL(ct_pool_submit_batch(s->pool, items, 5, &accepted),
                           CT_POOL_SHUTTING_DOWN);
                CASE_EQUAL(accepted, 2);
                say(s, 2);
                return;
        }
        start_levels(s, 1, 2, 1);
        occupy(s);
        say(s, 1);
        CONTEXT_UNTIL(at_door(s->pool) == 3);
        CASE_EQUAL(ct_pool_shutdown_until(s->pool, 1), 2);
        hear(s, 2);
        open_gate(s, 1);
        ct_pool_free(s->pool);
        CASE_EQUAL(run_once(s, 0, 6), 1);
        CASE_EQUAL(count_of(&s->discards), 2);
}

#define SCENE(contexts, name)                                                                      \
        static void test_##name(void **state)                                                      \
        {                                                                                          \
                in_scene(state, contexts, CT_POOL_PRIORITY, name);                                 \
        }

SCENE(1, levels_go_first_to_last)
SCENE(1, aged_jobs_go_as_they_came)
SCENE(1, level_0_does_not_starve_the_last)
SCENE(1, the_queue_is_one_for_all_levels)
SCENE(1, plain_submits_are_the_least_urgent)
SCENE(4, at_the_door_levels_count_too)
SCENE(2, giving_up_at_the_door)
SCENE(1, a_batch_larger_than_the_queue)
SCENE(2, a_shutdown_sends_the_door_away)

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(test_levels_go_first_to_last),
                BOTH_WAYS(test_aged_jobs_go_as_they_came),
                BOTH_WAYS(test_level_0_does_not_starve_the_last),
                BOTH_WAYS(test_the_queue_is_one_for_all_levels),
                BOTH_WAYS(test_plain_submits_are_the_least_urgent),
                BOTH_WAYS(test_at_the_door_levels_count_too),
                BOTH_WAYS(test_giving_up_at_the_door),
                BOTH_WAYS(test_a_batch_larger_than_the_queue),
                BOTH_WAYS(test_a_shutdown_sends_the_door_away),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
