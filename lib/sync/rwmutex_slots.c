/*
 * ct_rwmutex_slots' slow paths.
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
#include "sync/rwmutex_slots.h"

#include "base/panic.h"
#include "base/parker.h"

#include <errno.h>

#define OWN CT_RWMUTEX_SLOTS_OWN
#define CELLS CT_RWMUTEX_SLOTS_CELLS_

/* A fence may take this share of the time: one part in so many. */
#define LOUD_SHARE 9

/* Longest pause between two looks of a writer that waits for readers. */
#define MAX_STEP_NS 100

/* How often a waiting context lets admitted readers run before it goes on as usual. */
#define YIELDS 4

/* How often a reader may find a moment without a writer and lose it before it queues. */
#define ROUNDS 16

/* A write among many reads is over in some 100 ns. */
#define QUICK_LOOKS 8

/* ---- cells ---- */

static unsigned cell_index(void)
{
        unsigned slot = ct_slot();

        return slot < OWN ? slot : OWN + slot % CT_RWMUTEX_SLOTS_SHARED;
}

static struct ct_rwmutex_cell_ *my_cell(struct ct_rwmutex_slots *rw)
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
static int32_t readers(const struct ct_rwmutex_slots *rw)
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
        struct ct_rwmutex_cell_ *c = my_cell(rw);

        ct_add_u32_seq(&c->in, 1);
        if (!ct_load_u32_seq(&rw->writers.held))
                return true;
        ct_rwmutex_slots_leave_slow_(rw);
        return false;
}

/* True where this thread's cell is the only one ever used: its counts need no fence against its own
   looks, and a cell that is used later is fenced by its first use. */
static bool only_mine(const struct ct_rwmutex_slots *rw)
{
        unsigned i = cell_index();

        return i < OWN && !(ct_load_u64_seq(&rw->used) & ~(UINT64_C(1) << i));
}

/* Every ASK-th loud read of a slot: are reads alone, and has the last fence been paid for? */
void ct_rwmutex_slots_ask_quiet_(struct ct_rwmutex_slots *rw, struct ct_rwmutex_cell_ *c)
{
        uint32_t turns = ct_load_u32_relaxed(&rw->writers.turns);
        bool alone =
                ct_exchange_u32_relaxed(&c->known, 2 * turns + 1) == 2 * turns + 1 || only_mine(rw);

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
        } else if (readers(rw) < 0) {
                ct_rwmutex_slots_below_floor_(rw, NULL);
        }
        if (ct_load_u32_seq(&rw->draining))
                ct_rwmutex_slots_drained_(rw);
}

void ct_rwmutex_slots_leave_slow_(struct ct_rwmutex_slots *rw)
{
        leave(rw, my_cell(rw));
}

/* More left by this cell than came in by it, more than ever before: either they came in by others,
   or somebody left twice. */
void ct_rwmutex_slots_below_floor_(struct ct_rwmutex_slots *rw, struct ct_rwmutex_cell_ *c)
{
        if (readers(rw) < 0)
                ct_panic("ct_rwmutex_slots", rw, "runlock of a read lock that nobody holds");
        if (c)
                c->floor = (int32_t)(ct_load_u32_relaxed(&c->in) - ct_load_u32_relaxed(&c->out));
}

/* ---- waiting readers ---- */

/* The holder of `writers` lets the queue in. */
void ct_rwmutex_slots_admit_(struct ct_rwmutex_slots *rw)
{
        struct ct_wait_node *first, *n;
        uint32_t count = 0;

        ct_guard_lock(&rw->guard);
        first = rw->readers.head;
#ifdef CT_PLANT_rwmutex_slots_admits_one
        n = ct_waitlist_pop(&rw->readers);
        ct_store_u32_seq(&rw->waiting, rw->readers.head != NULL);
        ct_add_u32_seq(&rw->admitted, n != NULL);
        ct_guard_unlock(&rw->guard);
        if (n)
                ct_unpark(&n->waiter);
        return;
#endif
        rw->readers = (struct ct_waitlist){0};
        for (n = first; n; n = n->next, count++)
                n->queued = false;
#ifndef CT_PLANT_rwmutex_slots_admitted_not_counted
        ct_add_u32_seq(&rw->admitted, count);
#endif
        ct_store_u32_seq(&rw->waiting, 0);
        ct_guard_unlock(&rw->guard);
        while (first) {
                n = first->next; /* first is gone once unparked */
                ct_unpark(&first->waiter);
                first = n;
        }
}

/* Readers wait, and nobody may hold `writers`; if somebody does, then that one's unlock will see
   them. */
void ct_rwmutex_slots_admit_free_(struct ct_rwmutex_slots *rw)
{
        while (ct_load_u32_seq(&rw->waiting) && ct_mutex_asym_try_lock(&rw->writers)) {
                ct_rwmutex_slots_admit_(rw);
                ct_mutex_asym_unlock(&rw->writers);
        }
}

