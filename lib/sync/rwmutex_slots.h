/*
 * ct_rwmutex_slots: many readers or one writer; readers that do not disturb each other.
 *
 *      static struct ct_rwmutex_slots rw;      // zero bytes are a valid unlocked one
 *      ct_rwmutex_slots_rlock(&rw);   ... read ...    ct_rwmutex_slots_runlock(&rw);
 *      ct_rwmutex_slots_lock(&rw);    ... write ...   ct_rwmutex_slots_unlock(&rw);
 *
 * Blocks on: the parker. Readers wait for a writer that holds it or waits for readers; a writer
 *      waits for other writers (on a ct_mutex_asym) and for the readers that were in before it.
 *      Both spin for at most the calibrated budget before they park.
 * Wakes: the last reader in front of a waiting writer wakes that writer; unlock wakes every reader
 *      that waits, then lets the next writer in.
 * Fairness: a waiting writer stops new readers, so readers cannot starve it. Readers that queued
 *      during a write go before the next writer; where writes follow each other within 150 ns, a
 *      reader queues among the writers instead, and waits at most as long as mutex_asym.h says. So
 *      writers cannot starve readers.
 *      Consequence: a context that holds a read lock must not take it again, since a writer may
 *      have come in between, and then both wait for ever.
 * Order: everything before unlock happens before every later rlock or lock; everything before
 *      runlock happens before every later lock.
 * Who may call: any thread or task; runlock and unlock also by another than the one that locked (a
 *      CT_CHECKED build wants unlock by the locker). try_lock may fail because a reader is just
 *      trying in vain.
 * Cost: each slot (slot.h) counts its readers in its own cache line. rlock is one atomic on that
 *      line, and none at all once reads have gone on for a while without a write; runlock is a
 *      store. lock looks at every slot that has ever read here, and when it ends such a while, pays
 *      a membarrier; it is then not begun again for nine times as long as that took.
 * Ownership: the caller's storage, no init, no destroy; but a big one: a line per slot. The first
 *      CT_RWMUTEX_SLOTS_OWN slots have one each, all others share a few.
 * Failure: misuse panics with the address: runlock without a reader, unlock without a writer; with
 *      CT_CHECKED, ct_rwmutex_slots_fini while in use.
 * Units: deadlines are absolute ct_now_ns() times; one in the past tries once.
 *
 * Source: own. The parts are known: a count per reader slot from the big-reader lock (ck_brlock),
 * the asymmetric fence from liburcu and folly, the paced bias from BRAVO (Dice and Kogan 2019), the
 * contract from Go's sync.RWMutex.
 */
#ifndef CT_SYNC_RWMUTEX_SLOTS_H
#define CT_SYNC_RWMUTEX_SLOTS_H

#include "base/asymmetric.h"
#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/clock.h"
#include "base/guard.h"
#include "base/slot.h"
#include "base/waitlist.h"
#include "sync/mutex_asym.h"

#define CT_RWMUTEX_SLOTS_OWN 32u
#define CT_RWMUTEX_SLOTS_SHARED 4u /* own + shared <= 64: one bit each */
#define CT_RWMUTEX_SLOTS_CELLS_ (CT_RWMUTEX_SLOTS_OWN + CT_RWMUTEX_SLOTS_SHARED)

/* One slot's readers. A reader may leave by another cell than it came in by, so only the sums over
   all cells mean anything; both counts wrap. 16 bytes in 64, so that no two share a line even where
   the lock is not aligned to one. */
struct ct_rwmutex_cell_ {
        _Alignas(16) ct_atomic_u32 in;
        ct_atomic_u32 out;
        ct_atomic_u32 known; /* not 0: its bit in `used` is set, and plain counts may be had; then
                                twice the writers' turns at the last question, plus 1 */
        int32_t floor;       /* in - out has been this low, and that was right */
        char apart_[CT_CACHE_LINE - 16];
};

struct ct_rwmutex_slots {
        /* Read by every reader, written seldom. Private, all of it. */
        ct_atomic_u32 quiet;         /* reads are alone: they may count without an atomic */
        ct_atomic_u32 draining;      /* a writer sleeps until the readers have left */
        ct_atomic_u32 waiting;       /* readers are queued: unlock lets them in */
        ct_atomic_u32 admitted;      /* readers let in that have not counted themselves yet */
        ct_atomic_u64 used;          /* cells that have been used; a bit each */
        ct_atomic_u64 loud_until;    /* no `quiet` before this time */
        struct ct_guard guard;       /* protects the next two */
        struct ct_wait_node *writer; /* the writer behind `draining` */
        struct ct_waitlist readers;  /* readers that wait for the writer */
        struct ct_rwmutex_cell_ cell[CT_RWMUTEX_SLOTS_CELLS_];
        struct ct_mutex_asym writers; /* held: a writer writes, or waits for readers to leave; last,
                                         so that what the lock protects is beside it */
};

