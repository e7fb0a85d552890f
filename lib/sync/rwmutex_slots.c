/*
 * ct_rwmutex_slots: the counts. Readers that wait are in rwmutex_slots_read.c, writers in
 * rwmutex_slots_write.c.
 *
 * Source: own; see the header for the parts.
 *
 * Who is in. A reader adds 1 to `in` of its slot's cell, then looks whether a writer holds
 * `writers`; if so it adds 1 to `out` and waits. It leaves by adding 1 to `out`, of whatever cell
 * is its own by then. A writer takes `writers`, then sums all cells: (in - out) + admitted is at
 * least the number of readers inside, and exactly that once the vain attempts have been undone.
 * Since new readers turn back, it falls to 0 and stays there.
 *
 * The order of the sum. First `admitted`, then every `out`, then every `in`. A reader's `in`
 * happens before its `out`, wherever both are, so whoever is seen leaving has been seen coming: an
 * attempt that comes and goes during the sum can make it too large, never too small. The same order
 * makes a negative sum proof of a runlock too many.
 *
 * Loud and quiet. While `quiet` is 0, a reader's count is an atomic read-modify-write on its own
 * line, which orders it before the look at `writers`, as the writer's CAS orders its side. While
 * `quiet` is 1 the count is a plain store, and the writer issues the heavy fence on behalf of all
 * readers (asymmetric.h). So: a writer that finds `quiet` clears it, then fences, then sums. A
 * reader that counted plainly looks at `quiet` again: still set means that the count came before
 * the fence of whoever clears it. Clear means that nobody may have fenced for it, and it turns
 * back. A reader sets `quiet` when 2048 of its reads have met no write, and at the earliest 9 times
 * as long after the last fence as that fence took: so writes lose at most a tenth of the time to
 * it. The one that writes needs no fence against itself: where its slot is the only one used, quiet
 * stays.
 *
 * First use of a cell. Its bit in `used` is set by an atomic read-modify-write before the first
 * count; a writer whose sum misses the bit is seen by that reader's look.
 *
 * Among brisk writers (turns of less than 150 ns, mutex_asym.c) a reader that has spun in vain does
 * not queue here, where the next unlock would wake it at once: it queues for `writers`, whose
 * owners change rarely, and when it has that it counts itself and lets go. Eight threads on two
 * CPUs, half of them reads: 15 ns instead of 18 to 22 each.
 *
 * Otherwise waiting readers queue under the guard, set `waiting`, fence, and look at `writers`
 * again; unlock releases, then looks at `waiting`. Let in, they are counted in `admitted` at once,
 * so the next writer waits for them, until each has counted itself. Every queued reader is let in
 * by a holder of `writers`; none lets itself in.
 *
 * The waiting writer sets `draining`, fences, and sums once more; a leaving reader counts, then
 * looks at `draining`, and the one that finds the sum 0 under the guard wakes the writer.
 *
 * The tempting wrong version sums in - out cell by cell. Between one cell and the next a reader can
 * come in by the one just read, and another attempt leave by the one not yet read: the sum is 0
 * with a reader inside.
 */
#include "sync/rwmutex_slots_private.h"

#include "base/panic.h"

static unsigned cell_index(void)
{
        unsigned slot = ct_slot();

        return slot < OWN ? slot : OWN + slot % CT_RWMUTEX_SLOTS_SHARED;
}

struct ct_rwmutex_cell_ *ct_rwmutex_slots_my_cell_(struct ct_rwmutex_slots *rw)
{
        unsigned i = cell_index();
        struct ct_rwmutex_cell_ *c = &rw->cell[i];

        if (!ct_load_u32_relaxed(&c->known)) {
                /* seq: before the look at `writers` that follows, against a writer's look here */
                ct_or_u64_seq(&rw->used, UINT64_C(1) << i);
                ct_store_u32_relaxed(&c->known, i < OWN && ct_asymmetric_ready());
        }
        return c;
}

/* Readers inside, or more; see above. */
int32_t ct_rwmutex_slots_sum_(const struct ct_rwmutex_slots *rw)
{
        uint32_t n = ct_load_u32_seq(&rw->admitted);
        uint64_t used = ct_load_u64_seq(&rw->used), left;

        for (left = used; left; left &= left - 1)
                n -= ct_load_u32_seq(&rw->cell[__builtin_ctzll(left)].out);
        for (left = used; left; left &= left - 1)
                n += ct_load_u32_seq(&rw->cell[__builtin_ctzll(left)].in);
        return (int32_t)n;
}

