#include "harness/cgroup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/sysfile.h"

enum { PATH = 1024, FILE_TEXT = 65536 };

/* Where one controller's hierarchy is mounted, and this process's group in it. */
struct place {
        bool v2;
        char mount[PATH];
        char group[PATH]; /* "" or "/a/b", below the mount */
};

/* In a list separated by commas or blanks. */
static bool has_word(const char *list, const char *word)
{
        size_t length = strlen(word);

        for (const char *p = list; (p = strstr(p, word)); p += length)
                if ((p == list || strchr(", ", p[-1])) && (!p[length] || strchr(", ", p[length])))
                        return true;
        return false;
}

/*
 * One line of /proc/self/mountinfo: "36 35 98:0 /root /mount options [optional ..] - type source
 * super". A version 1 hierarchy names its controllers in `super`; version 2 has all others.
 */
static bool mount_line(const char *line, const char *controller, struct place *place,
                       char *mount_root)
{
        char type[32], super[512], where[PATH], inner[PATH];
        const char *dash = strstr(line, " - ");

        if (!dash || sscanf(line, "%*s %*s %*s %1023s %1023s", inner, where) != 2 ||
            sscanf(dash, " - %31s %*s %511s", type, super) != 2)
                return false;
        place->v2 = !strcmp(type, "cgroup2");
        if (!place->v2 && (strcmp(type, "cgroup") != 0 || !has_word(super, controller)))
                return false;
        memcpy(place->mount, where, sizeof where);
        memcpy(mount_root, inner, sizeof inner);
        return true;
}

/* The version 1 mount where there is one (a controller lives in one hierarchy), else version 2. */
static bool find_mount(char *mountinfo, const char *controller, struct place *place,
                       char *mount_root)
{
        bool found = false;
        char *rest, *line = strtok_r(mountinfo, "\n", &rest);

        for (; line; line = strtok_r(NULL, "\n", &rest)) {
                struct place candidate;
                char inner[PATH];

                if (!mount_line(line, controller, &candidate, inner) || (found && candidate.v2))
                        continue;
                memcpy(place->mount, candidate.mount, sizeof candidate.mount);
                memcpy(mount_root, inner, sizeof inner);
                place->v2 = candidate.v2;
                found = true;
                if (!candidate.v2)
                        break;
        }
        return found;
}

/* The process's group from /proc/self/cgroup ("4:cpu,cpuacct:/a" or "0::/a"), seen from the mount.
 */
static bool find_group(char *groups, const char *controller, struct place *place,
                       const char *mount_root)
{
        size_t root_length = strlen(mount_root);
        char *rest, *line = strtok_r(groups, "\n", &rest);

        for (; line; line = strtok_r(NULL, "\n", &rest)) {
                char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;

                if (!path || strlen(path) >= PATH)
                        continue;
                *path++ = '\0';
                if (place->v2 ? strcmp(line, "0:") != 0 : !has_word(names + 1, controller))
                        continue;
                /* A container may see the host's path of its group, mounted as the root. */
                if (root_length > 1 && !strncmp(path, mount_root, root_length))
                        path += root_length;
                snprintf(place->group, sizeof place->group, "%s",
                         strcmp(path, "/") != 0 ? path : "");
                return true;
        }
        return false;
}

static bool find_place(struct place *place, const char *controller, const char *root)
{
        char *text = malloc(FILE_TEXT), mount_root[PATH];
        bool found = text && ct_sysfile_read(text, FILE_TEXT, root, "/proc/self/mountinfo") > 0 &&
                     find_mount(text, controller, place, mount_root) &&
                     ct_sysfile_read(text, FILE_TEXT, root, "/proc/self/cgroup") > 0 &&
                     find_group(text, controller, place, mount_root);

        free(text);
        return found;
}

static void add_throttled(struct ct_cgroup_cpu *out, const char *root, const struct place *place)
{
        char text[1024], value[32];

        if (ct_sysfile_read(text, sizeof text, root, "%s%s/cpu.stat", place->mount, place->group) <=
                    0 ||
            !ct_sysfile_field(text, "nr_throttled", value, sizeof value))
                return;
        out->has_throttled = true;
        out->throttled += strtoull(value, NULL, 10);
}

/* One level's limit in CPUs; 0 = none. False where it is not readable. */
static bool level_quota(double *quota, const char *root, const struct place *place)
{
        char text[128];
        double limit, period;

        *quota = 0;
        if (!place->v2) {
                if (!ct_sysfile_number(&limit, root, "%s%s/cpu.cfs_quota_us", place->mount,
                                       place->group) ||
                    !ct_sysfile_number(&period, root, "%s%s/cpu.cfs_period_us", place->mount,
                                       place->group))
                        return false;
                if (limit > 0 && period > 0)
                        *quota = limit / period;
                return true;
        }
        if (ct_sysfile_read(text, sizeof text, root, "%s%s/cpu.max", place->mount, place->group) <=
            0)
                return false;
        if (sscanf(text, "%lf %lf", &limit, &period) == 2 && limit > 0 && period > 0)
                *quota = limit / period;
        return *quota > 0 || !strncmp(text, "max ", 4);
}

static void add_quota(struct ct_cgroup_cpu *out, const char *root, const struct place *place)
{
        double quota;

        if (!level_quota(&quota, root, place))
                return;
        out->has_quota = true;
        if (quota > 0 && (out->quota == 0 || quota < out->quota))
                out->quota = quota;
}

static void read_levels(struct ct_cgroup_cpu *out, const char *root, bool with_quota)
{
        struct place place;

        *out = (struct ct_cgroup_cpu){0};
        if (!find_place(&place, "cpu", root))
                return;
        for (;;) {
                char *last = strrchr(place.group, '/');

                add_throttled(out, root, &place);
                if (with_quota)
                        add_quota(out, root, &place);
                if (!last)
                        break;
                *last = '\0';
        }
        /* Version 2's root group has no cpu.max: at the root of the hierarchy nothing limits. */
        if (with_quota && place.v2 && !out->has_quota) {
                char controllers[512];

                out->has_quota = ct_sysfile_read(controllers, sizeof controllers, root,
                                                 "%s/cgroup.controllers", place.mount) > 0 &&
                                 has_word(controllers, "cpu");
        }
}

void ct_cgroup_cpu_read(struct ct_cgroup_cpu *out, const char *root)
{
        read_levels(out, root, true);
}

void ct_cgroup_throttled_read(struct ct_cgroup_cpu *out, const char *root)
{
        read_levels(out, root, false);
}

bool ct_cgroup_cpuset_read(char *list, size_t size, const char *root)
{
        struct place place;

        if (!find_place(&place, "cpuset", root))
                return false;
        for (;;) {
                char *last = strrchr(place.group, '/');

                if (ct_sysfile_read(list, size, root, "%s%s/%s", place.mount, place.group,
                                    place.v2 ? "cpuset.cpus.effective" : "cpuset.effective_cpus") >
                    0)
                        return true;
                /* A group without the file has the nearest parent's set. */
                if (!last)
                        return false;
                *last = '\0';
        }
}

bool ct_cgroup_cpu_folder(char *folder, size_t size, bool *v2, const char *root)
{
        struct place place;
        int length;

        if (!find_place(&place, "cpu", root))
                return false;
        length = snprintf(folder, size, "%s%s", place.mount, place.group);
        *v2 = place.v2;
        return length > 0 && (size_t)length < size;
}
