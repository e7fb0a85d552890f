/*
 * Source: see the header.
 *
 * State: top <= bottom but for the moment in which take looks at the last job. A job is its taker's
 * once the taker has moved top past it, or, the owner only, once it has moved bottom before it and
 * then seen that top is not there yet.
 *
 * Invariants: a steal reads the cell before its CAS and uses what it read only if that succeeds; a
 * push writes a cell only when top has gone past the job that was in it. So a cell that is
 * overwritten under a thief's eyes was not the thief's.
 *
 * The owner and a thief of the same job: the owner says how far down it goes (bottom), then looks
 * at top; the thief sees top, then looks at bottom. With a full fence in between on both sides one
 * of the two sees the other: an owner that does not see top move up to its job has lowered bottom
 * before it did, and the thief finds nothing there. For the last job both would be right, and the
 * CAS of top decides. The owner's fence is the light one of asymmetric.h, since it takes a thousand
 * jobs for each that is stolen; the thief pays, 0.4 to 1.5 us, for each job, because each is
 * another top. Where that is not to be had, both use sequentially consistent operations.
 *
 * Two tempting wrong versions. The owner lowers bottom by a plain store: that waits in the store
 * buffer while it looks at top, and a thief meanwhile takes the same job. And a thief that reads
 * bottom first: the bottom of before, and a top that the owner has gone below.
 */
#include "flow/deque.h"

static void write_cell(struct ct_deque *d, uint64_t at, const struct ct_pool_item *item)
{
        struct ct_deque_cell_ *c = &d->cell[at % CT_DEQUE_SIZE];

        ct_store_ptr_relaxed(&c->job, (void *)(uintptr_t)item->job);
        ct_store_ptr_relaxed(&c->arg, item->arg);
}

/* The acquire pairs with the CAS of steal and take: whoever had a cell's job has read it. */
static size_t room(const struct ct_deque *d, uint64_t bottom)
{
#ifdef CT_PLANT_deque_overwrites
        return CT_DEQUE_SIZE;
#endif
        return CT_DEQUE_SIZE - (size_t)(bottom - ct_load_u64_acquire(&d->top));
}

bool ct_deque_push(struct ct_deque *d, const struct ct_pool_item *item)
{
        uint64_t bottom = ct_load_u64_relaxed(&d->bottom); /* the owner's own */

        if (!room(d, bottom))
                return false;
#ifdef CT_PLANT_deque_bottom_first
        ct_store_u64_release(&d->bottom, bottom + 1);
#endif
        write_cell(d, bottom, item);
        (void)ct_exchange_u64_seq(&d->bottom, bottom + 1); /* pairs with steal; see the header */
        return true;
}

size_t ct_deque_push_all(struct ct_deque *d, const struct ct_pool_item *items, size_t n)
{
        uint64_t bottom = ct_load_u64_relaxed(&d->bottom); /* the owner's own */
        size_t most = room(d, bottom);

        n = n < most ? n : most;
#ifdef CT_PLANT_deque_bottom_first
        ct_store_u64_release(&d->bottom, bottom + n);
#endif
        for (size_t i = 0; i < n; i++)
                write_cell(d, bottom + n - 1 - i, &items[i]);
        ct_store_u64_release(&d->bottom, bottom + n); /* pairs with steal */
        return n;
}

/* top is what was seen after bottom had been lowered. */
bool ct_deque_take_last_(struct ct_deque *d, uint64_t bottom, uint64_t top,
                         struct ct_pool_item *out)
{
        bool won;

        ct_deque_read_(d, bottom, out);
#ifdef CT_PLANT_deque_last_taken_twice
        won = top == bottom;
#else
        won = top == bottom && ct_cas_u64_seq(&d->top, &top, top + 1);
#endif
        /* Release, because a thief may see the jobs of old pushes through this. */
        ct_store_u64_release(&d->bottom, bottom + 1);
        return won;
}

bool ct_deque_steal(struct ct_deque *d, struct ct_pool_item *out)
{
        uint64_t top, bottom;

        if (!ct_deque_size(d)) /* for most: no fence for nothing */
                return false;
#ifdef CT_PLANT_deque_stale_bottom
        bottom = ct_load_u64_seq(&d->bottom);
        top = ct_load_u64_seq(&d->top);
#else
        top = ct_load_u64_seq(&d->top);
#ifndef CT_PLANT_deque_no_heavy_fence
        ct_asymmetric_heavy();                /* pairs with the light one in take */
#endif
        bottom = ct_load_u64_seq(&d->bottom); /* pairs with push and take */
#endif
        if ((int64_t)(bottom - top) <= 0)
                return false;
        ct_deque_read_(d, top, out);
        return ct_cas_u64_seq(&d->top, &top, top + 1); /* pairs with room */
}
