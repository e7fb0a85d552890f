#define KIND CT_POOL_PRIORITY
#define SPAWNS 0
#include "pool/ours.h"

extern const struct contestant pool_priority;
const struct contestant pool_priority = {
        .name = "priority",
        .source = "ct_pool: four levels with aging; all jobs at the last",
        .caps = CAP_PARKS | CAP_BUFFERED | CAP_BATCHES,
        .measure = {POOL_FLOOD, POOL_SIZING, POOL_OPEN_LOOP, POOL_BALANCE},
};
