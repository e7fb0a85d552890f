/* perform.c: does an operation of a history on real channels, and writes down what came of it. */
#ifndef CT_TESTS_LINEAR_PERFORM_H
#define CT_TESTS_LINEAR_PERFORM_H

#include "history.h"

#include "base/atomic.h"
#include "chan/chan.h"

struct stage {
        struct history *history;
        struct ct_chan *chan[CHANNELS];
        ct_atomic_u32 moment;
        int64_t timeout_ns;
};

bool stage_open(struct stage *s, struct history *h);
void stage_close(struct stage *s);

/* The task's operations, one after the other. */
void perform(struct stage *s, unsigned task);

#endif
