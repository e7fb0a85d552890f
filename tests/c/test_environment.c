/* environment.json: every key of the contract, made-up machines, nothing that identifies anybody.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <errno.h>
#include <hwloc.h>

#include "harness/environment.h"
#include "tempdir.h"

static const char *const keys[] = {
        "schema_version",
        "run_id",
        "time_utc",
        "trust",
        "trust_reasons",
        "page_size",
        "suite.commit",
        "suite.dirty",
        "suite.version",
        "cpu.vendor",
        "cpu.family",
        "cpu.model",
        "cpu.stepping",
        "cpu.name",
        "cpu.slug",
        "cpu.microcode",
        "cpu.base_mhz",
        "cpu.max_mhz",
        "cpu.scaling_driver",
        "cpu.governor",
        "cpu.epp",
        "cpu.boost",
        "cpu.tsc_mhz",
        "cpu.tsc_invariant",
        "topology.packages",
        "topology.dies",
        "topology.l3_groups",
        "topology.numa_nodes",
        "topology.cores",
        "topology.pus",
        "topology.smt",
        "topology.allowed_pus",
        "topology.usable_pus",
        "topology.usable_cores",
        "topology.cpuset_list",
        "topology.line_size",
        "topology.caches",
        "topology.kinds",
        "limits.cpu_quota",
        "limits.cpuset",
        "host.hypervisor",
        "host.dmi",
        "host.container",
        "kernel.release",
        "kernel.version",
        "kernel.preempt",
        "kernel.hz",
        "kernel.mitigations",
        "kernel.thp",
        "kernel.aslr",
        "kernel.sched_class",
        "kernel.isolcpus",
        "kernel.nohz_full",
        "kernel.clocksource",
        "libc.name",
        "libc.version",
        "compiler.name",
        "compiler.version",
        "compiler.flags",
        "compiler.march",
        "compiler.lto",
        "compiler.build_type",
        "libraries.google_benchmark",
        "libraries.hwloc",
        "libraries.cjson",
        "load.load1",
        "load.load5",
        "load.load15",
        "clock.source",
        "clock.cost_ns",
};

static const cJSON *at(const cJSON *root, const char *path)
{
        char section[64];
        const char *dot = strchr(path, '.');

        if (!dot)
                return cJSON_GetObjectItemCaseSensitive(root, path);
        snprintf(section, sizeof section, "%.*s", (int)(dot - path), path);
        return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(root, section),
                                                dot + 1);
}

static cJSON *environment(const char *root)
{
        char *text = ct_environment_json_from("20261121T092419Z-abc1234-0001", root);
        cJSON *parsed = cJSON_Parse(text);

        assert_non_null(parsed);
        free(text);
        return parsed;
}

static void assert_text(const cJSON *e, const char *path, const char *expected)
{
        const cJSON *item = at(e, path);

        if (!cJSON_IsString(item) || strcmp(item->valuestring, expected) != 0)
                fail_msg("%s is %s, expected \"%s\"", path,
                         cJSON_IsString(item) ? item->valuestring : "not text", expected);
}

static void assert_number(const cJSON *e, const char *path, double expected)
{
        const cJSON *item = at(e, path);

        if (!cJSON_IsNumber(item) || item->valuedouble != expected)
                fail_msg("%s is not %g", path, expected);
}

static bool has_reason(const cJSON *e, const char *reason)
{
        const cJSON *item;

        cJSON_ArrayForEach(
                item, at(e, "trust_reasons")) if (!strcmp(item->valuestring, reason)) return true;
        return false;
}

/* Nothing empty, nothing odd: text that was not there is "unknown". */
static void assert_values_fine(const cJSON *item)
{
        if (cJSON_IsString(item)) {
                assert_true(item->valuestring[0] != '\0');
                for (const char *p = item->valuestring; *p; p++)
                        assert_true(*p >= ' ' && *p <= '~');
        }
        assert_false(cJSON_IsNull(item));
        for (const cJSON *child = item->child; child; child = child->next)
                assert_values_fine(child);
}

