#define URCU_HEADER <urcu/urcu-memb.h>
#define U(name) urcu_memb_##name
#define QUIESCENT() ((void)0)
#define CONTESTANT sync_urcu_memb
#define NAME "urcu:memb"
#define SOURCE                                                                                     \
        "liburcu " PEER_VERSION_urcu " memb (other contract: old values are seen for a while)"
#include "peers/sync/urcu_value.h"
