/* Placement on topologies made here: exact plans, and properties over many shapes. */
#include "placement_check.h"
#include "stress.h"

#include <hwloc/cpukinds.h>

static void synthetic(struct topology *t, const char *description)
{
        const char *reason;
        hwloc_topology_t h;
        assert_int_equal(hwloc_topology_init(&h), 0);
        assert_int_equal(hwloc_topology_set_synthetic(h, description), 0);
        assert_int_equal(hwloc_topology_load(h), 0);
        assert_int_equal(topology_adopt(t, h, false, &reason), 0);
}

static void recount(struct topology *t)
{
        struct pu *list = calloc(t->n_pus + 1, sizeof(*list));
        size_t n = 0;
        assert_non_null(list);
        for (size_t i = 0; i < t->n_pus; i++) {
                if (t->pus[i].allowed)
                        list[n++] = t->pus[i];
        }
        assert_int_equal(pus_count(list, n, &t->usable), 0);
        free(list);
}

struct expected {
        const char *policy;
        size_t threads;
        const char *plan;
};

static void expect_plans(const struct topology *t, const struct expected *e, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                char *text = plan_text(t, e[i].policy, e[i].threads, 0);
                if (strcmp(text, e[i].plan) != 0)
                        fail_msg("%s, %zu threads:\n  is       %s\n  expected %s", e[i].policy,
                                 e[i].threads, text, e[i].plan);
                free(text);
        }
}
#define EXPECT_PLANS(t, ...)                                                                       \
        do {                                                                                       \
                const struct expected list[] = {__VA_ARGS__};                                      \
                expect_plans(t, list, sizeof(list) / sizeof(list[0]));                             \
        } while (0)

static const char no_smt[] =
        "placement smt: no core of this topology has SMT siblings in the allowed set";
static const char no_l3[] = "placement same-l3: this topology has no known L3 cache";
static const char no_pair[] = "placement same-l3: no L3 cache has two PUs in the allowed set";
static const char one_l3[] =
        "placement cross-l3: the allowed set does not span two known L3 caches";
static const char one_numa[] = "placement cross-numa: the allowed set does not span two NUMA nodes";
static const char no_pcores[] =
        "placement pcores: the allowed set does not have two known kinds of core";
static const char no_ecores[] =
        "placement ecores: the allowed set does not have two known kinds of core";

/* 2 packages x 2 NUMA nodes x 1 L3 x 2 cores x 2 PUs: PUs 0 1|2 3 are the cores of the first L3. */
static void test_server(void **state)
{
        (void)state;
        struct topology t;
        synthetic(&t, "pack:2 numa:2 l3:1 core:2 pu:2");
        EXPECT_PLANS(&t, {"compact", 10, "0,2,4,6,8,10,12,14,1,3"},
                     {"scatter", 10, "0,8,4,12,2,10,6,14,1,9"}, {"smt", 5, "0,1,2,3,4"},
                     {"cores", 10, "0,2,4,6,8,10,12,14,0,2"}, {"same-l3", 6, "0,2,1,3,0,2"},
                     {"cross-l3", 9, "0,4,8,12,2,6,10,14,1"}, {"cross-numa", 5, "0,4,8,12,2"},
                     {"one", 3, "0,0,0"}, {"none", 2, "-1,-1"}, {"pcores", 1, no_pcores},
                     {"ecores", 1, no_ecores});
        topology_free(&t);
}

static void test_desktop_without_smt(void **state)
{
        (void)state;
        struct topology t;
        synthetic(&t, "pack:1 l3:1 core:2 pu:1");
        EXPECT_PLANS(&t, {"compact", 3, "0,1,0"}, {"scatter", 2, "0,1"}, {"smt", 2, no_smt},
                     {"cores", 2, "0,1"}, {"same-l3", 2, "0,1"}, {"cross-l3", 2, one_l3},
                     {"cross-numa", 2, one_numa}, {"one", 2, "0,0"}, {"none", 1, "-1"});
        topology_free(&t);
}

