#include "pool/quota.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/cgroup.h"

enum { PERIOD_US = 100000 }; /* what container managers set */

static const char prefix[] = "contend-quota-";

static int put(const char *folder, const char *file, const char *text)
{
        char path[1280];
        int fd, rc = 0;

        snprintf(path, sizeof path, "%s/%s", folder, file);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (write(fd, text, strlen(text)) < 0)
                rc = -errno;
        close(fd);
        return rc;
}

bool quota_possible(void)
{
        char folder[1024], path[1280];
        bool v2;

        if (!ct_cgroup_cpu_folder(folder, sizeof folder, &v2, ""))
                return false;
        snprintf(path, sizeof path, "%s/%s", folder,
                 v2 ? "cgroup.subtree_control" : "cgroup.procs");
        return !access(folder, W_OK) && !access(path, W_OK);
}

/* Of processes that were ended in the middle; one that is in use cannot be removed. */
static void remove_old(const char *home)
{
        char pattern[1280];
        glob_t found;

        snprintf(pattern, sizeof pattern, "%s/%s*", home, prefix);
        if (glob(pattern, GLOB_NOSORT, NULL, &found))
                return;
        for (size_t i = 0; i < found.gl_pathc; i++)
                rmdir(found.gl_pathv[i]);
        globfree(&found);
}

static int limit(const struct quota *q, bool v2)
{
        char text[64], period[32];
        int rc;

        if (v2) {
                snprintf(text, sizeof text, "%.0f %d", q->cpus * PERIOD_US, PERIOD_US);
                return put(q->group, "cpu.max", text);
        }
        snprintf(period, sizeof period, "%d", PERIOD_US);
        snprintf(text, sizeof text, "%.0f", q->cpus * PERIOD_US);
        rc = put(q->group, "cpu.cfs_period_us", period);
        return rc ? rc : put(q->group, "cpu.cfs_quota_us", text);
}

/* What holds for this process now: a group above may allow less. */
static int read_back(struct quota *q)
{
        struct ct_cgroup_cpu cpu;

        ct_cgroup_cpu_read(&cpu, "");
        if (!cpu.has_quota || cpu.quota <= 0)
                return -EPROTO;
        q->cpus = cpu.quota;
        return 0;
}

int quota_enter(struct quota *q, const struct topology *t)
{
        char folder[sizeof q->group];
        bool v2;
        int rc;

        *q = (struct quota){.cpus = topology_cores(t) / 2.0};
        if (!ct_cgroup_cpu_folder(q->home, sizeof q->home, &v2, ""))
                return -ENOENT;
        remove_old(q->home);
        snprintf(folder, sizeof folder, "%s/%s%d", q->home, prefix, (int)getpid());
        if (v2) /* refused where it is on already and where it cannot be: cpu.max will tell */
                (void)put(q->home, "cgroup.subtree_control", "+cpu");
        if (mkdir(folder, 0755))
                return -errno;
        memcpy(q->group, folder, sizeof folder);
        rc = limit(q, v2);
        if (!rc)
                rc = put(q->group, "cgroup.procs", "0");
        if (!rc)
                rc = read_back(q);
        if (rc)
                (void)quota_leave(q);
        return rc;
}

int quota_leave(struct quota *q)
{
        int rc;

        if (!q->group[0])
                return 0;
        rc = put(q->home, "cgroup.procs", "0");
        /* Threads that have just ended may still be counted as being in it. */
        for (int tries = 0; !rc && rmdir(q->group) && tries < 100; tries++) {
                if (errno != EBUSY)
                        rc = -errno;
                ct_sleep_until(ct_deadline_after(CT_NS_PER_MS));
        }
        q->group[0] = '\0';
        return rc;
}
