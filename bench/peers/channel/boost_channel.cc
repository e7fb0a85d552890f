#include "peers/channel/boost_channel.h"

#include "channel/channel.h"

#include "peers/peer.h"

/* Between threads, each of which waits in the scheduler of its one fiber. */
#define CONTESTANT channel_boost_channel
#define NAME "boost:fiber_channel"
#define SOURCE                                                                                     \
        "Boost.Fiber " PEER_VERSION_boost " unbuffered_channel and buffered_channel, between "     \
        "threads of one fiber each"
#define CAPS (CAP_BASELINE | CAP_THREADS_ONLY | CAP_PARKS)
#define CHAN_TYPE channel
#define CHAN_NEW(c, bytes, capacity) sized<boost_queue>::make(&(c), bytes, capacity)
#define CHAN_FREE(c) delete (c)
#define SEND(c, value) (c)->send(value)
#define RECV(c, out) (c)->recv(out)
#define CLOSE(c) (c)->close()
#define WAKES_ALL
#include "channel/loop.h"
