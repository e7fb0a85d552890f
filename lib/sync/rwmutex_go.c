/*
 * ct_rwmutex's slow paths.
 *
 * Source: Go's sync.RWMutex, as an algorithm; own code. Go keeps readerCount and announces a writer
 * by subtracting 2^30 from it. Here the announcement is the low bit of a phase number above the
 * count, because deadlines need to know which announcement a reader met.
 *
 * The state word:
 *      bits 0..31    readers: those that read, those that wait for the writer to finish
 *      bits 32..63   phase: +1 when a writer announces itself, +1 when it unlocks or gives up; so
 *                    odd means that a writer waits or writes, and then arrivals wait and departures
 *                    are reported
 *
 * A reader's one atomic operation returns the phase that it met, which is what it acts upon: a
 * reader that met an odd phase goes to the guard, and there either finds that phase still running
 * or finds that it has been let in meanwhile. Phases end under the guard only.
 *
 * Invariants, whenever the guard is open:
 *      even phase: no reader is queued, writer is NULL and departing is 0;
 *      odd phase: departing is the number of readers that the writer met, less those that have
 *      reported; it is below 0 only until the writer has added what it met;
 *      writer, if not NULL, is the node of the one writer that waits for departing to become 0;
 *      whoever sets it back to NULL owes that node one unpark.
 *
 * The tempting wrong version lets a reader that met a writer decide by looking at the phase's low
 * bit again when it has the guard. By then its writer may have finished, which let it in and
 * counted it, and the next one may have announced itself: it would queue behind a writer that waits
 * for it.
 */
#include "sync/rwmutex.h"

#include "base/panic.h"
#include "base/parker.h"

#include <errno.h>

#define READER CT_RWMUTEX_READER_
#define READERS CT_RWMUTEX_READERS_
#define PHASE CT_RWMUTEX_PHASE_

static bool same_phase(uint64_t a, uint64_t b)
{
        return !((a ^ b) & ~READERS);
}

/* Under the guard: ends the writer's phase and returns all waiting readers, now readers. */
static struct ct_wait_node *end_phase(struct ct_rwmutex *rw)
{
        struct ct_wait_node *first = rw->readers.head;

        /* Readers that have met the odd phase but not queued yet will see that it is over. The
           release pairs with rlock's acquire, and with the load in ct_rwmutex_rlock_slow_. */
        ct_add_u64_release(&rw->state, PHASE);
        rw->departing = 0;
#ifdef CT_PLANT_rwmutex_wake_one_reader
        return ct_waitlist_pop(&rw->readers);
#endif
        rw->readers = (struct ct_waitlist){0};
        for (struct ct_wait_node *n = first; n; n = n->next)
                n->queued = false;
        return first;
}

static void unpark_all(struct ct_wait_node *n)
{
        while (n) {
                struct ct_wait_node *next = n->next; /* n is gone once unparked */

                ct_unpark(&n->waiter);
                n = next;
        }
}

/* ---- readers ---- */

/* The time is up. True if the reader left the queue; false if a writer let it in before. */
static bool leave_readers(struct ct_rwmutex *rw, struct ct_wait_node *self)
{
        bool queued;

        ct_guard_lock(&rw->guard);
        queued = self->queued;
        if (queued) {
                ct_waitlist_remove(&rw->readers, self);
#ifndef CT_PLANT_rwmutex_timeout_leaves_reader
                /* The phase that it met is still odd, so no writer has counted it. */
                ct_sub_u64_relaxed(&rw->state, READER);
#endif
        }
        ct_guard_unlock(&rw->guard);
        if (!queued)
                ct_park(&self->waiter); /* the unpark is on its way */
        return queued;
}

