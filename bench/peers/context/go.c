#include "context/contexts.h"

#include "peers/go_child.h"

/* Not with the baselines: its timers need no descriptor each, so it is measured with all of them.
 */
#define GO(id, thing, what, ...)                                                                   \
        extern const struct contestant context_##id;                                               \
        const struct contestant context_##id = {                                                   \
                .name = "go:" thing,                                                               \
                .source = GO_SOURCE what,                                                          \
                .caps = GO_CAPS & ~(unsigned)CAP_BASELINE,                                         \
                .outside = {__VA_ARGS__},                                                          \
        }

GO(go_context, "context", "context.WithCancel", [CANCEL] = go_child_window);
GO(go_timer, "Timer",
   "time.Timer, Stop and Reset", [TIMERS] = go_child_window, [LATENESS] = go_child_window);
