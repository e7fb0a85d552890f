/*
 * The laws of the priority and the dynamic pool, on numbers: what the priority law picks, the order
 * and the bound on waiting that follow from it in virtual time, and when a worker comes or goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "flow/pool_dynamic_law.h"
#include "flow/pool_priority_law.h"

#include <string.h>

/* ---- the priority law ---- */

static void the_law_picks(void **state)
{
        static const struct {
                uint64_t waiting;
                int64_t since[4], aging, now;
                unsigned level;
        } rows[] = {
                {1, {5}, 10, 5, 0},
                {8, {0, 0, 0, 5}, 10, 5, 3},       /* alone, though not due */
                {3, {9, 0}, 10, 9, 0},             /* not due yet: the lower level */
                {3, {9, 0}, 10, 10, 0},            /* both due: the longer */
                {3, {11, 0}, 10, 11, 1},           /* both due, level 1 since 10 */
                {3, {10, 0}, 10, 10, 1},           /* since the same moment: level 1 came first */
                {6, {0, 11, 0}, 10, 12, 1},        /* neither due: no order of due times */
                {6, {0, 11, 0}, 10, 20, 2},        /* level 2 is, at 20; level 1 would be at 21 */
                {6, {0, 5, 0}, 10, 20, 1},         /* both, level 1 at 15 */
                {15, {40, 35, 22, 10}, 10, 41, 3}, /* due 40, 45, 42, 40 */
                {15, {39, 35, 22, 10}, 10, 41, 0}, /* due 39, 45, 42, 40 */
                {12, {0, 0, 22, 13}, 10, 41, 2},   /* neither due */
                {3, {7, 0}, INT64_MAX, INT64_MAX - 1, 0}, /* ages never */
        };

        (void)state;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                int64_t since[CT_POOL_LEVELS_MOST_] = {0};

                memcpy(since, rows[i].since, sizeof rows[i].since);
                if (ct_pool_pick_level_(rows[i].waiting, since, rows[i].aging, rows[i].now) !=
                    rows[i].level)
                        fail_msg("row %zu", i);
        }
}

static void due_times_do_not_overflow(void **state)
{
        (void)state;
        assert_int_equal(ct_pool_due_(5, 3, 10), 35);
        assert_int_equal(ct_pool_due_(5, 0, INT64_MAX), 5);
        assert_int_equal(ct_pool_due_(5, 1, INT64_MAX), INT64_MAX);
        assert_int_equal(ct_pool_due_(INT64_MAX - 1, 63, 1), INT64_MAX);
        assert_int_equal(ct_pool_due_(0, 63, INT64_MAX / 2), INT64_MAX);
}

/* ---- a pool in virtual time: the law, one FIFO per level, W workers ---- */

enum { MODEL_JOBS = 512 };

struct model_job {
        unsigned level;
        int64_t accepted, takes, started;
};

struct model {
        unsigned levels, workers;
        int64_t aging, now, longest;
        size_t queue, queued;
        struct model_job job[MODEL_JOBS];
        unsigned jobs, order[MODEL_JOBS], starts;
        unsigned fifo[CT_POOL_LEVELS_MOST_][MODEL_JOBS], head[CT_POOL_LEVELS_MOST_],
                tail[CT_POOL_LEVELS_MOST_];
        int64_t busy_until[8];
};

/* False: full. */
static bool model_accept(struct model *m, unsigned level, int64_t takes)
{
        if (m->queued == m->queue || m->jobs == MODEL_JOBS)
                return false;
        m->job[m->jobs] = (struct model_job){level, m->now, takes, -1};
        m->fifo[level][m->tail[level]++] = m->jobs++;
        m->queued++;
        if (takes > m->longest)
                m->longest = takes;
        return true;
}

static void model_start(struct model *m, unsigned worker)
{
        int64_t since[CT_POOL_LEVELS_MOST_] = {0};
        uint64_t waiting = 0;
        unsigned level, job;

        for (unsigned l = 0; l < m->levels; l++)
                if (m->head[l] < m->tail[l]) {
                        waiting |= UINT64_C(1) << l;
                        since[l] = m->job[m->fifo[l][m->head[l]]].accepted;
                }
        level = ct_pool_pick_level_(waiting, since, m->aging, m->now);
        job = m->fifo[level][m->head[level]++];
        m->job[job].started = m->now;
        m->order[m->starts++] = job;
        m->busy_until[worker] = m->now + m->job[job].takes;
        m->queued--;
}

