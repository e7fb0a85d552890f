/*
 * Placement on exported real machines, which are not part of this project: CONTEND_SHARED names the
 * folder that holds topologies/, the default is ../shared beside the source tree. The expected PUs
 * were read off lstopo's drawing of each file.
 */
#include "placement_check.h"

#include <unistd.h>

#define OPTERON "16amd64-8n2c-cpusets.xml"     /* 6 packages, cpuset, NUMA nodes without CPUs */
#define OFFLINES "16em64t-4s2c2t-offlines.xml" /* 4 packages, CPUs offline, one SMT core left */
#define ZEN3 "AMD-19h-Zen3-2xEpyc-7763.xml"    /* 2 packages x 8 L3 x 8 cores, SMT off */
#define ZEN4 "AMD-19h-Zen4-2xEpyc-9654.xml"    /* 2 packages x 12 L3 x 8 cores x 2 */
#define HASWELL "Intel-Haswell-2xXeon-E5-2680v3.xml"      /* 2 packages x 2 L3 x 6, one NUMA node */
#define KNL "Intel-KnightsLanding-XeonPhi-7210.xml"       /* 32 L2 x 2 cores x 4, no L3 */
#define RAPTOR "Intel-RaptorLake-Corei7-1370P.xml"        /* 6 cores x 2 and 8 slow cores, one L3 */
#define SAPPHIRE "Intel-SapphireRapids-2xXeonMax9460.xml" /* 2 packages x 40 x 2, one NUMA node */
#define GB10 "nvidia-dgx-gb10.xml"                        /* 2 L3 x (5 slow + 5 fast), slow first */

#define NO_SMT "placement smt: no core of this topology has SMT siblings in the allowed set"
#define NO_SAME_L3 "placement same-l3: this topology has no known L3 cache"
#define NO_CROSS_L3 "placement cross-l3: the allowed set does not span two known L3 caches"
#define NO_NUMA "placement cross-numa: the allowed set does not span two NUMA nodes"
#define NO_PCORES "placement pcores: the allowed set does not have two known kinds of core"
#define NO_ECORES "placement ecores: the allowed set does not have two known kinds of core"

