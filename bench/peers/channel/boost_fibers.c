#include "channel/channel.h"

#include "peers/channel/boost_fibers.h"
#include "peers/peer.h"

#define FIBERS(id, more, how, window)                                                              \
        extern const struct contestant channel_##id;                                               \
        const struct contestant channel_##id = {                                                   \
                .name = "boost:" more,                                                             \
                .source = "Boost.Fiber " PEER_VERSION_boost                                        \
                          " unbuffered_channel and buffered_channel between fibers, " how,         \
                .caps = CAP_BASELINE | CAP_TASKS_ONLY,                                             \
                .outside = {[CHANNEL_STREAM] = window, [CHANNEL_PINGPONG] = window},               \
        }

FIBERS(boost_fibers, "fibers", "all on one thread", boost_fibers_on_one);
FIBERS(boost_fibers_shared, "fibers_shared", "shared by a thread on each CPU (shared_work)",
       boost_fibers_on_all);
