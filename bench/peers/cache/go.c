#include "cache/workload.h"

#include "peers/go_child.h"

/* Go's maps and maphash hash with the AES instructions where there are any. */
#define GO(id, thing, what)                                                                        \
        extern const struct contestant cache_##id;                                                 \
        const struct contestant cache_##id = {                                                     \
                .name = "go:" thing,                                                               \
                .source = GO_SOURCE what,                                                          \
                .caps = CAP_BASELINE | CAP_PARKS | CAP_THREADS,                                    \
                .word = "aes_go",                                                                  \
                .outside = {[CACHE_GET_SET] = go_child_window},                                    \
        }

GO(go_map_mutex, "map_mutex", "map under a sync.Mutex");
GO(go_map_rwmutex, "map_rwmutex", "map under a sync.RWMutex");
GO(go_map_sharded, "map_sharded", "256 maps, each under a sync.Mutex, by maphash");
GO(go_sync_map, "sync_map", "sync.Map");
