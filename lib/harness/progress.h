/*
 * Progress on stderr, printed between windows by the caller's own thread (no thread of its own: it
 * would be noise). On a terminal one line is rewritten in place, cut to COLUMNS (or the terminal's
 * width); otherwise a plain line appears at most every CT_PROGRESS_PLAIN_S seconds; nothing when
 * quiet. Bytes that are not printable ASCII come out as '?'. Failing to print is not an error.
 */
#ifndef CT_HARNESS_PROGRESS_H
#define CT_HARNESS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#define CT_PROGRESS_PLAIN_S 5

struct ct_progress {
        char label[32];
        unsigned total, begun;
        double expected_s;
        int64_t started_ns, printed_ns; /* printed_ns is 0 before the first plain line */
        bool quiet, terminal;
};

/* expected_seconds: the estimate to show until the pace has been learned; 0 when there is none.
   -EINVAL without a label. Nothing to free. */
int ct_progress_start(struct ct_progress *p, const char *label, unsigned total_steps,
                      double expected_seconds, bool quiet);

/* A step named `what` begins now; the steps before it are done. */
void ct_progress_step(struct ct_progress *p, const char *what);

/* The last step has ended, or the run stops here. */
void ct_progress_finish(struct ct_progress *p);

#endif
