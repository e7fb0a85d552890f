/* Which windows a family's points become: points that join others, caps, --where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "harness/executor.h"
#include "harness/sweep.h"
#include "harness/topology.h"

static uint64_t nothing(void *self, struct worker *w, uint64_t n)
{
        (void)self;
        (void)w;
        return n;
}

static const struct contestant whole = {.name = "whole", .source = "t", .run = {nothing}};
static const struct contestant other = {.name = "other", .source = "t", .run = {nothing}};
static const struct contestant parted = {
        .name = "parted", .source = "t", .caps = CAP_SHARDED, .run = {nothing}};
static const struct contestant *const contestants[] = {&whole, &other, &parted, NULL};

/* One that runs both ways, one for threads, one that spins, one for tasks. */
static const struct contestant blocker = {
        .name = "blocker", .source = "t", .caps = CAP_THREADS_ONLY, .run = {nothing}};
static const struct contestant spinner = {
        .name = "spinner", .source = "t", .caps = CAP_SPINS, .run = {nothing}};
static const struct contestant tasker = {
        .name = "tasker", .source = "t", .caps = CAP_TASKS_ONLY, .run = {nothing}};
static const struct contestant *const kinds[] = {&whole, &blocker, &spinner, &tasker, NULL};

/* For each of two loads: everything unsharded, joined by 1, 2 and 4 shards. */
static void points(const struct topology *t, bool full, struct point_list *list)
{
        (void)t;
        (void)full;
        for (int64_t load = 1; load <= 2; load++) {
                struct point p = {.threads = THREADS_KEY, .without = CAP_SHARDED};

                for (int i = 0; i < MAX_PARAMS; i++)
                        p.params.value[i] = PARAM_UNSET;
                p.params.value[0] = load;
                point_list_add(list, &p);
                p.joins = true;
                p.without = 0;
                p.needs = CAP_SHARDED;
                for (int64_t shards = 1; shards <= 4; shards *= 2) {
                        p.params.value[1] = shards;
                        point_list_add(list, &p);
                }
        }
}

static const struct family family = {.name = "test",
                                     .summary = "",
                                     .contestants = contestants,
                                     .workloads = {"w"},
                                     .params = {"p_load", "p_shards"},
                                     .points = points};

/* A point that is measured both ways by default, one that is not, one that never is. */
static void points_of_kinds(const struct topology *t, bool full, struct point_list *list)
{
        struct point p = {.threads = THREADS_SWEEP, .tasks = true};

        (void)t;
        (void)full;
        for (int i = 0; i < MAX_PARAMS; i++)
                p.params.value[i] = PARAM_UNSET;
        p.params.value[0] = 0;
        point_list_add(list, &p);
        p.tasks = false;
        p.params.value[0] = 1;
        point_list_add(list, &p);
        p.threads_only = true;
        p.params.value[0] = 2;
        point_list_add(list, &p);
}

static const struct family both_ways = {.name = "test",
                                        .summary = "",
                                        .contestants = kinds,
                                        .workloads = {"w"},
                                        .params = {"p_point"},
                                        .points = points_of_kinds};

/* Only that there is one matters to the sweep. */
static const struct executor_ops tasks = {.kind = BY_TASKS};

static struct options options;
static struct topology topology;
static struct sweep sweep;

static int build(int extra_argc, char **extra)
{
        char *argv[8] = {"test", "--quiet", "--threads", "1,3"};
        char why[WHY_SIZE];

        for (int i = 0; i < extra_argc; i++)
                argv[4 + i] = extra[i];
        assert_int_equal(options_parse(&options, &family, 4 + extra_argc, argv), 0);
        assert_int_equal(topology_load(&topology, why, sizeof why), 0);
        return sweep_build(&sweep, &family, &options, &topology);
}

static int take_down(void **state)
{
        (void)state;
        sweep_free(&sweep);
        topology_free(&topology);
        options_free(&options);
        return 0;
}

static void joined_points_share_a_block_and_keep_their_parameters(void **state)
{
        static const struct {
                const char *name;
                int64_t shards;
        } wanted[] = {{"whole", PARAM_UNSET},
                      {"other", PARAM_UNSET},
                      {"parted", 1},
                      {"parted", 2},
                      {"parted", 4}};

        (void)state;
        assert_int_equal(build(0, NULL), 0);
        assert_int_equal(sweep.n_blocks, 4); /* 2 loads x 2 thread counts */
        for (size_t b = 0; b < 4; b++) {
                assert_int_equal(sweep.block[b].n_items, 5);
                assert_int_equal(sweep.block[b].threads, b % 2 ? 3 : 1);
                for (size_t i = 0; i < 5; i++) {
                        const struct item *item = &sweep.item[sweep.block[b].first_item + i];
                        struct row_key key;

                        sweep_key(&sweep, item, 0, &key);
                        assert_int_equal(item->block, b);
                        assert_string_equal(key.contestant, wanted[i].name);
                        assert_int_equal(key.params->value[0], b / 2 + 1);
                        assert_int_equal(key.params->value[1], wanted[i].shards);
                }
        }
}

static void names_tell_joined_points_apart(void **state)
{
        char name[256];

        (void)state;
        assert_int_equal(build(0, NULL), 0);
        sweep_name(&sweep, &sweep.item[0], name, sizeof name);
        assert_non_null(strstr(name, "impl:whole"));
        assert_null(strstr(name, "shards"));
        sweep_name(&sweep, &sweep.item[4], name, sizeof name);
        assert_non_null(strstr(name, "load:1/shards:4"));
}

