#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/env_facts.h"

/* hwloc leaves a level out where the machine does not tell, or where it adds nothing. */
static void add_count(cJSON *o, const char *key, hwloc_topology_t t, hwloc_obj_type_t type)
{
        int n = hwloc_get_nbobjs_by_type(t, type);

        env_add_number(o, key, n > 0, n);
}

static int count_inside(hwloc_topology_t t, hwloc_obj_type_t type, hwloc_const_bitmap_t set)
{
        hwloc_obj_t obj = NULL;
        int n = 0;

        while ((obj = hwloc_get_next_obj_by_type(t, type, obj)))
                n += hwloc_bitmap_intersects(obj->cpuset, set);
        return n;
}

static int threads_per_core(hwloc_topology_t t)
{
        hwloc_obj_t core = NULL;
        int most = 0;

        while ((core = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_CORE, core))) {
                int n = hwloc_bitmap_weight(core->cpuset);

                if (n > most)
                        most = n;
        }
        return most;
}

static void add_list(cJSON *o, const char *key, hwloc_const_bitmap_t set)
{
        char *text = NULL;

        env_add_text(o, key, hwloc_bitmap_list_asprintf(&text, set) >= 0 ? text : NULL);
        free(text);
}

/* True for the first cache of its depth with this size and this many PUs below it. */
static bool is_new_kind(hwloc_topology_t t, int depth, unsigned index, hwloc_obj_t cache)
{
        for (unsigned i = 0; i < index; i++) {
                hwloc_obj_t other = hwloc_get_obj_by_depth(t, depth, i);

                if (other->attr->cache.size == cache->attr->cache.size &&
                    hwloc_bitmap_weight(other->cpuset) == hwloc_bitmap_weight(cache->cpuset))
                        return false;
        }
        return true;
}

static void add_cache(cJSON *list, hwloc_obj_t cache)
{
        static const char *const types[] = {"unified", "data", "instruction"};
        cJSON *o = cJSON_CreateObject();
        unsigned type = (unsigned)cache->attr->cache.type;

        env_add_number(o, "level", true, cache->attr->cache.depth);
        env_add_text(o, "type", type < 3 ? types[type] : NULL);
        env_add_number(o, "size_bytes", cache->attr->cache.size > 0,
                       (double)cache->attr->cache.size);
        env_add_number(o, "shared_by", true, hwloc_bitmap_weight(cache->cpuset));
        cJSON_AddItemToArray(list, o);
}

/* Each kind of cache once; returns the line size of the one nearest to the cores, 0 = unknown. */
static unsigned add_caches(cJSON *o, hwloc_topology_t t)
{
        cJSON *list = cJSON_AddArrayToObject(o, "caches");
        unsigned line = 0;

        for (int depth = hwloc_topology_get_depth(t) - 1; depth >= 0; depth--) {
                if (!hwloc_obj_type_is_cache(hwloc_get_depth_type(t, depth)))
                        continue;
                for (unsigned i = 0; i < hwloc_get_nbobjs_by_depth(t, depth); i++) {
                        hwloc_obj_t cache = hwloc_get_obj_by_depth(t, depth, i);

                        if (is_new_kind(t, depth, i, cache))
                                add_cache(list, cache);
                        if (!line)
                                line = cache->attr->cache.linesize;
                }
        }
        return line;
}

static void add_kinds(cJSON *o, hwloc_topology_t t)
{
        cJSON *list = cJSON_AddArrayToObject(o, "kinds");
        hwloc_bitmap_t set = hwloc_bitmap_alloc();
        int n = hwloc_cpukinds_get_nr(t, 0);

        for (int i = 0; set && i < n; i++) {
                cJSON *kind = cJSON_CreateObject();
                int efficiency;

                if (hwloc_cpukinds_get_info(t, (unsigned)i, set, &efficiency, NULL, NULL, 0)) {
                        cJSON_Delete(kind);
                        continue;
                }
                add_list(kind, "pus", set);
                env_add_number(kind, "efficiency", efficiency >= 0, efficiency);
                cJSON_AddItemToArray(list, kind);
        }
        hwloc_bitmap_free(set);
}

cJSON *env_topology(struct env_facts *facts)
{
        hwloc_topology_t t = facts->topology;
        cJSON *o = cJSON_CreateObject();
        long line;

        if (!hwloc_topology_is_thissystem(t))
                env_distrust(facts, "foreign_topology");
        add_count(o, "packages", t, HWLOC_OBJ_PACKAGE);
        add_count(o, "dies", t, HWLOC_OBJ_DIE);
        add_count(o, "l3_groups", t, HWLOC_OBJ_L3CACHE);
        add_count(o, "numa_nodes", t, HWLOC_OBJ_NUMANODE);
        add_count(o, "cores", t, HWLOC_OBJ_CORE);
        add_count(o, "pus", t, HWLOC_OBJ_PU);
        env_add_number(o, "smt", threads_per_core(t) > 0, threads_per_core(t));
        env_add_number(o, "allowed_pus", true,
                       hwloc_bitmap_weight(hwloc_topology_get_allowed_cpuset(t)));
        env_add_number(o, "usable_pus", true, hwloc_bitmap_weight(facts->usable));
        env_add_number(o, "usable_cores", threads_per_core(t) > 0,
                       count_inside(t, HWLOC_OBJ_CORE, facts->usable));
        add_list(o, "cpuset_list", facts->usable);
        line = add_caches(o, t);
        if (line <= 0)
                line = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);
        env_add_number(o, "line_size", line > 0, (double)line);
        add_kinds(o, t);
        return o;
}

/* Attributes that tell what the machine is. Not among them: HostName, ProcessName, LinuxCgroup (a
   container's id), serial numbers and asset tags. */
static bool info_kept(const char *name, size_t length)
{
        static const char *const kept[] = {
                "Architecture",   "Backend",          "CPUFamilyNumber", "CPUImplementer",
                "CPUModel",       "CPUModelNumber",   "CPUPart",         "CPURevision",
                "CPUStepping",    "CPUVariant",       "CPUVendor",       "CoreType",
                "DMIBIOSVersion", "DMIBoardName",     "DMIBoardVendor",  "DMIProductName",
                "DMISysVendor",   "FrequencyBaseMHz", "FrequencyMaxMHz", "Inclusive",
                "MemoryMode",     "OSName",           "OSRelease",       "OSVersion",
                "PlatformModel",  "hwlocVersion",
        };

        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
                if (strlen(kept[i]) == length && !strncmp(kept[i], name, length))
                        return true;
        return false;
}

/* Drops, in place, the lines `<info name="X" ...` of all X that are not kept. hwloc writes each
   element on a line of its own, and line breaks inside values as character references. */
static void drop_identity(char *xml)
{
        static const char info[] = "<info name=\"";
        char *out = xml;

        while (*xml) {
                size_t length = strcspn(xml, "\n"), blanks = strspn(xml, " \t");
                const char *name = xml + blanks + sizeof info - 1;

                length += xml[length] == '\n';
                if (strncmp(xml + blanks, info, sizeof info - 1) != 0 ||
                    info_kept(name, strcspn(name, "\"\n"))) {
                        memmove(out, xml, length);
                        out += length;
                }
                xml += length;
        }
        *out = '\0';
}

char *env_topology_xml(struct env_facts *facts)
{
        char *buffer, *copy;
        int length;

        if (hwloc_topology_export_xmlbuffer(facts->topology, &buffer, &length, 0))
                return NULL;
        copy = strndup(buffer, (size_t)length);
        hwloc_free_xmlbuffer(facts->topology, buffer);
        if (copy)
                drop_identity(copy);
        return copy;
}
