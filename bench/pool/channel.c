#define KIND CT_POOL_CHANNEL
#define SPAWNS 0
#include "pool/ours.h"

extern const struct contestant pool_channel;
const struct contestant pool_channel = {
        .name = "channel",
        .source = "ct_pool: workers over one bounded channel",
        .caps = CAP_PARKS | CAP_FIFO | CAP_BATCHES,
        .measure = {POOL_FLOOD, POOL_SIZING, POOL_OPEN_LOOP, POOL_BALANCE, [MEMORY] = memory},
};