/* Admitted: counted by the unlocker, from now on by this cell. */
static void count_admitted(struct ct_rwmutex_slots *rw)
{
        struct ct_rwmutex_cell_ *c = my_cell(rw);

#ifndef CT_PLANT_rwmutex_slots_admitted_not_counted
        ct_add_u32_seq(&c->in, 1);
        ct_sub_u32_seq(&rw->admitted, 1); /* after it: the sum reads this one first */
#else
        (void)rw;
        ct_add_u32_seq(&c->in, 1);
#endif
}

/* The time is up. True if the reader left the queue; false if it was let in before. */
static bool leave_queue(struct ct_rwmutex_slots *rw, struct ct_wait_node *self)
{
        bool queued;

        ct_guard_lock(&rw->guard);
        queued = self->queued;
        if (queued) {
                ct_waitlist_remove(&rw->readers, self);
                if (!rw->readers.head)
                        ct_store_u32_seq(&rw->waiting, 0);
        }
        ct_guard_unlock(&rw->guard);
        if (!queued)
                ct_park(&self->waiter); /* the unpark is on its way */
        return queued;
}

static int queue_and_park(struct ct_rwmutex_slots *rw, int64_t deadline)
{
        struct ct_wait_node self;
        bool first;

        ct_waiter_init(&self.waiter);
        ct_guard_lock(&rw->guard);
        first = !ct_load_u32_relaxed(&rw->waiting);
        ct_waitlist_push_back(&rw->readers, &self);
        if (first)
                ct_store_u32_seq(&rw->waiting, 1);
        ct_guard_unlock(&rw->guard);
        /* Only the first needs the fence: the others rely on it, as in mutex_asym.c. */
        if (first) {
#ifndef CT_PLANT_rwmutex_slots_reader_no_fence
                ct_asymmetric_heavy();
                if (!ct_load_u32_seq(&rw->writers.held))
                        ct_rwmutex_slots_admit_free_(rw);
#endif
        }
        if (ct_park_until(&self.waiter, deadline, CT_PARK_SLEEP) && leave_queue(rw, &self))
                return -ETIMEDOUT;
        count_admitted(rw);
        return 0;
}

/* Readers have been let in that have not run yet. Whoever spins now keeps a CPU from them, and they
   keep everyone from going on. */
static void let_admitted_run(struct ct_rwmutex_slots *rw)
{
        for (int i = 0; i < YIELDS && ct_load_u32_relaxed(&rw->admitted); i++)
                ct_parker_ops_self()->yield();
}

/* Competes without sleeping: for a moment without a writer, or, if none comes, for the place in
   which the next writer would be. */
static bool spin(struct ct_rwmutex_slots *rw, int64_t deadline)
{
        let_admitted_run(rw);
        for (int i = 0; i < QUICK_LOOKS && ct_mutex_asym_unhurried_(&rw->writers); i++) {
                ct_pause();
                if (!ct_load_u32_relaxed(&rw->writers.held) && ct_rwmutex_slots_enter_(rw))
                        return true;
        }
        for (int i = 0; i < ROUNDS; i++) {
                switch (ct_mutex_asym_watch_(&rw->writers, deadline)) {
                case CT_MUTEX_ASYM_BUSY_:
                        return false;
                case CT_MUTEX_ASYM_FREE_:
                        if (ct_rwmutex_slots_enter_(rw))
                                return true;
                        break;
                case CT_MUTEX_ASYM_OURS_:
                        ct_add_u32_seq(&my_cell(rw)->in, 1);
                        ct_rwmutex_slots_unlock(rw);
                        return true;
                }
        }
        return false;
}

/* As a writer that writes nothing: one at a time, but only for as long as it takes to count. */
static int pass_as_writer(struct ct_rwmutex_slots *rw, int64_t deadline)
{
        int r = ct_mutex_asym_lock_until(&rw->writers, deadline);

        if (r)
                return r;
        ct_add_u32_seq(&my_cell(rw)->in, 1);
        ct_rwmutex_slots_unlock(rw);
        return 0;
}

int ct_rwmutex_slots_rlock_slow_(struct ct_rwmutex_slots *rw, int64_t deadline)
{
        if (deadline != CT_FOREVER && deadline <= ct_now_ns())
                return -ETIMEDOUT;
        if (spin(rw, deadline))
                return 0;
        if (ct_load_u32_relaxed(&rw->writers.brisk))
                return pass_as_writer(rw, deadline);
        return queue_and_park(rw, deadline);
}

/* ---- writers ---- */

/* Ends a time of plain counts: after the fence the sum sees all of them. */
static void make_loud(struct ct_rwmutex_slots *rw)
{
        int64_t start, took;

        if (only_mine(rw))
                return;
        start = ct_now_ns();
        ct_store_u32_seq(&rw->quiet, 0);
#ifndef CT_PLANT_rwmutex_slots_no_heavy_fence
        ct_asymmetric_heavy();
#endif
        took = ct_now_ns() - start;
        ct_store_u64_relaxed(&rw->loud_until, (uint64_t)(start + (LOUD_SHARE + 1) * took));
}

