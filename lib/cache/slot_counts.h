/*
 * Counts that many change at once without a shared line: a cell for each slot (base/slot.h), as in
 * sync/counter_slots.h, with all counts of a cache in one cell. Private to lib/cache.
 *
 * Order: a sum that has seen an add also sees what happened before that add. It is exact once the
 * adds that it should include happened before it. Counts only grow: what is there is what came less
 * what went, and whoever sums up `went` first never finds more gone than came. (Tempting: to take
 * away from the same count. The sum may have passed the cell that was added to, and then meet the
 * one that was taken from.)
 */
#ifndef CT_CACHE_SLOT_COUNTS_H
#define CT_CACHE_SLOT_COUNTS_H

#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/slot.h"

enum ct_cache_count_ {
        CT_COUNT_HITS_,
        CT_COUNT_MISSES_,
        CT_COUNT_EXPIRED_,
        CT_COUNT_CAME_, /* bytes of entries, before they can be found */
        CT_COUNT_WENT_, /* of those that no longer can */
        CT_COUNTS_
};

struct ct_cache_count_cell_ {
        CT_ALIGN_PAIR ct_atomic_u64 n[CT_COUNTS_];
};

struct ct_cache_counts_ {
        struct ct_cache_count_cell_ *cell; /* CT_SLOTS, and one for the rest */
};

/* 0, or -ENOMEM. 33 KiB of address space; memory for the slots in use. */
int ct_cache_counts_init_(struct ct_cache_counts_ *c);
void ct_cache_counts_fini_(struct ct_cache_counts_ *c);

static inline void ct_cache_count_(struct ct_cache_counts_ *c, enum ct_cache_count_ what,
                                   uint64_t n)
{
        unsigned slot = ct_slot();
        ct_atomic_u64 *cell = &c->cell[slot].n[what]; /* CT_SLOT_NONE is the last cell */

        /* The releases pair with the acquires of a sum. Nobody else writes a slot's cell. */
        if (__builtin_expect(slot < CT_SLOTS, 1))
                ct_store_u64_release(cell, ct_load_u64_relaxed(cell) + n);
        else
                ct_add_u64_release(cell, n);
}

uint64_t ct_cache_counted_(const struct ct_cache_counts_ *c, enum ct_cache_count_ what);

#endif
