/*
 * Read sections and deferred frees.
 *
 * Source: user-space RCU (Desnoyers, McKenney, Stern, Dagenais, Walpole, 2012) for the asymmetric
 * fence and for two-phase counting; own code.
 *
 * Every slot has a word: how many outermost sections its owner has begun, and how many are open now
 * (they nest). Only the owner writes it. A section that is seen open is over as soon as the first
 * number has moved on or the second is 0. So a grace period is: a heavy fence, one look at every
 * word, and then waiting for just those sections that were seen open. There is no global epoch that
 * a reader would have to load, and nothing a late reader could be mistaken for.
 *
 * Why that is enough. A section stores its word, then loads the shared pointer; a writer unlinks,
 * then looks at the word. With a fence between the two steps on both sides, either the writer sees
 * the section or the section sees the pointer unlinked. The reader's fence is free, because the
 * writer's is membarrier(2). Where that is not to be had, both sides use a read-modify-write on the
 * very same word (the writer adds 0): if the writer's comes first, the reader's reads from it and
 * so has acquired the unlinking; if the reader's comes first, the writer sees the section. The end
 * is one as well then, so that the chain of reads-from is not broken by a store.
 *
 * Threads without a slot count themselves in one of two shared cells, chosen by the phase. The
 * phase moves on when the cell of the phase before is empty; after two moves everyone who was in
 * either cell has left it, though new ones kept coming.
 *
 * The tempting wrong version: to wait until a slot's count of open sections is 0. A reader that
 * opens one section after the other may be between two of them at no look, and the wait is for
 * ever.
 *
 * Cost on Zen 4: a section 1.6 ns; ct_synchronize with nobody in a section 0.4 us alone and 3 to 9
 * us while another CPU runs a thread of the process, nearly all of it membarrier.
 */
#include "sync/reclaim.h"

#include "base/clock.h"
#include "base/panic.h"
#include "sync/reclaim_grace.h"

struct ct_read_slot_ ct_read_slot_[CT_SLOTS];
ct_atomic_u32 ct_read_fast_slots_;

static ct_atomic_u32 known_slots; /* slots below have had a section; fast_slots or more */

/* Readers without a slot. */
static struct {
        CT_ALIGN_PAIR ct_atomic_u64 phase;
        ct_atomic_u64 cell[2];
} slotless;
static _Thread_local unsigned slotless_open; /* of this thread; no task leaves within a section */

/* ---- readers ---- */

static void raise_to(ct_atomic_u32 *top, uint32_t n)
{
        uint32_t old = ct_load_u32_relaxed(top);

        /* acq_rel: see look() */
        while (old < n && !ct_cas_u32_acq_rel(top, &old, n))
                ;
}

static struct ct_reading begin_slotless(void)
{
        for (;;) {
                uint64_t phase = ct_load_u64_seq(&slotless.phase);
                ct_atomic_u64 *cell = &slotless.cell[phase & 1];

                /* seq: the count is there before the phase is looked at again */
                ct_add_u64_seq(cell, 1);
                if (ct_load_u64_seq(&slotless.phase) == phase) {
                        slotless_open++;
                        return (struct ct_reading){(uintptr_t)cell | CT_READ_SLOW_};
                }
                ct_sub_u64_seq(cell, 1); /* the phase has moved on: count in the right one */
        }
}

struct ct_reading ct_read_begin_slow_(unsigned slot)
{
        ct_atomic_u64 *word;
        uint64_t w;

        if (slot >= CT_SLOTS)
                return begin_slotless();
        raise_to(&known_slots, slot + 1);
        if (ct_asymmetric_ready()) {
                raise_to(&ct_read_fast_slots_, slot + 1);
                return ct_read_begin();
        }
        word = &ct_read_slot_[slot].word;
        w = ct_load_u64_relaxed(word);
        /* acq_rel: pairs with look(), see above */
        ct_add_u64_acq_rel(word, w & CT_READ_NEST_ ? 1 : CT_READ_OUTER_);
        return (struct ct_reading){(uintptr_t)word | CT_READ_SLOW_};
}

void ct_read_end_slow_(struct ct_reading r)
{
        ct_atomic_u64 *word = (ct_atomic_u64 *)(r.word & ~(uintptr_t)CT_READ_SLOW_);
        bool shared = word == &slotless.cell[0] || word == &slotless.cell[1];

        if (shared ? !slotless_open-- : !(ct_load_u64_relaxed(word) & CT_READ_NEST_))
                ct_read_end_panic_(word);
        ct_sub_u64_acq_rel(word, 1); /* pairs with look() */
}

void ct_read_end_panic_(const ct_atomic_u64 *word)
{
        ct_panic("read section", (const void *)word, "ended, but none is open");
}

void ct_read_check_end_(struct ct_reading r)
{
        const void *word = (const void *)(r.word & ~(uintptr_t)CT_READ_SLOW_);
        unsigned slot = ct_slot();

        if (slot < CT_SLOTS ? word != &ct_read_slot_[slot].word : !slotless_open)
                ct_panic("read section", word, "ended on another thread: sections must not park");
}