static void every_key_is_there(void **state)
{
        cJSON *e = environment("");

        (void)state;
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
                if (!at(e, keys[i]))
                        fail_msg("no %s", keys[i]);
        assert_values_fine(e);
        assert_number(e, "schema_version", 1);
        assert_text(e, "run_id", "20261121T092419Z-abc1234-0001");
        assert_int_equal(strlen(at(e, "time_utc")->valuestring), 20);
        assert_true(at(e, "topology.usable_pus")->valuedouble >= 1);
        assert_true(at(e, "topology.pus")->valuedouble >=
                    at(e, "topology.usable_pus")->valuedouble);
        assert_true(at(e, "clock.cost_ns")->valuedouble > 0);
        assert_true(at(e, "kernel.hz")->valuedouble >= 24);
        assert_int_equal(cJSON_GetArraySize(at(e, "trust_reasons")) > 0,
                         !strcmp(at(e, "trust")->valuestring, "low"));
        assert_null(strchr(at(e, "compiler.flags")->valuestring, '/'));
        cJSON_Delete(e);
}

static void unreadable_is_unknown(void **state)
{
        static const char *const unknown[] = {
                "cpu.vendor",
                "cpu.family",
                "cpu.model",
                "cpu.stepping",
                "cpu.name",
                "cpu.microcode",
                "cpu.base_mhz",
                "cpu.max_mhz",
                "cpu.scaling_driver",
                "cpu.governor",
                "cpu.epp",
                "cpu.boost",
                "limits.cpu_quota",
                "limits.cpuset",
                "host.hypervisor",
                "host.dmi",
                "host.container",
                "kernel.mitigations",
                "kernel.thp",
                "kernel.aslr",
                "kernel.isolcpus",
                "kernel.nohz_full",
                "kernel.clocksource",
                "load.load1",
                "load.load15",
                "clock.source",
        };
        cJSON *e = environment("/nonexistent");

        (void)state;
        for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
                assert_text(e, unknown[i], "unknown");
        assert_values_fine(e);
        assert_text(e, "trust", "low");
        assert_true(has_reason(e, "governor_unknown"));
        assert_false(has_reason(e, "hypervisor"));
        cJSON_Delete(e);
}

static void write_for_usable(const char *root, const char *file, const char *text)
{
        char path[128];
        cpu_set_t set;

        assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
        for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
                snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%d/%s", cpu, file);
                if (CPU_ISSET(cpu, &set))
                        tempdir_write(root, path, text);
        }
}

