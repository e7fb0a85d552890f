/*
 * The line of a worker pool: jobs that wait, by level, submitters that wait for room, and workers
 * that wait for jobs. What the priority and the dynamic pool have in common. Not for users.
 *
 * Blocks on: the parker. put, while the line is full; take, while it is empty.
 * Wakes: a put an idle worker, with the job in its hand, unless one is on its way already; that one
 *      the next, if more jobs wait. Those that have idled for the shortest first. A take the
 *      submitter whose last job it let in; close everybody.
 * Order: pool_priority_law.h among jobs, and likewise among submitters that wait, each since it
 *      came. Nobody passes those that wait of his own level.
 * Memory: what was written before the put, whoever takes the job reads.
 * Staff: where `idle_ns` is given, workers come and go by pool_dynamic_law.h: put, take
 *      and left_ start them.
 */
#ifndef CT_FLOW_POOL_LINE_H
#define CT_FLOW_POOL_LINE_H

#include "base/cacheline.h"
#include "base/guard.h"
#include "base/waitlist.h"
#include "flow/pool.h"
#include "flow/pool_dynamic_law.h"
#include "flow/pool_priority_law.h"

struct ct_pool_slot_ {
        struct ct_pool_item item;
        int64_t since; /* accepted */
        uint32_t next; /* of its level, or of the free ones */
};

struct ct_pool_level_ {
        uint32_t first, last;    /* its jobs' slots */
        struct ct_waitlist door; /* submitters that wait for room */
};

struct ct_pool_line_ {
        CT_ALIGN_PAIR struct ct_guard guard; /* of everything that changes */
        bool closed;
        uint64_t has_jobs, has_door; /* a bit for each level */
        size_t queued;               /* jobs in slots */
        uint64_t at_door;            /* jobs of the submitters that wait */
        uint64_t accepted;
        struct ct_waitlist idle; /* workers */
        unsigned waking;         /* workers that were given a job and have not come yet */
        struct ct_pool_staff_ staff;
        int64_t hold_off_until; /* 0, or when one may be started again */
        uint32_t free, fresh;   /* the first free slot; slots from `fresh` on were never used */
        int64_t job_since[CT_POOL_LEVELS_MOST_], door_since[CT_POOL_LEVELS_MOST_];
        struct ct_pool_level_ *level;
        struct ct_pool_slot_ *slot;
        int (*hire)(struct ct_pool *pool); /* constant, as what follows */
        struct ct_pool *pool;
        uint32_t capacity;
        unsigned levels;
        int64_t aging, idle_ns;
};

/* Levels, aging and staff by the configuration: workers_min to workers where idle_ns is not 0, else
   `workers` for good. hire(pool) starts one more worker, or says why not; NULL where nobody comes
   and goes. 0, -ENOMEM or -EOVERFLOW. */
int ct_pool_line_new_(struct ct_pool_line_ **out, const struct ct_pool_config *c,
                      int (*hire)(struct ct_pool *pool), struct ct_pool *pool);
void ct_pool_line_free_(struct ct_pool_line_ *l);

/* Adds n jobs in order, waiting for room until the deadline (one that has passed: adds what fits),
   and says in *accepted how many. OK: all; SHUTTING_DOWN; TIMED_OUT. */
enum ct_pool_status ct_pool_line_put_(struct ct_pool_line_ *l, unsigned level,
                                      const struct ct_pool_item *items, size_t n, int64_t deadline,
                                      size_t *accepted);

/* Waits for a job. False: the line is closed and empty, or this worker is to go. */
bool ct_pool_line_take_(struct ct_pool_line_ *l, struct ct_pool_item *out);

/* No more puts; takes go on until nothing is left. */
void ct_pool_line_close_(struct ct_pool_line_ *l);

/* Where workers come and go: one that was to come, the first ones too, takes from now on, or will
   not come. */
void ct_pool_line_arrive_(struct ct_pool_line_ *l);
void ct_pool_line_absent_(struct ct_pool_line_ *l);

/* A worker that was told to go has gone, and its place is free. */
void ct_pool_line_left_(struct ct_pool_line_ *l);

uint64_t ct_pool_line_accepted_(struct ct_pool_line_ *l);
#endif
