/*
 * How many jobs have been given to a library and have not ended yet, for those that take jobs
 * without an end: whoever submits gives way while there are BACKLOG_MOST of them, or a window would
 * measure the allocation of memory that was never used before. C and C++.
 *
 * Each OS thread counts in a cell of its own; the submitters look at the sum now and then.
 */
#ifndef CT_BENCH_PEERS_BACKLOG_H
#define CT_BENCH_PEERS_BACKLOG_H

#include <sched.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The calling thread's cell: 0 to BACKLOG_SHARED, which is for threads beyond the others. */
unsigned backlog_cell(void);

#ifdef __cplusplus
}
#endif

enum { BACKLOG_SHARED = 256, BACKLOG_LOOK = 1024, BACKLOG_MOST = 1 << 14 };

struct backlog {
        struct {
                uint64_t submitted, done;
                char apart[112];
        } cell[BACKLOG_SHARED + 1];
};

static inline uint64_t backlog_add(struct backlog *b, unsigned cell, uint64_t *count)
{
        (void)b;
        if (cell == BACKLOG_SHARED)
                return __atomic_add_fetch(count, 1, __ATOMIC_RELEASE);
        /* One writer: read and write apart. Release: pairs with backlog_left. */
        __atomic_store_n(count, *count + 1, __ATOMIC_RELEASE);
        return *count;
}

/* What has been submitted is read after what has ended, so this is never too few. */
static inline uint64_t backlog_left(struct backlog *b)
{
        uint64_t done = 0, submitted = 0;

        for (int i = 0; i <= BACKLOG_SHARED; i++)
                done += __atomic_load_n(&b->cell[i].done, __ATOMIC_ACQUIRE);
        for (int i = 0; i <= BACKLOG_SHARED; i++)
                submitted += __atomic_load_n(&b->cell[i].submitted, __ATOMIC_ACQUIRE);
        return submitted - done;
}

/* Until at most so many are left. */
static inline void backlog_wait(struct backlog *b, uint64_t most)
{
        while (backlog_left(b) > most)
                sched_yield();
}

/* Before each submit. */
static inline void backlog_enter(struct backlog *b)
{
        unsigned cell = backlog_cell();

        if (backlog_add(b, cell, &b->cell[cell].submitted) % BACKLOG_LOOK == 0)
                backlog_wait(b, BACKLOG_MOST);
}

/* At the end of each job. */
static inline void backlog_leave(struct backlog *b)
{
        unsigned cell = backlog_cell();

        (void)backlog_add(b, cell, &b->cell[cell].done);
}

#endif
