/*
 * A team of persistent threads, each pinned to its PU, that sleep between jobs.
 *
 * The team always has at least two threads where the placement allows: glibc drops the lock prefix
 * from its own atomics while a process has one thread, which would flatter pthread_mutex at T=1.
 * Only the first `threads` work in windows; an extra one serves the hop measurement and is parked
 * otherwise. One thread owns the team: all calls come from the one that started it.
 */
#ifndef CT_HARNESS_TEAM_H
#define CT_HARNESS_TEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/placement.h"

struct team;

typedef void team_job(void *ctx, unsigned index);

/* Starts the threads of `placement` for T = threads, pinned (unless the policy is none) and
   verified. 0 or -errno with one line in `why`; nothing is left running on failure. */
int team_start(struct team **, const struct topology *, const char *placement, unsigned threads,
               char *why, size_t why_size);

unsigned team_threads(const struct team *); /* that work in windows */
unsigned team_pus(const struct team *);     /* distinct PUs under those */
bool team_pinned(const struct team *);
bool team_oversubscribed(const struct team *); /* threads > pus */

/* The PU (OS index) of a thread; index may be team_threads() for the extra one. -1 if unpinned. */
int team_cpu(const struct team *, unsigned index);

/* True if two threads on different PUs exist. */
bool team_has_pair(const struct team *);

/* Wakes threads [first, first+n) to run job(ctx, index) once each; returns at once. */
void team_release(struct team *, unsigned first, unsigned n, team_job *, void *ctx);

/* Waits until all released threads have finished: 0, or -ETIMEDOUT at the deadline (the team is
   then unusable but for team_dump()). */
int team_wait(struct team *, int64_t deadline_ns);

/* Prints the stack of every thread that has not finished on stderr. */
void team_dump(struct team *);

/* Prints the stack of any thread of this process, while a team exists. */
void team_dump_thread(int tid);

void team_stop(struct team *);

/* Core-to-core hop in ns, one way: the median over neighbouring pairs of PUs in use (at most 8) of
   the median of several batches of round trips over one cache line, halved. 0 without a pair. */
double team_hop(struct team *);

/* How well private padded counters scale here: time of one thread alone / time of all together, 1
   is ideal; 0 where oversubscribed or with one thread. */
double team_scaling(struct team *);

#endif