static void where_chooses_among_joined_points(void **state)
{
        char *extra[] = {"--where", "p_shards=2"};

        (void)state;
        assert_int_equal(build(2, extra), 0);
        for (size_t i = 0; i < sweep.n_items; i++)
                assert_int_equal(sweep.item[i].params.value[1], 2);
        assert_int_equal(sweep.n_items, 4);
        assert_int_equal(sweep.n_blocks, 4);
}

/* ---- threads and tasks ---- */

static int build_kinds(const struct executor_ops *executor, int argc, char **argv)
{
        char why[WHY_SIZE];

        assert_int_equal(options_parse(&options, &both_ways, argc, argv), 0);
        options.task_executor = executor;
        assert_int_equal(topology_load(&topology, why, sizeof why), 0);
        return sweep_build(&sweep, &both_ways, &options, &topology);
}

/* Thread counts of a point's blocks of one kind. */
static size_t blocks(enum exec_kind exec, int64_t point)
{
        size_t n = 0;

        for (size_t b = 0; b < sweep.n_blocks; b++)
                n += sweep.block[b].exec == exec &&
                     sweep.item[sweep.block[b].first_item].params.value[0] == point;
        return n;
}

static void a_quick_run_has_tasks_at_key_points(void **state)
{
        char *argv[] = {"test"};

        (void)state;
        assert_int_equal(build_kinds(&tasks, 1, argv), 0);
        assert_in_range(blocks(BY_TASKS, 0), 2, 3); /* 1, cores, 2 x cores */
        assert_true(blocks(BY_THREADS, 0) > blocks(BY_TASKS, 0));
        assert_int_equal(blocks(BY_TASKS, 1), 0);
        assert_int_equal(blocks(BY_TASKS, 2), 0);
        assert_true(blocks(BY_THREADS, 2) > 0);
}

static void a_full_run_has_everything_both_ways(void **state)
{
        char *argv[] = {"test", "--full"};

        (void)state;
        assert_int_equal(build_kinds(&tasks, 2, argv), 0);
        for (int64_t point = 0; point < 2; point++)
                assert_int_equal(blocks(BY_TASKS, point), blocks(BY_THREADS, point));
        assert_int_equal(blocks(BY_TASKS, 2), 0);
}

static void exec_chooses_the_kind_and_caps_who_takes_part(void **state)
{
        char *argv[] = {"test", "--threads", "1,3", "--exec", "task"};

        (void)state;
        assert_int_equal(build_kinds(&tasks, 5, argv), 0);
        assert_int_equal(sweep.n_blocks, 4); /* 2 points x 2 counts */
        for (size_t i = 0; i < sweep.n_items; i++) {
                struct row_key key;
                char name[256];

                sweep_key(&sweep, &sweep.item[i], 0, &key);
                sweep_name(&sweep, &sweep.item[i], name, sizeof name);
                assert_string_equal(key.exec, "task");
                assert_non_null(strstr(name, "/exec:task/"));
                assert_string_equal(key.contestant, i % 2 ? "tasker" : "whole");
        }
}

static void threads_leave_out_what_is_about_tasks(void **state)
{
        char *argv[] = {"test", "--threads", "2", "--exec", "thread"};
        struct row_key key;

        (void)state;
        assert_int_equal(build_kinds(&tasks, 5, argv), 0);
        assert_int_equal(sweep.n_items, 9); /* 3 points, all but the tasker */
        for (size_t i = 0; i < sweep.n_items; i++) {
                sweep_key(&sweep, &sweep.item[i], 0, &key);
                assert_string_equal(key.exec, "thread");
                assert_string_not_equal(key.contestant, "tasker");
        }
}

static void without_a_runtime_nothing_is_a_task(void **state)
{
        char *argv[] = {"test", "--exec", "task"}, *all[] = {"test", "--full"};

        (void)state;
        assert_int_equal(build_kinds(NULL, 3, argv), EXIT_USAGE);
        take_down(NULL);
        assert_int_equal(build_kinds(NULL, 2, all), 0);
        assert_int_equal(blocks(BY_TASKS, 0), 0);
}

static void exec_takes_a_list_of_known_words(void **state)
{
        static const struct {
                char *text;
                bool ok, threads, tasks;
        } cases[] = {{"thread", true, true, false},     {"task", true, false, true},
                     {"thread,task", true, true, true}, {"task,thread", true, true, true},
                     {"", false, false, false},         {"fiber", false, false, false},
                     {"thread,", false, false, false},  {",task", false, false, false},
                     {"tas", false, false, false},      {"tasks", false, false, false}};

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                char *argv[] = {"test", "--exec", cases[i].text};
                int code = options_parse(&options, &both_ways, 3, argv);

                assert_int_equal(code, cases[i].ok ? 0 : EXIT_USAGE);
                if (code)
                        continue;
                assert_true(options.has_exec);
                assert_int_equal(options.exec[BY_THREADS], cases[i].threads);
                assert_int_equal(options.exec[BY_TASKS], cases[i].tasks);
        }
        options_free(&options);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(joined_points_share_a_block_and_keep_their_parameters,
                                          take_down),
                cmocka_unit_test_teardown(names_tell_joined_points_apart, take_down),
                cmocka_unit_test_teardown(where_chooses_among_joined_points, take_down),
                cmocka_unit_test_teardown(a_quick_run_has_tasks_at_key_points, take_down),
                cmocka_unit_test_teardown(a_full_run_has_everything_both_ways, take_down),
                cmocka_unit_test_teardown(exec_chooses_the_kind_and_caps_who_takes_part, take_down),
                cmocka_unit_test_teardown(threads_leave_out_what_is_about_tasks, take_down),
                cmocka_unit_test_teardown(without_a_runtime_nothing_is_a_task, take_down),
                cmocka_unit_test(exec_takes_a_list_of_known_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
