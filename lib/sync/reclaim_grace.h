/* Inside of reclaim: waiting for readers. Not for users; reclaim.c explains. */
#ifndef CT_SYNC_RECLAIM_GRACE_H
#define CT_SYNC_RECLAIM_GRACE_H

#include "base/parker.h"
#include "sync/reclaim.h"

struct ct_read_sections_ { /* that were seen open */
        unsigned n;
        bool slotless;
        uint64_t phase;
        unsigned slot[CT_SLOTS];
        uint64_t word[CT_SLOTS];
};

/* Notes the sections that are open after everything that the caller has unlinked. */
void ct_read_note_open_(struct ct_read_sections_ *s);

/* Drops those that have ended; true when none is left. */
bool ct_read_all_ended_(struct ct_read_sections_ *s);

/* A wait for something that wakes nobody: looks again ever more rarely, from spinning to 1 ms. */
struct ct_read_patience_ { /* zero bytes at the start of a wait */
        struct ct_spin spin;
        int64_t nap;
};

void ct_read_be_patient_(struct ct_read_patience_ *p);

void ct_read_panic_inside_(const char *what);

#endif