/* The PUs of threads from.. of `threads`. */
static const struct {
        const char *file, *policy;
        size_t threads, from;
        const char *plan;
} expected[] = {
        {OPTERON, "compact", 12, 0, "0,1,2,3,5,6,12,13,14,15,0,1"},
        {OPTERON, "scatter", 11, 0, "0,2,5,6,12,14,1,3,13,15,0"},
        {OPTERON, "smt", 2, 0, NO_SMT},
        {OPTERON, "cores", 4, 0, "0,1,2,3"},
        {OPTERON, "same-l3", 2, 0, NO_SAME_L3},
        {OPTERON, "cross-l3", 2, 0, NO_CROSS_L3},
        {OPTERON, "cross-numa", 6, 0, "2,5,6,3,5,6"},
        {OPTERON, "pcores", 2, 0, NO_PCORES},
        {OPTERON, "ecores", 2, 0, NO_ECORES},
        {OPTERON, "one", 3, 0, "0,0,0"},
        {OPTERON, "none", 2, 0, "-1,-1"},

        {OFFLINES, "compact", 8, 0, "0,4,1,6,3,15,12,0"},
        {OFFLINES, "scatter", 8, 0, "0,1,6,3,4,15,12,0"},
        {OFFLINES, "smt", 8, 0, "4,12,0,1,6,3,15,4"},
        {OFFLINES, "cores", 7, 0, "0,4,1,6,3,15,0"},
        {OFFLINES, "same-l3", 4, 0, "0,4,12,0"},
        {OFFLINES, "cross-l3", 9, 0, "0,1,6,3,4,15,12,1,6"},
        {OFFLINES, "cross-numa", 2, 0, NO_NUMA},
        {OFFLINES, "pcores", 2, 0, NO_PCORES},
        {OFFLINES, "ecores", 2, 0, NO_ECORES},
        {OFFLINES, "one", 2, 0, "0,0"},
        {OFFLINES, "none", 1, 0, "-1"},

        {ZEN3, "compact", 10, 0, "0,1,2,3,4,5,6,7,8,9"},
        {ZEN3, "compact", 130, 126, "126,127,0,1"},
        {ZEN3, "scatter", 5, 0, "0,64,8,72,16"},
        {ZEN3, "scatter", 19, 14, "56,120,1,65,9"},
        {ZEN3, "smt", 2, 0, NO_SMT},
        {ZEN3, "cores", 4, 0, "0,1,2,3"},
        {ZEN3, "same-l3", 9, 0, "0,1,2,3,4,5,6,7,0"},
        {ZEN3, "cross-l3", 18, 0, "0,8,16,24,32,40,48,56,64,72,80,88,96,104,112,120,1,9"},
        {ZEN3, "cross-numa", 4, 0, "0,64,1,65"},
        {ZEN3, "pcores", 2, 0, NO_PCORES},
        {ZEN3, "ecores", 2, 0, NO_ECORES},
        {ZEN3, "one", 2, 0, "0,0"},
        {ZEN3, "none", 2, 0, "-1,-1"},

        {ZEN4, "compact", 4, 0, "0,1,2,3"},
        {ZEN4, "compact", 194, 190, "190,191,192,193"},
        {ZEN4, "scatter", 4, 0, "0,96,8,104"},
        {ZEN4, "scatter", 26, 22, "88,184,1,97"},
        {ZEN4, "scatter", 195, 191, "191,192,288,200"},
        {ZEN4, "smt", 5, 0, "0,192,1,193,2"},
        {ZEN4, "cores", 194, 190, "190,191,0,1"},
        {ZEN4, "same-l3", 17, 0, "0,1,2,3,4,5,6,7,192,193,194,195,196,197,198,199,0"},
        {ZEN4, "cross-l3", 4, 0, "0,8,16,24"},
        {ZEN4, "cross-l3", 26, 11, "88,96,104,112,120,128,136,144,152,160,168,176,184,1,9"},
        {ZEN4, "cross-numa", 4, 0, "0,96,1,97"},
        {ZEN4, "cross-numa", 194, 190, "95,191,192,288"},
        {ZEN4, "pcores", 2, 0, NO_PCORES},
        {ZEN4, "ecores", 2, 0, NO_ECORES},
        {ZEN4, "one", 2, 0, "0,0"},
        {ZEN4, "none", 2, 0, "-1,-1"},

        {HASWELL, "compact", 14, 0, "0,2,4,6,8,10,12,14,16,18,20,22,1,3"},
        {HASWELL, "scatter", 6, 0, "0,1,12,13,2,3"},
        {HASWELL, "smt", 2, 0, NO_SMT},
        {HASWELL, "cores", 3, 0, "0,2,4"},
        {HASWELL, "same-l3", 7, 0, "0,2,4,6,8,10,0"},
        {HASWELL, "cross-l3", 6, 0, "0,12,1,13,2,14"},
        {HASWELL, "cross-numa", 2, 0, NO_NUMA},
        {HASWELL, "pcores", 2, 0, NO_PCORES},
        {HASWELL, "ecores", 2, 0, NO_ECORES},
        {HASWELL, "one", 2, 0, "0,0"},
        {HASWELL, "none", 2, 0, "-1,-1"},

        {KNL, "compact", 4, 0, "0,1,2,3"},
        {KNL, "compact", 67, 62, "62,63,64,65,66"},
        {KNL, "compact", 258, 254, "254,255,0,1"},
        {KNL, "scatter", 34, 30, "60,62,1,3"},
        {KNL, "scatter", 67, 62, "61,63,64,66,68"},
        {KNL, "smt", 6, 0, "0,64,128,192,1,65"},
        {KNL, "cores", 65, 63, "63,0"},
        {KNL, "same-l3", 2, 0, NO_SAME_L3},
        {KNL, "cross-l3", 2, 0, NO_CROSS_L3},
        {KNL, "cross-numa", 2, 0, NO_NUMA},
        {KNL, "pcores", 2, 0, NO_PCORES},
        {KNL, "ecores", 2, 0, NO_ECORES},
        {KNL, "one", 2, 0, "0,0"},
        {KNL, "none", 2, 0, "-1,-1"},

        {RAPTOR, "compact", 16, 0, "0,2,4,6,8,10,12,13,14,15,16,17,18,19,1,3"},
        {RAPTOR, "scatter", 16, 0, "0,2,4,6,8,10,12,16,13,17,14,18,15,19,1,3"},
        {RAPTOR, "smt", 14, 0, "0,1,2,3,4,5,6,7,8,9,10,11,12,13"},
        {RAPTOR, "cores", 15, 0, "0,2,4,6,8,10,12,13,14,15,16,17,18,19,0"},
        {RAPTOR, "same-l3", 4, 0, "0,2,4,6"},
        {RAPTOR, "cross-l3", 2, 0, NO_CROSS_L3},
        {RAPTOR, "cross-numa", 2, 0, NO_NUMA},
        {RAPTOR, "pcores", 13, 0, "0,2,4,6,8,10,1,3,5,7,9,11,0"},
        {RAPTOR, "ecores", 9, 0, "12,13,14,15,16,17,18,19,12"},
        {RAPTOR, "one", 2, 0, "0,0"},
        {RAPTOR, "none", 2, 0, "-1,-1"},

        {SAPPHIRE, "compact", 42, 38, "38,39,40,41"},
        {SAPPHIRE, "compact", 82, 78, "78,79,80,81"},
        {SAPPHIRE, "scatter", 4, 0, "0,40,1,41"},
        {SAPPHIRE, "smt", 4, 0, "0,80,1,81"},
        {SAPPHIRE, "cores", 81, 79, "79,0"},
        {SAPPHIRE, "same-l3", 42, 38, "38,39,80,81"},
        {SAPPHIRE, "cross-l3", 4, 0, "0,40,1,41"},
        {SAPPHIRE, "cross-numa", 2, 0, NO_NUMA},
        {SAPPHIRE, "pcores", 2, 0, NO_PCORES},
        {SAPPHIRE, "ecores", 2, 0, NO_ECORES},
        {SAPPHIRE, "one", 2, 0, "0,0"},
        {SAPPHIRE, "none", 2, 0, "-1,-1"},

        {GB10, "compact", 21, 0, "5,6,7,8,9,0,1,2,3,4,15,16,17,18,19,10,11,12,13,14,5"},
        {GB10, "scatter", 12, 0, "5,15,6,16,7,17,8,18,9,19,0,10"},
        {GB10, "smt", 2, 0, NO_SMT},
        {GB10, "cores", 3, 0, "5,6,7"},
        {GB10, "same-l3", 11, 0, "5,6,7,8,9,0,1,2,3,4,5"},
        {GB10, "cross-l3", 4, 0, "5,15,6,16"},
        {GB10, "cross-numa", 2, 0, NO_NUMA},
        {GB10, "pcores", 11, 0, "5,6,7,8,9,15,16,17,18,19,5"},
        {GB10, "ecores", 11, 0, "0,1,2,3,4,10,11,12,13,14,0"},
        {GB10, "one", 2, 0, "5,5"},
        {GB10, "none", 2, 0, "-1,-1"},
};

