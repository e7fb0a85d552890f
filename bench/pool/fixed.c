#define KIND CT_POOL_FIXED
#define SPAWNS 0
#include "pool/ours.h"

extern const struct contestant pool_fixed;
const struct contestant pool_fixed = {
        .name = "fixed",
        .source = "ct_pool: job n belongs to worker n mod p_workers",
        .caps = CAP_PARKS | CAP_BUFFERED | CAP_BATCHES,
        .measure = {POOL_FLOOD, POOL_SIZING, POOL_OPEN_LOOP, POOL_BALANCE},
};
