/*
 * ct_rwmutex: many readers or one writer, with Go's semantics.
 *
 *      static struct ct_rwmutex rw;    // zero bytes are a valid unlocked one
 *      ct_rwmutex_rlock(&rw);   ... read ...    ct_rwmutex_runlock(&rw);
 *      ct_rwmutex_lock(&rw);    ... write ...   ct_rwmutex_unlock(&rw);
 *
 * Blocks on: the parker. Readers wait for a writer that holds it or waits for it; a writer waits
 *      for other writers (on a ct_mutex) and for the readers that were in before it.
 * Wakes: the last reader in front of a waiting writer wakes that writer; unlock wakes every reader
 *      that waits, then lets the next writer in.
 * Fairness: a waiting writer stops new readers, so readers cannot starve it. All readers that
 *      waited during a write go before the next writer, so writers cannot starve them.
 *      Consequence: a thread that holds a read lock must not take it again, since a writer may have
 *      come in between, and then both wait for ever.
 * Order: everything before unlock happens before every later rlock or lock; everything before
 *      runlock happens before every later lock.
 * Who may call: any thread; runlock and unlock also by another than the one that locked, as in Go
 *      (a CT_CHECKED build wants unlock by the locker: ct_mutex).
 * Cost: one atomic read-modify-write on one shared word for rlock and one for runlock. Readers do
 *      not scale: the line goes from reader to reader.
 * Ownership: the caller's storage; no init, no destroy. Fewer than 2^31 readers at a time.
 * Failure: misuse panics with the address: runlock without a reader, unlock without a writer.
 * Units: deadlines are absolute ct_now_ns() times; one in the past tries once.
 *
 * Source: Go's sync.RWMutex, as an algorithm; own code. The timed forms are ours.
 */
#ifndef CT_SYNC_RWMUTEX_H
#define CT_SYNC_RWMUTEX_H

#include "base/atomic.h"
#include "base/clock.h"
#include "base/guard.h"
#include "base/waitlist.h"
#include "sync/mutex.h"

struct ct_rwmutex {
        ct_atomic_u64 state;         /* private, all of it; see rwmutex_go.c */
        struct ct_guard guard;       /* protects what follows */
        int32_t departing;           /* readers that the writer waits for (Go's readerWait) */
        struct ct_wait_node *writer; /* the writer that waits for them; NULL: none */
        struct ct_waitlist readers;  /* readers that wait for the writer */
        struct ct_mutex writers;     /* one writer at a time; held from lock to unlock */
};

/* state: readers in the low half; the phase above, odd while a writer waits or writes. */
#define CT_RWMUTEX_READER_ UINT64_C(1)
#define CT_RWMUTEX_READERS_ UINT64_C(0xffffffff)
#define CT_RWMUTEX_PHASE_ (UINT64_C(1) << 32)

/* Not for users. */
void ct_rwmutex_check_idle_(struct ct_rwmutex *rw);
int ct_rwmutex_rlock_slow_(struct ct_rwmutex *rw, uint64_t seen, int64_t deadline);
void ct_rwmutex_runlock_slow_(struct ct_rwmutex *rw, uint64_t before);

/* Takes a read lock; waits while a writer waits or writes. */
static inline void ct_rwmutex_rlock(struct ct_rwmutex *rw)
{
        /* The acquire pairs with the release in ct_rwmutex_unlock. */
        uint64_t before = ct_add_u64_acquire(&rw->state, CT_RWMUTEX_READER_);

        if (__builtin_expect((before & CT_RWMUTEX_PHASE_) != 0, 0))
                (void)ct_rwmutex_rlock_slow_(rw, before, CT_FOREVER);
}

/* Takes a read lock if no writer waits or writes; never waits. */
static inline bool ct_rwmutex_try_rlock(struct ct_rwmutex *rw)
{
        uint64_t seen = ct_load_u64_relaxed(&rw->state);

        while (!(seen & CT_RWMUTEX_PHASE_))
                if (ct_cas_u64_acquire(&rw->state, &seen, seen + CT_RWMUTEX_READER_))
                        return true; /* pairs with the release in ct_rwmutex_unlock */
        return false;
}

/* As rlock, but gives up at the deadline: 0 or -ETIMEDOUT. */
int ct_rwmutex_rlock_until(struct ct_rwmutex *rw, int64_t deadline);

/* Gives one read lock back. Panics if there is none. */
static inline void ct_rwmutex_runlock(struct ct_rwmutex *rw)
{
        /* The release pairs with the acquire of the next writer's announcement. */
#ifdef CT_PLANT_rwmutex_relaxed_runlock
        uint64_t before = ct_sub_u64_relaxed(&rw->state, CT_RWMUTEX_READER_);
#else
        uint64_t before = ct_sub_u64_release(&rw->state, CT_RWMUTEX_READER_);
#endif

        if (__builtin_expect((before & CT_RWMUTEX_PHASE_) || !(before & CT_RWMUTEX_READERS_), 0))
                ct_rwmutex_runlock_slow_(rw, before);
}

/* Takes the write lock: waits for other writers, then for the readers that are in. */
void ct_rwmutex_lock(struct ct_rwmutex *rw);

/* Takes the write lock if nobody holds or awaits any; never waits. */
bool ct_rwmutex_try_lock(struct ct_rwmutex *rw);

/* As lock, but gives up at the deadline: 0 or -ETIMEDOUT. Readers that it had kept waiting go on.
 */
int ct_rwmutex_lock_until(struct ct_rwmutex *rw, int64_t deadline);

/* Gives the write lock back. Panics if no writer holds it. */
void ct_rwmutex_unlock(struct ct_rwmutex *rw);

/* How many readers wait for a writer at this moment; for statistics and tests. */
uint32_t ct_rwmutex_waiting_readers(struct ct_rwmutex *rw);

/* For the moment before the storage goes; optional, since there is nothing to free. With CT_CHECKED
   it panics if somebody holds the lock or waits for it, otherwise it does nothing. */
static inline void ct_rwmutex_fini(struct ct_rwmutex *rw)
{
#ifdef CT_CHECKED
        ct_rwmutex_check_idle_(rw);
#else
        (void)rw;
#endif
}

#endif
