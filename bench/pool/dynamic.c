#define KIND CT_POOL_DYNAMIC
#define SPAWNS 0
#include "pool/ours.h"

extern const struct contestant pool_dynamic;
const struct contestant pool_dynamic = {
        .name = "dynamic",
        .source = "ct_pool: 1 to p_workers workers, as the queue asks for",
        .caps = CAP_PARKS | CAP_BATCHES,
        .measure = {POOL_FLOOD, POOL_SIZING, POOL_OPEN_LOOP, POOL_BALANCE},
};
