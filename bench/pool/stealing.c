#define KIND CT_POOL_STEALING
#define SPAWNS 0
#include "pool/ours.h"

extern const struct contestant pool_stealing;
const struct contestant pool_stealing = {
        .name = "stealing",
        .source = "ct_pool: a deque for each worker, which the others steal from",
        .caps = CAP_PARKS | CAP_BUFFERED | CAP_BATCHES,
        .measure = {POOL_FLOOD, POOL_SIZING, POOL_OPEN_LOOP, POOL_BALANCE},
};
