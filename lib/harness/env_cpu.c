#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "harness/env_facts.h"
#include "harness/sysfile.h"

enum { CPUINFO = 16384 }; /* the first CPU's entry; all others are cut off */

/* One key of /proc/cpuinfo in its x86 or its arm64 spelling. */
static bool cpuinfo_field(const char *info, const char *x86, const char *arm, char *out,
                          size_t size)
{
        return ct_sysfile_field(info, x86, out, size) || ct_sysfile_field(info, arm, out, size);
}

static bool add_cpuinfo_number(cJSON *o, const char *key, const char *info, const char *x86,
                               const char *arm, long *value)
{
        char text[64], *end = text;
        bool known = cpuinfo_field(info, x86, arm, text, sizeof text) && text[0];

        *value = known ? strtol(text, &end, 0) : 0;
        known = known && *end == '\0';
        env_add_number(o, key, known, (double)*value);
        return known;
}

/* Lower case, everything but letters and digits one '-', trade marks left out. */
static void make_slug(char *out, size_t size, const char *name)
{
        size_t n = 0;

        while (*name && n + 1 < size) {
                unsigned char c = (unsigned char)*name;

                if (!strncasecmp(name, "(r)", 3) || !strncasecmp(name, "(tm)", 4)) {
                        name += name[2] == ')' ? 3 : 4;
                        continue;
                }
                if (c < 128 && isalnum(c))
                        out[n++] = (char)tolower(c);
                else if (n && out[n - 1] != '-')
                        out[n++] = '-';
                name++;
        }
        while (n && out[n - 1] == '-')
                n--;
        out[n] = '\0';
}

static void add_identity(cJSON *o, const char *info)
{
        char vendor[128] = "", name[256] = "", microcode[64] = "", slug[64], whole[128];
        long family, model, stepping;
        struct utsname uts;
        bool known;

        cpuinfo_field(info, "vendor_id", "CPU implementer", vendor, sizeof vendor);
        ct_sysfile_field(info, "model name", name, sizeof name);
        ct_sysfile_field(info, "microcode", microcode, sizeof microcode);
        env_add_text(o, "vendor", vendor);
        known = add_cpuinfo_number(o, "family", info, "cpu family", "CPU architecture", &family);
        known &= add_cpuinfo_number(o, "model", info, "model", "CPU part", &model);
        add_cpuinfo_number(o, "stepping", info, "stepping", "CPU revision", &stepping);
        env_add_text(o, "name", name);
        make_slug(slug, sizeof slug, name[0] || uname(&uts) ? name : uts.machine);
        snprintf(whole, sizeof whole, "%s", slug[0] ? slug : "cpu");
        if (known)
                snprintf(whole, sizeof whole, "%s-f%ldm%ld", slug[0] ? slug : "cpu", family, model);
        env_add_text(o, "slug", whole);
        env_add_text(o, "microcode", microcode);
}

/* A cpufreq text of all usable CPUs: the common one, "mixed", or "" when any cannot be read. */
static void common_text(const struct env_facts *facts, const char *file, char *out, size_t size)
{
        int cpu;

        out[0] = '\0';
        hwloc_bitmap_foreach_begin(cpu, facts->usable)
        {
                char text[128];

                if (ct_sysfile_read(text, sizeof text, facts->root,
                                    "/sys/devices/system/cpu/cpu%d/cpufreq/%s", cpu, file) <= 0) {
                        out[0] = '\0';
                        return;
                }
                if (!out[0])
                        snprintf(out, size, "%s", text);
                else if (strcmp(out, text) != 0)
                        snprintf(out, size, "mixed");
        }
        hwloc_bitmap_foreach_end();
}

/* The highest of a per-CPU number over the usable CPUs. */
static bool highest(const struct env_facts *facts, const char *file, double *out)
{
        bool any = false;
        double value;
        int cpu;

        hwloc_bitmap_foreach_begin(cpu, facts->usable)
        {
                if (ct_sysfile_number(&value, facts->root, "/sys/devices/system/cpu/cpu%d/%s", cpu,
                                      file) &&
                    (!any || value > *out)) {
                        *out = value;
                        any = true;
                }
        }
        hwloc_bitmap_foreach_end();
        return any;
}

static void add_frequencies(cJSON *o, struct env_facts *facts)
{
        double khz = 0, mhz = 0;
        bool known = highest(facts, "cpufreq/base_frequency", &khz);

        if (known)
                mhz = khz / 1e3;
        else
                known = highest(facts, "acpi_cppc/nominal_freq", &mhz);
        env_add_number(o, "base_mhz", known, mhz);
        known = highest(facts, "cpufreq/cpuinfo_max_freq", &khz);
        env_add_number(o, "max_mhz", known, khz / 1e3);
}

static void add_boost(cJSON *o, const struct env_facts *facts)
{
        double v;

        if (ct_sysfile_number(&v, facts->root, "/sys/devices/system/cpu/cpufreq/boost"))
                cJSON_AddBoolToObject(o, "boost", v != 0);
        else if (ct_sysfile_number(&v, facts->root,
                                   "/sys/devices/system/cpu/intel_pstate/no_turbo"))
                cJSON_AddBoolToObject(o, "boost", v == 0);
        else
                env_add_text(o, "boost", NULL);
}

cJSON *env_cpu(struct env_facts *facts)
{
        char info[CPUINFO], driver[128], governor[128], epp[128];
        double tsc_hz = ct_tsc_hz();
        cJSON *o = cJSON_CreateObject();

        ct_sysfile_read(info, sizeof info, facts->root, "/proc/cpuinfo");
        add_identity(o, info);
        add_frequencies(o, facts);
        common_text(facts, "scaling_driver", driver, sizeof driver);
        common_text(facts, "scaling_governor", governor, sizeof governor);
        common_text(facts, "energy_performance_preference", epp, sizeof epp);
        env_add_text(o, "scaling_driver", driver);
        env_add_text(o, "governor", governor);
        env_add_text(o, "epp", epp);
        add_boost(o, facts);
        env_add_number(o, "tsc_mhz", tsc_hz > 0, (double)(long)(tsc_hz / 1e3 + 0.5) / 1e3);
        cJSON_AddBoolToObject(o, "tsc_invariant", ct_tsc_invariant());
        if (!governor[0])
                env_distrust(facts, "governor_unknown");
        else if (strcmp(governor, "performance") != 0)
                env_distrust(facts, "governor_not_performance");
        if (!ct_tsc_invariant())
                env_distrust(facts, "tsc_not_invariant");
        return o;
}
