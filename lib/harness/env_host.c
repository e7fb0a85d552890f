#include <dirent.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "base/clock.h"
#include "harness/cgroup.h"
#include "harness/env_facts.h"
#include "harness/sysfile.h"

static void add_file(cJSON *o, const char *key, const struct env_facts *facts, const char *path)
{
        char text[ENV_TEXT];

        ct_sysfile_read(text, sizeof text, facts->root, "%s", path);
        env_add_text(o, key, text);
}

cJSON *env_limits(struct env_facts *facts)
{
        cJSON *o = cJSON_CreateObject();
        struct ct_cgroup_cpu cpu;
        char list[ENV_TEXT];

        ct_cgroup_cpu_read(&cpu, facts->root);
        if (cpu.has_quota && cpu.quota == 0)
                env_add_text(o, "cpu_quota", "none");
        else
                env_add_number(o, "cpu_quota", cpu.has_quota, cpu.quota);
        if (cpu.quota > 0)
                env_distrust(facts, "cpu_quota");
        env_add_text(o, "cpuset",
                     ct_cgroup_cpuset_read(list, sizeof list, facts->root) ? list : NULL);
        return o;
}

/* The name a hypervisor gives itself at CPUID leaf 0x40000000. */
static const char *hypervisor_name(const struct env_facts *facts)
{
#if defined(__x86_64__)
        static const char *const known[][2] = {
                {"KVMKVMKVM", "kvm"},       {"Linux KVM Hv", "kvm"},  {"Microsoft Hv", "hyperv"},
                {"VMwareVMware", "vmware"}, {"XenVMMXenVMM", "xen"},  {"TCGTCGTCGTCG", "qemu-tcg"},
                {"bhyve bhyve ", "bhyve"},  {"ACRNACRNACRN", "acrn"},
        };
        union {
                unsigned words[3];
                char text[13];
        } id = {.text = ""};
        unsigned highest;

        if (!facts->root[0]) {
                __cpuid(0x40000000u, highest, id.words[0], id.words[1], id.words[2]);
                (void)highest;
                for (size_t i = 0; i < sizeof known / sizeof *known; i++)
                        if (!strcmp(id.text, known[i][0]))
                                return known[i][1];
        }
#else
        (void)facts;
#endif
        return "other";
}

static void add_hypervisor(cJSON *o, struct env_facts *facts)
{
        char *info = malloc(16384), flags[8192], type[64];
        const char *name = NULL;

        /* x86 lists "hypervisor" among its flags; without that word there is none. */
        if (info && ct_sysfile_read(info, 16384, facts->root, "/proc/cpuinfo") > 0 &&
            ct_sysfile_field(info, "flags", flags, sizeof flags))
                name = strstr(flags, " hypervisor") ? hypervisor_name(facts) : "none";
        else if (ct_sysfile_read(type, sizeof type, facts->root, "/sys/hypervisor/type") > 0)
                name = type;
        if (name && strcmp(name, "none") != 0)
                env_distrust(facts, "hypervisor");
        env_add_text(o, "hypervisor", name);
        free(info);
}

/* PROC_PID_INIT_INO: the PID namespace of the machine itself. */
static bool in_first_pid_namespace(const char *root, bool *known)
{
        char path[4096], link[64];
        ssize_t n;

        snprintf(path, sizeof path, "%s/proc/self/ns/pid", root);
        n = readlink(path, link, sizeof link - 1);
        *known = n > 0;
        link[n > 0 ? n : 0] = '\0';
        return !strcmp(link, "pid:[4026531836]");
}

static const char *container_name(const char *root)
{
        static const char *const marks[][2] = {
                {"kubepods", "kubernetes"},
                {"docker", "docker"},
                {"libpod", "podman"},
                {"/lxc", "lxc"},
        };
        char groups[8192];
        bool known, first = in_first_pid_namespace(root, &known);

        if (ct_sysfile_exists(root, "/run/.containerenv"))
                return "podman";
        if (ct_sysfile_exists(root, "/.dockerenv"))
                return "docker";
        ct_sysfile_read(groups, sizeof groups, root, "/proc/self/cgroup");
        for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
                if (strstr(groups, marks[i][0]))
                        return marks[i][1];
        if (!known)
                return NULL;
        return first ? "none" : "other";
}

