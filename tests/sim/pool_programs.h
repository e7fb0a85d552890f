/*
 * What the programs about whole worker pools share. Task 0 starts the pool, shuts it down and frees
 * it; the spare tasks after it become its workers; the rest submit, or read results.
 *
 * Starting is not explored but where a program is about it: the simulator stays calm until
 * everybody is there.
 */
#ifndef CT_TESTS_SIM_POOL_PROGRAMS_H
#define CT_TESTS_SIM_POOL_PROGRAMS_H

#include "programs.h"
#include "spawn.h"

#include "flow/pool.h"
#include "sync/latch.h"
#include "sync/waitgroup.h"

enum { POOL_JOBS = 8, POOL_WORKERS = 3 };

struct pool_state;

/* Plain: what the pool promises orders these, and the simulator says where it does not. */
struct pool_job {
        struct pool_state *state;
        struct pool_job *child; /* that it submits */
        bool accepted;
        int run, discarded, result;
        int error;
};

struct pool_local {
        bool alive;
        int jobs;
};

struct pool_state {
        struct ct_pool_config config;
        struct ct_pool *pool;
        struct ct_latch ready;
        struct ct_waitgroup others; /* that submit or read */
        unsigned first_other;       /* their first task */
        uint64_t left, received;
        struct ct_pool_stats stats;
        struct pool_local local[POOL_WORKERS];
        unsigned refuse_init; /* this worker's init fails, from 1 */
        struct pool_job job[POOL_JOBS];
};

/* Of so many tasks, the last `others` submit or read. */
void pool_setup(struct pool_state *s, enum ct_pool_kind kind, unsigned workers, size_t queue,
                unsigned tasks, unsigned others);

/* True: the task was a spare one, and all is over. */
bool pool_spare(struct pool_state *s, unsigned self);

/* Task 0. */
void pool_begin(struct pool_state *s);
void pool_end(struct pool_state *s); /* the others have ended, it has been shut down */
void pool_check(void *state);

/* An other one: waits until the pool is there; says that it will not use it any more. */
void pool_come(struct pool_state *s);
void pool_go(struct pool_state *s);

int pool_run_job(void *arg, void *local);
void pool_count(struct pool_state *s, unsigned job, enum ct_pool_status status);

void pool_submit(struct pool_state *s, unsigned job);
void pool_try(struct pool_state *s, unsigned job);
void pool_submit_timed(struct pool_state *s, unsigned job);
void pool_shut_down(struct pool_state *s);
void pool_cut(struct pool_state *s, int64_t deadline);

#endif