bool ct_reading_here(void)
{
        unsigned slot = ct_slot();

        if (slot >= CT_SLOTS)
                return slotless_open != 0;
        return ct_load_u64_relaxed(&ct_read_slot_[slot].word) & CT_READ_NEST_;
}

/* ---- grace periods ---- */

/* The word as of now, in order after everything the caller has unlinked. */
static uint64_t look(ct_atomic_u64 *word)
{
        if (ct_asymmetric_ready())
                return ct_load_u64_acquire(
                        word);              /* pairs with ct_read_end; the fence came before */
        return ct_add_u64_acq_rel(word, 0); /* pairs with begin and end: see the top */
}

static unsigned slots_to_scan(void)
{
#ifndef CT_PLANT_reclaim_no_heavy_fence
        ct_asymmetric_heavy(); /* pairs with the light one in ct_read_begin */
#endif
        return ct_add_u32_acq_rel(&known_slots, 0); /* pairs with raise_to: as look() */
}

static bool still_open(unsigned slot, uint64_t seen)
{
        uint64_t now = look(&ct_read_slot_[slot].word);

#ifdef CT_PLANT_reclaim_waits_for_no_reader
        return false;
#endif
        return (now & CT_READ_NEST_) && now >> CT_READ_COUNT_ == seen >> CT_READ_COUNT_;
}

/* Starts to wait for the readers without a slot; false if there are none. */
static bool slotless_readers(uint64_t *phase)
{
        *phase = ct_load_u64_seq(&slotless.phase);
        /* acq_rel: pairs with their counting, as look() */
        return ct_add_u64_acq_rel(&slotless.cell[0], 0) +
                       ct_add_u64_acq_rel(&slotless.cell[1], 0) !=
               0;
}

static bool slotless_still_open(uint64_t seen)
{
        uint64_t phase = ct_load_u64_seq(&slotless.phase);

        /* seq: pairs with begin_slotless: a reader of this phase is counted before it looks again
         */
        if (phase < seen + 2 && !ct_add_u64_seq(&slotless.cell[(phase + 1) & 1], 0))
                (void)ct_cas_u64_seq(&slotless.phase, &phase, phase + 1);
        return ct_load_u64_seq(&slotless.phase) < seen + 2;
}

void ct_read_note_open_(struct ct_read_sections_ *s)
{
        unsigned n = slots_to_scan();

        s->n = 0;
        for (unsigned i = 0; i < n; i++) {
                uint64_t w = look(&ct_read_slot_[i].word);

                if (w & CT_READ_NEST_) {
                        s->slot[s->n] = i;
                        s->word[s->n++] = w;
                }
        }
        s->slotless = slotless_readers(&s->phase);
}

/* Drops those that have ended; true when none is left. */
bool ct_read_all_ended_(struct ct_read_sections_ *s)
{
        while (s->n && !still_open(s->slot[s->n - 1], s->word[s->n - 1]))
                s->n--;
        if (s->slotless)
                s->slotless = slotless_still_open(s->phase);
        return !s->n && !s->slotless;
}

void ct_read_be_patient_(struct ct_read_patience_ *p)
{
        struct ct_waiter w;

        if (!p->nap) {
                ct_spin_start(&p->spin, CT_SPIN_FOR_EVENT, CT_FOREVER, CT_NS_PER_US);
                p->nap = 20 * CT_NS_PER_US;
        }
        if (ct_spin_wait(&p->spin))
                return;
        ct_waiter_init(&w);
        (void)ct_park_until(&w, ct_deadline_after(p->nap), CT_PARK_SLEEP); /* nobody unparks it */
        p->nap = p->nap < CT_NS_PER_MS ? p->nap * 2 : CT_NS_PER_MS;
}

void ct_read_panic_inside_(const char *what)
{
        if (ct_reading_here())
                ct_panic("read section", (const void *)&ct_read_slot_[ct_slot() % CT_SLOTS],
                         "%s inside of it would wait for itself", what);
}

void ct_synchronize(void)
{
        struct ct_read_patience_ p = {.nap = 0};
        unsigned n;
        uint64_t phase;

        ct_read_panic_inside_("ct_synchronize");
        n = slots_to_scan();
        for (unsigned i = 0; i < n; i++) {
                uint64_t w = look(&ct_read_slot_[i].word);

                while ((w & CT_READ_NEST_) && still_open(i, w))
                        ct_read_be_patient_(&p);
        }
        if (slotless_readers(&phase))
                while (slotless_still_open(phase))
                        ct_read_be_patient_(&p);
}

#ifdef CT_SIM
void ct_reclaim_reset(void)
{
        for (unsigned i = 0; i < CT_SLOTS; i++)
                ct_store_u64_relaxed(&ct_read_slot_[i].word, 0);
        ct_store_u32_relaxed(&known_slots, 0);
        ct_store_u32_relaxed(&ct_read_fast_slots_, 0);
        ct_store_u64_relaxed(&slotless.phase, 0);
}
#endif
