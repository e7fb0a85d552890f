/*
 * One block of the sweep, measured in a process of its own.
 *
 * The child has the pinned team and the contestants; the parent has the files. So a contestant that
 * hangs or crashes costs one failed row, and each block sees a fresh address space. They talk over
 * a pipe in messages that the kernel writes whole.
 */
#ifndef CT_HARNESS_BLOCK_H
#define CT_HARNESS_BLOCK_H

#include <limits.h>

#include "harness/sweep.h"

enum message_kind {
        MSG_BEGIN, /* item, rep: the next window belongs to it */
        MSG_ROW,   /* item, rep, result */
        MSG_FAIL,  /* why: the block cannot be measured at all */
};

struct message {
        enum message_kind kind;
        size_t item;
        unsigned rep;
        struct measurement result;
        char why[WHY_SIZE];
};
_Static_assert(sizeof(struct message) <= PIPE_BUF, "messages must be written whole");

/* In the child, on its own copy of the sweep: measures what is open in the block, then exits. */
_Noreturn void block_measure(struct sweep *, const struct block *, int pipe_fd);

#endif
