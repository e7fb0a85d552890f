/* Which windows a family's points become: points that join others, caps, --where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(joined_points_share_a_block_and_keep_their_parameters,
                                          take_down),
                cmocka_unit_test_teardown(names_tell_joined_points_apart, take_down),
                cmocka_unit_test_teardown(where_chooses_among_joined_points, take_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
