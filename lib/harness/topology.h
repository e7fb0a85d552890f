/*
 * The machine as placement sees it: a flat array of processing units (PUs), each with the core, the
 * caches, the NUMA node and the package it belongs to.
 *
 * It comes from this machine or from hwloc's XML export of any other one. What may be used is
 * hwloc's allowed set (cgroup cpusets, offline CPUs), on this machine also the calling thread's
 * affinity at the time of loading: so load before binding anything. Nothing is global; a loaded
 * topology is read-only and may be shared by all threads.
 */
#ifndef CT_HARNESS_TOPOLOGY_H
#define CT_HARNESS_TOPOLOGY_H

#include <hwloc.h>
#include <stdbool.h>
#include <stddef.h>

/* Limits on what is read from a file. */
#define CT_TOPOLOGY_MAX_BYTES (64u << 20)
#define CT_TOPOLOGY_MAX_PUS 65536u

/* Where a function takes (why, why_size), it stores there why it refused: one line, no newline, no
   control characters, cut to the size. 512 holds all of them; on success it is left alone. */

/* A hardware thread. Indexes are hwloc's logical ones but for `os_index`; -1 = this machine has no
   such level, or hwloc does not know it. */
struct pu {
        int logical;
        int os_index; /* what the kernel calls CPU n; -1 = not bound to any */
        int core;
        int l2, l3;
        int numa; /* the smallest NUMA node around it */
        int package;
        int kind;     /* efficiency as in hwloc_cpukinds, higher is faster; -1 = unknown */
        bool allowed; /* false: exists, but this process may not use it */
};

/* How many different ones of each are among some PUs. A level that is unknown counts as none, but
   for cores: a PU of no known core is a core of its own. */
struct pu_counts {
        size_t pus, cores, l3s, numas, packages, kinds;
};

struct topology {
        hwloc_topology_t hwloc; /* owned; NULL in one that was put together by hand */
        bool this_system;       /* false: from a file, nothing can be bound to it */
        struct pu *pus;         /* in hwloc's logical order: PUs of a core stand together */
        size_t n_pus;
        struct pu_counts usable; /* of the allowed PUs; at least 1 PU, never zero */
};

/*
 * Loads the machine that this runs on. 0, or -errno with a line in `why`: hwloc failed, or no CPU
 * is both allowed and known. Where hwloc's environment variables (HWLOC_XMLFILE, HWLOC_SYNTHETIC)
 * put another machine in its place, this_system is false.
 */
int topology_load(struct topology *, char *why, size_t why_size);

/*
 * Loads hwloc's XML export (version 2, as this hwloc reads). The file is input from anywhere: only
 * regular files, limits above, indexes checked, and tried in a child process first, because hwloc
 * crashes on some damaged files. 0, or -errno with the line "FILE: what is wrong". Sets
 * HWLOC_HIDE_ERRORS in the environment where it is not set, and forks: call it before there are
 * other threads.
 */
int topology_load_xml(struct topology *, const char *file, char *why, size_t why_size);

/* Takes over a loaded hwloc topology, which is destroyed with `t`, or at once on failure. 0, or
   -errno and a literal in *reason. */
int topology_adopt(struct topology *t, hwloc_topology_t hwloc, bool this_system,
                   const char **reason);

/* Frees everything; an all-zero topology is fine. */
void topology_free(struct topology *);

/* Of the allowed set. */
static inline unsigned topology_pus(const struct topology *t)
{
        return (unsigned)t->usable.pus;
}
static inline unsigned topology_cores(const struct topology *t)
{
        return (unsigned)t->usable.cores;
}

/* Counts what is among n PUs, repeated or not, allowed or not. 0 or -ENOMEM. */
int pus_count(const struct pu *, size_t n, struct pu_counts *);

/*
 * Binds the calling thread to one PU, then asks the kernel: the affinity must be exactly that PU
 * and the thread must be running there. 0; -EXDEV: not this machine's topology; -EPERM: the PU is
 * not in the allowed set; -EAGAIN: the kernel said yes and did something else; or
 * sched_setaffinity's error.
 */
int topology_bind_self(const struct topology *, const struct pu *);

/* Copies text for a terminal or a report: everything but printable ASCII becomes \xNN; cut short
   with "..." where it does not fit. Returns `out`. */
char *ct_printable(char *out, size_t size, const char *text);

#endif
