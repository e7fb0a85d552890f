/*
 * A trace: which keys are asked for, one after the other, as numbers from 0 on without gaps. All a
 * policy's hit ratio depends on; sizes and times are not in it.
 */
#ifndef CT_BENCH_CACHE_TRACE_H
#define CT_BENCH_CACHE_TRACE_H

#include <stddef.h>
#include <stdint.h>

struct trace {
        uint32_t *key; /* n of them, each below `keys` */
        size_t n;
        uint32_t keys;
};

enum { TRACE_MOST = 100000000 }; /* requests in one trace */

void trace_free(struct trace *t);

#endif
