/*
 * Virtual arrivals for the limiters' tests: seeded, a mix of everything that has ever broken one:
 * many at one instant, 1 ns apart, about an interval apart and 1 ns either side of it, hammering,
 * long silence, and the limiter's own window boundaries.
 */
#ifndef CT_TESTS_LIMIT_ARRIVALS_H
#define CT_TESTS_LIMIT_ARRIVALS_H

#include "base/rng.h"

#include <stdint.h>

struct arrivals {
        struct ct_rng rng;
        int64_t now, interval, window; /* a token's interval, a window or time to refill */
        uint64_t left;                 /* in this stretch */
        int64_t step;
};

static inline void arrivals_start(struct arrivals *a, uint64_t seed, int64_t interval,
                                  int64_t window)
{
        *a = (struct arrivals){.interval = interval, .window = window};
        ct_rng_seed(&a->rng, seed);
}

static inline int64_t arrivals_next(struct arrivals *a)
{
        if (!a->left) {
                uint64_t kind = ct_rng_below(&a->rng, 8);

                a->left = 1 + ct_rng_below(&a->rng, kind < 4 ? 300 : 20);
                a->step = kind == 0   ? 0
                          : kind == 1 ? 1
                          : kind == 2 ? a->interval
                          : kind == 3 ? a->interval / 7
                          : kind == 4 ? a->interval + 1
                          : kind == 5 ? a->window
                          : kind == 6 ? a->window - 1
                                      : a->window / 3;
        }
        a->left--;
        a->now += a->step;
        if (a->step && ct_rng_below(&a->rng, 16) == 0)
                a->now += (int64_t)ct_rng_below(&a->rng, (uint64_t)a->interval + 2);
        return a->now;
}

#endif
