#include "sync/sync.h"

#include "peers/go_child.h"

#define GO(id, thing, what, ...)                                                                   \
        extern const struct contestant sync_##id;                                                  \
        const struct contestant sync_##id = {                                                      \
                .name = "go:" thing,                                                               \
                .source = GO_SOURCE what,                                                          \
                .caps = GO_CAPS,                                                                   \
                .outside = {__VA_ARGS__},                                                          \
        }

GO(go_waitgroup, "sync.WaitGroup", "sync.WaitGroup", [SYNC_WAITGROUP] = go_child_window);
GO(go_once, "sync.Once",
   "sync.Once", [SYNC_ONCE] = go_child_window, [SYNC_ONCE_STAMPEDE] = go_child_window);
GO(go_cond, "sync.Cond", "sync.Cond on a sync.Mutex", [SYNC_COND_SIGNAL] = go_child_window,
   [SYNC_COND_BROADCAST] = go_child_window);
GO(go_chan, "chan", "buffered channel as a semaphore", [SYNC_SEMAPHORE] = go_child_window);
GO(go_pool, "sync.Pool", "sync.Pool", [SYNC_OBJPOOL] = go_child_window);
GO(go_map, "sync.Map", "sync.Map", [SYNC_MAP] = go_child_window);
GO(go_value, "atomic.Value", "atomic.Value", [SYNC_VALUE] = go_child_window);