/* Takes the writer back from `draining`. False: a reader was faster, and its unpark is on its way.
 */
static bool withdraw(struct ct_rwmutex_slots *rw, struct ct_wait_node *self)
{
        bool mine;

        ct_guard_lock(&rw->guard);
        mine = rw->writer == self;
        if (mine) {
                rw->writer = NULL;
                ct_store_u32_seq(&rw->draining, 0);
        }
        ct_guard_unlock(&rw->guard);
        return mine;
}

static int park_until_drained(struct ct_rwmutex_slots *rw, int64_t deadline)
{
        struct ct_wait_node self;

        ct_waiter_init(&self.waiter);
        ct_guard_lock(&rw->guard);
        rw->writer = &self;
        ct_store_u32_seq(&rw->draining, 1);
        ct_guard_unlock(&rw->guard);
#ifndef CT_PLANT_rwmutex_slots_writer_no_fence
        ct_asymmetric_heavy();
        if (readers(rw) == 0) {
                if (!withdraw(rw, &self))
                        ct_park(&self.waiter);
                return 0;
        }
#endif
        if (!ct_park_until(&self.waiter, deadline, CT_PARK_SLEEP))
                return 0;
        if (withdraw(rw, &self))
                return -ETIMEDOUT;
        ct_park(&self.waiter);
        return 0;
}

/* A reader has left while a writer sleeps: wakes it if that was the last one. */
void ct_rwmutex_slots_drained_(struct ct_rwmutex_slots *rw)
{
        struct ct_wait_node *writer = NULL;

        ct_guard_lock(&rw->guard);
        if (rw->writer && readers(rw) == 0) {
                writer = rw->writer;
                rw->writer = NULL;
                ct_store_u32_seq(&rw->draining, 0);
        }
        ct_guard_unlock(&rw->guard);
        if (writer)
                ct_unpark(&writer->waiter);
}

static bool spin_until_empty(struct ct_rwmutex_slots *rw, int64_t deadline)
{
        struct ct_spin s;
        bool got = false;

        /* A reader that was in has mostly left by the next look. */
        for (int i = 0; i < QUICK_LOOKS; i++)
                if (readers(rw) == 0)
                        return true;
        let_admitted_run(rw);
        ct_spin_start(&s, CT_SPIN_FOR_OWNER, deadline, MAX_STEP_NS);
        if (!s.left)
                return false;
        while (!got && ct_spin_wait(&s))
                got = readers(rw) == 0;
        ct_spin_end(&s, got);
        return got;
}

/* `writers` is held: waits until no reader is in. At the deadline gives `writers` up. */
int ct_rwmutex_slots_settle_(struct ct_rwmutex_slots *rw, int64_t deadline)
{
#ifdef CT_PLANT_rwmutex_slots_writer_ignores_readers
        return 0;
#endif
        if (ct_load_u32_seq(&rw->quiet))
                make_loud(rw);
        if (readers(rw) == 0 || spin_until_empty(rw, deadline))
                return 0;
        if (!park_until_drained(rw, deadline))
                return 0;
#ifndef CT_PLANT_rwmutex_slots_timeout_keeps_lock
        ct_rwmutex_slots_unlock(rw);
#endif
        return -ETIMEDOUT;
}

int ct_rwmutex_slots_lock_slow_(struct ct_rwmutex_slots *rw, int64_t deadline)
{
        int r;

        let_admitted_run(rw);
        r = ct_mutex_asym_lock_until(&rw->writers, deadline);
        return r ? r : ct_rwmutex_slots_settle_(rw, deadline);
}

int ct_rwmutex_slots_lock_until(struct ct_rwmutex_slots *rw, int64_t deadline)
{
        /* Too late to wait: an announcement would only disturb the readers. */
        if (deadline != CT_FOREVER && deadline <= ct_now_ns())
                return ct_rwmutex_slots_try_lock(rw) ? 0 : -ETIMEDOUT;
        return ct_rwmutex_slots_lock_slow_(rw, deadline);
}

bool ct_rwmutex_slots_try_lock(struct ct_rwmutex_slots *rw)
{
        if (!ct_mutex_asym_try_lock(&rw->writers))
                return false;
        if (ct_rwmutex_slots_alone_(rw))
                return true;
        if (readers(rw) == 0) { /* else not worth a fence */
                if (ct_load_u32_seq(&rw->quiet))
                        make_loud(rw);
                if (readers(rw) == 0)
                        return true;
        }
        ct_rwmutex_slots_unlock(rw);
        return false;
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
        int32_t inside = readers(rw);

        if (ct_load_u32_relaxed(&rw->waiting))
                ct_panic("ct_rwmutex_slots", rw, "destroyed while readers wait for it");
        if (ct_load_u32_relaxed(&rw->writers.held))
                ct_panic("ct_rwmutex_slots", rw, "destroyed while a writer has or awaits it");
        if (inside)
                ct_panic("ct_rwmutex_slots", rw, "destroyed with %d readers in", (int)inside);
}
