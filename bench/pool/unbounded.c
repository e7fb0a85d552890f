#define KIND CT_POOL_UNBOUNDED
#define SPAWNS 1
#include "pool/ours.h"

extern const struct contestant pool_unbounded;
const struct contestant pool_unbounded = {
        .name = "unbounded",
        .source = "ct_pool: a thread or a task for every job, from \"The Complete Guide to Go "
                  "Concurrency Patterns and Synchronization\"",
        .caps = CAP_PARKS | CAP_BATCHES,
        .measure = {POOL_FLOOD, [MEMORY] = memory},
};
