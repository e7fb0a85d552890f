/*
 * A thread that calls a function at a steady interval, for the limiters in this folder.
 *
 * The schedule is absolute, so it does not drift; but one wake-up is one call: the ticks that have
 * passed when it comes are skipped and counted, as by Go's ticker. That costs nothing at 100 a
 * second and most of them at 100,000, where a sleep is longer than the interval. Blocks on: its own
 * condition, so that stop does not wait for a tick.
 */
#ifndef CT_LIMIT_GUIDE_TICKING_H
#define CT_LIMIT_GUIDE_TICKING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct ct_ticking {
        pthread_t thread; /* private, all of it */
        pthread_mutex_t mutex;
        pthread_cond_t stopped;
        bool running, stop;
        int64_t interval_ns;
        uint64_t skipped;
        void (*tick)(void *ctx, int64_t next_ns);
        void *ctx;
};

/* Zero bytes are one that does not run. tick gets the time of the next one. 0 or -errno. */
int ct_ticking_start(struct ct_ticking *, int64_t interval_ns,
                     void (*tick)(void *ctx, int64_t next_ns), void *ctx);

/* Returns when no call is under way and none will come. Does nothing if it does not run. Start and
   stop are one thread's business, and tick may not call stop. */
void ct_ticking_stop(struct ct_ticking *);

#endif