/* A slot's reads between two questions whether reads are alone: their atomics cost about as much as
   one membarrier. */
#ifdef CT_SIM /* short programs reach the quiet reads */
#define CT_RWMUTEX_SLOTS_ASK_ 1u
#else
#define CT_RWMUTEX_SLOTS_ASK_ 2048u
#endif

#ifdef CT_PLANT_rwmutex_slots_no_second_look
#define CT_RWMUTEX_SLOTS_STILL_QUIET_(rw) true
#else
#define CT_RWMUTEX_SLOTS_STILL_QUIET_(rw) ct_load_u32_seq(&(rw)->quiet)
#endif

/* Not for users. */
bool ct_rwmutex_slots_enter_slow_(struct ct_rwmutex_slots *rw);
int ct_rwmutex_slots_rlock_slow_(struct ct_rwmutex_slots *rw, int64_t deadline);
void ct_rwmutex_slots_leave_slow_(struct ct_rwmutex_slots *rw);
void ct_rwmutex_slots_ask_quiet_(struct ct_rwmutex_slots *rw, struct ct_rwmutex_cell_ *c);
void ct_rwmutex_slots_below_floor_(struct ct_rwmutex_slots *rw, struct ct_rwmutex_cell_ *c);
void ct_rwmutex_slots_drained_(struct ct_rwmutex_slots *rw);
int ct_rwmutex_slots_lock_slow_(struct ct_rwmutex_slots *rw, int64_t deadline);
int ct_rwmutex_slots_settle_(struct ct_rwmutex_slots *rw, int64_t deadline);
void ct_rwmutex_slots_admit_(struct ct_rwmutex_slots *rw);
void ct_rwmutex_slots_admit_free_(struct ct_rwmutex_slots *rw);
void ct_rwmutex_slots_not_locked_(struct ct_rwmutex_slots *rw);
void ct_rwmutex_slots_check_idle_(struct ct_rwmutex_slots *rw);

/* The caller's cell; NULL where it has none of its own, or it is not known to writers yet. */
static inline struct ct_rwmutex_cell_ *ct_rwmutex_slots_cell_(struct ct_rwmutex_slots *rw)
{
        unsigned slot = ct_slot();

        if (__builtin_expect(slot >= CT_RWMUTEX_SLOTS_OWN, 0))
                return NULL;
        return ct_load_u32_relaxed(&rw->cell[slot].known) ? &rw->cell[slot] : NULL;
}

/* One attempt to read. False: a writer is there, and the attempt has left no trace. */
static inline bool ct_rwmutex_slots_enter_(struct ct_rwmutex_slots *rw)
{
        struct ct_rwmutex_cell_ *c = ct_rwmutex_slots_cell_(rw);
        uint32_t in;

        if (__builtin_expect(!c, 0))
                return ct_rwmutex_slots_enter_slow_(rw);
        /* A reader counts itself, then looks for a writer; a writer announces itself, then counts
           readers: one of the two sees the other. `quiet` says that the writer will fence for both,
           and that must still be so after the count (see rwmutex_slots.c). The acquires pair with
           the release of the writer before. */
        if (__builtin_expect(ct_load_u32_relaxed(&rw->quiet), 1)) {
                ct_store_u32_relaxed(&c->in, ct_load_u32_relaxed(&c->in) + 1);
                ct_asymmetric_light();
                if (__builtin_expect(CT_RWMUTEX_SLOTS_STILL_QUIET_(rw) &&
                                             !ct_load_u32_seq(&rw->writers.held),
                                     1))
                        return true;
        } else {
                in = ct_add_u32_seq(&c->in, 1);
                if (__builtin_expect(!ct_load_u32_seq(&rw->writers.held), 1)) {
                        if (__builtin_expect(in % CT_RWMUTEX_SLOTS_ASK_ == 0, 0))
                                ct_rwmutex_slots_ask_quiet_(rw, c);
                        return true;
                }
        }
        ct_rwmutex_slots_leave_slow_(rw);
        return false;
}

/* Takes a read lock; waits while a writer writes or waits for readers. */
static inline void ct_rwmutex_slots_rlock(struct ct_rwmutex_slots *rw)
{
        if (__builtin_expect(!ct_rwmutex_slots_enter_(rw), 0))
                (void)ct_rwmutex_slots_rlock_slow_(rw, CT_FOREVER); /* cannot fail */
}

