/*
 * Read sections: how memory that lock-free readers may still be looking at is freed.
 *
 *      reader                                      writer
 *      struct ct_reading r = ct_read_begin();      old = ct_exchange_ptr_acq_rel(&shared, new);
 *      p = ct_load_ptr_acquire(&shared);           ct_retire(&old->retired, free_it);
 *      ... use *p ...                              (or: ct_synchronize(); free(old);)
 *      ct_read_end(r);
 *
 * What a reader found inside its section stays until the section ends, whoever unlinks it. Sections
 * of all users share one domain, nest, cost one store to a line of the reader's own on either side
 * and never wait.
 *
 * The rule: a section does not park, yield or end the task. Everything in this library that blocks
 * does one of these, so inside a section only call what says that it does not. What must survive a
 * park is copied out of the section, or counted by a reference count that the section protects
 * while it is taken. A section is short: whoever waits for it waits as long as it lasts.
 *
 * Blocks on: ct_read_* and, inside a section, ct_retire: never. Outside of a section ct_retire
 *      waits where its bound is reached; ct_synchronize and ct_retired_drain wait for the sections
 *      that are open when they are called, and not for later ones. They spin, then sleep through
 *      the parker: a section's end wakes nobody, which is what makes it cheap.
 * Order: what is before a section's end happens before the free, and before ct_synchronize returns.
 *      A section that begins after ct_retire or ct_synchronize was called sees what was done
 *      before.
 * Who may call: threads and tasks; not signal handlers. ct_read_end where ct_read_begin was called,
 *      inner sections first.
 * Ownership: ct_retire takes the object. Its free function runs once, later, on any context, inside
 *      a read section: it may retire more, but not park, synchronize or drain.
 * Bound: at most CT_RETIRED_MAX objects wait to be freed, and besides them only what sections that
 *      are still open have retired. Up to CT_RETIRED_BATCH per stripe stay until more are retired
 *      or ct_retired_drain is called. Bytes are not counted.
 * Failure: none; nothing allocates. Misuse panics: a section ended twice; ct_synchronize or
 *      ct_retired_drain inside a section; with CT_CHECKED=1 also a section that ends on another
 *      thread than it began on.
 * Cost: see reclaim.c.
 *
 * Source: the idea of RCU (McKenney and Slingwine, 1998) in user space (Desnoyers and others,
 * 2012); here with a sequence number per reader in place of the global epoch. Own code.
 */
#ifndef CT_SYNC_RECLAIM_H
#define CT_SYNC_RECLAIM_H

#include "base/asymmetric.h"
#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/slot.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef CT_SIM /* small, so that short programs reach every branch */
#define CT_RETIRED_BATCH 2u
#define CT_RETIRED_STRIPES 1u
#else
#define CT_RETIRED_BATCH 256u
#define CT_RETIRED_STRIPES 16u
#endif
#define CT_RETIRED_LIMIT (2 * CT_RETIRED_BATCH)
/* Per stripe: as many again may be waiting for readers, or be on their way through free. */
#define CT_RETIRED_MAX (CT_RETIRED_STRIPES * 3 * CT_RETIRED_LIMIT)

/* An open section, from begin to end; private. */
struct ct_reading {
        uintptr_t word; /* the counter that holds it; bit 0: by read-modify-writes */
};

/* Goes into every object that is to be retired. */
struct ct_retired {
        struct ct_retired *next; /* private */
        void (*free)(struct ct_retired *);
};

/* Not for users. */
enum {
        CT_READ_COUNT_ = 16,                       /* the word's sections begun, from this bit up */
        CT_READ_NEST_ = (1 << CT_READ_COUNT_) - 1, /* sections open */
        CT_READ_OUTER_ = (1 << CT_READ_COUNT_) + 1, /* one more of each */
        CT_READ_SLOW_ = 1,
};

struct ct_read_slot_ {
        CT_ALIGN_PAIR ct_atomic_u64 word; /* sections begun << CT_READ_COUNT_ | sections open */
};

extern struct ct_read_slot_ ct_read_slot_[CT_SLOTS];
extern ct_atomic_u32 ct_read_fast_slots_; /* slots below may begin with a plain store */

struct ct_reading ct_read_begin_slow_(unsigned slot);
void ct_read_end_slow_(struct ct_reading r);
_Noreturn void ct_read_end_panic_(const ct_atomic_u64 *word);
void ct_read_check_end_(struct ct_reading r);

/* Opens a section. */
static inline struct ct_reading ct_read_begin(void)
{
        unsigned slot = ct_slot();
        ct_atomic_u64 *word;
        uint64_t w;

        if (__builtin_expect(slot >= ct_load_u32_relaxed(&ct_read_fast_slots_), 0))
                return ct_read_begin_slow_(slot);
        word = &ct_read_slot_[slot].word;
        w = ct_load_u64_relaxed(word); /* nobody else writes it */
        w += w & CT_READ_NEST_ ? 1 : CT_READ_OUTER_;
        /* What is read inside is read after this store thanks to the fence, which pairs with the
           heavy one before every scan. */
        ct_store_u64_relaxed(word, w);
        ct_asymmetric_light();
        return (struct ct_reading){(uintptr_t)word};
}

/* Closes the section: what was found inside may be freed from here on. */
static inline void ct_read_end(struct ct_reading r)
{
        ct_atomic_u64 *word = (ct_atomic_u64 *)r.word;
        uint64_t w;

#ifdef CT_CHECKED
        ct_read_check_end_(r);
#endif
        if (__builtin_expect(r.word & CT_READ_SLOW_, 0)) {
                ct_read_end_slow_(r);
                return;
        }
        w = ct_load_u64_relaxed(word);
        if (__builtin_expect(!(w & CT_READ_NEST_), 0))
                ct_read_end_panic_(word);
        ct_store_u64_release(word, w - 1); /* pairs with the scan: all reads before the free */
}

/* Whether the caller is inside a section. */
bool ct_reading_here(void);

/* Frees the object by free_it(r) once no section can hold it any more. It must be unlinked: no
   section that begins from now on can find it. */
void ct_retire(struct ct_retired *r, void (*free_it)(struct ct_retired *));

/* Returns when every section that was open has ended. */
void ct_synchronize(void);

/* Returns when everything that was retired before the call has been freed. */
void ct_retired_drain(void);

/* How many retired objects have not been freed yet; for statistics and tests. */
size_t ct_retired_count(void);

#ifdef CT_SIM
/* Forgets everything, between two simulated executions. Nothing may be retired or open. */
void ct_reclaim_reset(void);
#endif

#endif
