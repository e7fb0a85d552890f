#include "counter/counter.h"

#include "peers/go_child.h"

#define GO(id, thing, what, more)                                                                  \
        extern const struct contestant counter_##id;                                               \
        const struct contestant counter_##id = {                                                   \
                .name = "go:" thing,                                                               \
                .source = GO_SOURCE what,                                                          \
                .caps = more,                                                                      \
                .outside = {[COUNTER_INC] = go_child_window, [COUNTER_MIXED] = go_child_window},   \
        }

GO(go_mutex, "sync.Mutex", "sync.Mutex", GO_CAPS);
GO(go_rwmutex, "sync.RWMutex", "sync.RWMutex", GO_CAPS);
/* The owner is a goroutine beside the workers', as ours is a task or thread beside them. */
GO(go_actor, "actor", "actor: requests over a channel for 64, reply on a channel for 1 per client",
   GO_CAPS);
GO(go_actor_unbuffered, "actor_unbuffered",
   "actor: requests over an unbuffered channel, reply on a channel for 1 per client", GO_CAPS);
GO(go_atomic, "atomic", "atomic", CAP_BASELINE | CAP_THREADS);