/* One nanosecond passes at a time: at each, submitters come first, then idle workers start. */
static void model_run(struct model *m, int64_t until, void (*submitters)(struct model *))
{
        for (; m->now <= until; m->now++) {
                submitters(m);
                for (unsigned w = 0; w < m->workers; w++)
                        if (m->busy_until[w] <= m->now && m->queued)
                                model_start(m, w);
        }
}

static int64_t bound_of(const struct model *m, unsigned level)
{
        int64_t turns = (int64_t)((m->queue + m->workers - 1) / m->workers);

        return (int64_t)level * m->aging + turns * m->longest;
}

static void arrivals_of_the_example(struct model *m)
{
        static const struct {
                int64_t at;
                unsigned level;
        } come[] = {{0, 0}, {1, 2}, {2, 1}, {3, 2}, {4, 0}, {13, 1}, {14, 0}, {30, 2}, {31, 0}};

        for (size_t i = 0; i < sizeof come / sizeof *come; i++)
                if (come[i].at == m->now)
                        assert_true(model_accept(m, come[i].level, 5));
}

/* Jobs of 5, aging 10, one worker. Job 0 starts at 0; at 5: level 0 (job 4); at 10 nobody else is
   due: level 1 (job 2, due at 12); at 15: job 6 (level 0, since 14); at 20: nobody is due, job 5
   (level 1, 23) before the level-2 ones (21 and 23); at 25: job 1 (21) and then job 3 (23), before
   nothing; at 35: job 8 (31), then job 7. */
static void an_example_in_exact_order(void **state)
{
        static const unsigned expected[] = {0, 4, 2, 6, 5, 1, 3, 8, 7};
        static struct model m;

        (void)state;
        m = (struct model){.levels = 3, .workers = 1, .aging = 10, .queue = 16};
        model_run(&m, 100, arrivals_of_the_example);
        assert_int_equal(m.starts, 9);
        for (unsigned i = 0; i < 9; i++)
                assert_int_equal(m.order[i], expected[i]);
}

static unsigned probe_level;
static int64_t probe_at, load_takes;
static int probe_job; /* its number, or -1 */

/* As much level 0 as there is room for, at every moment, and one job of another level. */
static void level_0_for_ever(struct model *m)
{
        if (probe_job < 0 && m->now >= probe_at && model_accept(m, probe_level, load_takes))
                probe_job = (int)m->jobs - 1;
        while (model_accept(m, 0, load_takes))
                ;
}

static void wait_of_the_lowest(unsigned levels, unsigned workers, size_t queue, int64_t aging,
                               int64_t takes)
{
        static struct model m;
        const struct model_job *probe;

        m = (struct model){.levels = levels, .workers = workers, .aging = aging, .queue = queue};
        probe_level = levels - 1;
        probe_at = 3;
        probe_job = -1;
        load_takes = takes;
        m.longest = takes;
        model_run(&m, probe_at + takes + bound_of(&m, probe_level), level_0_for_ever);
        assert_true(probe_job >= 0);
        probe = &m.job[probe_job];
        if (probe->started < 0 || probe->started - probe->accepted > bound_of(&m, probe_level))
                fail_msg(
                        "%u levels, %u workers, queue %zu, aging %lld, jobs of %lld: started %lld, "
                        "accepted %lld, bound %lld",
                        levels, workers, queue, (long long)aging, (long long)takes,
                        (long long)probe->started, (long long)probe->accepted,
                        (long long)bound_of(&m, probe_level));
        /* What comes from its due time on goes behind it. */
        for (unsigned i = 0; i < m.jobs; i++)
                if (m.job[i].accepted >= ct_pool_due_(probe->accepted, probe_level, aging))
                        assert_true(m.job[i].started < 0 || m.job[i].started >= probe->started);
        /* And it is a matter of aging, not of luck: what came before went first. */
        for (unsigned i = 0; i < m.jobs; i++)
                if (m.job[i].accepted < probe->started - takes &&
                    m.job[i].accepted < ct_pool_due_(probe->accepted, probe_level, aging) &&
                    (int)i != probe_job)
                        assert_true(m.job[i].started >= 0);
}

