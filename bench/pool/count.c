/* The empty jobs' oracle. */
#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/slot.h"
#include "pool/pool.h"

/*
 * A cell per OS thread, since one for all would be what is measured: a shared atomic add costs more
 * than handing a job over. A job neither parks nor yields, so a task counts in its carrier's cell.
 * Whoever takes the counts has seen the end of all who counted.
 */
static struct {
        CT_ALIGN_PAIR struct pool_count count;
} cell[CT_SLOTS];

/* For threads beyond those. */
static struct {
        CT_ALIGN_PAIR ct_atomic_u64 jobs;
        ct_atomic_u64 sum, squares;
} shared;

int pool_count_job(void *arg, void *local)
{
        uint64_t number = (uintptr_t)arg;
        unsigned slot = ct_slot();

        (void)local;
        if (slot == CT_SLOT_NONE) {
                ct_add_u64_relaxed(&shared.jobs, 1);
                ct_add_u64_relaxed(&shared.sum, number);
                ct_add_u64_relaxed(&shared.squares, number * number);
                return 0;
        }
        cell[slot].count.jobs++;
        cell[slot].count.sum += number;
        cell[slot].count.squares += number * number;
        return 0;
}

void pool_count_add(struct pool_count *c, uint64_t first, uint64_t n)
{
        for (uint64_t number = first; number < first + n; number++) {
                c->jobs++;
                c->sum += number;
                c->squares += number * number;
        }
}

void pool_count_take(struct pool_count *c)
{
        c->jobs = ct_exchange_u64_relaxed(&shared.jobs, 0);
        c->sum = ct_exchange_u64_relaxed(&shared.sum, 0);
        c->squares = ct_exchange_u64_relaxed(&shared.squares, 0);
        for (unsigned i = 0; i < CT_SLOTS; i++) {
                c->jobs += cell[i].count.jobs;
                c->sum += cell[i].count.sum;
                c->squares += cell[i].count.squares;
                cell[i].count = (struct pool_count){0};
        }
}