/* As hwloc-info and hwloc-calc count them. */
static const struct {
        const char *file;
        struct pu_counts counts; /* PUs, cores, L3s, NUMA nodes with CPUs, packages, kinds */
} machines[] = {
        {OPTERON, {10, 10, 0, 3, 6, 0}}, {OFFLINES, {7, 6, 4, 1, 4, 0}},
        {ZEN3, {128, 128, 16, 2, 2, 0}}, {ZEN4, {384, 192, 24, 2, 2, 0}},
        {HASWELL, {24, 24, 4, 1, 2, 0}}, {KNL, {256, 64, 0, 1, 1, 0}},
        {RAPTOR, {20, 14, 1, 1, 1, 2}},  {SAPPHIRE, {160, 80, 2, 1, 2, 0}},
        {GB10, {20, 20, 2, 1, 1, 2}},
};

static char folder[4096];

static void load(struct topology *t, const char *file)
{
        char path[4200], why[512] = "";
        snprintf(path, sizeof(path), "%s/%s", folder, file);
        if (topology_load_xml(t, path, why, sizeof(why)))
                fail_msg("%s", why);
        assert_false(t->this_system);
}

static void need_folder(void)
{
        if (access(folder, R_OK | X_OK) == 0)
                return;
        fprintf(stderr, "SKIPPED: ../shared/topologies not found (looked at %s)\n", folder);
        skip();
}

static void test_counts(void **state)
{
        (void)state;
        need_folder();
        for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
                struct topology t;
                load(&t, machines[i].file);
                const struct pu_counts *is = &t.usable, *want = &machines[i].counts;
                if (is->pus != want->pus || is->cores != want->cores || is->l3s != want->l3s ||
                    is->numas != want->numas || is->packages != want->packages ||
                    is->kinds != want->kinds)
                        fail_msg("%s: %zu PUs %zu cores %zu L3s %zu NUMA %zu packages %zu kinds",
                                 machines[i].file, is->pus, is->cores, is->l3s, is->numas,
                                 is->packages, is->kinds);
                topology_free(&t);
        }
}

static void test_plans(void **state)
{
        (void)state;
        need_folder();
        for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
                struct topology t;
                load(&t, expected[i].file);
                char *text =
                        plan_text(&t, expected[i].policy, expected[i].threads, expected[i].from);
                if (strcmp(text, expected[i].plan) != 0)
                        fail_msg("%s, %s, %zu threads from %zu:\n  is       %s\n  expected %s",
                                 expected[i].file, expected[i].policy, expected[i].threads,
                                 expected[i].from, text, expected[i].plan);
                free(text);
                topology_free(&t);
        }
}

/* Every machine has every policy in the table. */
static void test_table_is_complete(void **state)
{
        (void)state;
        for (size_t m = 0; m < sizeof(machines) / sizeof(machines[0]); m++) {
                for (int p = 0; p < PLACEMENT_POLICIES; p++) {
                        size_t found = 0;
                        for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
                                found += !strcmp(expected[i].file, machines[m].file) &&
                                         !strcmp(expected[i].policy, placement_policies[p]);
                        if (!found)
                                fail_msg("%s: no case for %s", machines[m].file,
                                         placement_policies[p]);
                }
        }
}

static void test_properties(void **state)
{
        (void)state;
        need_folder();
        for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
                struct topology t;
                load(&t, machines[i].file);
                check_topology(machines[i].file, &t);
                topology_free(&t);
        }
}

int main(void)
{
        const char *shared = getenv("CONTEND_SHARED");
        snprintf(folder, sizeof(folder), "%s/topologies",
                 shared ? shared : CT_SOURCE_DIR "/../shared");
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table_is_complete),
                cmocka_unit_test(test_counts),
                cmocka_unit_test(test_plans),
                cmocka_unit_test(test_properties),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
