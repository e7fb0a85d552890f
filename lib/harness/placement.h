/*
 * Who runs where: a pure function from (topology, policy, number of threads) to one PU per thread.
 *
 * Only allowed PUs are used. Each policy puts its PUs in one order and thread i gets the i-th, so
 * the plan for n threads is the beginning of the plan for n+1; with more threads than PUs it goes
 * round again ("oversubscribed"). "First" below is hwloc's logical order, with faster kinds of core
 * before slower ones; between PUs of a core, the first in that order is the core, the others are
 * its SMT siblings.
 *
 *   compact    share the nearest cache: package by package, NUMA node by node, L3 by L3, L2 by L2,
 *              one PU per core; the SMT siblings come, in the same order, only when every core of
 *              the machine is in use, so that up to that number no two threads share a core. On
 *              hybrid machines the faster cores of an L3 come before its slower ones, and these
 *              before the next L3: sharing the cache is what the policy is about.
 *   scatter    as far apart as possible: round robin over packages, in them over NUMA nodes, L3s,
 *              L2s, cores; SMT siblings last.
 *   smt        cores with several PUs first, all PUs of a core one after the other; then the rest.
 *   cores      as compact, but only one PU of each core.
 *   same-l3    as compact, in one L3: the one with most cores (then most PUs, then the first). It
 *              must hold two PUs. A machine without L3 is refused: a row that says same-l3 must
 *              not mean an L2 on some machines.
 *   cross-l3   neighbouring threads (i and i+1, also where it goes round) in different L3s: round
 *              robin over the L3s in compact order, in each the cores before the siblings. Where
 *              one L3 has more PUs left than can alternate, those are left out.
 *   cross-numa the same with NUMA nodes.
 *   pcores     as compact, only the fastest kind of core; ecores: only the slowest. With three
 *              kinds, the middle one is in neither.
 *   one        all threads on the first PU of compact.
 *   none       nobody is bound.
 *
 * A policy that means nothing on a topology is refused with a line, never replaced by another.
 * For commands: an unknown name is a usage error (exit code 2); a refusal is the environment (4).
 */
#ifndef CT_HARNESS_PLACEMENT_H
#define CT_HARNESS_PLACEMENT_H

#include "harness/topology.h"

/* The names above, as in the command line and the CSV, in that order. */
#define PLACEMENT_POLICIES 11
extern const char *const placement_policies[PLACEMENT_POLICIES];

struct placement {
        const char *policy; /* one of placement_policies */
        size_t threads;
        struct pu *pu; /* [threads]; unbound threads have -1 in all fields */
        bool bind;     /* false for none */
        /* Different ones in use; for none, what the scheduler may use. */
        struct pu_counts distinct;
        bool oversubscribed; /* threads > distinct.pus */
};

/*
 * Plans. 0 with *placement to be freed, or an error with the reason in `why` ("placement smt: ...")
 * and nothing to free: -EINVAL: no such policy, or no threads; -ENOTSUP: the policy means nothing
 * on this topology; -ENOMEM.
 */
int placement_plan(const struct topology *, const char *policy, size_t threads,
                   struct placement *placement, char *why, size_t why_size);

/* What a command exits with after an error of placement_plan(): 2 for -EINVAL, 4 for others. */
int placement_exit_code(int error);

/* An all-zero placement is fine. */
void placement_free(struct placement *);

#endif
