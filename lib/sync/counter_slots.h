/*
 * ct_slot_counter: a counter that is cheaper to add to than an atomic add (pattern A1).
 *
 * One cell per slot (slot.h). A slot has one owner at a time, so an add is a plain load, add and
 * store: no read-modify-write, no shared line. A task has its slot until it parks, which an add
 * does not do. Callers without a slot add to a cell of their own kind, atomically.
 *
 * Blocks and wakes: nobody. Order: none. Overflow wraps. Any thread or task may add.
 * Sum: exact once the adds that it should include happened before it; during adds some value
 *      between the sums at its start and its end. It walks all slots in use, so it is for rare
 *      reads.
 * Ownership: 33 KiB of address space from init to fini, memory for the slots in use.
 * Cost on Zen 4: an add 0.6 ns, whatever the others do; an atomic add 1.9 alone, 10 with a rival.
 *
 * The tempting wrong version: to number the cells by CPU and keep the plain add. A thread that is
 * preempted between load and store puts an old count over its successor's; see counter_percpu.h.
 *
 * Source: LongAdder (Lea) and folly's ThreadCachedInt, as an idea: a cell per thread.
 */
#ifndef CT_SYNC_COUNTER_SLOTS_H
#define CT_SYNC_COUNTER_SLOTS_H

#include "base/slot.h"
#include "sync/counter.h"

struct ct_slot_counter {
        struct ct_counter *cell; /* private: CT_SLOTS, and one for the rest */
};

/* 0, or -ENOMEM. */
int ct_slot_counter_init(struct ct_slot_counter *c);
void ct_slot_counter_fini(struct ct_slot_counter *c);

static inline void ct_slot_counter_add(struct ct_slot_counter *c, uint64_t n)
{
        unsigned slot = ct_slot();
        ct_atomic_u64 *cell = &c->cell[slot].value; /* CT_SLOT_NONE is the last cell */

#ifdef CT_PLANT_counter_slots_share_a_cell
        cell = &c->cell[0].value;
#endif
        if (__builtin_expect(slot < CT_SLOTS, 1))
                ct_store_u64_relaxed(cell, ct_load_u64_relaxed(cell) + n);
#ifdef CT_PLANT_counter_slotless_not_atomic
        else
                ct_store_u64_relaxed(cell, ct_load_u64_relaxed(cell) + n);
#else
        else
                ct_add_u64_relaxed(cell, n);
#endif
}

uint64_t ct_slot_counter_sum(const struct ct_slot_counter *c);

#endif
