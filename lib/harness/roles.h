/*
 * What a window's counts amount to where its workers do different things (family->role): senders
 * and receivers, say, whose operations are not to be added up.
 */
#ifndef CT_HARNESS_ROLES_H
#define CT_HARNESS_ROLES_H

#include "harness/contestant.h"
#include "harness/record.h"

static inline unsigned roles_of(const struct family *f, unsigned workload, const struct params *p,
                                unsigned index, unsigned threads, unsigned pus)
{
        return f->role ? f->role(workload, p, index, threads, pus) : 0;
}

/* Fills ops (those of role 0) and the two measures of fairness (of the role that fares worst, by
   each of the two) from count(of, index), if there was any operation: that nothing was measured is
   not the same as 0. */
void roles_count(const struct family *, unsigned workload, const struct params *, unsigned threads,
                 unsigned pus, double (*count)(const void *of, unsigned index), const void *of,
                 struct measurement *);

#endif
