#include "harness/topology.h"

#include <errno.h>
#include <hwloc/cpukinds.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *ct_printable(char *out, size_t size, const char *text)
{
        size_t used = 0;
        for (; *text; text++) {
                unsigned char c = (unsigned char)*text;
                size_t width = c >= 0x20 && c < 0x7f ? 1 : 4;
                if (used + width + 4 > size) { /* room for "..." and the end */
                        used += (size_t)snprintf(out + used, size - used, "...");
                        break;
                }
                used += (size_t)snprintf(out + used, size - used, width == 1 ? "%c" : "\\x%02x", c);
        }
        out[used] = '\0';
        return out;
}

/* Stores the reason, which must outlive the caller, and returns the error. */
static int refuse(const char **reason, int error, const char *text)
{
        *reason = text;
        return error;
}

/* The calling thread's affinity, in a set as long as this kernel wants it. NULL with errno. */
static cpu_set_t *affinity_read(size_t *size)
{
        for (size_t cpus = 1024; cpus <= 1u << 20; cpus *= 2) {
                cpu_set_t *set = CPU_ALLOC(cpus);
                if (!set)
                        return NULL;
                *size = CPU_ALLOC_SIZE(cpus);
                CPU_ZERO_S(*size, set);
                if (sched_getaffinity(0, *size, set) == 0)
                        return set;
                int error = errno;
                CPU_FREE(set);
                errno = error;
                if (error != EINVAL) /* EINVAL: the kernel knows more CPUs than fit */
                        return NULL;
        }
        return NULL;
}

static int logical_of(hwloc_topology_t hwloc, hwloc_obj_type_t type, hwloc_obj_t pu)
{
        hwloc_obj_t above = hwloc_get_ancestor_obj_by_type(hwloc, type, pu);
        return above ? (int)above->logical_index : -1;
}

/* Several nodes may hold a PU (HBM beside DRAM, far memory around all): the smallest is the local
   one, and the first of equals is the one that the kernel allocates from. */
static int numa_of(hwloc_topology_t hwloc, unsigned os)
{
        hwloc_obj_t best = NULL, node = NULL;
        int best_weight = 0;
        while ((node = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_NUMANODE, node)) != NULL) {
                if (!hwloc_bitmap_isset(node->cpuset, os))
                        continue;
                int weight = hwloc_bitmap_weight(node->cpuset);
                if (!best || (weight >= 0 && weight < best_weight)) {
                        best = node;
                        best_weight = weight;
                }
        }
        return best ? (int)best->logical_index : -1;
}

static int kinds_read(struct topology *t)
{
        int kinds = hwloc_cpukinds_get_nr(t->hwloc, 0);
        hwloc_bitmap_t set = hwloc_bitmap_alloc();
        if (!set)
                return -ENOMEM;
        for (int k = 0; k < kinds; k++) {
                int efficiency = -1;
                if (hwloc_cpukinds_get_info(t->hwloc, (unsigned)k, set, &efficiency, NULL, NULL, 0))
                        continue;
                for (size_t i = 0; i < t->n_pus; i++) {
                        if (hwloc_bitmap_isset(set, (unsigned)t->pus[i].os_index))
                                t->pus[i].kind = efficiency;
                }
        }
        hwloc_bitmap_free(set);
        return 0;
}

/* Fills t->pus from t->hwloc. A file may say anything, so what the rest stands on is checked: each
   PU's set is the PU itself, and no two have the same number. */
static int pus_read(struct topology *t, const char **reason)
{
        hwloc_bitmap_t seen = hwloc_bitmap_alloc();
        if (!seen)
                return refuse(reason, -ENOMEM, "out of memory");
        int r = 0;
        for (size_t i = 0; i < t->n_pus && r == 0; i++) {
                hwloc_obj_t obj = hwloc_get_obj_by_type(t->hwloc, HWLOC_OBJ_PU, (unsigned)i);
                if (!obj || obj->os_index > 1u << 20 || hwloc_bitmap_weight(obj->cpuset) != 1 ||
                    hwloc_bitmap_first(obj->cpuset) != (int)obj->os_index ||
                    hwloc_bitmap_isset(seen, obj->os_index)) {
                        r = refuse(reason, -EINVAL, "PU numbers contradict each other");
                        break;
                }
                hwloc_bitmap_set(seen, obj->os_index);
                t->pus[i] = (struct pu){
                        .logical = (int)i,
                        .os_index = (int)obj->os_index,
                        .core = logical_of(t->hwloc, HWLOC_OBJ_CORE, obj),
                        .l2 = logical_of(t->hwloc, HWLOC_OBJ_L2CACHE, obj),
                        .l3 = logical_of(t->hwloc, HWLOC_OBJ_L3CACHE, obj),
                        .numa = numa_of(t->hwloc, obj->os_index),
                        .package = logical_of(t->hwloc, HWLOC_OBJ_PACKAGE, obj),
                        .kind = -1,
                };
        }
        hwloc_bitmap_free(seen);
        return r;
}

