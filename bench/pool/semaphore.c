#define LIMITED 1
#include "pool/spawn.h"

extern const struct contestant pool_semaphore;
const struct contestant pool_semaphore = {
        .name = "semaphore",
        .source = "a thread for every job, at most p_workers at a time: a buffered channel as "
                  "semaphore, "
                  "from the \"Advanced Concurrency Patterns\" lesson",
        .caps = CAP_PARKS,
        .measure = {[OVERHEAD] = overhead},
};