static void test_single_pu(void **state)
{
        (void)state;
        struct topology t;
        synthetic(&t, "pack:1 l3:1 core:1 pu:1");
        EXPECT_PLANS(&t, {"compact", 3, "0,0,0"}, {"scatter", 1, "0"}, {"smt", 1, no_smt},
                     {"cores", 2, "0,0"}, {"same-l3", 1, no_pair}, {"cross-l3", 1, one_l3},
                     {"cross-numa", 1, one_numa}, {"one", 1, "0"});
        topology_free(&t);
}

/* No cores, no packages: every PU is a core of its own. */
static void test_bare(void **state)
{
        (void)state;
        struct topology t;
        synthetic(&t, "pu:3");
        EXPECT_PLANS(&t, {"compact", 4, "0,1,2,0"}, {"scatter", 3, "0,1,2"}, {"smt", 1, no_smt},
                     {"cores", 3, "0,1,2"}, {"same-l3", 1, no_l3});
        topology_free(&t);
}

/* 4 L2 clusters in one L3: scatter leaves the L2 too. */
static void test_l2_clusters(void **state)
{
        (void)state;
        struct topology t;
        synthetic(&t, "pack:1 l3:1 l2:4 core:2 pu:1");
        EXPECT_PLANS(&t, {"compact", 4, "0,1,2,3"}, {"scatter", 8, "0,2,4,6,1,3,5,7"});
        topology_free(&t);
}

/* Fast cores with SMT (PUs 0-3) and slow ones without (PUs 4-7) below one L3, then an L3 of slow.
 */
static void test_hybrid(void **state)
{
        (void)state;
        struct topology t;
        synthetic(&t, "pack:1 l3:2 core:4 pu:2");
        for (size_t i = 0; i < t.n_pus; i++) {
                struct pu *pu = &t.pus[i];
                pu->kind = i >= 4 && i < 8 ? 1 : 0; /* the fast ones are not the first */
                pu->allowed = pu->kind == 1 || i % 2 == 0;
        }
        recount(&t);
        EXPECT_PLANS(&t, {"compact", 10, "4,6,0,2,8,10,12,14,5,7"},
                     {"scatter", 10, "4,8,6,10,0,12,2,14,5,7"},
                     {"smt", 10, "4,5,6,7,0,2,8,10,12,14"}, {"pcores", 5, "4,6,5,7,4"},
                     {"ecores", 7, "0,2,8,10,12,14,0"}, {"cores", 3, "4,6,0"},
                     {"same-l3", 7, "4,6,0,2,5,7,4"}, {"cross-l3", 9, "4,8,6,10,0,12,2,14,5"},
                     {"one", 2, "4,4"});
        /* Only one kind is left when the other is not allowed. */
        for (size_t i = 4; i < 8; i++)
                t.pus[i].allowed = false;
        recount(&t);
        EXPECT_PLANS(&t, {"pcores", 1, no_pcores}, {"ecores", 1, no_ecores}, {"smt", 1, no_smt},
                     {"compact", 3, "0,2,8"});
        topology_free(&t);
}

/* Three kinds: the middle one is in neither. */
static void test_three_kinds(void **state)
{
        (void)state;
        struct topology t;
        synthetic(&t, "pack:1 l3:1 core:6 pu:1");
        for (size_t i = 0; i < t.n_pus; i++)
                t.pus[i].kind = (int)i / 2;
        recount(&t);
        EXPECT_PLANS(&t, {"compact", 6, "4,5,2,3,0,1"}, {"pcores", 2, "4,5"}, {"ecores", 2, "0,1"});
        topology_free(&t);
}

/* Unequal L3s: one has 3 usable cores, the others 1. Neighbours differ also where it goes round. */
static void test_lopsided(void **state)
{
        (void)state;
        struct topology t;
        synthetic(&t, "pack:1 l3:3 core:3 pu:1");
        t.pus[4].allowed = t.pus[5].allowed = t.pus[7].allowed = t.pus[8].allowed = false;
        recount(&t);
        EXPECT_PLANS(&t, {"cross-l3", 9, "0,3,6,1,3,6,0,3,6"}, {"same-l3", 4, "0,1,2,0"},
                     {"scatter", 5, "0,3,6,1,2"});
        /* same-l3 takes the L3 with most cores, not the first. */
        t.pus[0].allowed = t.pus[1].allowed = false;
        t.pus[7].allowed = true;
        recount(&t);
        EXPECT_PLANS(&t, {"same-l3", 3, "6,7,6"});
        topology_free(&t);
}

