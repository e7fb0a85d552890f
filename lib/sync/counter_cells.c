/* The cells of the counters that have one per slot or per CPU. */
#include "sync/counter_percpu.h"
#include "sync/counter_slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLOT_CELLS_BYTES ((CT_SLOTS + 1) * sizeof(struct ct_counter))

int ct_slot_counter_init(struct ct_slot_counter *c)
{
        /* mapped, not allocated: cells of slots that are never used cost nothing */
        void *cell = mmap(NULL, SLOT_CELLS_BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (cell == MAP_FAILED)
                return -ENOMEM;
        c->cell = cell;
        return 0;
}

void ct_slot_counter_fini(struct ct_slot_counter *c)
{
        munmap(c->cell, SLOT_CELLS_BYTES);
        c->cell = NULL;
}

static uint64_t sum(const struct ct_counter *cell, unsigned n)
{
        uint64_t total = 0;

        for (unsigned i = 0; i < n; i++)
                total += ct_load_u64_relaxed(&cell[i].value);
        return total;
}

uint64_t ct_slot_counter_sum(const struct ct_slot_counter *c)
{
        return sum(c->cell, ct_slots_used()) + sum(&c->cell[CT_SLOTS], 1);
}

int ct_percpu_counter_init(struct ct_percpu_counter *c)
{
        long cpus = sysconf(_SC_NPROCESSORS_CONF);

        c->cpus = cpus > 0 ? (unsigned)cpus : 1;
        c->cell = aligned_alloc(CT_CACHE_PAIR, (c->cpus + 1) * sizeof *c->cell);
        if (!c->cell)
                return -ENOMEM;
        memset(c->cell, 0, (c->cpus + 1) * sizeof *c->cell);
        return 0;
}

void ct_percpu_counter_fini(struct ct_percpu_counter *c)
{
        free(c->cell);
        c->cell = NULL;
}

bool ct_percpu_counter_restartable(void)
{
#ifdef CT_RSEQ_
        return __rseq_size != 0;
#else
        return false;
#endif
}

uint64_t ct_percpu_counter_sum(const struct ct_percpu_counter *c)
{
        return sum(c->cell, c->cpus + 1);
}
