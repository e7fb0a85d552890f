#define ENQUEUE ck_ring_enqueue_mpmc
#define DEQUEUE ck_ring_dequeue_mpmc
#define CONTESTANT channel_ck_ring_mpmc
#define NAME "ck:ring_mpmc"
#define SOURCE                                                                                     \
        "Concurrency Kit " PEER_VERSION_ck                                                         \
        " ck_ring, many to many (other contract: spins, never waits; no close)"
#define CAPS RING_CAPS
#include "peers/channel/ck_ring.h"