bool ct_rwmutex_slots_enter_slow_(struct ct_rwmutex_slots *rw)
{
        struct ct_rwmutex_cell_ *c = ct_rwmutex_slots_my_cell_(rw);

        ct_add_u32_seq(&c->in, 1);
        if (!ct_load_u32_seq(&rw->writers.held))
                return true;
        ct_rwmutex_slots_leave_slow_(rw);
        return false;
}

/* True where this thread's cell is the only one ever used: its counts need no fence against its own
   looks, and a cell that is used later is fenced by its first use. */
bool ct_rwmutex_slots_only_mine_(const struct ct_rwmutex_slots *rw)
{
        unsigned i = cell_index();

        return i < OWN && !(ct_load_u64_seq(&rw->used) & ~(UINT64_C(1) << i));
}

/* Every ASK-th loud read of a slot: are reads alone, and has the last fence been paid for? */
void ct_rwmutex_slots_ask_quiet_(struct ct_rwmutex_slots *rw, struct ct_rwmutex_cell_ *c)
{
        uint32_t turns = ct_load_u32_relaxed(&rw->writers.turns);
        bool alone = ct_exchange_u32_relaxed(&c->known, 2 * turns + 1) == 2 * turns + 1 ||
                     ct_rwmutex_slots_only_mine_(rw);

        /* seq: a writer that has not seen it has announced itself before, and every plain count
           comes after */
        if (alone && !ct_load_u32_relaxed(&rw->writers.held) && ct_asymmetric_ready() &&
            ct_now_ns() >= (int64_t)ct_load_u64_relaxed(&rw->loud_until))
                ct_store_u32_seq(&rw->quiet, 1);
}

static void leave(struct ct_rwmutex_slots *rw, struct ct_rwmutex_cell_ *c)
{
        uint32_t out = ct_add_u32_seq(&c->out, 1) + 1; /* before the look at `draining` */

        if (c < &rw->cell[OWN]) {
                if ((int32_t)(ct_load_u32_relaxed(&c->in) - out) < c->floor)
                        ct_rwmutex_slots_below_floor_(rw, c);
        } else if (ct_rwmutex_slots_sum_(rw) < 0) {
                ct_rwmutex_slots_below_floor_(rw, NULL);
        }
        if (ct_load_u32_seq(&rw->draining))
                ct_rwmutex_slots_drained_(rw);
}

void ct_rwmutex_slots_leave_slow_(struct ct_rwmutex_slots *rw)
{
        leave(rw, ct_rwmutex_slots_my_cell_(rw));
}

/* More left by this cell than came in by it, more than ever before: either they came in by others,
   or somebody left twice. */
void ct_rwmutex_slots_below_floor_(struct ct_rwmutex_slots *rw, struct ct_rwmutex_cell_ *c)
{
        if (ct_rwmutex_slots_sum_(rw) < 0)
                ct_panic("ct_rwmutex_slots", rw, "runlock of a read lock that nobody holds");
        if (c)
                c->floor = (int32_t)(ct_load_u32_relaxed(&c->in) - ct_load_u32_relaxed(&c->out));
}

/* ---- misuse and tests ---- */

void ct_rwmutex_slots_not_locked_(struct ct_rwmutex_slots *rw)
{
        ct_panic("ct_rwmutex_slots", rw, "unlock of a write lock that nobody holds");
}

uint32_t ct_rwmutex_slots_waiting_readers(struct ct_rwmutex_slots *rw)
{
        uint32_t n = 0;

        ct_guard_lock(&rw->guard);
        for (const struct ct_wait_node *w = rw->readers.head; w; w = w->next)
                n++;
        ct_guard_unlock(&rw->guard);
        return n;
}

void ct_rwmutex_slots_check_idle_(struct ct_rwmutex_slots *rw)
{
        int32_t inside = ct_rwmutex_slots_sum_(rw);

        if (ct_load_u32_relaxed(&rw->waiting))
                ct_panic("ct_rwmutex_slots", rw, "destroyed while readers wait for it");
        if (ct_load_u32_relaxed(&rw->writers.held))
                ct_panic("ct_rwmutex_slots", rw, "destroyed while a writer has or awaits it");
        if (inside)
                ct_panic("ct_rwmutex_slots", rw, "destroyed with %d readers in", (int)inside);
}
