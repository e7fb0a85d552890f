#define ENQUEUE ck_ring_enqueue_spsc
#define DEQUEUE ck_ring_dequeue_spsc
#define CONTESTANT channel_ck_ring_spsc
#define NAME "ck:ring_spsc"
#define SOURCE                                                                                     \
        "Concurrency Kit " PEER_VERSION_ck                                                         \
        " ck_ring, one sender and one receiver (other contract: spins, never waits; no close)"
#define CAPS (RING_CAPS | CAP_PAIR)
#include "peers/channel/ck_ring.h"