static void a_made_up_workstation(void **state)
{
        char root[64];
        cJSON *e;

        (void)state;
        tempdir_make(root);
        tempdir_write(root, "proc/cpuinfo",
                      "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 79\n"
                      "model name\t: Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz\nstepping\t: 1\n"
                      "microcode\t: 0xb000040\nflags\t\t: fpu vme tsc\n\n"
                      "processor\t: 1\nvendor_id\t: Other\n");
        write_for_usable(root, "cpufreq/scaling_governor", "performance\n");
        write_for_usable(root, "cpufreq/scaling_driver", "intel_pstate\n");
        write_for_usable(root, "cpufreq/energy_performance_preference", "balance_performance\n");
        write_for_usable(root, "cpufreq/base_frequency", "2400000\n");
        write_for_usable(root, "cpufreq/cpuinfo_max_freq", "3300000\n");
        tempdir_write(root, "sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
        tempdir_write(root, "sys/devices/system/cpu/isolated", "\n");
        tempdir_write(root, "sys/devices/system/cpu/nohz_full", "  (null)\n");
        tempdir_write(root, "sys/devices/system/cpu/vulnerabilities/spectre_v2",
                      "Mitigation: IBRS\n");
        tempdir_write(root, "sys/devices/system/cpu/vulnerabilities/l1tf", "Not affected\n");
        tempdir_write(root, "sys/kernel/mm/transparent_hugepage/enabled",
                      "always [madvise] never\n");
        tempdir_write(root, "sys/kernel/debug/sched/preempt", "none (voluntary) full\n");
        tempdir_write(root, "sys/class/dmi/id/sys_vendor", "Dell\x1b[2J Inc.\n");
        tempdir_write(root, "sys/class/dmi/id/product_name", "PowerEdge\n");
        tempdir_write(root, "proc/sys/kernel/randomize_va_space", "2\n");
        tempdir_write(root, "proc/loadavg", "0.01 1.50 2.25 1/200 4711\n");
        tempdir_write(root, "sys/devices/system/clocksource/clocksource0/current_clocksource",
                      "tsc\n");
        e = environment(root);
        assert_text(e, "cpu.vendor", "GenuineIntel");
        assert_text(e, "cpu.name", "Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz");
        assert_text(e, "cpu.slug", "intel-xeon-cpu-e5-2680-v4-2-40ghz-f6m79");
        assert_number(e, "cpu.family", 6);
        assert_number(e, "cpu.model", 79);
        assert_number(e, "cpu.stepping", 1);
        assert_text(e, "cpu.microcode", "0xb000040");
        assert_text(e, "cpu.governor", "performance");
        assert_text(e, "cpu.scaling_driver", "intel_pstate");
        assert_text(e, "cpu.epp", "balance_performance");
        assert_number(e, "cpu.base_mhz", 2400);
        assert_number(e, "cpu.max_mhz", 3300);
        assert_true(cJSON_IsFalse(at(e, "cpu.boost")));
        assert_text(e, "host.hypervisor", "none");
        assert_text(e, "host.dmi", "Dell?[2J Inc. PowerEdge");
        assert_text(e, "kernel.isolcpus", "none");
        assert_text(e, "kernel.nohz_full", "none");
        assert_text(e, "kernel.thp", "madvise");
        assert_text(e, "kernel.preempt", "voluntary");
        assert_number(e, "kernel.aslr", 2);
        assert_text(at(e, "kernel.mitigations"), "spectre_v2", "Mitigation: IBRS");
        assert_text(at(e, "kernel.mitigations"), "l1tf", "Not affected");
        assert_number(e, "load.load5", 1.5);
        assert_text(e, "clock.source", "tsc");
        assert_false(has_reason(e, "governor_unknown"));
        assert_false(has_reason(e, "governor_not_performance"));
        assert_false(has_reason(e, "hypervisor"));
        assert_false(has_reason(e, "busy_machine"));
        cJSON_Delete(e);
        tempdir_remove(root);
}

static void a_made_up_container(void **state)
{
        char root[64];
        cJSON *e;

        (void)state;
        tempdir_make(root);
        tempdir_write(root, "proc/cpuinfo",
                      "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\n"
                      "model name\t: AMD EPYC\nflags\t\t: fpu hypervisor lahf_lm\n");
        write_for_usable(root, "cpufreq/scaling_governor", "powersave\n");
        tempdir_write(root, "proc/self/mountinfo",
                      "32 1 0:9 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        tempdir_write(root, "proc/self/cgroup", "0::/kubepods/pod1\n");
        tempdir_write(root, "sys/fs/cgroup/kubepods/pod1/cpu.max", "50000 100000\n");
        tempdir_write(root, "sys/fs/cgroup/kubepods/pod1/cpuset.cpus.effective", "0\n");
        tempdir_write(root, "proc/loadavg", "9999.00 1 1 1/2 3\n");
        tempdir_write(root, "sys/devices/system/clocksource/clocksource0/current_clocksource",
                      "hpet\n");
        e = environment(root);
        assert_text(e, "cpu.slug", "amd-epyc-f25m17");
        assert_text(e, "host.hypervisor", "other");
        assert_text(e, "host.container", "kubernetes");
        assert_number(e, "limits.cpu_quota", 0.5);
        assert_text(e, "limits.cpuset", "0");
        assert_text(e, "trust", "low");
        assert_true(has_reason(e, "hypervisor"));
        assert_true(has_reason(e, "governor_not_performance"));
        assert_true(has_reason(e, "cpu_quota"));
        assert_true(has_reason(e, "busy_machine"));
#if defined(__x86_64__)
        assert_true(has_reason(e, "clocksource_not_tsc"));
#endif
        tempdir_write(root, "sys/fs/cgroup/kubepods/pod1/cpu.max", "max 100000\n");
        cJSON_Delete(e);
        e = environment(root);
        assert_text(e, "limits.cpu_quota", "none");
        assert_false(has_reason(e, "cpu_quota"));
        cJSON_Delete(e);
        tempdir_remove(root);
}

static void a_made_up_arm_machine(void **state)
{
        char root[64];
        cJSON *e;

        (void)state;
        tempdir_make(root);
        tempdir_write(root, "proc/cpuinfo",
                      "processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd atomics\n"
                      "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\n"
                      "CPU part\t: 0xd0c\nCPU revision\t: 1\n");
        e = environment(root);
        assert_text(e, "cpu.vendor", "0x41");
        assert_number(e, "cpu.family", 8);
        assert_number(e, "cpu.model", 0xd0c);
        assert_number(e, "cpu.stepping", 1);
        assert_text(e, "cpu.name", "unknown");
        assert_non_null(strstr(at(e, "cpu.slug")->valuestring, "-f8m3340"));
        assert_text(e, "host.hypervisor", "unknown");
        cJSON_Delete(e);
        tempdir_remove(root);
}

static void nothing_identifies_the_machine(const char *text)
{
        static const char *const words[] = {"HostName", "ProcessName", "LinuxCgroup",
                                            "Serial",   "UUID",        "AssetTag"};

        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
                assert_null(strstr(text, words[i]));
}

static void files_are_written_once(void **state)
{
        hwloc_topology_t topology;
        char dir[64], path[128], *first;
        cJSON *parsed;

        (void)state;
        tempdir_make(dir);
        assert_int_equal(ct_environment_write(dir, "run-1"), 0);
        first = strdup(tempdir_read(dir, "environment.json"));
        nothing_identifies_the_machine(first);
        parsed = cJSON_Parse(first);
        assert_text(parsed, "run_id", "run-1");
        cJSON_Delete(parsed);
        nothing_identifies_the_machine(tempdir_read(dir, "topology.xml"));
        assert_non_null(strstr(tempdir_read(dir, "topology.xml"), "<info name=\"Architecture\""));
        snprintf(path, sizeof path, "%s/topology.xml", dir);
        assert_int_equal(hwloc_topology_init(&topology), 0);
        assert_int_equal(hwloc_topology_set_xml(topology, path), 0);
        assert_int_equal(hwloc_topology_load(topology), 0);
        assert_true(hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU) > 0);
        hwloc_topology_destroy(topology);
        assert_int_equal(ct_environment_write(dir, "run-2"), 0); /* both there: untouched */
        assert_string_equal(tempdir_read(dir, "environment.json"), first);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(ct_environment_write(dir, "run-3"), 0); /* only the missing one */
        assert_string_equal(tempdir_read(dir, "environment.json"), first);
        assert_true(tempdir_has(dir, "topology.xml"));
        free(first);
        tempdir_remove(dir);
        assert_int_equal(ct_environment_write(dir, "run"), -ENOENT);
}

/* Another machine put in this one's place by hwloc's own variable must not pass as this machine. */
static void foreign_topology_is_distrusted(void **state)
{
        cJSON *e;

        (void)state;
        setenv("HWLOC_SYNTHETIC", "pack:2 l3:2 core:4 pu:2", 1);
        e = environment("");
        unsetenv("HWLOC_SYNTHETIC");
        assert_true(has_reason(e, "foreign_topology"));
        assert_text(e, "trust", "low");
        assert_number(e, "topology.packages", 2);
        assert_number(e, "topology.l3_groups", 4);
        assert_number(e, "topology.cores", 16);
        assert_number(e, "topology.pus", 32);
        assert_number(e, "topology.smt", 2);
        assert_values_fine(e);
        cJSON_Delete(e);
}

static void context_has_the_main_facts(void **state)
{
        static const char *const wanted[] = {
                "cpu",      "kernel",     "compiler",         "contend_commit",
                "trust",    "hypervisor", "governor",         "usable_pus",
                "cpu_slug", "hwloc",      "google_benchmark", "contend_version"};
        struct ct_env_pair pairs[40];
        size_t n = ct_environment_context(pairs, 40);

        (void)state;
        assert_true(n > 0 && n < 40);
        for (size_t w = 0; w < sizeof wanted / sizeof *wanted; w++) {
                size_t i = 0;

                while (i < n && strcmp(pairs[i].key, wanted[w]) != 0)
                        i++;
                assert_true(i < n);
                assert_true(pairs[i].value[0] != '\0');
        }
        assert_int_equal(ct_environment_context(pairs, 3), 3);
        assert_int_equal(ct_environment_context(pairs, 0), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_key_is_there),
                cmocka_unit_test(unreadable_is_unknown),
                cmocka_unit_test(a_made_up_workstation),
                cmocka_unit_test(a_made_up_container),
                cmocka_unit_test(a_made_up_arm_machine),
                cmocka_unit_test(files_are_written_once),
                cmocka_unit_test(foreign_topology_is_distrusted),
                cmocka_unit_test(context_has_the_main_facts),
        };

        unsetenv("HWLOC_SYNTHETIC");
        unsetenv("HWLOC_XMLFILE");
        return cmocka_run_group_tests(tests, NULL, NULL);
}