static void the_lowest_level_waits_within_the_bound(void **state)
{
        static const unsigned levels[] = {2, 3, 7};
        static const int64_t aging[] = {1, 4, 50}, takes[] = {1, 3, 10};

        (void)state;
        for (int l = 0; l < 3; l++)
                for (int a = 0; a < 3; a++)
                        for (int t = 0; t < 3; t++)
                                for (unsigned workers = 1; workers <= 3; workers++)
                                        for (size_t queue = 1; queue <= 9; queue += 4)
                                                wait_of_the_lowest(levels[l], workers, queue,
                                                                   aging[a], takes[t]);
}

static struct ct_rng model_rng;

static void submitters_at_random(struct model *m)
{
        while (ct_rng_below(&model_rng, 3) &&
               model_accept(m, (unsigned)ct_rng_below(&model_rng, m->levels),
                            1 + (int64_t)ct_rng_below(&model_rng, 9)))
                ;
}

/* Every job of every level, whatever the mix. */
static void nobody_waits_longer_than_the_bound(void **state)
{
        static struct model m;

        (void)state;
        ct_rng_seed(&model_rng, 11);
        for (int round = 0; round < 200; round++) {
                m = (struct model){.levels = 1 + (unsigned)ct_rng_below(&model_rng, 8),
                                   .workers = 1 + (unsigned)ct_rng_below(&model_rng, 4),
                                   .aging = 1 + (int64_t)ct_rng_below(&model_rng, 40),
                                   .queue = 1 + ct_rng_below(&model_rng, 20)};
                model_run(&m, 300, submitters_at_random);
                for (unsigned i = 0; i < m.jobs; i++) {
                        int64_t start = m.job[i].started < 0 ? m.now : m.job[i].started;

                        m.longest = 9;
                        assert_true(start - m.job[i].accepted <= bound_of(&m, m.job[i].level));
                }
        }
}

/* ---- the dynamic law ---- */

static void when_a_queue_backs_up(void **state)
{
        (void)state;
        assert_false(ct_pool_backs_up_(0, 1, 0));
        assert_true(ct_pool_backs_up_(1, 1, 0)); /* a rendezvous: whoever waits does */
        assert_false(ct_pool_backs_up_(1, 1, 100));
        assert_true(ct_pool_backs_up_(2, 1, 100)); /* more than one job for each worker */
        assert_false(ct_pool_backs_up_(7, 8, 7));
        assert_true(ct_pool_backs_up_(8, 8, 7)); /* more than fit */
        assert_true(ct_pool_backs_up_(UINT64_C(1) << 40, 8, SIZE_MAX));
}

static void when_one_more_comes(void **state)
{
        static const struct {
                struct ct_pool_staff_ staff;
                bool comes;
        } rows[] = {
                {{.workers = 2, .least = 1, .most = 4}, true},
                {{.workers = 4, .least = 1, .most = 4}, false},
                {{.workers = 2, .idle = 1, .least = 1, .most = 4}, false},
                {{.workers = 2, .coming = 1, .least = 1, .most = 4}, false},
                {{.workers = 3, .going = 1, .least = 1, .most = 4}, false},
                {{.workers = 2, .going = 1, .least = 1, .most = 4}, true},
        };

        (void)state;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                assert_int_equal(ct_pool_one_more_(&rows[i].staff, 5, 8), rows[i].comes);
                assert_false(ct_pool_one_more_(&rows[i].staff, 1, 8));
        }
}

static void when_one_goes(void **state)
{
        (void)state;
        for (unsigned workers = 1; workers < 8; workers++)
                for (unsigned least = 1; least <= workers; least++) {
                        struct ct_pool_staff_ staff = {.workers = workers, .least = least};

                        assert_int_equal(ct_pool_one_fewer_(&staff), workers > least);
                }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_law_picks),
                cmocka_unit_test(due_times_do_not_overflow),
                cmocka_unit_test(an_example_in_exact_order),
                cmocka_unit_test(the_lowest_level_waits_within_the_bound),
                cmocka_unit_test(nobody_waits_longer_than_the_bound),
                cmocka_unit_test(when_a_queue_backs_up),
                cmocka_unit_test(when_one_more_comes),
                cmocka_unit_test(when_one_goes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