cJSON *env_host(struct env_facts *facts)
{
        char vendor[256], product[256], dmi[600] = "";
        cJSON *o = cJSON_CreateObject();

        add_hypervisor(o, facts);
        ct_sysfile_read(vendor, sizeof vendor, facts->root, "/sys/class/dmi/id/sys_vendor");
        ct_sysfile_read(product, sizeof product, facts->root, "/sys/class/dmi/id/product_name");
        if (vendor[0] || product[0])
                snprintf(dmi, sizeof dmi, "%s%s%s", vendor, vendor[0] && product[0] ? " " : "",
                         product);
        env_add_text(o, "dmi", dmi);
        env_add_text(o, "container", container_name(facts->root));
        return o;
}

/* The word that a file marks as chosen among several: "always [madvise] never", "none (full)". */
static bool chosen_word(const char *text, char open, char shut, char *out, size_t size)
{
        const char *start = strchr(text, open), *end = start ? strchr(start, shut) : NULL;

        if (!end)
                return false;
        snprintf(out, size, "%.*s", (int)(end - start - 1), start + 1);
        return true;
}

static void add_preempt(cJSON *o, const struct env_facts *facts, const char *version)
{
        char text[128], word[32];
        double realtime;

        ct_sysfile_read(text, sizeof text, facts->root, "/sys/kernel/debug/sched/preempt");
        if (ct_sysfile_number(&realtime, facts->root, "/sys/kernel/realtime") && realtime > 0)
                env_add_text(o, "preempt", "rt");
        else if (chosen_word(text, '(', ')', word, sizeof word))
                env_add_text(o, "preempt", word);
        else if (strstr(version, "PREEMPT_DYNAMIC"))
                env_add_text(o, "preempt", "dynamic"); /* which of them is only in debugfs */
        else
                env_add_text(o, "preempt",
                             strstr(version, "PREEMPT") ? "full" : "none or voluntary");
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_mitigations(cJSON *o, const struct env_facts *facts)
{
        static const char folder[] = "/sys/devices/system/cpu/vulnerabilities";
        char path[4096], text[ENV_TEXT], *names[128];
        struct dirent *entry;
        cJSON *list;
        size_t n = 0;
        DIR *dir;

        snprintf(path, sizeof path, "%s%s", facts->root, folder);
        dir = opendir(path);
        if (!dir) {
                env_add_text(o, "mitigations", NULL);
                return;
        }
        while (n < sizeof names / sizeof *names && (entry = readdir(dir)))
                if (entry->d_name[0] != '.' && (names[n] = strdup(entry->d_name)))
                        n++;
        closedir(dir);
        qsort(names, n, sizeof *names, compare_names);
        list = cJSON_AddObjectToObject(o, "mitigations");
        for (size_t i = 0; i < n; i++) {
                ct_sysfile_read(text, sizeof text, facts->root, "%s/%s", folder, names[i]);
                env_add_text(list, names[i], text);
                free(names[i]);
        }
}

static const char *sched_class(void)
{
        switch (sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) {
        case SCHED_OTHER:
                return "other";
        case SCHED_BATCH:
                return "batch";
        case SCHED_IDLE:
                return "idle";
        case SCHED_FIFO:
                return "fifo";
        case SCHED_RR:
                return "rr";
        case SCHED_DEADLINE:
                return "deadline";
        default:
                return NULL;
        }
}

/* A list of CPUs that the kernel leaves alone: empty is "none", no file is unknown. */
static void add_cpu_list(cJSON *o, const char *key, const struct env_facts *facts, const char *file)
{
        char list[ENV_TEXT];
        long n =
                ct_sysfile_read(list, sizeof list, facts->root, "/sys/devices/system/cpu/%s", file);

        if (n < 0)
                env_add_text(o, key, NULL);
        else
                env_add_text(o, key, n == 0 || strstr(list, "(null)") ? "none" : list);
}

cJSON *env_kernel(struct env_facts *facts)
{
        char text[ENV_TEXT], thp[32];
        cJSON *o = cJSON_CreateObject();
        struct utsname uts = {.release = "", .version = ""};
        struct timespec tick;
        double aslr = 0;
        bool known;

        uname(&uts);
        env_add_text(o, "release", uts.release);
        env_add_text(o, "version", uts.version);
        add_preempt(o, facts, uts.version);
        /* The coarse clock moves once a tick, so its resolution is 1/HZ. */
        known = !clock_getres(CLOCK_MONOTONIC_COARSE, &tick) && tick.tv_sec == 0 &&
                tick.tv_nsec > 0;
        env_add_number(o, "hz", known,
                       known ? (double)(long)(1e9 / (double)tick.tv_nsec + 0.5) : 0);
        add_mitigations(o, facts);
        ct_sysfile_read(text, sizeof text, facts->root,
                        "/sys/kernel/mm/transparent_hugepage/enabled");
        env_add_text(o, "thp", chosen_word(text, '[', ']', thp, sizeof thp) ? thp : NULL);
        known = ct_sysfile_number(&aslr, facts->root, "/proc/sys/kernel/randomize_va_space");
        env_add_number(o, "aslr", known, aslr);
        env_add_text(o, "sched_class", sched_class());
        add_cpu_list(o, "isolcpus", facts, "isolated");
        add_cpu_list(o, "nohz_full", facts, "nohz_full");
        add_file(o, "clocksource", facts,
                 "/sys/devices/system/clocksource/clocksource0/current_clocksource");
        return o;
}

cJSON *env_libc(struct env_facts *facts)
{
        cJSON *o = cJSON_CreateObject();

        (void)facts;
        env_add_text(o, "name", "glibc");
        env_add_text(o, "version", gnu_get_libc_version());
        return o;
}

cJSON *env_load(struct env_facts *facts)
{
        char text[128], copy[3][32];
        cJSON *o = cJSON_CreateObject();
        static const char *const keys[] = {"load1", "load5", "load15"};
        bool known;

        ct_sysfile_read(text, sizeof text, facts->root, "/proc/loadavg");
        known = sscanf(text, "%31s %31s %31s", copy[0], copy[1], copy[2]) == 3;
        for (int i = 0; i < 3; i++) {
                double load = known ? strtod(copy[i], NULL) : 0;

                env_add_number(o, keys[i], known, load);
                if (i == 0 && load > 0.5 * hwloc_bitmap_weight(facts->usable))
                        env_distrust(facts, "busy_machine");
        }
        return o;
}

/* The cheapest of several batches: a disturbed one only looks dearer. */
static double clock_cost_ns(void)
{
        enum { READS = 200, BATCHES = 15 };
        double best = 1e18;

        for (int batch = 0; batch < BATCHES; batch++) {
                int64_t first = ct_now_ns(), last = first;
                double cost;

                for (int i = 0; i < READS; i++)
                        last = ct_now_ns();
                cost = (double)(last - first) / READS;
                if (cost < best)
                        best = cost;
        }
        return (double)(long)(best * 100 + 0.5) / 100;
}

cJSON *env_clock(struct env_facts *facts)
{
        char source[64];
        cJSON *o = cJSON_CreateObject();

        ct_sysfile_read(source, sizeof source, facts->root,
                        "/sys/devices/system/clocksource/clocksource0/current_clocksource");
#if defined(__x86_64__)
        if (source[0] && strcmp(source, "tsc") != 0)
                env_distrust(facts, "clocksource_not_tsc");
#endif
        env_add_text(o, "source", source);
        env_add_number(o, "cost_ns", true, clock_cost_ns());
        return o;
}