int ct_rwmutex_rlock_slow_(struct ct_rwmutex *rw, uint64_t seen, int64_t deadline)
{
        struct ct_wait_node self;

#ifdef CT_PLANT_rwmutex_reader_passes_writer
        if (rw->writer)
                return 0;
#endif
        ct_waiter_init(&self.waiter);
        ct_guard_lock(&rw->guard);
#ifdef CT_PLANT_rwmutex_looks_at_the_low_bit
        if (!(ct_load_u64_acquire(&rw->state) & seen & PHASE)) {
#else
        if (!same_phase(ct_load_u64_acquire(&rw->state), seen)) { /* pairs with end_phase */
#endif
                ct_guard_unlock(&rw->guard);
                return 0; /* let in before it could queue */
        }
        ct_waitlist_push_back(&rw->readers, &self);
        ct_guard_unlock(&rw->guard);
        if (ct_park_until(&self.waiter, deadline, CT_PARK_SPIN) && leave_readers(rw, &self))
                return -ETIMEDOUT;
        return 0;
}

int ct_rwmutex_rlock_until(struct ct_rwmutex *rw, int64_t deadline)
{
        uint64_t before;

        if (ct_rwmutex_try_rlock(rw))
                return 0;
        if (deadline <= ct_now_ns())
                return -ETIMEDOUT;
        before = ct_add_u64_acquire(&rw->state, READER); /* as in ct_rwmutex_rlock */
        if (!(before & PHASE))
                return 0;
        return ct_rwmutex_rlock_slow_(rw, before, deadline);
}

void ct_rwmutex_runlock_slow_(struct ct_rwmutex *rw, uint64_t before)
{
        struct ct_wait_node *writer = NULL;

        if (!(before & READERS))
                ct_panic("ct_rwmutex", rw, "runlock of a read lock that nobody holds");
        ct_guard_lock(&rw->guard);
        /* A writer that gave up has ended the phase and waits for nobody. */
        if (same_phase(ct_load_u64_relaxed(&rw->state), before) && --rw->departing == 0) {
                writer = rw->writer;
                rw->writer = NULL;
        }
        ct_guard_unlock(&rw->guard);
        if (writer)
                ct_unpark(&writer->waiter); /* after the guard: orders all readers before it */
}

/* ---- writers ---- */

/* Waits for the readers that were in when the writer announced itself. */
static int await_readers(struct ct_rwmutex *rw, uint32_t readers, int64_t deadline)
{
        struct ct_wait_node self, *waiting = NULL;
        bool gave_up = false;

#ifdef CT_PLANT_rwmutex_writer_ignores_readers
        return 0;
#endif
        ct_waiter_init(&self.waiter);
        ct_guard_lock(&rw->guard);
        rw->departing += (int32_t)readers;
        if (rw->departing == 0) { /* all have left; the guard orders them before this writer */
                ct_guard_unlock(&rw->guard);
                return 0;
        }
        rw->writer = &self;
        ct_guard_unlock(&rw->guard);
        if (!ct_park_until(&self.waiter, deadline, CT_PARK_SPIN))
                return 0;
        ct_guard_lock(&rw->guard);
        if (rw->writer == &self) {
                gave_up = true;
                rw->writer = NULL;
#ifndef CT_PLANT_rwmutex_timeout_blocks_readers
                waiting = end_phase(rw);
#endif
        }
        ct_guard_unlock(&rw->guard);
        if (!gave_up) {
                ct_park(&self.waiter); /* the last reader was faster; its unpark is on its way */
                return 0;
        }
        unpark_all(waiting);
        return -ETIMEDOUT;
}

int ct_rwmutex_lock_until(struct ct_rwmutex *rw, int64_t deadline)
{
        uint32_t readers;
        int r;

        /* Too late to wait: an announcement would only disturb the readers. */
        if (deadline != CT_FOREVER && deadline <= ct_now_ns())
                return ct_rwmutex_try_lock(rw) ? 0 : -ETIMEDOUT;
        r = ct_mutex_lock_until(&rw->writers, deadline);
        if (r)
                return r;
        /* The announcement. Its acquire pairs with the releases in runlock; the count tells whom to
           wait for. */
        readers = (uint32_t)(ct_add_u64_acquire(&rw->state, PHASE) & READERS);
        if (!readers)
                return 0;
        r = await_readers(rw, readers, deadline);
        if (r)
                ct_mutex_unlock(&rw->writers);
        return r;
}

void ct_rwmutex_lock(struct ct_rwmutex *rw)
{
        (void)ct_rwmutex_lock_until(rw, CT_FOREVER); /* without a deadline it cannot fail */
}

bool ct_rwmutex_try_lock(struct ct_rwmutex *rw)
{
        uint64_t seen;

        if (!ct_mutex_try_lock(&rw->writers))
                return false;
        seen = ct_load_u64_relaxed(&rw->state);
        /* The phase is even: only the holder of `writers` makes it odd. The acquire pairs with the
           releases in runlock and unlock. */
        if (!(seen & READERS) && ct_cas_u64_acquire(&rw->state, &seen, seen + PHASE))
                return true;
        ct_mutex_unlock(&rw->writers);
        return false;
}

void ct_rwmutex_unlock(struct ct_rwmutex *rw)
{
        struct ct_wait_node *waiting;

        if (!(ct_load_u64_relaxed(&rw->state) & PHASE))
                ct_panic("ct_rwmutex", rw, "unlock of a write lock that nobody holds");
        ct_guard_lock(&rw->guard);
        waiting = end_phase(rw);
        ct_guard_unlock(&rw->guard);
        unpark_all(waiting);
        ct_mutex_unlock(&rw->writers); /* after the readers: they go before the next writer */
}

/* ---- tests and CT_CHECKED ---- */

uint32_t ct_rwmutex_waiting_readers(struct ct_rwmutex *rw)
{
        uint32_t n = 0;

        ct_guard_lock(&rw->guard);
        for (const struct ct_wait_node *w = rw->readers.head; w; w = w->next)
                n++;
        ct_guard_unlock(&rw->guard);
        return n;
}

void ct_rwmutex_check_idle_(struct ct_rwmutex *rw)
{
        uint64_t state = ct_load_u64_relaxed(&rw->state);

        if (ct_rwmutex_waiting_readers(rw))
                ct_panic("ct_rwmutex", rw, "destroyed while readers wait for it");
        if (state & PHASE)
                ct_panic("ct_rwmutex", rw, "destroyed while a writer has or awaits it");
        if (state & READERS)
                ct_panic("ct_rwmutex", rw, "destroyed with %u readers in",
                         (unsigned)(state & READERS));
}
