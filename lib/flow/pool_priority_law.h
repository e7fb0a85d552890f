/*
 * The priority pool's law: which level is served next. A pure function of who waits since when. Not
 * for users.
 *
 * A job of level k accepted at t is due at t + k x aging. Of the jobs that are due the one that has
 * been for longest goes first; while none is, the lowest level does. Within a level both are the
 * order of acceptance, so only the first of each level is looked at. Level 0 is due at once.
 *
 * From this: a job that is due goes before every job that is accepted from then on, whatever its
 * level; one that is not due yet never goes before a lower level's. pool_priority.c has the bound
 * on waiting that follows.
 *
 * Two tempting wrong versions. First, to age by what has been passed over (a level's turn comes
 * after so many others): how long a job waits then depends on how many it is up against. Second, to
 * order all by t + k x aging: a job of level 2 would pass one of level 1 that came `aging` later,
 * though neither is due.
 *
 * Source: aging as in time-sharing schedulers; due times as in Liu and Layland's earliest deadline
 * first (JACM 1973).
 */
#ifndef CT_FLOW_POOL_PRIORITY_LAW_H
#define CT_FLOW_POOL_PRIORITY_LAW_H

#include <stdint.h>

enum { CT_POOL_LEVELS_MOST_ = 64 };

/* When a job is due; INT64_MAX stands for never. All >= 0. */
static inline int64_t ct_pool_due_(int64_t since, unsigned level, int64_t aging)
{
        int64_t due;

        if (__builtin_mul_overflow((int64_t)level, aging, &due) ||
            __builtin_add_overflow(since, due, &due))
                return INT64_MAX;
        return due;
}

/* The level to serve: `waiting` has a bit for each level where somebody waits, at least one, and
   since[level] says when its first came. */
static inline unsigned ct_pool_pick_level_(uint64_t waiting, const int64_t *since, int64_t aging,
                                           int64_t now)
{
        unsigned best = (unsigned)__builtin_ctzll(waiting);
        int64_t best_due = INT64_MAX;

        for (uint64_t left = waiting; left; left &= left - 1) {
                unsigned level = (unsigned)__builtin_ctzll(left);
                int64_t due = ct_pool_due_(since[level], level, aging);

#ifdef CT_PLANT_pool_priority_starves
                break;
#endif
                /* Of two that are due since the same moment, the higher level's came first. */
                if (due <= now && due <= best_due) {
                        best = level;
                        best_due = due;
                }
        }
        return best;
}

#endif
