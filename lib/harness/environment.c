#include "harness/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/env_facts.h"
#include "harness/runfile.h"

void env_distrust(struct env_facts *facts, const char *reason)
{
        if (facts->n_reasons < ENV_MAX_REASONS)
                facts->reasons[facts->n_reasons++] = reason;
}

void env_add_text(cJSON *object, const char *key, const char *text)
{
        char clean[ENV_TEXT];
        size_t n = 0;

        for (; text && *text && n + 1 < sizeof clean; text++)
                clean[n++] = *text >= ' ' && *text <= '~' ? *text : '?';
        clean[n] = '\0';
        cJSON_AddStringToObject(object, key, n ? clean : "unknown");
}

void env_add_number(cJSON *object, const char *key, bool known, double value)
{
        if (known)
                cJSON_AddNumberToObject(object, key, value);
        else
                cJSON_AddStringToObject(object, key, "unknown");
}

/* The main thread's affinity: the calling one may be a pinned worker. */
static int narrow_to_affinity(hwloc_bitmap_t set)
{
        cpu_set_t affinity;

        if (sched_getaffinity(getpid(), sizeof affinity, &affinity))
                return 0; /* more CPUs than cpu_set_t holds: hwloc's allowed set stands */
        for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
                if (!CPU_ISSET(cpu, &affinity) && hwloc_bitmap_clr(set, (unsigned)cpu))
                        return -ENOMEM;
        return 0;
}

static void facts_fini(struct env_facts *facts)
{
        if (facts->usable)
                hwloc_bitmap_free(facts->usable);
        if (facts->topology)
                hwloc_topology_destroy(facts->topology);
}

static int facts_init(struct env_facts *facts, const char *root)
{
        *facts = (struct env_facts){.root = root};
        if (hwloc_topology_init(&facts->topology)) {
                facts->topology = NULL;
                return -ENOMEM;
        }
        /* The whole machine, with what this process may use marked in it. */
        if (hwloc_topology_set_flags(facts->topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) ||
            hwloc_topology_load(facts->topology))
                return errno ? -errno : -EIO;
        facts->usable = hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(facts->topology));
        return facts->usable ? narrow_to_affinity(facts->usable) : -ENOMEM;
}

static void add_header(cJSON *o, const struct env_facts *facts, const char *run_id)
{
        time_t now = time(NULL);
        char text[40] = "";
        cJSON *reasons;
        struct tm utc;

        cJSON_AddNumberToObject(o, "schema_version", 1);
        env_add_text(o, "run_id", run_id);
        if (gmtime_r(&now, &utc))
                strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
        env_add_text(o, "time_utc", text);
        env_add_text(o, "trust", facts->n_reasons ? "low" : "normal");
        reasons = cJSON_AddArrayToObject(o, "trust_reasons");
        for (size_t i = 0; i < facts->n_reasons; i++)
                cJSON_AddItemToArray(reasons, cJSON_CreateString(facts->reasons[i]));
}

static cJSON *build(struct env_facts *facts, const char *run_id)
{
        static const struct {
                const char *key;
                cJSON *(*make)(struct env_facts *);
        } sections[] = {
                {"suite", env_suite},   {"cpu", env_cpu},           {"topology", env_topology},
                {"limits", env_limits}, {"host", env_host},         {"kernel", env_kernel},
                {"libc", env_libc},     {"compiler", env_compiler}, {"libraries", env_libraries},
                {"peers", env_peers},   {"load", env_load},         {"clock", env_clock},
        };
        cJSON *values[sizeof sections / sizeof *sections];
        cJSON *o = cJSON_CreateObject();
        bool whole = o != NULL;

        for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
                values[i] = sections[i].make(facts);
        add_header(o, facts, run_id); /* now that the sections know whether to trust */
        for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
                whole &= values[i] && cJSON_AddItemToObject(o, sections[i].key, values[i]);
        cJSON_AddNumberToObject(o, "page_size", (double)sysconf(_SC_PAGESIZE));
        if (whole)
                return o;
        cJSON_Delete(o);
        return NULL;
}

