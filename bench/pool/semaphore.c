#define KIND CT_POOL_SEMAPHORE
#define SPAWNS 1
#include "pool/ours.h"

extern const struct contestant pool_semaphore;
const struct contestant pool_semaphore = {
        .name = "semaphore",
        .source = "ct_pool: a thread or a task for every job, at most p_workers at a time, from "
                  "the \"Advanced Concurrency Patterns\" lesson",
        .caps = CAP_PARKS | CAP_BATCHES,
        .measure = {POOL_FLOOD},
};