/* Takes a read lock if no writer is there; never waits. */
static inline bool ct_rwmutex_slots_try_rlock(struct ct_rwmutex_slots *rw)
{
        return ct_rwmutex_slots_enter_(rw);
}

/* As rlock, but gives up at the deadline: 0 or -ETIMEDOUT. */
static inline int ct_rwmutex_slots_rlock_until(struct ct_rwmutex_slots *rw, int64_t deadline)
{
        return ct_rwmutex_slots_enter_(rw) ? 0 : ct_rwmutex_slots_rlock_slow_(rw, deadline);
}

/* Gives one read lock back. Panics if there is none. */
static inline void ct_rwmutex_slots_runlock(struct ct_rwmutex_slots *rw)
{
        struct ct_rwmutex_cell_ *c = ct_rwmutex_slots_cell_(rw);
        uint32_t out;

        if (__builtin_expect(!c, 0)) {
                ct_rwmutex_slots_leave_slow_(rw);
                return;
        }
        out = ct_load_u32_relaxed(&c->out) + 1;
        ct_store_u32_release(&c->out, out); /* pairs with the writer's sum */
        ct_asymmetric_light();              /* for the writer that is about to sleep until this */
        if (__builtin_expect((int32_t)(ct_load_u32_relaxed(&c->in) - out) < c->floor, 0))
                ct_rwmutex_slots_below_floor_(rw, c);
        if (__builtin_expect(ct_load_u32_seq(&rw->draining), 0))
                ct_rwmutex_slots_drained_(rw);
}

/* As lock, but gives up at the deadline: 0 or -ETIMEDOUT. Readers that it had kept waiting go on.
 */
int ct_rwmutex_slots_lock_until(struct ct_rwmutex_slots *rw, int64_t deadline);

/* True for a writer that has `writers` and sees at one look that no reader is in: all that ever
   read here did so on this thread, so their counts and this look are in one order. */
static inline bool ct_rwmutex_slots_alone_(struct ct_rwmutex_slots *rw)
{
        unsigned slot = ct_slot();
        struct ct_rwmutex_cell_ *c;

        if (slot >= CT_RWMUTEX_SLOTS_OWN || ct_load_u64_seq(&rw->used) & ~(UINT64_C(1) << slot) ||
            ct_load_u32_seq(&rw->admitted))
                return false;
        c = &rw->cell[slot];
        return ct_load_u32_acquire(&c->out) == ct_load_u32_relaxed(&c->in);
}

/* Takes the write lock: waits for other writers, then for the readers that are in. */
static inline void ct_rwmutex_slots_lock(struct ct_rwmutex_slots *rw)
{
#ifdef CT_CHECKED
        ct_mutex_asym_check_lock_(&rw->writers);
#endif
        if (__builtin_expect(!ct_mutex_asym_take_(&rw->writers), 0))
                (void)ct_rwmutex_slots_lock_slow_(rw, CT_FOREVER); /* cannot fail */
        else if (__builtin_expect(!ct_rwmutex_slots_alone_(rw), 0))
                (void)ct_rwmutex_slots_settle_(rw, CT_FOREVER); /* cannot fail */
#ifdef CT_CHECKED
        ct_mutex_asym_set_owner_(&rw->writers);
#endif
}

/* Takes the write lock if nobody holds or awaits any; never waits. */
bool ct_rwmutex_slots_try_lock(struct ct_rwmutex_slots *rw);

/* Gives the write lock back. Panics if no writer holds it. */
static inline void ct_rwmutex_slots_unlock(struct ct_rwmutex_slots *rw)
{
        if (__builtin_expect(!ct_load_u32_relaxed(&rw->writers.held), 0))
                ct_rwmutex_slots_not_locked_(rw);
        if (__builtin_expect(ct_load_u32_relaxed(&rw->waiting), 0))
                ct_rwmutex_slots_admit_(rw); /* before the next writer */
        ct_mutex_asym_unlock(&rw->writers);
        /* A reader queues, then looks at `held`; unlock has cleared it, then looks for readers. */
        if (__builtin_expect(ct_load_u32_seq(&rw->waiting), 0))
                ct_rwmutex_slots_admit_free_(rw);
}

/* How many readers wait for a writer at this moment, spinning ones not counted; for tests. */
uint32_t ct_rwmutex_slots_waiting_readers(struct ct_rwmutex_slots *rw);

/* For the moment before the storage goes; optional, since there is nothing to free. With CT_CHECKED
   it panics if somebody holds the lock or waits for it, otherwise it does nothing. */
static inline void ct_rwmutex_slots_fini(struct ct_rwmutex_slots *rw)
{
#ifdef CT_CHECKED
        ct_rwmutex_slots_check_idle_(rw);
#else
        (void)rw;
#endif
}

#endif