/* cJSON prints and this module reads numbers with the C library: not in a language's own way. */
static cJSON *build_from(const char *run_id, const char *root, char **text, char **xml)
{
        locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0), before;
        struct env_facts facts;
        cJSON *o = NULL;

        if (!c)
                return NULL;
        before = uselocale(c);
        if (!facts_init(&facts, root))
                o = build(&facts, run_id);
        if (o && text)
                *text = cJSON_Print(o);
        if (o && xml)
                *xml = env_topology_xml(&facts);
        facts_fini(&facts);
        uselocale(before);
        freelocale(c);
        return o;
}

char *ct_environment_json_from(const char *run_id, const char *root)
{
        char *text = NULL;

        cJSON_Delete(build_from(run_id, root, &text, NULL));
        return text;
}

char *ct_environment_json(const char *run_id)
{
        return ct_environment_json_from(run_id, "");
}

static int write_missing(int dir_fd, const char *name, const char *text)
{
        if (!faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW))
                return 0;
        return text ? ct_file_replace(dir_fd, name, text, strlen(text)) : -ENOMEM;
}

static int write_both(int dir_fd, const char *run_id)
{
        char *text = NULL, *xml = NULL;
        int rc;

        cJSON_Delete(build_from(run_id, "", &text, &xml));
        rc = write_missing(dir_fd, "environment.json", text);
        if (!rc)
                rc = write_missing(dir_fd, "topology.xml", xml);
        free(text);
        free(xml);
        return rc;
}

int ct_environment_write(const char *dir, const char *run_id)
{
        int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

        if (dir_fd < 0)
                return -errno;
        if (faccessat(dir_fd, "environment.json", F_OK, AT_SYMLINK_NOFOLLOW) ||
            faccessat(dir_fd, "topology.xml", F_OK, AT_SYMLINK_NOFOLLOW))
                rc = write_both(dir_fd, run_id);
        close(dir_fd);
        return rc;
}

static void value_text(char *out, size_t size, const cJSON *value)
{
        if (cJSON_IsString(value))
                snprintf(out, size, "%s", value->valuestring);
        else if (cJSON_IsNumber(value))
                snprintf(out, size, "%.15g", value->valuedouble);
        else
                snprintf(out, size, "%s",
                         cJSON_IsBool(value) ? (cJSON_IsTrue(value) ? "true" : "false")
                                             : "unknown");
}

size_t ct_environment_context(struct ct_env_pair *pairs, size_t max)
{
        static const struct {
                const char *key, *section, *field;
        } facts[] = {
                {"contend_version", "suite", "version"},
                {"contend_commit", "suite", "commit"},
                {"contend_dirty", "suite", "dirty"},
                {"trust", NULL, "trust"},
                {"cpu", "cpu", "name"},
                {"cpu_slug", "cpu", "slug"},
                {"governor", "cpu", "governor"},
                {"usable_pus", "topology", "usable_pus"},
                {"usable_cores", "topology", "usable_cores"},
                {"cpu_quota", "limits", "cpu_quota"},
                {"hypervisor", "host", "hypervisor"},
                {"kernel", "kernel", "release"},
                {"libc", "libc", "version"},
                {"compiler", "compiler", "name"},
                {"compiler_version", "compiler", "version"},
                {"compiler_flags", "compiler", "flags"},
                {"google_benchmark", "libraries", "google_benchmark"},
                {"hwloc", "libraries", "hwloc"},
        };
        cJSON *o = build_from("context", "", NULL, NULL);
        size_t n = 0;

        for (; o && n < max && n < sizeof facts / sizeof *facts; n++) {
                const cJSON *section =
                        facts[n].section ? cJSON_GetObjectItemCaseSensitive(o, facts[n].section)
                                         : o;

                pairs[n].key = facts[n].key;
                value_text(pairs[n].value, sizeof pairs[n].value,
                           cJSON_GetObjectItemCaseSensitive(section, facts[n].field));
        }
        cJSON_Delete(o);
        return n;
}
