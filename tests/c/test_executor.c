/* Where workers run: the team of threads, and the carriers below tasks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "exec_task.h"
#include "harness/topology.h"
#include "watchdog.h"

static struct topology topology;
static char why[512];

/* ---- the team ---- */

struct whereabouts {
        int cpu[8];
        ct_atomic_u32 runs;
};

static void look_where(void *ctx, unsigned index)
{
        struct whereabouts *w = ctx;

        w->cpu[index] = sched_getcpu();
        ct_add_u32_relaxed(&w->runs, 1);
}

static void workers_run_where_the_plan_says(void **state)
{
        struct whereabouts w = {.runs = 0};
        struct team *team;

        (void)state;
        assert_int_equal(team_start(&team, &topology, "compact", 4, why, sizeof why), 0);
        assert_true(team_pinned(team));
        team_release(team, 0, 4, look_where, &w);
        assert_int_equal(team_wait(team, ct_deadline_after(20 * CT_NS_PER_S)), 0);
        assert_int_equal(ct_load_u32_relaxed(&w.runs), 4);
        for (unsigned i = 0; i < 4; i++)
                assert_int_equal(w.cpu[i], team_cpu(team, i));
        assert_int_equal(team_oversubscribed(team), 4 > topology_pus(&topology));
        team_stop(team);
}

static void a_team_of_one_has_a_second_thread(void **state)
{
        struct whereabouts w = {.runs = 0};
        struct team *team;

        (void)state;
        assert_int_equal(team_start(&team, &topology, "compact", 1, why, sizeof why), 0);
        assert_int_equal(team_threads(team), 1);
        team_release(team, 1, 1, look_where, &w); /* it is there and takes work */
        assert_int_equal(team_wait(team, ct_deadline_after(20 * CT_NS_PER_S)), 0);
        assert_int_equal(ct_load_u32_relaxed(&w.runs), 1);
        if (topology_pus(&topology) > 1)
                assert_true(team_hop(team) > 0);
        else
                assert_true(team_hop(team) == 0);
        team_stop(team);
}

static void a_policy_that_means_nothing_is_refused(void **state)
{
        struct team *team = (struct team *)1;

        (void)state;
        assert_int_not_equal(team_start(&team, &topology, "no-such", 1, why, sizeof why), 0);
        assert_null(team);
        assert_non_null(strstr(why, "no-such"));
}

static void the_hop_is_zero_without_a_pair(void **state)
{
        struct team *team;

        (void)state;
        assert_int_equal(team_start(&team, &topology, "one", 2, why, sizeof why), 0);
        assert_false(team_has_pair(team));
        assert_true(team_hop(team) == 0);
        assert_true(team_scaling(team) == 0); /* two threads on one PU */
        team_stop(team);
}

/* ---- tasks ---- */

static void tasks_get_a_carrier_on_every_pu(void **state)
{
        struct whereabouts w = {.runs = 0};
        struct executor e;
        cpu_set_t cpus;

        (void)state;
        for (unsigned workers = 1; workers <= 8; workers *= 2) {
                assert_int_equal(executor_start(&e, &executor_tasks, &topology, "compact", workers,
                                                why, sizeof why),
                                 0);
                assert_int_equal(e.pus, topology_pus(&topology));
                assert_int_equal(executor_oversubscribed(&e), workers > topology_pus(&topology));
                CPU_ZERO(&cpus);
                for (unsigned i = 0; i < e.pus; i++)
                        CPU_SET(team_cpu(e.team, i), &cpus);
                assert_int_equal(CPU_COUNT(&cpus), e.pus);
                ct_store_u32_relaxed(&w.runs, 0);
                executor_release(&e, workers, look_where, &w);
                assert_int_equal(executor_wait(&e, ct_deadline_after(20 * CT_NS_PER_S)), 0);
                assert_int_equal(ct_load_u32_relaxed(&w.runs), workers);
                for (unsigned i = 0; i < workers; i++)
                        assert_true(CPU_ISSET(w.cpu[i], &cpus));
                executor_stop(&e);
        }
}

static void tasks_are_refused_where_threads_are(void **state)
{
        struct executor e;

        (void)state;
        assert_int_not_equal(
                executor_start(&e, &executor_tasks, &topology, "no-such", 1, why, sizeof why), 0);
        assert_non_null(strstr(why, "no-such"));
        executor_stop(&e); /* of zero bytes */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(workers_run_where_the_plan_says),
                WATCHED(a_team_of_one_has_a_second_thread),
                WATCHED(a_policy_that_means_nothing_is_refused),
                WATCHED(the_hop_is_zero_without_a_pair),
                WATCHED(tasks_get_a_carrier_on_every_pu),
                WATCHED(tasks_are_refused_where_threads_are),
        };
        int rc;

        if (topology_load(&topology, why, sizeof why)) {
                fprintf(stderr, "%s\n", why);
                return 1;
        }
        rc = cmocka_run_group_tests(tests, NULL, NULL);
        topology_free(&topology);
        return rc;
}
