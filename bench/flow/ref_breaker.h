/* A circuit breaker behind a pthread mutex: what one writes in an hour. */
#ifndef CT_BENCH_FLOW_REF_BREAKER_H
#define CT_BENCH_FLOW_REF_BREAKER_H

#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"

struct ref_breaker {
        pthread_mutex_t lock;
        unsigned failures, limit; /* in a row; 0: never opens */
        int64_t open_until, open_ns;
};

static inline int ref_breaker_call(struct ref_breaker *b, int refused, int (*fn)(void *), void *arg)
{
        bool open;
        int rc;

        pthread_mutex_lock(&b->lock);
        open = b->open_until && ct_now_ns() < b->open_until;
        pthread_mutex_unlock(&b->lock);
        if (open)
                return refused;
        rc = fn(arg);
        pthread_mutex_lock(&b->lock);
        b->failures = rc ? b->failures + 1 : 0;
        if (b->limit && b->failures >= b->limit)
                b->open_until = ct_now_ns() + b->open_ns;
        pthread_mutex_unlock(&b->lock);
        return rc;
}

#endif
