#include "lock/lock.h"

#include "peers/go_child.h"

extern const struct contestant lock_go_mutex, lock_go_rwmutex;

const struct contestant lock_go_mutex = {
        .name = "go:sync.Mutex",
        .source = GO_SOURCE "sync.Mutex",
        .caps = GO_CAPS,
        .outside = {[LOCK_MUTEX] = go_child_window,
                    [LOCK_RWMUTEX] = go_child_window,
                    [LOCK_HANDOVER] = go_child_window},
};

const struct contestant lock_go_rwmutex = {
        .name = "go:sync.RWMutex",
        .source = GO_SOURCE "sync.RWMutex",
        .caps = GO_CAPS,
        .outside = {[LOCK_RWMUTEX] = go_child_window},
};
