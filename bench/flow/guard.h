/*
 * The guards' windows: a worker calls a function that does nothing but count, through whatever is
 * measured. The oracle: each call had the result that its draw asked for, and the function was
 * called as often as that takes.
 */
#ifndef CT_BENCH_FLOW_GUARD_H
#define CT_BENCH_FLOW_GUARD_H

#include "flow/flow.h"

enum { GUARD_ATTEMPTS = 3, GUARD_FAILURES = 5 };

/* A worker's. */
struct caller {
        CT_ALIGN_PAIR const uint8_t *draws; /* 1: fails at its first attempt */
        uint64_t cursor;
        uint64_t called, failed; /* times; draws that said 1 */
};

static inline bool caller_fails(const struct caller *c)
{
        return c->draws[c->cursor & (DRAWS - 1)];
}

/* The function, in the two forms that the guards take. */
int guard_attempt(void *caller, unsigned attempt);
int guard_query(void *caller);

bool guard_is_open(const struct params *); /* the breaker is to refuse */

int caller_init(struct worker *);

/* Into the hall; from several workers at once. */
void caller_fini(struct flow_hall *, struct worker *);

void guard_draw(uint8_t *draws, const struct params *, struct ct_rng *);

#endif