static int allowed_read(struct topology *t, const char **reason)
{
        cpu_set_t *mine = NULL;
        size_t size = 0;
        if (t->this_system) {
                mine = affinity_read(&size);
                if (!mine)
                        return refuse(reason, -errno, "cannot read this process's CPU affinity");
        }
        hwloc_const_cpuset_t allowed = hwloc_topology_get_allowed_cpuset(t->hwloc);
        size_t n = 0;
        for (size_t i = 0; i < t->n_pus; i++) {
                struct pu *pu = &t->pus[i];
                pu->allowed = hwloc_bitmap_isset(allowed, (unsigned)pu->os_index) &&
                              (!mine || CPU_ISSET_S((size_t)pu->os_index, size, mine));
                n += pu->allowed;
        }
        if (mine)
                CPU_FREE(mine);
        if (n == 0)
                return refuse(reason, -ENODEV, "no CPU is allowed");

        struct pu *usable = malloc(n * sizeof(*usable));
        if (!usable)
                return refuse(reason, -ENOMEM, "out of memory");
        n = 0;
        for (size_t i = 0; i < t->n_pus; i++) {
                if (t->pus[i].allowed)
                        usable[n++] = t->pus[i];
        }
        int r = pus_count(usable, n, &t->usable);
        free(usable);
        return r ? refuse(reason, r, "out of memory") : 0;
}

int topology_adopt(struct topology *t, hwloc_topology_t hwloc, bool this_system,
                   const char **reason)
{
        *t = (struct topology){.hwloc = hwloc, .this_system = this_system};
        int n = hwloc_get_nbobjs_by_type(hwloc, HWLOC_OBJ_PU);
        int r = 0;
        if (n < 1 || (unsigned)n > CT_TOPOLOGY_MAX_PUS)
                r = refuse(reason, -EINVAL, "no PU, or more than 65536");
        if (r == 0) {
                t->n_pus = (size_t)n;
                t->pus = calloc(t->n_pus, sizeof(*t->pus));
                if (!t->pus)
                        r = refuse(reason, -ENOMEM, "out of memory");
        }
        if (r == 0)
                r = pus_read(t, reason);
        if (r == 0) {
                r = kinds_read(t);
                if (r)
                        refuse(reason, r, "out of memory");
        }
        if (r == 0)
                r = allowed_read(t, reason);
        if (r)
                topology_free(t);
        return r;
}

void topology_free(struct topology *t)
{
        if (t->hwloc)
                hwloc_topology_destroy(t->hwloc);
        free(t->pus);
        *t = (struct topology){0};
}

static int load(struct topology *t, const char **reason)
{
        hwloc_topology_t hwloc;
        if (hwloc_topology_init(&hwloc))
                return refuse(reason, -ENOMEM, "hwloc cannot start");
        if (hwloc_topology_load(hwloc)) {
                /* Only destroying is safe now: hwloc leaves a topology without a root. */
                hwloc_topology_destroy(hwloc);
                return refuse(reason, -ENODEV, "hwloc cannot read this machine's");
        }
        return topology_adopt(t, hwloc, hwloc_topology_is_thissystem(hwloc) == 1, reason);
}

int topology_load(struct topology *t, char *why, size_t why_size)
{
        const char *reason = "";
        *t = (struct topology){0};
        int r = load(t, &reason);
        if (r)
                snprintf(why, why_size, "topology: %s", reason);
        return r;
}

static int compare_ints(const void *a, const void *b)
{
        int x = *(const int *)a, y = *(const int *)b;
        return (x > y) - (x < y);
}

static size_t count_distinct(int *values, size_t n)
{
        if (n == 0) /* qsort must not see a null array */
                return 0;
        qsort(values, n, sizeof(*values), compare_ints);
        size_t distinct = 1;
        for (size_t i = 1; i < n; i++)
                distinct += values[i] != values[i - 1];
        return distinct;
}

int pus_count(const struct pu *pus, size_t n, struct pu_counts *counts)
{
        *counts = (struct pu_counts){0};
        if (n == 0)
                return 0;
        int *values = malloc(n * sizeof(*values));
        if (!values)
                return -ENOMEM;
        size_t m;
#define COUNT(target, condition, value)                                                            \
        do {                                                                                       \
                m = 0;                                                                             \
                for (size_t i = 0; i < n; i++) {                                                   \
                        if (condition)                                                             \
                                values[m++] = (value);                                             \
                }                                                                                  \
                counts->target = count_distinct(values, m);                                        \
        } while (0)
        COUNT(pus, true, pus[i].logical);
        /* Unknown cores get numbers of their own below zero, one for each PU. */
        COUNT(cores, true, pus[i].core >= 0 ? pus[i].core : -1 - pus[i].logical);
        COUNT(l3s, pus[i].l3 >= 0, pus[i].l3);
        COUNT(numas, pus[i].numa >= 0, pus[i].numa);
        COUNT(packages, pus[i].package >= 0, pus[i].package);
        COUNT(kinds, pus[i].kind >= 0, pus[i].kind);
#undef COUNT
        free(values);
        return 0;
}

int topology_bind_self(const struct topology *t, const struct pu *pu)
{
        if (!t->this_system)
                return -EXDEV;
        if (pu->os_index < 0 || !pu->allowed)
                return -EPERM;
        size_t cpu = (size_t)pu->os_index;
        cpu_set_t *set = CPU_ALLOC(cpu + 1);
        if (!set)
                return -ENOMEM;
        size_t size = CPU_ALLOC_SIZE(cpu + 1);
        CPU_ZERO_S(size, set);
        CPU_SET_S(cpu, size, set);
        int r = sched_setaffinity(0, size, set) ? -errno : 0;
        CPU_FREE(set);
        if (r)
                return r;

        set = affinity_read(&size);
        if (!set)
                return -errno;
        bool bound = CPU_COUNT_S(size, set) == 1 && CPU_ISSET_S(cpu, size, set);
        CPU_FREE(set);
        sched_yield();
        return bound && sched_getcpu() == pu->os_index ? 0 : -EAGAIN;
}
