#include "counter/counter.h"

#include "peers/go_child.h"

#define GO(id, thing, more)                                                                        \
        extern const struct contestant counter_##id;                                               \
        const struct contestant counter_##id = {                                                   \
                .name = "go:" thing,                                                               \
                .source = GO_SOURCE thing,                                                         \
                .caps = more,                                                                      \
                .outside = {[COUNTER_INC] = go_child_window, [COUNTER_MIXED] = go_child_window},   \
        }

GO(go_mutex, "sync.Mutex", GO_CAPS);
GO(go_rwmutex, "sync.RWMutex", GO_CAPS);
GO(go_atomic, "atomic", CAP_BASELINE | CAP_THREADS);
