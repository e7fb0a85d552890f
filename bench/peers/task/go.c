#include "task/tasks.h"

#include "peers/go_child.h"

/* Goroutines are Go's tasks; tied to threads they would be about threads. */
#define CAPS (CAP_BASELINE | CAP_TASKS_ONLY | CAP_THREADS)

#define GO(id, thing, what, ...)                                                                   \
        extern const struct contestant task_##id;                                                  \
        const struct contestant task_##id = {                                                      \
                .name = "go:" thing,                                                               \
                .source = GO_SOURCE what,                                                          \
                .caps = CAPS,                                                                      \
                .outside = {__VA_ARGS__},                                                          \
        }

GO(go_spawn, "spawn",
   "go statement, joined by a channel or a sync.WaitGroup", [SPAWN_JOIN] = go_child_window,
   [SPAWN_BATCH] = go_child_window, [GO_DETACHED] = go_child_window);
GO(go_gosched, "Gosched", "runtime.Gosched", [YIELD] = go_child_window);
GO(go_chan, "chan", "two unbuffered channels", [PING_PONG] = go_child_window);
GO(go_timer, "Timer",
   "two unbuffered channels and a time.Timer in a select", [TIMER_CANCEL] = go_child_window);
GO(go_parked, "parked", "goroutines that wait on one channel", [PARKED] = go_child_on_all_pus);
GO(go_sleep, "Sleep", "time.Sleep", [SLEEP] = go_child_on_all_pus);
