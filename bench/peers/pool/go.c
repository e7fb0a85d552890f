#include "pool/pool.h"

#include "peers/go_child.h"

/* Goroutines are Go's tasks; on as many CPUs as the process may use, as our carriers. */
#define GO(id, thing, what)                                                                        \
        extern const struct contestant pool_##id;                                                  \
        const struct contestant pool_##id = {                                                      \
                .name = "go:" thing,                                                               \
                .source = GO_SOURCE what,                                                          \
                .caps = CAP_BASELINE | CAP_TASKS_ONLY | CAP_THREADS,                               \
                .outside = {[OVERHEAD] = go_child_on_all_pus},                                     \
        }

GO(go_chan_pool, "chan_pool", "p_workers goroutines that range over a channel of jobs");
GO(go_goroutines, "goroutines", "a goroutine for each job, and a sync.WaitGroup");
