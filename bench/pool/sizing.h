/* The `sizing` measurement of the guide's pool, see pool.h. */
#ifndef CT_BENCH_POOL_SIZING_H
#define CT_BENCH_POOL_SIZING_H

#include "pool/pool.h"

measure_fn pool_sizing;

#endif
