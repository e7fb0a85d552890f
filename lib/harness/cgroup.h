/*
 * CPU limits of this process's control groups, version 1, version 2 or both mounted at once. Limits
 * hold at every level, so the quota is the smallest and nr_throttled the sum over the process's
 * group and all its parents that are visible here (in a container, up to the container's own root).
 */
#ifndef CT_HARNESS_CGROUP_H
#define CT_HARNESS_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_cgroup_cpu {
        bool has_quota;     /* a cpu controller was found and its limit read */
        double quota;       /* CPUs' worth of time; 0 = no limit */
        bool has_throttled; /* nr_throttled could be read */
        uint64_t throttled;
};

/* `root` is "" on this machine. */
void ct_cgroup_cpu_read(struct ct_cgroup_cpu *out, const char *root);

/* Only `throttled` and its flag: what is read around each window. */
void ct_cgroup_throttled_read(struct ct_cgroup_cpu *out, const char *root);

/* The CPUs that the group may use, as the kernel's list ("0-3,8"); false where that cannot be read.
 */
bool ct_cgroup_cpuset_read(char *list, size_t size, const char *root);

/* The folder of the process's own group of the cpu controller, and whether it is version 2's; false
   where there is none. */
bool ct_cgroup_cpu_folder(char *folder, size_t size, bool *v2, const char *root);

#endif