static void test_misuse(void **state)
{
        (void)state;
        struct topology t;
        struct placement pl;
        char why[512];
        synthetic(&t, "pack:1 core:2 pu:1");
        assert_int_equal(placement_plan(&t, "compact", 0, &pl, why, sizeof(why)), -EINVAL);
        assert_string_equal(why, "placement compact: needs at least one thread");
        assert_int_equal(placement_plan(&t, "Compact\x1b", 1, &pl, why, sizeof(why)), -EINVAL);
        assert_string_equal(why, "unknown placement 'Compact\\x1b'");
        assert_int_equal(placement_plan(&t, "", 1, &pl, why, sizeof(why)), -EINVAL);
        for (size_t i = 0; i < t.n_pus; i++)
                t.pus[i].allowed = false;
        assert_int_equal(placement_plan(&t, "compact", 1, &pl, why, sizeof(why)), -ENOTSUP);
        assert_string_equal(why, "placement compact: the allowed set is empty");
        assert_int_equal(placement_exit_code(0), 0);
        assert_int_equal(placement_exit_code(-EINVAL), 2);
        assert_int_equal(placement_exit_code(-ENOTSUP), 4);
        assert_int_equal(placement_exit_code(-ENOMEM), 4);
        topology_free(&t);
}

/* 0 to n - 1. */
static uint32_t next_random(uint64_t *state, size_t n)
{
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        return n ? (uint32_t)((*state >> 33) % n) : 0;
}

/* Every shape whole, then with random PUs not allowed and random kinds of core. */
static void test_properties(void **state)
{
        (void)state;
        static const char *const shapes[] = {
                "pack:2 numa:2 l3:2 core:4 pu:2",
                "pack:1 l3:1 core:2 pu:1",
                "pack:4 l3:1 core:4 pu:1",
                "pack:2 l3:3 l2:2 core:2 pu:2",
                "numa:4 core:3 pu:4",
                "pack:2 numa:2 core:3 pu:8",
                "core:4 pu:2",
                "pu:5",
                "pack:1 core:1 pu:1",
                "l3:5 core:1 pu:2",
                "pack:3 l3:4 core:2 pu:1",
        };
        uint64_t seed = 20261121;
        for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
                struct topology t;
                synthetic(&t, shapes[s]);
                check_topology(shapes[s], &t);
                for (int round = 0; round < (int)ROUNDS(150); round++) {
                        char name[96];
                        unsigned share = 1 + next_random(&seed, 4);
                        unsigned kinds = 1 + next_random(&seed, 3);
                        snprintf(name, sizeof(name), "%s round %d", shapes[s], round);
                        for (size_t i = 0; i < t.n_pus; i++) {
                                struct pu *pu = &t.pus[i];
                                bool sibling = i && pu->core >= 0 && pu->core == pu[-1].core;
                                pu->allowed = next_random(&seed, 4) < share;
                                int kind = kinds == 1 ? -1 : (int)(next_random(&seed, kinds));
                                pu->kind = sibling ? pu[-1].kind : kind;
                        }
                        t.pus[next_random(&seed, t.n_pus)].allowed = true;
                        recount(&t);
                        check_topology(name, &t);
                }
                topology_free(&t);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_server),      cmocka_unit_test(test_desktop_without_smt),
                cmocka_unit_test(test_single_pu),   cmocka_unit_test(test_bare),
                cmocka_unit_test(test_l2_clusters), cmocka_unit_test(test_hybrid),
                cmocka_unit_test(test_three_kinds), cmocka_unit_test(test_lopsided),
                cmocka_unit_test(test_misuse),      cmocka_unit_test(test_properties),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
