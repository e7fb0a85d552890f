#define LIMITED 0
#include "pool/spawn.h"

static int memory(const struct topology *t, const struct params *p, int64_t window_ns,
                  struct measurement *m)
{
        (void)t;
        (void)window_ns;
        return pool_memory(&crew, p, m);
}

extern const struct contestant pool_unbounded;
const struct contestant pool_unbounded = {
        .name = "unbounded",
        .source =
                "a thread for every job, from \"The Complete Guide to Go Concurrency Patterns and "
                "Synchronization\"",
        .caps = CAP_PARKS,
        .measure = {[OVERHEAD] = overhead, [MEMORY] = memory},
};
